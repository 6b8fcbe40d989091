import { exitCode } from './exit-code.ts'

let watched = false
let failed = false
let lost = false

/** Whether something that was written to standard output did not arrive; a moment after the write. */
export const standardOutputLost = (): boolean => lost

/**
 * Keeps a standard output that is closed early (`| head -1`) or cannot be written (a full disk) from ending the run in the middle of its work: a card half
 * written because nobody reads the progress would be worse. A closed pipe is silent; anything else is said once on standard error, and a run that would have
 * ended well exits with 2.
 */
export function guardStandardOutput(): void {
  if (watched) return
  watched = true
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    lost = true
    if (error.code === 'EPIPE' || failed) return
    failed = true
    process.exitCode ||= exitCode.badInput
    process.stderr.write(`kart: standard output cannot be written (${error.code ?? error.message})\n`)
  })
  // Nothing is left to tell it to.
  process.stderr.on('error', () => undefined)
}
