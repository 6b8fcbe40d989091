import { availableParallelism } from 'node:os'
import { InputError } from '@kart/codec'
import { type Banded, type ErrorRates, type Evaluation, evaluateFolder, type Protocol, protocols } from '@kart/matcher/evaluation'
import { renderDetCurve } from '@kart/report'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { followCount } from '../count-progress.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Output } from '../output.ts'
import type { Runner } from '../runner.ts'
import { plainTable } from '../verdict-output.ts'
import { checkOutput, forceText, writeMade } from '../write-file.ts'

interface Options {
  readonly protocol: string
  readonly workers?: string
  readonly plot?: string
  readonly force?: boolean
  readonly json?: boolean
}

const rows = [
  { key: 'eer', title: 'EER' },
  { key: 'fmr100', title: 'FMR100' },
  { key: 'fmr1000', title: 'FMR1000' },
  { key: 'fmr10000', title: 'F10000' },
  { key: 'zeroFmr', title: 'ZeroFMR' },
] as const satisfies readonly { key: keyof ErrorRates; title: string }[]

const percent = (rate: number) => (100 * rate).toFixed(2)
const banded = (value: Banded | undefined) => (value ? `${percent(value.rate)} (${percent(value.low)} to ${percent(value.high)})` : '-')

function protocolNamed(name: string): Protocol {
  const found = protocols.find((row) => row.name === name)
  if (found === undefined) throw new InputError('--protocol', `no such protocol; one of ${protocols.map((row) => row.name).join(', ')}`)
  return found.name
}

function workersNamed(count: string | undefined): number {
  const value = count === undefined ? availableParallelism() : Number(count)
  if (!Number.isInteger(value) || value < 1 || value > 256) throw new InputError('--workers', 'not a whole number in 1..256')
  return value
}

function show(output: Output, folder: string, found: Evaluation): void {
  output.line(pc.bold(folder))
  output.line(
    `${found.fingers} fingers, ${found.templates} templates, ${found.failures.length} failed to enrol; ${found.genuine} genuine and ${found.impostors} impostor pairs`,
  )
  for (const { file, problem } of found.failures) output.line(pc.yellow(`  failed to enrol, counted as score 0: ${file}: ${problem}`))
  if (!found.rates || !found.ratesOfScore) {
    output.line('  no rates: there are no genuine or no impostor pairs')
    return
  }
  const table = plainTable(['', 'of the strength, %', 'of the whole score, %'])
  for (const { key, title } of rows) table.push([title, banded(found.rates[key]), banded(found.ratesOfScore[key])])
  output.line(table.toString())
  const named = plainTable(['threshold', 'score', 'impostors that match', 'genuine refused, %'])
  for (const { threshold, score, fmr, fnmr } of found.thresholds)
    named.push([threshold, score, fmr === 0 ? 'none' : fmr.toExponential(1), percent(fnmr)])
  output.line(named.toString())
  const all = found.genuine + found.impostors
  output.line(`${Math.round(all / found.seconds)} comparisons a second with ${found.workers} ${found.workers === 1 ? 'thread' : 'threads'}`)
  output.line()
}

function document(folder: string, found: Evaluation) {
  const { curve, seconds, ...rest } = found
  return { folder, ...rest, comparisonsPerSecond: (found.genuine + found.impostors) / seconds }
}

/** Means of the rates over the folders that have them, each folder counting alike. */
function meansOf(all: readonly Evaluation[], which: 'rates' | 'ratesOfScore') {
  return Object.fromEntries(
    rows.map(({ key }) => {
      const values = all.flatMap((found) => found[which]?.[key]?.rate ?? [])
      return [key, values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length]
    }),
  )
}

/** `kart match eval`: measures the matcher on folders of impressions; exit 0 when it is done, whatever the rates. */
export function addMatchEvalCommand(match: Command, run: Runner): void {
  const command = match
    .command('eval')
    .description('measure the matcher’s error rates on folders of <finger>_<impression>.fmr')
    .argument('<folder...>', 'folders; fingers of different folders are never compared')
    .option('--protocol <name>', protocols.map((row) => `${row.name}: impostors are ${row.impostor}`).join('; '), 'extended')
    .option('--workers <n>', 'threads that compare (default: one a core); the rates do not depend on it')
    .option('--plot <file>', 'draw the detection error trade-off curves as SVG')
    .option('--force', forceText)
    .option('--json', 'one JSON document on standard output')
    .action((folders: readonly string[], options: Options) =>
      // `match` has a --json and a --force of its own, which take the words from here.
      run(match.opts<Options>().json ? { json: true } : options, async (output) => {
        const protocol = protocolNamed(options.protocol)
        const workers = workersNamed(options.workers)
        const force = match.opts<Options>().force ?? options.force
        checkOutput('--plot', options.plot, { force })
        const found: Evaluation[] = []
        for (const folder of folders) {
          const progress = followCount(folder, 'comparisons', false)
          try {
            const result = await evaluateFolder(folder, { protocol, workers, progress: progress.count })
            if (result.templates === 0) throw new InputError(folder, 'no file is named <finger>_<impression>.fmr')
            found.push(result)
          } finally {
            progress.end()
          }
          show(output, folder, found.at(-1)!)
        }
        const means = { rates: meansOf(found, 'rates'), ratesOfScore: meansOf(found, 'ratesOfScore') }
        if (folders.length > 1) {
          const table = plainTable(['', ...rows.map(({ title }) => title)])
          const cells = (of: Record<string, number | undefined>) => rows.map(({ key }) => (of[key] === undefined ? '-' : percent(of[key])))
          table.push([`mean of ${folders.length} folders, strength, %`, ...cells(means.rates)])
          table.push(['whole score, %', ...cells(means.ratesOfScore)])
          output.line(table.toString())
        }
        output.line('Bands: 95 %, by drawing whole fingers again (bootstrap); where nothing failed, Wilson’s upper end.')
        if (options.plot !== undefined) {
          writeMade(
            options.plot,
            renderDetCurve(
              `Errors of the matcher, protocol ${protocol}`,
              found.map(({ curve }, k) => ({
                name: folders[k]!.split(/[\\/]+/)
                  .filter(Boolean)
                  .slice(-2)
                  .join('/'),
                curve,
              })),
            ),
            force,
          )
          output.line(`drawn: ${options.plot}`)
        }
        output.document({
          protocol,
          bands: '95 %: bootstrap over fingers; Wilson’s upper end where nothing failed',
          folders: found.map((one, k) => document(folders[k]!, one)),
          means,
        })
        return exitCode.done
      }),
    )
  withExample(command, 'kart match eval prints/ --protocol extended --plot det.svg')
}
