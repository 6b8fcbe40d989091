// What becomes of the error rates when templates are altered as another extractor or sensor might make them:
//   node packages/matcher/bench/robustness.mjs [--only NAME,NAME] [--every N] FOLDER...
// over folders of <finger>_<impression>.fmr. Every impression is altered by itself, then all are compared: mean EER by the FVC protocol, mean extended FMR1000,
// FMR1000 of each folder, and the false match rate at score 40 over all impostors. `--every 4` compares one in four impostors of folders with more than 20,000.
// A template that an alteration leaves with too few minutiae scores lowest and counts.

import { SeededRandom } from '../../minutiae/src/random.ts'
import { compare, prepare } from '../src/comparer.ts'
import { readImpressions } from '../src/evaluation/folder.ts'
import { pairsOf } from '../src/evaluation/protocol.ts'
import { errorRates, type ScoredPair } from '../src/evaluation/rates.ts'
import { alterations } from './alterations.ts'

const args = process.argv.slice(2)
const option = (name: string): string | undefined => {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const only = option('--only')?.split(',')
const every = Number(option('--every') ?? 1)
const names = Object.keys(alterations).filter((name) => only === undefined || only.includes(name))
if (args.length === 0 || names.length === 0 || !(every >= 1))
  throw new Error('usage: robustness.mjs [--only NAME,...] [--every N] FOLDER...')

const failed = { strength: -65536, score: 0 }
const percent = (rate: number) => (100 * rate).toFixed(2).padStart(6)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function measure(folder: string, name: string) {
  const { impressions } = readImpressions(folder)
  const prepared = impressions.map(({ template }, k) => {
    const random = new SeededRandom(k + 1)
    const altered = template && alterations[name]!(template, () => random.uniform())
    return altered && altered.count > 0 ? prepare(altered) : undefined
  })
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
    else {
      if (firsts) fvcImpostor.push(pair)
      if (counted) {
        impostor.push(pair)
        for (const [k, limit] of [30, 40, 50].entries()) if (result.score >= limit) above[k]!++
      }
    }
  }
  const extended = errorRates(genuine, impostor, 0)!
  const fvc = errorRates(genuine, fvcImpostor, 0)!
  return { eer: fvc.eer.rate, fmr1000: extended.fmr1000.rate, above, impostors: impostor.length }
}

console.log(' EER FVC  FMR1000   FMR at 30  at 40    at 50   FMR1000 of each folder')
for (const name of names) {
  const found = args.map((folder) => measure(folder, name))
  const impostors = found.reduce((sum, { impostors: own }) => sum + own, 0)
  const rate = (k: number) => (found.reduce((sum, { above }) => sum + above[k]!, 0) / impostors).toExponential(1).padStart(7)
  console.log(
    `  ${percent(mean(found.map(({ eer }) => eer)))}   ${percent(mean(found.map(({ fmr1000 }) => fmr1000)))}   ${rate(0)}  ${rate(1)}  ${rate(2)}  ` +
      `${found.map(({ fmr1000 }) => percent(fmr1000)).join(' ')}   ${name}`,
  )
}
