import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { toHex, visibleText } from '@kart/codec'
import { buildEvidenceTree, buildHolderView, describeAccess, renderFileTreeText } from '@kart/report'
import type { Command } from 'commander'
import { type AccessOptions, accessKeyOf, withAccessOptions } from '../access-options.ts'
import { withCardOptions } from '../card-options.ts'
import { type CardSourceOptions, openCard } from '../card-source.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { profileNamed } from '../profile-option.ts'
import { readWithTrace } from '../reading.ts'
import type { Runner } from '../runner.ts'
import { accessPolicyOf, type TerminalOptions, terminalOf, withTerminalOptions } from '../terminal-options.ts'
import { accessDocument, accessHint } from '../verdict-output.ts'
import { checkOutputFolder, writeMade } from '../write-file.ts'

interface Options extends CardSourceOptions, AccessOptions, TerminalOptions {
  readonly profile?: string
  readonly out?: string
  readonly force?: boolean
  readonly json?: boolean
}

/** `EF.ATR/INFO` as a file name. */
const fileNameOf = (name: string): string => `${name.replaceAll('/', '-')}.bin`

/** `kart read`: everything that the access rules open, shown and, if asked, saved as it came. */
export function addReadCommand(program: Command, run: Runner): void {
  const command = withTerminalOptions(withAccessOptions(withCardOptions(program.command('read').description(summaries.read))))
    .option('--profile <name>', 'the profile', 'national-id')
    .option('-o, --out <folder>', 'save every file as it came, and the portrait and signature')
    .option('--force', 'write over files that are in that folder already')
    .option('--json', 'one JSON document on standard output')
    .action((options: Options) =>
      run(options, async (output) => {
        const profile = profileNamed(options.profile)
        const access = accessKeyOf(options)
        checkOutputFolder('-o', options.out, options.force)
        const terminal = await terminalOf(options)
        const card = await openCard(options)
        try {
          const { evidence, recorder } = await readWithTrace(card, profile, {
            access,
            accessPolicy: accessPolicyOf(options),
            ...(terminal === undefined ? {} : { terminal }),
          })
          const holder = buildHolderView(evidence)
          output.line(renderFileTreeText(buildEvidenceTree(profile, evidence)))
          if (holder) {
            output.line()
            for (const { label, value } of [...holder.latin, ...holder.national]) output.line(`${pc.dim(label)}: ${visibleText(value)}`)
            output.line()
            for (const line of holder.mrz) output.line(visibleText(line))
          }
          const saved: string[] = []
          if (options.out !== undefined) {
            mkdirSync(options.out, { recursive: true })
            const save = (name: string, bytes: Uint8Array): void => {
              writeMade(join(options.out ?? '', name), bytes, options.force)
              saved.push(name)
            }
            for (const { name, bytes } of evidence.files) if (bytes !== undefined) save(fileNameOf(name), bytes)
            for (const [name, picture] of [
              ['portrait', holder?.portrait],
              ['signature', holder?.signature],
            ] as const)
              if (picture) save(`${name}.${picture.type === 'image/jpeg' ? 'jpg' : 'jp2'}`, picture.bytes)
            output.line(`saved ${saved.length} files in ${options.out}`)
          }
          if (evidence.access.outcome === 'refused')
            output.aside(`The card did not open: ${visibleText(evidence.access.problem ?? 'refused')}\n${accessHint(evidence)}`)
          for (const line of describeAccess(evidence, evidence.access.outcome === 'refused')) output.line(pc.dim(visibleText(line)))
          if (evidence.access.outcome === 'opened')
            output.line(pc.dim('Nothing here was checked. "kart verify" says whether the card is genuine.'))
          output.document({
            atr: toHex(evidence.atr),
            ...accessDocument(evidence),
            files: evidence.files.map(({ application, name, outcome, bytes, sw }) => ({
              application,
              name,
              outcome,
              ...(sw === undefined ? {} : { sw: sw.toString(16).padStart(4, '0') }),
              ...(bytes === undefined ? {} : { length: bytes.length, hex: toHex(bytes) }),
            })),
            holder: holder && { latin: holder.latin, national: holder.national, mrz: holder.mrz },
            stages: recorder.stages,
            ...(options.out === undefined ? {} : { saved }),
          })
          return evidence.access.outcome === 'opened' ? exitCode.done : exitCode.cardFailure
        } finally {
          await card.close()
        }
      }),
    )
  withExample(command, 'kart read --card citizen.card --docno T00000017 --dob 900321 --doe 361101 -o citizen')
}
