// Fits what src/weights.ts holds, on folders of templates named <finger>_<impression>.fmr, and prints it together with the false match rates that its
// calibration curve is drawn from:
//   node packages/matcher/bench/fit.mjs FOLDER...
// Every folder counts alike, and so do genuine pairs and impostors (impostors three times in the logistic, because low false match rates matter most).
// Only tuning data belongs here. The alignments are chosen with the present weights, so after a change of the stages run it twice.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeTemplate } from '@kart/minutiae'
import { compareStages } from '../src/compare.ts'
import { type Prepared, prepare } from '../src/prepare.ts'

const bins = 28
const reported = 24

interface Sample {
  readonly genuine: boolean
  readonly f: number
  readonly rel: number
  readonly edges: number
  readonly density: number
  readonly matched: Uint8Array
  readonly unmatched: Uint8Array
}

function samplesOf(folder: string): Sample[] {
  const files = readdirSync(folder).flatMap((name) => {
    const match = /^(.+)_\d+\.fmr$/.exec(name)
    return match === null
      ? []
      : [{ finger: match[1]!, prepared: prepare(decodeTemplate(new Uint8Array(readFileSync(join(folder, name))))) }]
  })
  const samples: Sample[] = []
  for (const [p, one] of files.entries())
    for (const other of files.slice(0, p)) {
      const sample = sampleOf(one.prepared, other.prepared)
      if (sample !== undefined) samples.push({ genuine: one.finger === other.finger, ...sample })
    }
  return samples
}

function sampleOf(p: Prepared, q: Prepared): Omit<Sample, 'genuine'> | undefined {
  const { pairs, tried, best } = p.count > q.count ? compareStages(q, p) : compareStages(p, q)
  const evidence = tried[best]?.evidence
  if (evidence === undefined) return undefined
  const { f, edges, density, matched, unmatched } = evidence
  return { f: f / 1024, rel: pairs.rel / 4096, edges, density: density / 1024, matched, unmatched }
}

/** Log-ratios of being matched or not, by bin; bins of unreported quality are counted on folders without any quality, the others on the rest. */
function countBins(folders: readonly Sample[][]): { matched: number[]; unmatched: number[] } {
  const sums = [0, 1].map(() => ({ matched: new Float64Array(bins), unmatched: new Float64Array(bins) }))
  for (const samples of folders) {
    const graded = samples.some(({ matched }) => matched.subarray(0, reported).some((n) => n > 0))
    for (const kind of [0, 1]) {
      const own = samples.filter(({ genuine }) => Number(genuine) === kind)
      const all = own.reduce((sum, s) => sum + s.matched.reduce((t, n) => t + n, 0) + s.unmatched.reduce((t, n) => t + n, 0), 0)
      for (const s of own)
        for (let bin = graded ? 0 : reported; bin < (graded ? reported : bins); bin++) {
          sums[kind]!.matched[bin]! += (1e5 * s.matched[bin]!) / all
          sums[kind]!.unmatched[bin]! += (1e5 * s.unmatched[bin]!) / all
        }
    }
  }
  const share = (kind: number, bin: number) => {
    const { matched, unmatched } = sums[kind]!
    return (matched[bin]! + 20) / (matched[bin]! + unmatched[bin]! + 40)
  }
  const rows = Array.from({ length: bins }, (_, bin) => bin)
  return {
    matched: rows.map((bin) => Math.log(share(1, bin) / share(0, bin))),
    unmatched: rows.map((bin) => Math.log((1 - share(1, bin)) / (1 - share(0, bin)))),
  }
}

