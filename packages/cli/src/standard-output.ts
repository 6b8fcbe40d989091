let watched = false
let failure: Error | undefined

/**
 * Keeps a standard output that is closed early (`| head -1`) or cannot be written (a full disk) from ending the run in the middle of its work: a card half
 * written because nobody reads the progress would be worse. A closed pipe is silent; anything else is said once on standard error.
 */
export function guardStandardOutput(): void {
  if (watched) return
  watched = true
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || failure !== undefined) return
    failure = error
    process.stderr.write(`kart: standard output cannot be written (${error.code ?? error.message})\n`)
  })
  // Nothing is left to tell it to.
  process.stderr.on('error', () => undefined)
}

/** Whether something that should have gone to standard output was lost although its reader is there. */
export function standardOutputFailed(): boolean {
  return failure !== undefined
}
