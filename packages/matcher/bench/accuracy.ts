// Accuracy and cost of the matcher over folders of templates named <finger>_<impression>.fmr:
//   node packages/matcher/bench/accuracy.mjs [--json FILE] [--workers N] FOLDER...
// FVC protocol: genuine = every two impressions of a finger, impostor = the first impressions of every two fingers. Extended: the same genuine pairs, impostor =
// every two impressions of different fingers. A template that cannot be read or is empty scores lowest
// and counts; ties count against the matcher. Rates are of the unrounded strength; what the named thresholds do is of the score.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { decodeTemplate } from '@kart/minutiae'
import { type Prepared, referenceMatcher } from '../src/reference.ts'

interface Impression {
  readonly finger: string
  readonly first: boolean
  readonly prepared: Prepared | undefined
}

type Outcome = { readonly strength: number; readonly score: number }

const failed: Outcome = { strength: -65536, score: 0 }

interface Part {
  readonly genuine: Outcome[]
  readonly impostor: Outcome[]
  readonly fvcImpostor: Outcome[]
  readonly prepareSeconds: number
  readonly impressions: number
  readonly unreadable: number
}

function load(folder: string): { impressions: Impression[]; seconds: number; unreadable: number } {
  const names = readdirSync(folder)
    .map((name) => /^(.+)_(\d+)\.fmr$/.exec(name))
    .filter((match) => match !== null)
  if (names.length === 0) throw new Error(`no <finger>_<impression>.fmr in ${folder}`)
  const lowest = new Map<string, number>()
  for (const [, finger, impression] of names)
    lowest.set(finger!, Math.min(lowest.get(finger!) ?? Number.POSITIVE_INFINITY, Number(impression)))
  const files = names.map(([name, finger, impression]) => ({
    bytes: new Uint8Array(readFileSync(join(folder, name))),
    finger: finger!,
    first: Number(impression) === lowest.get(finger!),
  }))
  let unreadable = 0
  const started = performance.now()
  const impressions = files.map(({ bytes, finger, first }): Impression => {
    try {
      return { finger, first, prepared: referenceMatcher.prepare(decodeTemplate(bytes)) }
    } catch {
      unreadable++
      return { finger, first, prepared: undefined }
    }
  })
  return { impressions, seconds: (performance.now() - started) / 1000, unreadable }
}

function runPart(folder: string, part: number, parts: number): Part {
  const { impressions, seconds: prepareSeconds, unreadable } = load(folder)
  const genuine: Outcome[] = []
  const impostor: Outcome[] = []
  const fvcImpostor: Outcome[] = []
  for (let p = part; p < impressions.length; p += parts)
    for (let q = 0; q < p; q++) {
      const a = impressions[p]!
      const b = impressions[q]!
      const outcome = a.prepared === undefined || b.prepared === undefined ? failed : referenceMatcher.compare(a.prepared, b.prepared)
      const score: Outcome = { strength: outcome.strength, score: outcome.score }
      if (a.finger === b.finger) genuine.push(score)
      else {
        impostor.push(score)
        if (a.first && b.first) fvcImpostor.push(score)
      }
    }
  return {
    genuine,
    impostor,
    fvcImpostor,
    prepareSeconds,
    impressions: impressions.length,
    unreadable,
  }
}

/** Percent of genuine scores not above the threshold that lets at most `fmr` of the impostors through. */
function missAt(genuine: readonly number[], impostor: readonly number[], fmr: number): number {
  const falling = [...impostor].sort((p, q) => q - p)
  const threshold = falling[Math.floor(fmr * falling.length)] ?? Number.NEGATIVE_INFINITY
  return (100 * genuine.filter((score) => score <= threshold).length) / genuine.length
}

/** Equal error rate in percent: the mean of both errors where they cross. */
function equalError(genuine: readonly number[], impostor: readonly number[]): number {
  const rising = [...genuine].sort((p, q) => p - q)
  const falling = [...impostor].sort((p, q) => q - p)
  let best = { gap: Number.POSITIVE_INFINITY, rate: 100 }
  let accepted = falling.length
  for (const [refused, threshold] of rising.entries()) {
    while (accepted > 0 && falling[accepted - 1]! < threshold) accepted--
    const [falseMatch, miss] = [accepted / falling.length, refused / rising.length]
    if (Math.abs(falseMatch - miss) < best.gap) best = { gap: Math.abs(falseMatch - miss), rate: 50 * (falseMatch + miss) }
  }
  return best.rate
}

