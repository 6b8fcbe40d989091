import { DecodeError, InputError } from './errors.ts'

/** Joins byte strings into one new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return joinBytes(parts)
}

/** Joins a list of byte strings of any length: a call with very many arguments would run out of stack. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Whether two byte strings are equal. Stops at the first difference: not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Encodes an unsigned integer big-endian in exactly `length` bytes; throws InputError when it does not fit. */
export function uintToBytes(value: number, length: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * length))
    throw new InputError('integer', `does not fit ${length} bytes`)
  const out = new Uint8Array(length)
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) out[i] = rest % 256
  return out
}

/** Reads up to 6 bytes as an unsigned big-endian integer. */
export function bytesToUint(bytes: Uint8Array): number {
  if (bytes.length > 6) throw new DecodeError('integer', `${bytes.length} bytes where at most 6 can be held`)
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) out += hexDigits[byte]
  return out
}

/** Hex of either case, with spaces, colons or line ends between bytes allowed; anything else throws DecodeError. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, '')
  const odd = digits.search(/[^0-9a-fA-F]/)
  if (odd >= 0) throw new DecodeError('hex', 'a character that is not a hexadecimal digit', { offset: odd })
  if (digits.length % 2 !== 0) throw new DecodeError('hex', 'an odd number of digits')
  const out = new Uint8Array(digits.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return out
}

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a well-formed string; a lone surrogate throws InputError. */
export function encodeUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new InputError('text', 'holds a lone surrogate')
  return utf8.encode(text)
}

/** Strict UTF-8; malformed bytes throw DecodeError. `what` names the field. */
export function decodeUtf8(bytes: Uint8Array, what = 'UTF-8 text'): string {
  try {
    return strictUtf8.decode(bytes)
  } catch (cause) {
    throw new DecodeError(what, 'not well-formed UTF-8', { cause })
  }
}

/** One byte a character; a character outside 00..7F throws InputError. */
export function encodeAscii(text: string): Uint8Array {
  const out = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) throw new InputError('text', `character ${i + 1} is not ASCII`)
    out[i] = unit
  }
  return out
}

/** One character a byte; a byte above 7F throws DecodeError. `what` names the field. */
export function decodeAscii(bytes: Uint8Array, what = 'ASCII text'): string {
  let out = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte > 0x7f) throw new DecodeError(what, `byte ${hexDigits[byte]} is not ASCII`, { offset: i })
    out += String.fromCharCode(byte)
  }
  return out
}
