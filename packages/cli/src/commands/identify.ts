import { availableParallelism } from 'node:os'
import { InputError } from '@kart/codec'
import {
  type IdentifyResult,
  identify,
  type KernelName,
  kernelNames,
  type ProbeResult,
  type SearchMode,
  searchModes,
  thresholds,
} from '@kart/matcher'
import { syntheticNotice, type TemplateConcern } from '@kart/minutiae'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { followCount } from '../count-progress.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { openGallery } from '../open-gallery.ts'
import type { Output } from '../output.ts'
import { type ReadFinger, readFingers, usingInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { type ThresholdName, thresholdNamed } from '../threshold-option.ts'
import { plainTable } from '../verdict-output.ts'

interface Options {
  readonly gallery: string
  readonly mode: string
  readonly top: string
  readonly threshold: string
  readonly workers?: string
  readonly kernel?: string
  readonly together?: boolean
  readonly json?: boolean
}

function modeNamed(name: string): SearchMode {
  const found = searchModes.find((mode) => mode === name)
  if (found === undefined) throw new InputError('--mode', `not one of ${searchModes.join(', ')}`)
  return found
}

function kernelNamed(name: string): KernelName {
  const found = kernelNames.find((kernel) => kernel === name)
  if (found === undefined) throw new InputError('--kernel', `not one of ${kernelNames.join(', ')}`)
  return found
}

function wholeNumber(text: string, option: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most) throw new InputError(option, `not a whole number in 1..${most}`)
  return value
}

interface Threshold {
  readonly name: ThresholdName
  readonly score: number
}

/** Highest score that there is (`MatchResult.score`). */
const highestScore = 100

/** The threshold at which a stranger is as rare in the whole gallery as the named one makes him in one comparison (docs/matcher.md): 10 log10 of the records more. */
const overAll = (score: number, records: number): number => score + Math.ceil(10 * Math.log10(Math.max(1, records)))

type Result = Omit<ProbeResult, 'status'> & { readonly status: ProbeResult['status'] | 'unusable' }
/** What was found, with a result for every probe, also for those that were not searched. */
type Found = Omit<IdentifyResult, 'results'> & { readonly results: readonly Result[] }

/** Who is to be found: the fingers that can be compared, and what speaks against all of them. */
interface Wanted {
  readonly name: string
  readonly fingers: readonly ReadFinger[]
  readonly concerns: readonly (TemplateConcern & { readonly file: string })[]
}

function wantedOf(name: string, files: readonly string[]): Wanted {
  const read = files.map((file) => ({ file, fingers: readFingers(file) }))
  return {
    name,
    // those of too few minutiae the search itself tells from the others
    fingers: read.flatMap(({ fingers }) =>
      fingers.filter(({ concerns }) => !concerns.some(({ unusable, code }) => unusable && code !== 'too-few-minutiae')),
    ),
    concerns: read.flatMap(({ file, fingers }) => fingers.flatMap(({ concerns }) => concerns.map((concern) => ({ file, ...concern })))),
  }
}

function show(output: Output, wanted: readonly Wanted[], found: Found, { name, score: limit }: Threshold, perSecond: number): void {
  for (const [k, { status, candidates }] of found.results.entries()) {
    output.line(pc.bold(wanted[k]!.name))
    for (const { file, unusable, detail } of wanted[k]!.concerns)
      output.line(pc.yellow(`  ${file}: ${unusable ? 'unusable' : 'doubtful'}: ${detail}`))
    if (status === 'too-few-minutiae') output.line(pc.yellow('  too few minutiae: not searched'))
    else if (status === 'unusable') output.line(pc.red('  not searched: an unusable template matches nobody'))
    else if (candidates.length === 0) output.line('  nobody')
    else {
      const table = plainTable(['', 'person', 'score', 'strength', 'fingers', ''])
      for (const [place, { person, score, strength, fingers, swapped }] of candidates.entries())
        table.push([
          place + 1,
          person,
          score >= limit ? pc.green(`${score} reaches it`) : String(score),
          (strength / 1024).toFixed(2),
          fingers.length,
          swapped ? 'swapped' : '',
        ])
      output.line(table.toString())
    }
  }
  const among = overAll(limit, found.searched)
  output.line(
    `threshold ${limit} (${name}), that of one comparison; as rare among all ${found.searched} records: ${among}${among > highestScore ? `, and no score is above ${highestScore}: nobody can be found at this rate` : ''}`,
  )
  output.line(`${found.searched} records searched (${found.mode}), ${Math.round(perSecond)} comparisons a second`)
  if (!found.complete)
    output.line(pc.red(`INCOMPLETE: ${found.refused} records are in ${found.refusedBlocks.length} damaged blocks: nobody can be ruled out`))
}

