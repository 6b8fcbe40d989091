import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { comparePart, type Part } from './evaluation/compare-part.ts'

/** What a worker thread of an evaluation is started with. */
export interface EvaluationWorkerData {
  readonly kartEvaluation: Part
}

/** Compares the part that this thread was started for, and posts its progress (numbers) and then its scores; nothing outside such a thread. */
export function runEvaluationWorker(): void {
  const data = workerData as EvaluationWorkerData | null
  if (isMainThread || parentPort === null || data?.kartEvaluation === undefined) return
  const port = parentPort
  port.postMessage(comparePart(data.kartEvaluation, (more) => port.postMessage(more)))
}

runEvaluationWorker()
