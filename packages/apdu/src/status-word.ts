/** One status word or range of ISO/IEC 7816-4:2020, tables 5 to 7. `mask` says which bits count. */
interface StatusWordRow {
  readonly sw: number
  readonly mask: number
  readonly meaning: string
}

const rows = [
  { sw: 0x9000, mask: 0xffff, meaning: 'done' },
  { sw: 0x6100, mask: 0xff00, meaning: 'done, more response bytes wait' },
  { sw: 0x6281, mask: 0xffff, meaning: 'part of the data may be corrupted' },
  { sw: 0x6282, mask: 0xffff, meaning: 'end of the file before all bytes asked for' },
  { sw: 0x6283, mask: 0xffff, meaning: 'the selected file or application is deactivated' },
  { sw: 0x6285, mask: 0xffff, meaning: 'the selected file is in termination state' },
  { sw: 0x6300, mask: 0xffff, meaning: 'authentication failed' },
  { sw: 0x63c0, mask: 0xfff0, meaning: 'verification failed; the last digit says how many tries are left' },
  { sw: 0x6400, mask: 0xffff, meaning: 'execution error, nothing changed on the card' },
  { sw: 0x6581, mask: 0xffff, meaning: 'memory failure on the card' },
  { sw: 0x6700, mask: 0xffff, meaning: 'wrong length' },
  { sw: 0x6881, mask: 0xffff, meaning: 'logical channel not supported' },
  { sw: 0x6882, mask: 0xffff, meaning: 'secure messaging not supported' },
  { sw: 0x6883, mask: 0xffff, meaning: 'last command of the chain expected' },
  { sw: 0x6884, mask: 0xffff, meaning: 'command chaining not supported' },
  { sw: 0x6982, mask: 0xffff, meaning: 'security status not satisfied' },
  { sw: 0x6983, mask: 0xffff, meaning: 'authentication method blocked' },
  { sw: 0x6984, mask: 0xffff, meaning: 'reference data not usable' },
  { sw: 0x6985, mask: 0xffff, meaning: 'conditions of use not satisfied' },
  { sw: 0x6986, mask: 0xffff, meaning: 'command not allowed: no file selected' },
  { sw: 0x6987, mask: 0xffff, meaning: 'a secure-messaging data object is missing' },
  { sw: 0x6988, mask: 0xffff, meaning: 'a secure-messaging data object is wrong' },
  { sw: 0x6a80, mask: 0xffff, meaning: 'wrong data in the command' },
  { sw: 0x6a81, mask: 0xffff, meaning: 'function not supported' },
  { sw: 0x6a82, mask: 0xffff, meaning: 'file or application not found' },
  { sw: 0x6a83, mask: 0xffff, meaning: 'record not found' },
  { sw: 0x6a84, mask: 0xffff, meaning: 'not enough memory in the file' },
  { sw: 0x6a86, mask: 0xffff, meaning: 'wrong parameters P1-P2' },
  { sw: 0x6a87, mask: 0xffff, meaning: 'Lc does not fit P1-P2' },
  { sw: 0x6a88, mask: 0xffff, meaning: 'referenced data not found' },
  { sw: 0x6a89, mask: 0xffff, meaning: 'the file exists already' },
  { sw: 0x6b00, mask: 0xffff, meaning: 'wrong parameters: offset outside the file' },
  { sw: 0x6c00, mask: 0xff00, meaning: 'wrong Le; the second byte says how many bytes there are' },
  { sw: 0x6d00, mask: 0xffff, meaning: 'instruction not supported' },
  { sw: 0x6e00, mask: 0xffff, meaning: 'class not supported' },
  { sw: 0x6f00, mask: 0xffff, meaning: 'error without a diagnosis' },
] as const satisfies readonly StatusWordRow[]

/** A status word in plain words. */
export function describeStatusWord(sw: number): string {
  const row = rows.find((candidate) => (sw & candidate.mask) === candidate.sw)
  if (row) return row.meaning
  const sw1 = sw >> 8
  if (sw1 === 0x62 || sw1 === 0x63) return 'warning'
  return sw1 === 0x90 ? 'done, with a note of the card’s own' : 'error'
}

/** What a status word asks of the caller (ISO/IEC 7816-4:2020, 5.6). */
export type StatusWordClass = 'ok' | 'more' | 'warning' | 'wrong-le' | 'error'

/** The class of a status word. */
export function classifyStatusWord(sw: number): StatusWordClass {
  if (sw === 0x9000) return 'ok'
  const sw1 = sw >> 8
  if (sw1 === 0x61) return 'more'
  if (sw1 === 0x62 || sw1 === 0x63) return 'warning'
  return sw1 === 0x6c ? 'wrong-le' : 'error'
}

/** Tries left in a 63Cx status word, or undefined. */
export function retriesLeft(sw: number): number | undefined {
  return (sw & 0xfff0) === 0x63c0 ? sw & 0x0f : undefined
}
