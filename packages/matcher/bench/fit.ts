// Fits what src/weights.ts holds, on folders of templates named <finger>_<impression>.fmr, and prints it together with the false match rates that its
// calibration curve is drawn from:
//   node packages/matcher/bench/fit.mjs [--form full|lean] FOLDER...
// Every folder counts alike, and so do genuine pairs and impostors (impostors three times in the logistic, because low false match rates matter most).
// Only tuning data belongs here. The alignments are chosen with the present weights, so after a change of the stages run it twice; the lean form keeps the
// tables of the full one and fits its own logistic on the pairs that pass its gates.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeTemplate } from '@kart/minutiae'
import { packTemplate, recordBytes, recordMinutiae } from '../src/packed.ts'
import { modes } from '../src/parameters.ts'
import { type Prepared, prepare } from '../src/prepare.ts'
import { comesAfter, tooFew } from '../src/result.ts'
import { kernelInstance } from '../src/wasm-kernel.ts'
import { place, writeSide } from '../src/wasm-memory.ts'
import { matchedWeight, unmatchedWeight } from '../src/weights.ts'

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

const kernel = kernelInstance()
const memory = kernel.memory.buffer
const { leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate } = modes.exhaustive
kernel.setMode(leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate, 0)

interface File {
  readonly finger: string
  readonly prepared: Prepared
  readonly record: Uint8Array
}

// Everything that a folder's pairs gave; `stopped` counts those that a gate stopped, by kind.
interface Folder {
  readonly samples: Sample[]
  readonly stopped: [number, number]
}

function samplesOf(folder: string, form: 'full' | 'lean'): Folder {
  const files = readdirSync(folder).flatMap((name): File[] => {
    const match = /^(.+)_\d+\.fmr$/.exec(name)
    if (match === null) return []
    const template = decodeTemplate(new Uint8Array(readFileSync(join(folder, name))))
    const record = new Uint8Array(recordBytes)
    packTemplate(prepare(template, recordMinutiae), record)
    return [{ finger: match[1]!, prepared: prepare(template), record }]
  })
  const samples: Sample[] = []
  const stopped: [number, number] = [0, 0]
  for (const [p, one] of files.entries())
    for (const other of files.slice(0, p)) {
      const genuine = one.finger === other.finger
      if (tooFew(one.prepared, other.prepared)) continue
      if (form === 'full') runFull(one.prepared, other.prepared)
      else runLean(one.record, other.record)
      if (new Int32Array(memory, place.outcome, 4)[3] === 0) stopped[genuine ? 1 : 0]++
      else samples.push({ genuine, ...evidenceFound() })
    }
  return { samples, stopped }
}

function runFull(p: Prepared, q: Prepared): void {
  const swap = comesAfter(p, q)
  writeSide(memory, place.probes, swap ? q : p)
  kernel.finishSide(place.probes)
  writeSide(memory, place.candidate, swap ? p : q)
  kernel.finishSide(place.candidate)
  kernel.compareFull()
}

function runLean(p: Uint8Array, q: Uint8Array): void {
  const bytes = new Uint8Array(memory)
  bytes.set(p, place.packedProbes)
  bytes.set(q, place.block)
  kernel.loadProbes(1)
  kernel.compareBlock(1, 1)
}

function evidenceFound(): Omit<Sample, 'genuine'> {
  const words = new Int32Array(memory, place.outcome, 32)
  const bytes = new Uint8Array(memory, place.outcome + 64, 128)
  return {
    f: words[16]! / 1024,
    rel: words[1]! / 4096,
    edges: words[18]!,
    density: words[19]! / 1024,
    matched: bytes.slice(32, 32 + bins),
    unmatched: bytes.slice(64, 64 + bins),
  }
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

const args = process.argv.slice(2)
const form = args[0] === '--form' ? args.splice(0, 2)[1] : 'full'
if (args.length === 0 || (form !== 'full' && form !== 'lean')) throw new Error('usage: fit.mjs [--form full|lean] FOLDER...')
const found = args.map((name) => samplesOf(name, form))
const folders = found.map(({ samples }) => samples)
const q10 = (list: Int16Array) => Array.from(list, (value) => value / 1024)
const table = form === 'full' ? countBins(folders) : { matched: q10(matchedWeight), unmatched: q10(unmatchedWeight) }
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
for (let z = -8; z <= 8; z += 1) {
  const rate =
    fused.reduce((sum, list, k) => sum + list.filter((value) => value > z).length / (list.length + found[k]!.stopped[0]), 0) / fused.length
  console.log(`${z.toString().padStart(5)}  ${rate.toExponential(2)}  ${rate > 0 ? (-10 * Math.log10(rate)).toFixed(1) : '-'}`)
}
