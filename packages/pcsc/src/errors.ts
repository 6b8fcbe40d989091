import { type Reached, TransportError } from '@kart/apdu'
import { describePcscCode, type PcscName, pcscCodeNamed } from './codes.ts'

/** What was being done when PC/SC failed: before a card was connected, or on a connected card. */
export type PcscOperation =
  | 'open'
  | 'list'
  | 'watch'
  | 'connect'
  | 'status'
  | 'transmit'
  | 'control'
  | 'reconnect'
  | 'disconnect'
  | 'begin'
  | 'end'
  | 'get-attribute'
  | 'set-attribute'
  | 'close'

/** Operations that act on a connected card: their errors carry the code `transport`, all others `reader`. */
const onCard: readonly PcscOperation[] = [
  'transmit',
  'control',
  'reconnect',
  'disconnect',
  'begin',
  'end',
  'get-attribute',
  'set-attribute',
]

/** How a session with a card ended: with `reset` the same card is still there, and {@link PcscCard.reconnect} begins a new session. */
export type SessionEnd = 'removed' | 'reset'

const sessionEnds: Readonly<Record<string, SessionEnd>> = {
  SCARD_W_REMOVED_CARD: 'removed',
  SCARD_E_NO_SMARTCARD: 'removed',
  SCARD_E_READER_UNAVAILABLE: 'removed',
  SCARD_E_UNKNOWN_READER: 'removed',
  SCARD_W_RESET_CARD: 'reset',
  SCARD_W_UNPOWERED_CARD: 'reset',
}

/**
 * A reader, the service behind it or the link to a card failed. `code` is `reader` before a card is connected and `transport` on a
 * connected card; `pcscCode` and `pcscName` are the PC/SC return code, undefined where Kart itself refused.
 */
export class PcscError extends TransportError {
  override readonly code: 'reader' | 'transport'
  readonly operation: PcscOperation
  /** PC/SC return code as 32 unsigned bits, such as 0x8010001D. */
  readonly pcscCode: number | undefined
  /** Its name, such as `SCARD_E_NO_SERVICE`; undefined for a code that is not in the table. */
  readonly pcscName: string | undefined

  /**
   * Whether the card may have got the command: then it may have acted on it, counted a PIN try, signed. Only where this is false may the same
   * command be sent again without asking anybody.
   */
  get mayHaveReachedCard(): boolean {
    return this.reached !== 'no'
  }

  /** Why the session with the card is over, where it is: the card was taken out, or another program reset it or cut its power. */
  get sessionEnd(): SessionEnd | undefined {
    const onSession = onCard.includes(this.operation) || this.operation === 'status'
    return onSession && this.pcscName !== undefined ? sessionEnds[this.pcscName] : undefined
  }

  constructor(operation: PcscOperation, problem: string, options: { reached?: Reached; pcscCode?: number; cause?: unknown } = {}) {
    super(problem, { reached: options.reached ?? 'no', cause: options.cause })
    this.code = onCard.includes(operation) ? 'transport' : 'reader'
    this.operation = operation
    this.pcscCode = options.pcscCode === undefined ? undefined : options.pcscCode >>> 0
    this.pcscName = this.pcscCode === undefined ? undefined : describePcscCode(this.pcscCode)?.name
  }
}

/** Codes with which the service refuses a command before it goes to the card. */
const refusedBeforeSending: readonly string[] = ['SCARD_E_INVALID_HANDLE', 'SCARD_E_INVALID_PARAMETER', 'SCARD_E_SHARING_VIOLATION']

/** Whether a command that failed with this code may have reached the card; what is not known for certain is `maybe` (house rule). */
function reachedBy(operation: PcscOperation, name: string | undefined): Reached {
  if (operation !== 'transmit' && operation !== 'control') return 'no'
  if (name === undefined) return 'maybe'
  if (name === 'SCARD_E_INSUFFICIENT_BUFFER') return 'yes'
  return refusedBeforeSending.includes(name) ? 'no' : 'maybe'
}

/** The error for a PC/SC return code; `where` names the reader in the message. */
export function pcscFailure(operation: PcscOperation, code: number, options: { where?: string; cause?: unknown } = {}): PcscError {
  const row = describePcscCode(code)
  const hex = `0x${(code >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
  const subject = options.where === undefined ? operation : `${operation} ${options.where}`
  const text = row ? `${row.meaning} (${row.name}); ${row.next}` : `PC/SC code ${hex}`
  return new PcscError(operation, `${subject}: ${text}`, { pcscCode: code, reached: reachedBy(operation, row?.name), cause: options.cause })
}

/** The same by the code's name, for what Kart finds out by itself. */
export function pcscFailureNamed(operation: PcscOperation, name: PcscName, options: { where?: string; cause?: unknown } = {}): PcscError {
  return pcscFailure(operation, pcscCodeNamed(name).code, options)
}

/** The PC/SC code in an error of pcsclite, which gives it only in its text: `SCardConnect error: No smart card inserted.(0x8010000c)`. */
export function codeInMessage(error: unknown): number | undefined {
  const text = error instanceof Error ? error.message : String(error)
  const digits = /\(0x([0-9a-fA-F]{8,16})\)\s*$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits.slice(-8), 16)
}

/** Turns whatever a backend threw into a PcscError; one that is already passes through. */
export function toPcscError(operation: PcscOperation, error: unknown, where?: string): PcscError {
  if (error instanceof PcscError) return error
  const options = where === undefined ? { cause: error } : { where, cause: error }
  const code = codeInMessage(error)
  if (code !== undefined) return pcscFailure(operation, code, options)
  const text = error instanceof Error ? error.message : String(error)
  return new PcscError(operation, `${operation}${where === undefined ? '' : ` ${where}`}: ${text}`, {
    reached: reachedBy(operation, undefined),
    cause: error,
  })
}
