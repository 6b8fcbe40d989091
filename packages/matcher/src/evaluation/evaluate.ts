import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { EvaluationWorkerData } from '../evaluation-worker.ts'
import { thresholds } from '../thresholds.ts'
import { comparePart, type Part, type PartScores } from './compare-part.ts'
import { type ImpressionFolder, readImpressions } from './folder.ts'
import { type Protocol, pairsOf } from './protocol.ts'
import { type DetPoint, detCurve, type ErrorRates, errorRates, type ScoredPair } from './rates.ts'

/** How an evaluation is run. */
export interface EvaluationOptions {
  readonly protocol: Protocol
  /** Worker threads, 1 or more; default 1. The scores are the same whatever their number. */
  readonly workers?: number
  /** Hears of every few hundred comparisons: how many are done, of how many. */
  readonly progress?: (done: number, all: number) => void
}

/** What the named thresholds do on a set. */
export interface ThresholdOutcome {
  readonly threshold: string
  readonly score: number
  /** Shares of impostor pairs that match, and of genuine pairs that do not. */
  readonly fmr: number
  readonly fnmr: number
}

/** The outcome of a protocol on one folder. */
export interface Evaluation {
  readonly protocol: Protocol
  readonly fingers: number
  readonly templates: number
  readonly failures: ImpressionFolder['failures']
  readonly genuine: number
  readonly impostors: number
  /** Rates read from the strength, the finest that the matcher gives; undefined without genuine or impostor pairs. */
  readonly rates: ErrorRates | undefined
  /** The same from the whole score, where equal scores tie: what a program sees that keeps the score alone. */
  readonly ratesOfScore: ErrorRates | undefined
  readonly thresholds: readonly ThresholdOutcome[]
  /** Of the strength. */
  readonly curve: readonly DetPoint[]
  /** Wall time of the comparisons, preparing included, seconds. */
  readonly seconds: number
  /** Threads that compared. */
  readonly workers: number
}

/** Runs a protocol over the templates of a folder (see {@link readImpressions}); throws Node's own error when it cannot be read. */
export async function evaluateFolder(folder: string, options: EvaluationOptions): Promise<Evaluation> {
  return evaluate(readImpressions(folder), options)
}

/**
 * Runs a protocol over impressions. A failure to enrol scores 0, below every comparison, and counts in every pair that it is in. With several workers the comparisons run in threads,
 * where the package's own build is there to start them; else in this one.
 */
export async function evaluate(folder: ImpressionFolder, options: EvaluationOptions): Promise<Evaluation> {
  const { impressions } = folder
  const pairs = [...pairsOf(impressions, options.protocol)]
  const started = performance.now()
  let done = 0
  const report = (more: number) => {
    done += more
    options.progress?.(done, pairs.length)
  }
  const wanted = Math.max(1, Math.min(options.workers ?? 1, pairs.length))
  const workers = workerFile() === undefined ? 1 : wanted
  const part = (k: number): Part => ({
    impressions: impressions.map(({ finger, first, template }) => ({ finger, first, template })),
    protocol: options.protocol,
    part: k,
    parts: workers,
  })
  const scores =
    workers === 1
      ? [comparePart(part(0), report)]
      : await Promise.all(Array.from({ length: workers }, (_, k) => compareInThread(part(k), report)))
  const seconds = (performance.now() - started) / 1000
  const listed = (read: (from: PartScores, at: number) => number) =>
    pairs.map(
      ([p, q], number): ScoredPair => ({
        score: read(scores[number % workers]!, Math.floor(number / workers)),
        fingers: [impressions[p]!.finger, impressions[q]!.finger],
      }),
    )
  const isGenuine = ({ fingers: [a, b] }: ScoredPair) => a === b
  const split = (list: readonly ScoredPair[]) => [list.filter(isGenuine), list.filter((pair) => !isGenuine(pair))] as const
  const [genuine, impostor] = split(listed((from, at) => from.strength[at]!))
  const [genuineScores, impostorScores] = split(listed((from, at) => from.score[at]!))
  return {
    protocol: options.protocol,
    fingers: folder.fingers.length,
    templates: impressions.length,
    failures: folder.failures,
    genuine: genuine.length,
    impostors: impostor.length,
    rates: errorRates(genuine, impostor),
    ratesOfScore: errorRates(genuineScores, impostorScores),
    thresholds: Object.entries(thresholds).map(([threshold, score]) => ({
      threshold,
      score,
      fmr: share(impostorScores, (pair) => pair.score >= score),
      fnmr: share(genuineScores, (pair) => pair.score < score),
    })),
    curve: detCurve(genuine, impostor),
    seconds,
    workers,
  }
}

function share(list: readonly ScoredPair[], holds: (pair: ScoredPair) => boolean): number {
  return list.length === 0 ? 0 : list.filter(holds).length / list.length
}

// Beside the built package's chunks; there is none beside the sources.
function workerFile(): URL | undefined {
  const url = new URL('./evaluation-worker.js', import.meta.url)
  return url.protocol === 'file:' && existsSync(fileURLToPath(url)) ? url : undefined
}

function compareInThread(part: Part, report: (more: number) => void): Promise<PartScores> {
  return new Promise((resolve, reject) => {
    const workerData: EvaluationWorkerData = { kartEvaluation: part }
    const worker = new Worker(workerFile()!, { workerData })
    worker.on('message', (message: number | PartScores) => (typeof message === 'number' ? report(message) : resolve(message)))
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('a comparing thread ended early')))
  })
}
