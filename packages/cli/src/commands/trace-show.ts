import { InputError } from '@kart/codec'
import type { Command } from 'commander'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'

/** Commands that have both layers at hand: what was meant, and what went over the wire for it. */
const shown = ['verify', 'issue'] as const

/** `kart trace show`: a command of kart, and behind its result every plain command beside its protected form. */
export function addTraceShowCommand(trace: Command, run: Runner): void {
  const command = trace
    .command('show')
    .description(
      'run "kart verify" or "kart issue" and show every command beside what went over the wire for it, the secure channel in force named',
    )
    .argument('<command...>', 'verify or issue with its options, behind --')
    .action((words: string[]) =>
      run({}, async () => {
        if (!(shown as readonly string[]).includes(words[0] ?? ''))
          throw new InputError(
            'command',
            `name one of ${shown.join(', ')} behind --; "kart trace record" takes the wire of any other command`,
          )
        const program = await import('../program.ts')
        return program.run(words.includes('--trace') ? words : [...words, '--trace'])
      }),
    )
  command.configureOutput({
    outputError: (text, write) => write(`${text}(the command that is shown stands behind --, with its options)\n`),
  })
  withExample(command, 'kart trace show -- verify --card citizen.card --can 080961 --pki pki')
}
