import { statSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { addFolder, addSyntheticPeople, Gallery } from '@kart/matcher'
import { syntheticNotice } from '@kart/minutiae'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { followCount } from '../count-progress.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { openGallery } from '../open-gallery.ts'
import type { Output } from '../output.ts'
import type { Runner } from '../runner.ts'
import { checkOutput, forceText, placeMade, writeBehind } from '../write-file.ts'

interface Options {
  readonly output: string
  readonly force?: boolean
  readonly fingers: string
  readonly seed: string
  readonly json?: boolean
}

function countNamed(text: string, field: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most) throw new InputError(field, `not a whole number in 1..${most}`)
  return value
}

const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`

function describe(gallery: Gallery, file: string) {
  const { slots, live, blocks, bytes, synthetic } = gallery
  return { file, records: live, removed: slots - live, blocks, bytes, synthetic }
}

function show(output: Output, { file, records, removed, bytes, synthetic }: ReturnType<typeof describe>): void {
  output.line(
    `${file}: ${counted(records, 'record', 'records')}${removed > 0 ? `, ${removed} removed` : ''}, ${(bytes / 1e6).toFixed(1)} MB`,
  )
  if (synthetic) output.line(pc.yellow(syntheticNotice))
}

/** `kart gallery build`, `info` and `synth`. */
export function addGalleryCommand(program: Command, run: Runner): void {
  const gallery = program.command('gallery').description(summaries.gallery)
  const build = gallery
    .command('build')
    .description('make a gallery from a folder of templates: <person>.fmr or <person>_<impression>.fmr')
    .argument('<dir>', 'the folder')
    .requiredOption('-o, --output <file>', 'where the gallery goes')
    .option('--force', forceText)
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, (output) => {
        if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw new InputError('dir', `there is no folder ${dir}`)
        checkOutput('--output', options.output, { force: options.force })
        const progress = followCount(dir, 'files', output.json)
        const made = writeBehind(
          options.output,
          (path) => {
            const target = Gallery.createFile(path)
            try {
              const added = addFolder(target, dir, progress.count)
              if (added.records === 0) throw new InputError(dir, `none of its ${added.refused.length} files could be used`)
              return { added, gallery: describe(target, options.output) }
            } finally {
              progress.end()
              target.close()
            }
          },
          placeMade(options.output, options.force),
        )
        show(output, made.gallery)
        output.line(counted(made.added.people, 'person', 'people'))
        for (const { file, problem } of made.added.refused) output.line(pc.yellow(`  left out: ${file}: ${problem}`))
        output.document({ ...made.gallery, people: made.added.people, refused: made.added.refused })
        return exitCode.done
      }),
    )
  const info = gallery
    .command('info')
    .description('show what a gallery holds and check the sums of all its blocks (exit 3: some are damaged)')
    .argument('<file>', 'a gallery')
    .option('--json', 'one JSON document on standard output')
    .action((file: string, options: Options) =>
      run(options, (output) => {
        const opened = openGallery(file)
        const progress = followCount(file, 'blocks', output.json)
        try {
          const damaged = opened.damagedBlocks(progress.count)
          progress.end()
          const described = describe(opened, file)
          show(output, described)
          output.line(
            damaged.length === 0
              ? `${opened.blocks === 1 ? 'its one block is intact' : `all ${opened.blocks} blocks are intact`}`
              : pc.red(`damaged blocks: ${damaged.join(', ')}: searches leave them out; restore the file from a copy`),
          )
          output.document({ ...described, damaged })
          // As `kart identify` says it: the gallery is one, and part of it failed.
          return damaged.length === 0 ? exitCode.done : exitCode.cardFailure
        } finally {
          progress.end()
          opened.close()
        }
      }),
    )
  const synth = gallery
    .command('synth')
    .description('invent a gallery of synthetic people, to measure speed and scale on')
    .argument('<n>', 'how many people')
    .requiredOption('-o, --output <file>', 'where the gallery goes')
    .option('--force', forceText)
    .option('--fingers <n>', 'fingers of each, 1 to 10', '1')
    .option('--seed <n>', 'the same seed makes the same people', '1')
    .option('--json', 'one JSON document on standard output')
    .action((n: string, options: Options) =>
      run(options, (output) => {
        checkOutput('--output', options.output, { force: options.force })
        const people = countNamed(n, 'n', 1_000_000_000)
        const fingers = countNamed(options.fingers, '--fingers', 10)
        const seed = countNamed(options.seed, '--seed', 0x7fffffff)
        const progress = followCount(options.output, 'people', output.json)
        const made = writeBehind(
          options.output,
          (path) => {
            const target = Gallery.createFile(path, { synthetic: true })
            try {
              addSyntheticPeople(target, { people, fingers, seed }, progress.count)
              return describe(target, options.output)
            } finally {
              progress.end()
              target.close()
            }
          },
          placeMade(options.output, options.force),
        )
        show(output, made)
        output.document({ ...made, people, notice: syntheticNotice })
        return exitCode.done
      }),
    )
  withExample(gallery, 'kart gallery build prints/ -o people.gallery', 'kart gallery synth 100000 -o synthetic.gallery')
  withExample(build, 'kart gallery build prints/ -o people.gallery')
  info.addHelpText(
    'after',
    '\nExit codes: 0 all blocks hold, 2 the file is no gallery, or one of another version, 3 some blocks are damaged.',
  )
  withExample(info, 'kart gallery info people.gallery')
  withExample(synth, 'kart gallery synth 100000 -o synthetic.gallery')
}
