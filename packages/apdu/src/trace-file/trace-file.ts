import { DecodeError, fromHex, toHex } from '@kart/codec'
import type { Reached } from '../transport-error.ts'

/** The first line of a trace file: what was recorded, and how much of it. */
export interface TraceHeader {
  readonly schema: 'kart-trace-1'
  /** ISO 8601, UTC. */
  readonly date: string
  readonly atr: Uint8Array
  /** Where the card was: a reader's name or a file; undefined where it was left out. */
  readonly where: string | undefined
  /** `kept`: PINs and keys are blanked, all else is as it was. `blanked`: every data field but SELECT's is zeros of the same length. */
  readonly data: 'kept' | 'blanked'
}

/** One exchange, as a line of a trace file. */
export interface TraceExchange {
  readonly command: Uint8Array
  /** Undefined where the exchange failed. */
  readonly response: Uint8Array | undefined
  /** Whether a data field in it was blanked. */
  readonly redacted: boolean
  readonly microseconds: number
  readonly failure: { readonly code: string; readonly reached: Reached | undefined } | undefined
}

export interface Trace {
  readonly header: TraceHeader
  readonly exchanges: readonly TraceExchange[]
}

/** The header as the first line of the file, without its line end. */
export function encodeTraceHeader({ schema, date, atr, where, data }: TraceHeader): string {
  return JSON.stringify({ schema, date, atr: toHex(atr), ...(where === undefined ? {} : { where }), data })
}

/** An exchange as a line of the file, without its line end. */
export function encodeTraceExchange({ command, response, redacted, microseconds, failure }: TraceExchange): string {
  return JSON.stringify({
    command: toHex(command),
    ...(response === undefined ? {} : { response: toHex(response) }),
    ...(redacted ? { redacted } : {}),
    us: microseconds,
    ...(failure === undefined ? {} : { failure }),
  })
}

/** Longest line: the longest command and response in hexadecimal, and what stands around them. */
const longestLine = 300_000
const mostExchanges = 1_000_000

/** Reads a trace file: JSON, one value a line (kart-trace-1). Throws DecodeError that names the line. */
export function parseTrace(text: string): Trace {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const [first, ...rest] = lines
  if (first === undefined) throw new DecodeError('trace', 'is empty')
  if (rest.length > mostExchanges) throw new DecodeError('trace', `more than ${mostExchanges} exchanges`)
  return { header: readHeader(first), exchanges: rest.map((line, i) => readExchange(line, i + 2)) }
}

function readObject(line: string, number: number): Readonly<Record<string, unknown>> {
  const fail = (problem: string, cause?: unknown) => new DecodeError(`trace, line ${number}`, problem, { cause })
  if (line.length > longestLine) throw fail(`longer than ${longestLine} characters`)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw fail('is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('is not a JSON object')
  return value as Readonly<Record<string, unknown>>
}

function readHex(value: unknown, number: number, field: string, least: number): Uint8Array {
  if (typeof value === 'string' && /^([0-9a-f]{2})*$/.test(value) && value.length >= 2 * least) return fromHex(value)
  throw new DecodeError(`trace, line ${number}`, `${field} is not at least ${least} bytes in lower-case hexadecimal`)
}

function readHeader(line: string): TraceHeader {
  const { schema, date, atr, where, data } = readObject(line, 1)
  const fail = (problem: string) => new DecodeError('trace, line 1', problem)
  if (schema !== 'kart-trace-1') throw fail('schema is not kart-trace-1')
  if (typeof date !== 'string') throw fail('date is not text')
  if (where !== undefined && typeof where !== 'string') throw fail('where is not text')
  if (data !== 'kept' && data !== 'blanked') throw fail('data is neither kept nor blanked')
  return { schema, date, atr: readHex(atr, 1, 'atr', 2), where, data }
}

function readExchange(line: string, number: number): TraceExchange {
  const { command, response, redacted, us, failure } = readObject(line, number)
  const fail = (problem: string) => new DecodeError(`trace, line ${number}`, problem)
  if (redacted !== undefined && redacted !== true) throw fail('redacted is not true')
  if (typeof us !== 'number' || !Number.isFinite(us) || us < 0) throw fail('us is not a duration')
  if ((response === undefined) === (failure === undefined)) throw fail('holds not one of response and failure')
  return {
    command: readHex(command, number, 'command', 4),
    response: response === undefined ? undefined : readHex(response, number, 'response', 2),
    redacted: redacted === true,
    microseconds: us,
    failure: failure === undefined ? undefined : readFailure(failure, number),
  }
}

function readFailure(value: unknown, number: number): TraceExchange['failure'] {
  const { code, reached } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const known = reached === undefined || reached === 'no' || reached === 'maybe' || reached === 'yes'
  if (typeof code !== 'string' || !known)
    throw new DecodeError(`trace, line ${number}`, 'failure has no code, or another reached than no, maybe, yes')
  return { code, reached }
}
