import type { CardProfile } from '@kart/layout/profile'
import { annotateTrace, type RunRecorder, renderTraceText } from '@kart/report'
import type { Output } from './output.ts'

/** Prints what a run exchanged with its card, plain beside protected. */
export function printTrace(output: Output, recorder: RunRecorder, profile: CardProfile): void {
  output.line()
  for (const line of renderTraceText(annotateTrace(recorder.entries, profile))) output.line(line)
}
