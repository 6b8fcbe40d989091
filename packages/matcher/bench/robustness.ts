// What becomes of the error rates when templates are altered as another extractor or sensor might make them:
//   node packages/matcher/bench/robustness.mjs [--search] [--only NAME,NAME] [--every N] FOLDER...
// over folders of <finger>_<impression>.fmr. Every impression is altered by itself, then all are compared: mean EER by the FVC protocol, mean extended FMR1000, the
// false match rate at the named thresholds over all impostors, FMR1000 of each folder. `--every 4` compares one in four impostors of folders with more than 20,000 pairs.
// A template that an alteration leaves with too few minutiae scores lowest and counts. `--search`: the same of a search, both ways round: mean FMR1000 of either mode, and
// how many of the genuine pairs of strength 5,000 and more in `exhaustive` the other sends away.
import { SeededRandom } from '../../minutiae/src/random.ts'
import { compare, prepare } from '../src/comparer.ts'
import { type ImpressionFolder, readImpressions } from '../src/evaluation/folder.ts'
import { pairsOf } from '../src/evaluation/protocol.ts'
import { errorRates, type ScoredPair } from '../src/evaluation/rates.ts'
import { batchProbes, blockRecords, fastestKernel } from '../src/kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from '../src/packed.ts'
import { modes } from '../src/parameters.ts'
import { alterations } from './alterations.ts'

const args = process.argv.slice(2)
const option = (name: string): string | undefined => {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const flag = (name: string): boolean => args.includes(name) && args.splice(args.indexOf(name), 1).length > 0
const only = option('--only')?.split(',')
const every = Number(option('--every') ?? 1)
const search = flag('--search')
const names = Object.keys(alterations).filter((name) => only === undefined || only.includes(name))
if (args.length === 0 || names.length === 0 || !(every >= 1))
  throw new Error('usage: robustness.mjs [--search] [--only NAME,...] [--every N] FOLDER...')

const failed = { strength: -65536, score: 0 }
const percent = (rate: number) => (100 * rate).toFixed(2).padStart(6)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function alteredOf({ impressions }: ImpressionFolder, name: string) {
  return impressions.map(({ template }, k) => {
    const random = new SeededRandom(k + 1)
    const altered = template && alterations[name]!(template, () => random.uniform())
    return altered && altered.count > 0 ? altered : undefined
  })
}

function measure(folder: string, name: string) {
  const read = readImpressions(folder)
  const { impressions } = read
  const prepared = alteredOf(read, name).map((template) => template && prepare(template))
  const some = impressions.length ** 2 / 2 > 20_000 ? every : 1
  const genuine: ScoredPair[] = []
  const impostor: ScoredPair[] = []
  const fvcImpostor: ScoredPair[] = []
  const above = [0, 0, 0]
  let number = 0
  for (const [p, q] of pairsOf(impressions, 'extended')) {
    const [one, other] = [impressions[p]!, impressions[q]!]
    const own = one.finger === other.finger
    const firsts = one.first && other.first
    const counted = number++ % some === 0
    if (!own && !firsts && !counted) continue
    const [a, b] = [prepared[p], prepared[q]]
    const result = a && b ? compare(a, b) : failed
    const pair: ScoredPair = { score: result.strength, fingers: [one.finger, other.finger] }
    if (own) genuine.push(pair)
    else if (firsts) fvcImpostor.push(pair)
    if (own || !counted) continue
    impostor.push(pair)
    for (const [k, limit] of [30, 40, 50].entries()) if (result.score >= limit) above[k]!++
  }
  const extended = errorRates(genuine, impostor, 0)!
  const fvc = errorRates(genuine, fvcImpostor, 0)!
  return { eer: fvc.eer.rate, fmr1000: extended.fmr1000.rate, above, impostors: impostor.length }
}

// Strengths of every record against every other, a row a probe.
function strengthsOf(records: readonly Uint8Array[], mode: keyof typeof modes): Int32Array {
  const kernel = fastestKernel()
  const count = records.length
  const all = new Int32Array(count * count)
  for (let first = 0; first < count; first += batchProbes) {
    const probes = records.slice(first, first + batchProbes)
    kernel.loadProbes(probes, modes[mode])
    for (let from = 0; from < count; from += blockRecords) {
      const block = new Uint8Array(blockRecords * recordBytes)
      const here = records.slice(from, from + blockRecords)
      for (const [k, record] of here.entries()) block.set(record, k * recordBytes)
      const found = kernel.compareBlock(block, here.length)
      for (const p of probes.keys()) all.set(found.subarray(p * blockRecords, p * blockRecords + here.length), (first + p) * count + from)
    }
  }
  return all
}

function measureSearch(folder: string, name: string) {
  const read = readImpressions(folder)
  const { impressions } = read
  const records = alteredOf(read, name).map((template) => {
    const record = new Uint8Array(recordBytes)
    if (template) packTemplate(fastestKernel().prepare(template, recordMinutiae), record)
    return record
  })
  const [exhaustive, cascade] = [strengthsOf(records, 'exhaustive'), strengthsOf(records, 'cascade')]
  const rateOf = (strengths: Int32Array) => {
    const genuine: ScoredPair[] = []
    const impostor: ScoredPair[] = []
    for (const [p, one] of impressions.entries())
      for (const [q, other] of impressions.entries())
        if (p !== q)
          (one.finger === other.finger ? genuine : impostor).push({
            score: strengths[p * impressions.length + q]!,
            fingers: [one.finger, other.finger],
          })
    return errorRates(genuine, impostor, 0)!.fmr1000.rate
  }
  const strong: number[] = []
  for (const [p, one] of impressions.entries())
    for (const [q, other] of impressions.entries()) {
      const at = p * impressions.length + q
      if (p !== q && one.finger === other.finger && exhaustive[at]! >= 5000) strong.push(at)
    }
  const lost = strong.filter((at) => cascade[at] === failed.strength).length
  return { exhaustive: rateOf(exhaustive), cascade: rateOf(cascade), strong: strong.length, lost }
}

function printRates(name: string): void {
  const found = args.map((folder) => measure(folder, name))
  const impostors = found.reduce((sum, { impostors: own }) => sum + own, 0)
  const rate = (k: number) => (found.reduce((sum, { above }) => sum + above[k]!, 0) / impostors).toExponential(1).padStart(7)
  console.log(
    `  ${percent(mean(found.map(({ eer }) => eer)))}   ${percent(mean(found.map(({ fmr1000 }) => fmr1000)))}   ${rate(0)}  ${rate(1)}  ${rate(2)}  ` +
      `${found.map(({ fmr1000 }) => percent(fmr1000)).join(' ')}   ${name}`,
  )
}

function printSearch(name: string): void {
  const found = args.map((folder) => measureSearch(folder, name))
  const sum = (which: 'strong' | 'lost') => found.reduce((all, one) => all + one[which], 0)
  console.log(
    `  ${percent(mean(found.map(({ exhaustive }) => exhaustive)))}   ${percent(mean(found.map(({ cascade }) => cascade)))}   ` +
      `${String(sum('lost')).padStart(4)} of ${sum('strong')}, ${percent(sum('lost') / sum('strong'))} %   ` +
      `${found.map(({ exhaustive }) => percent(exhaustive)).join(' ')}   ${name}`,
  )
}

console.log(
  search
    ? ' FMR1000  cascade   lost in cascade          FMR1000 of each folder'
    : ' EER FVC  FMR1000   FMR at 30  at 40    at 50   FMR1000 of each folder',
)
for (const name of names) (search ? printSearch : printRates)(name)
