import { rmSync } from 'node:fs'
import { InputError } from '@kart/codec'
import type { Command } from 'commander'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'
import { startRecording } from '../trace-recording.ts'

interface Options {
  readonly data?: boolean
}

/** `kart trace record`: another command of kart, with its card's exchanges written down. */
export function addTraceRecordCommand(trace: Command, run: Runner): void {
  const command = trace
    .command('record')
    .description('run another command of kart and record what goes between it and its card')
    .argument('<file>', 'a new trace file; a file that is there is not overwritten')
    .argument('<command...>', 'the command with its options, behind --')
    .option('--data', 'keep the data, which is personal; without it lengths and status words only. PINs and keys are never kept')
    .action((file: string, words: string[], options: Options) =>
      run({}, async (output) => {
        if (words[0] === 'trace') throw new InputError('command', 'a recording cannot be recorded: name another command')
        const recording = startRecording(file, { keepData: options.data === true })
        try {
          const program = await import('../program.ts')
          const code = await program.run(words)
          output.aside(
            recording.exchanges === 0
              ? `${file}: nothing was recorded; the command used no card by --card or --reader`
              : `${file}: ${recording.exchanges} exchanges recorded`,
          )
          return recording.exchanges === 0 && code === exitCode.done ? exitCode.badInput : code
        } finally {
          recording.stop()
          // An empty file is no trace, and would stand in the way of the next try.
          if (recording.exchanges === 0) rmSync(file, { force: true })
        }
      }),
    )
  command.configureOutput({
    outputError: (text, write) => write(`${text}(the command that is recorded stands behind --, with its options)\n`),
  })
  withExample(
    command,
    'kart trace record citizen.trace -- read --card citizen.card --docno T00000017 --dob 900321 --doe 361101',
    'kart trace record --data session.trace -- apdu --reader "Kart Reader 00 00"',
  )
}