async function measure(folder: string, workers: number) {
  const before = process.cpuUsage()
  const parts = await Promise.all(
    Array.from(
      { length: workers },
      (_, part) =>
        new Promise<Part>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: { folder, part, parts: workers } })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  const genuine = parts.flatMap((part) => part.genuine)
  const impostor = parts.flatMap((part) => part.impostor)
  const fvcImpostor = parts.flatMap((part) => part.fvcImpostor)
  const comparisons = genuine.length + impostor.length
  const { user } = process.cpuUsage(before)
  const [own, others, fvcOthers] = [genuine, impostor, fvcImpostor].map((list) => list.map(({ strength }) => strength)) as [
    number[],
    number[],
    number[],
  ]
  const accepted = (threshold: number) => impostor.filter(({ score }) => score >= threshold).length / impostor.length
  const refused = (threshold: number) => (100 * genuine.filter(({ score }) => score < threshold).length) / genuine.length
  return {
    folder,
    genuine: genuine.length,
    impostors: impostor.length,
    unreadable: parts[0]!.unreadable,
    fvc: { eer: equalError(own, fvcOthers), fmr100: missAt(own, fvcOthers, 0.01) },
    extended: {
      eer: equalError(own, others),
      fmr100: missAt(own, others, 0.01),
      fmr1000: missAt(own, others, 0.001),
      /** The same from the rounded score. */
      fmr1000OfScore: missAt(
        genuine.map(({ score }) => score),
        impostor.map(({ score }) => score),
        0.001,
      ),
      fmr10000: impostor.length >= 10_000 ? missAt(own, others, 0.0001) : undefined,
    },
    /** What the named thresholds do here: the share of impostors accepted, and of genuine pairs refused in percent. */
    thresholds: {
      30: { fmr: accepted(30), fnmr: refused(30) },
      40: { fmr: accepted(40), fnmr: refused(40) },
      50: { fmr: accepted(50), fnmr: refused(50) },
    },
    /** CPU time a comparison, reading and preparing included: wall time would measure the machine's other work. */
    microseconds: user / comparisons,
    prepareMicroseconds: (1e6 * parts[0]!.prepareSeconds) / parts[0]!.impressions,
  }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  const option = (name: string): string | undefined => {
    const at = args.indexOf(name)
    return at < 0 ? undefined : args.splice(at, 2)[1]
  }
  const json = option('--json')
  const workers = Number(option('--workers') ?? availableParallelism())
  if (args.length === 0 || !(workers >= 1)) throw new Error('usage: accuracy.mjs [--json FILE] [--workers N] FOLDER...')
  const figure = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(2)).padStart(7)
  console.log('         FVC  FVC-100      EER   FMR100  FMR1000 FMR10000  FMR at 40  FNMR at 40  us   folder')
  const results = []
  for (const folder of args) {
    const r = await measure(folder, workers)
    results.push(r)
    const at40 = r.thresholds[40]
    console.log(
      `     ${figure(r.fvc.eer)}  ${figure(r.fvc.fmr100)}  ${figure(r.extended.eer)}  ${figure(r.extended.fmr100)}  ${figure(r.extended.fmr1000)}  ` +
        `${figure(r.extended.fmr10000)}   ${at40.fmr.toExponential(1)}  ${figure(at40.fnmr)}  ${r.microseconds.toFixed(0).padStart(5)}   ${folder}`,
    )
  }
  const mean = results.reduce((sum, r) => sum + r.extended.fmr1000, 0) / results.length
  const rounded = results.reduce((sum, r) => sum + r.extended.fmr1000OfScore, 0) / results.length
  console.log(`mean extended FMR1000 of ${results.length} folders: ${mean.toFixed(2)} %, from the rounded score ${rounded.toFixed(2)} %`)
  const machine = { node: process.version, cpu: cpus()[0]?.model, workers }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`)
}

if (isMainThread) await main()
else {
  const { folder, part, parts } = workerData as { folder: string; part: number; parts: number }
  parentPort!.postMessage(runPart(folder, part, parts))
}
