/** Every code a {@link CardError} can carry; `switch (error.code)` over it is exhaustive. */
export const errorCodes = [
  'decode', // bytes or text that are not what their format says
  'input', // a value handed to us that cannot be encoded or used
  'limit', // a bound (length, depth, rounds) was reached
  'status-word', // the card answered a command with an unexpected status word
  'transport', // the reader or the link to the card failed
  'reader', // no PC/SC service, no such reader, no card in it
  'secure-messaging', // a protected response was missing, malformed or not authentic; the session is over
  'authentication', // a mutual authentication failed
  'crypto', // a primitive refused its input (key size, point not on the curve, ...)
  'card-memory', // the emulated card's memory file is damaged or cannot be written
  'pki', // a key, certificate or trust store cannot be used
  'key-store', // a key set or a master key is missing, is not the one described, or may not be used (any more)
  'hsm', // the token that holds the keys failed or its session is lost
  'pin', // a PIN was wrong, is blocked, or may not do what was asked
  'personalization', // the card is not in the state that a personalization step needs
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Base of every error Kart throws on purpose. Fields carry the data; the message is plain words and holds no secret. */
export abstract class CardError extends Error {
  abstract readonly code: ErrorCode

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** Bytes or text that are not what their format says: what was read, where, and what was found. */
export class DecodeError extends CardError {
  readonly code: 'decode' | 'limit' = 'decode'
  /** What was being decoded, in the standard's words (`EF.COM`, `BER-TLV length`). */
  readonly what: string
  /** Offset in bytes from the start of the outermost input, where known. */
  readonly offset: number | undefined

  constructor(what: string, problem: string, options?: { offset?: number; cause?: unknown }) {
    super(`${what}${options?.offset === undefined ? '' : ` at byte ${options.offset}`}: ${problem}`, options)
    this.what = what
    this.offset = options?.offset
  }
}

/** A value that cannot be encoded or used: which field, and why. The message never repeats the value. */
export class InputError extends CardError {
  readonly code = 'input'
  /** The field or argument, as a path (`holder.nationalCode`). */
  readonly field: string

  constructor(field: string, problem: string, options?: { cause?: unknown }) {
    super(`${field}: ${problem}`, options)
    this.field = field
  }
}

/** A bound was reached: the input or the peer asks for more than is allowed. It is a DecodeError too, so that whoever catches those misses none. */
export class LimitError extends DecodeError {
  override readonly code = 'limit'
  readonly limit: number

  constructor(what: string, limit: number, options?: { cause?: unknown }) {
    super(what, `more than the ${limit} allowed`, options)
    this.limit = limit
  }
}
