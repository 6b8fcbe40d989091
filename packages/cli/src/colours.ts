import { createColors } from 'picocolors'

/** Whether a stream takes colours: a terminal does, a pipe or file does not; NO_COLOR and FORCE_COLOR (no-color.org, force-color.org) say otherwise. */
function takesColours(stream: { readonly isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0'
  return stream.isTTY === true && TERM !== 'dumb'
}

/** Colours for standard output. picocolors' own rule would also colour pipes on Windows and wherever CI is set. */
export const pc = createColors(takesColours(process.stdout))

/** Colours for standard error. */
export const pcError = createColors(takesColours(process.stderr))