/** `kart identify`: searches a gallery; exit 0 when somebody reaches the threshold for every probe, 1 when not, 3 when the search was not complete, whoever was found. */
export function addIdentifyCommand(program: Command, run: Runner): void {
  const command = program
    .command('identify')
    .description(summaries.identify)
    .argument('<probe...>', 'templates; every file is somebody to be found, all its views their fingers')
    .requiredOption('--gallery <file>', 'a gallery made by kart gallery build')
    .option('--mode <mode>', 'exhaustive, or cascade: faster, misses some (docs/matcher.md)', 'exhaustive')
    .option('--top <n>', 'candidates to show', '10')
    .option('--threshold <name>', `who reaches it is found: ${Object.keys(thresholds).join(', ')}`, 'fmr1e-4')
    .option('--together', 'the files are fingers of one person')
    .option('--workers <n>', 'threads that search (default: one a core); the answer does not depend on it')
    .option('--kernel <name>', `${kernelNames.join(', ')} (default: the fastest here); the answer does not depend on it`)
    .option('--json', 'one JSON document on standard output')
    .action((files: readonly string[], options: Options) =>
      run(options, async (output) => {
        const mode = modeNamed(options.mode)
        const top = wholeNumber(options.top, '--top', 1000)
        const workers = options.workers === undefined ? availableParallelism() : wholeNumber(options.workers, '--workers', 256)
        const kernel = options.kernel === undefined ? {} : { kernel: kernelNamed(options.kernel) }
        const threshold = thresholdNamed(options.threshold)
        const limit = thresholds[threshold]
        const wanted = options.together ? [wantedOf(files.join(', '), files)] : files.map((file) => wantedOf(file, [file]))
        const probes = wanted.filter((one) => one.fingers.length > 0)
        const gallery = openGallery(options.gallery)
        const progress = followCount(options.gallery, 'blocks', output.json)
        try {
          const started = performance.now()
          const searched = await usingInput(options.gallery, () =>
            identify(probes, gallery, { mode, top, workers, ...kernel, onProgress: progress.count }),
          )
          const results = wanted.map((one): Result => searched.results[probes.indexOf(one)] ?? { status: 'unusable', candidates: [] })
          const found: Found = { ...searched, results }
          progress.end()
          const fingers = probes.reduce((sum, probe) => sum + probe.fingers.length, 0)
          const perSecond = (1000 * fingers * found.searched) / (performance.now() - started)
          if (gallery.synthetic) output.line(pc.yellow(syntheticNotice))
          show(output, wanted, found, { name: threshold, score: limit }, perSecond)
          output.document({
            gallery: options.gallery,
            synthetic: gallery.synthetic,
            threshold: { name: threshold, score: limit, overAll: overAll(limit, found.searched), highestScore },
            ...found,
            results: found.results.map((result, k) => ({
              probe: wanted[k]!.name,
              concerns: wanted[k]!.concerns,
              ...result,
              reaching: result.candidates.filter(({ score }) => score >= limit).length,
            })),
            comparisonsPerSecond: Math.round(perSecond),
          })
          const every = found.results.every(({ candidates }) => (candidates[0]?.score ?? 0) >= limit)
          // Not the 1 of "nobody": a program would enrol a second time who is in a block that was left out.
          if (!found.complete) return exitCode.cardFailure
          return every ? exitCode.done : exitCode.rejected
        } finally {
          progress.end()
          gallery.close()
        }
      }),
    )
  command.addHelpText(
    'after',
    `
Exit codes: 0 somebody reaches the threshold for every file, 1 nobody does, 3 damaged blocks were left out: nobody can be ruled out, whoever was found.`,
  )
  withExample(command, 'kart identify --gallery people.gallery live.fmr --top 3')
}
