import { visibleText } from '@kart/codec'
import { buildEvidenceTree, buildFileTree, renderFileTreeText } from '@kart/report'
import type { Command } from 'commander'
import { type AccessOptions, accessKeyOf, withAccessOptions } from '../access-options.ts'
import { withCardOptions } from '../card-options.ts'
import { type CardSourceOptions, openCard } from '../card-source.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { profileNamed } from '../profile-option.ts'
import { readWithTrace } from '../reading.ts'
import type { Runner } from '../runner.ts'
import { accessPolicyOf, type TerminalOptions, terminalOf, withTerminalOptions } from '../terminal-options.ts'
import { accessHint } from '../verdict-output.ts'

interface Options extends CardSourceOptions, AccessOptions, TerminalOptions {
  readonly profile?: string
  readonly json?: boolean
}

/** `kart tree`: the file tree of a profile, or of a card with the sizes of its files. */
export function addTreeCommand(program: Command, run: Runner): void {
  const command = withTerminalOptions(withAccessOptions(withCardOptions(program.command('tree').description(summaries.tree))))
    .option('--profile <name>', 'the profile', 'national-id')
    .option('--json', 'one JSON document on standard output')
    .action((options: Options) =>
      run(options, async (output) => {
        const profile = profileNamed(options.profile)
        const names = options.card !== undefined || options.reader !== undefined
        if (!names) {
          const tree = buildFileTree(profile, () => undefined)
          output.line(renderFileTreeText(tree))
          output.document({ profile: profile.name, applications: tree })
          return exitCode.done
        }
        const access = accessKeyOf(options)
        const terminal = await terminalOf(options)
        const card = await openCard(options)
        try {
          const { evidence } = await readWithTrace(card, profile, {
            access,
            accessPolicy: accessPolicyOf(options),
            ...(terminal === undefined ? {} : { terminal }),
          })
          const tree = buildEvidenceTree(profile, evidence)
          output.line(renderFileTreeText(tree))
          if (evidence.access.outcome === 'refused')
            output.aside(`The card did not open: ${visibleText(evidence.access.problem ?? 'refused')}\n${accessHint(evidence)}`)
          output.document({ profile: profile.name, applications: tree })
          return evidence.access.outcome === 'opened' ? exitCode.done : exitCode.cardFailure
        } finally {
          await card.close()
        }
      }),
    )
  withExample(command, 'kart tree', 'kart tree --card citizen.card --docno T00000017 --dob 1990-03-21 --doe 2036-11-01')
}
