import { fstatSync, statSync } from 'node:fs'
import { devNull } from 'node:os'
import { exitCode } from './exit-code.ts'

let watched = false
let failed = false
let lost = false

/** Whether something that was written to standard output did not arrive; a moment after the write. */
export const standardOutputLost = (): boolean => lost

/** Gives a terminal that does not tell its size (a serial line, a container) the usual one; without it lists are drawn a letter a line. */
export function giveSize(stream: { isTTY?: boolean; columns?: number; rows?: number }): void {
  if (stream.isTTY !== true) return
  if (!stream.columns) stream.columns = 80
  if (!stream.rows) stream.rows = 24
}

/** Whether standard output is the null device: so named (`> /dev/null`), or closed (`>&-`), in whose place Node opens it. Unknown counts as no. */
export function standardOutputIsNull(): boolean {
  try {
    const [own, none] = [fstatSync(1), statSync(devNull)]
    return own.isCharacterDevice() && none.isCharacterDevice() && own.rdev === none.rdev
  } catch {
    return false
  }
}

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