/** Logistic regression by Newton's method on standardised features; the last weight is the constant. */
function logistic(features: readonly number[][], genuine: readonly boolean[], weights: readonly number[]): number[] {
  const size = features[0]!.length
  const total = weights.reduce((sum, w) => sum + w, 0)
  const mean = Array.from({ length: size }, (_, k) => features.reduce((sum, x, n) => sum + weights[n]! * x[k]!, 0) / total)
  const spread = mean.map((m, k) => Math.sqrt(features.reduce((sum, x, n) => sum + weights[n]! * (x[k]! - m) ** 2, 0) / total))
  const rows = features.map((x) => [...x.map((value, k) => (value - mean[k]!) / spread[k]!), 1])
  let beta = new Array<number>(size + 1).fill(0)
  for (let round = 0; round < 60; round++) {
    const gradient = beta.map((b, k) => (k < size ? 2e-4 * b : 0))
    const hessian = beta.map((_, k) => beta.map((__, l) => (k === l ? (k < size ? 2e-4 : 1e-9) : 0)))
    for (const [n, x] of rows.entries()) {
      const z = x.reduce((sum, value, k) => sum + value * beta[k]!, 0)
      const p = 1 / (1 + Math.exp(-z))
      const slope = weights[n]! * (p - Number(genuine[n]))
      const bend = weights[n]! * p * (1 - p)
      for (let k = 0; k <= size; k++) {
        gradient[k]! += slope * x[k]!
        for (let l = 0; l <= size; l++) hessian[k]![l]! += bend * x[k]! * x[l]!
      }
    }
    const step = solve(hessian, gradient)
    // half steps: the classes are nearly separable, and a whole one can overshoot
    beta = beta.map((b, k) => b - 0.5 * step[k]!)
  }
  const plain = mean.map((_, k) => beta[k]! / spread[k]!)
  return [...plain, beta[size]! - plain.reduce((sum, b, k) => sum + b * mean[k]!, 0)]
}

function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, k) => [...row, right[k]!])
  const size = rows.length
  for (let k = 0; k < size; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? k + i : best), k)
    ;[rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!]
    for (let i = 0; i < size; i++) {
      if (i === k) continue
      const factor = rows[i]![k]! / rows[k]![k]!
      for (let l = k; l <= size; l++) rows[i]![l]! -= factor * rows[k]![l]!
    }
  }
  return rows.map((row, k) => row[size]! / row[k]!)
}

const names = process.argv.slice(2)
if (names.length === 0) throw new Error('usage: fit.mjs FOLDER...')
const folders = names.map(samplesOf)
const table = countBins(folders)
const featuresOf = (s: Sample): number[] => {
  let lu = 0
  for (let bin = 0; bin < bins; bin++) lu += s.matched[bin]! * table.matched[bin]! + s.unmatched[bin]! * table.unmatched[bin]!
  return [Math.log(s.f + 0.5), Math.log(s.rel + 0.05), lu / 20, Math.log(s.edges + 1), s.density]
}
const all = folders.flat()
const weights = folders.flatMap((samples) => {
  const genuine = samples.filter((s) => s.genuine).length
  return samples.map((s) => (s.genuine ? 1 / genuine : 3 / (samples.length - genuine)) / folders.length)
})
const fitted = logistic(
  all.map(featuresOf),
  all.map((s) => s.genuine),
  weights,
)
const print = (title: string, values: readonly number[]) => {
  console.log(title)
  for (let row = 0; row < bins; row += 4)
    console.log(
      `  [${values
        .slice(row, row + 4)
        .map((value) => value.toFixed(2))
        .join(', ')}],`,
    )
}
print('matched', table.matched)
print('unmatched', table.unmatched)
console.log(`logistic: f, rel, lu, edges, density, constant = ${fitted.map((value) => value.toFixed(2)).join(', ')}`)
console.log('fused  mean false match rate of the folders, -10 log10 of it')
const fused = folders.map((samples) =>
  samples.filter((s) => !s.genuine).map((s) => featuresOf(s).reduce((sum, value, k) => sum + value * fitted[k]!, fitted.at(-1)!)),
)
for (let z = -6; z <= 8; z += 2) {
  const rate = fused.reduce((sum, list) => sum + list.filter((value) => value > z).length / list.length, 0) / fused.length
  console.log(`${z.toString().padStart(5)}  ${rate.toExponential(2)}  ${rate > 0 ? (-10 * Math.log10(rate)).toFixed(1) : '-'}`)
}
