import { concatBytes, joinBytes } from './bytes.ts'
import { DecodeError, InputError, LimitError } from './errors.ts'

/**
 * One BER-TLV data object (ISO/IEC 7816-4:2020, 6.3; ISO/IEC 8825-1:2021, 8.1). The tag is the tag field's bytes read as a big-endian number (5F1F, 7F61).
 * `value` is a copy; for a constructed tag `children` holds the objects inside.
 */
export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
  readonly children?: readonly Tlv[]
}

/** Bounds of a decode; the defaults admit every file of an eMRTD. */
export interface TlvLimits {
  /** Deepest nesting followed, 0..64; 16 unless told. More than 64 counts as 64: deeper than any file of a card, and no decoder may run out of stack. */
  readonly depth?: number
  /** Most data objects in all; 10000 unless told. */
  readonly nodes?: number
  /** Whether constructed objects are opened; false keeps them as values. */
  readonly constructed?: boolean
  /** Whether a length must be coded in the fewest bytes (DER); BER-TLV of ISO/IEC 7816-4 does not ask it. */
  readonly minimalLength?: boolean
  /** Whether 00 (and FF) bytes before, between and after data objects are passed over (ISO/IEC 7816-4:2020, 6.3.1 note). */
  readonly padding?: boolean
}

/** A tag and length field: where the value starts, how long it is. */
export interface TlvHeader {
  readonly tag: number
  /** Bytes of tag and length field together. */
  readonly headerLength: number
  /** Bytes of the value field. */
  readonly valueLength: number
}

const defaultDepth = 16
const hardDepth = 64
const defaultNodes = 10_000

/** Whether bit 6 of the tag's first byte says "constructed". */
export function isConstructed(tag: number): boolean {
  let first = tag
  while (first > 0xff) first = Math.floor(first / 256)
  return (first & 0x20) !== 0
}

/**
 * Reads one tag and length field at `offset`, without needing the value to be there; `undefined` when the bytes end inside the header.
 * Throws DecodeError for an indefinite length, a length field of more than five bytes, or a malformed tag: 00 (which only ends an indefinite
 * length), more than four bytes, or a first subsequent byte of 00 or 80.
 */
export function readTlvHeader(bytes: Uint8Array, offset = 0, limits: TlvLimits = {}): TlvHeader | undefined {
  let at = offset
  const first = bytes[at++]
  if (first === undefined) return undefined
  if (first === 0x00) throw new DecodeError('BER-TLV tag', '00 is not a tag', { offset })
  let tag = first
  if ((first & 0x1f) === 0x1f) {
    for (let count = 1; ; count++) {
      const next = bytes[at]
      if (next === undefined) return undefined
      if (count === 1 && (next & 0x7f) === 0) throw new DecodeError('BER-TLV tag', 'first subsequent byte is 00 or 80', { offset: at })
      if (count > 3) throw new DecodeError('BER-TLV tag', 'more than four bytes', { offset })
      at++
      tag = tag * 256 + next
      if ((next & 0x80) === 0) break
    }
  }
  const lengthOffset = at
  const short = bytes[at++]
  if (short === undefined) return undefined
  if (short < 0x80) return { tag, headerLength: at - offset, valueLength: short }
  if (short === 0x80) throw new DecodeError('BER-TLV length', 'indefinite form', { offset: lengthOffset })
  const count = short & 0x7f
  if (count > 4) throw new DecodeError('BER-TLV length', `length field of ${count + 1} bytes`, { offset: lengthOffset })
  let valueLength = 0
  for (let i = 0; i < count; i++) {
    const byte = bytes[at++]
    if (byte === undefined) return undefined
    valueLength = valueLength * 256 + byte
  }
  if (limits.minimalLength && (valueLength < 0x80 || valueLength < 256 ** (count - 1)))
    throw new DecodeError('BER-TLV length', 'not coded in the fewest bytes', { offset: lengthOffset })
  return { tag, headerLength: at - offset, valueLength }
}

/** Decodes a sequence of data objects that fills `bytes`; throws DecodeError (malformed) or LimitError (too deep, too many). */
export function decodeTlvList(bytes: Uint8Array, limits: TlvLimits = {}): Tlv[] {
  return decodeList(bytes, 0, bytes.length, 0, limits, { left: limits.nodes ?? defaultNodes })
}

/** Decodes exactly one data object that fills `bytes`; with `expectedTag`, any other tag is a DecodeError. */
export function decodeTlv(bytes: Uint8Array, expectedTag?: number, limits: TlvLimits = {}): Tlv {
  const list = decodeTlvList(bytes, limits)
  const only = list[0]
  if (only === undefined || list.length > 1) throw new DecodeError('BER-TLV', `${list.length} data objects where one is expected`)
  if (expectedTag !== undefined && only.tag !== expectedTag)
    throw new DecodeError('BER-TLV', `tag ${tagHex(only.tag)} where ${tagHex(expectedTag)} is expected`, { offset: 0 })
  return only
}

function decodeList(bytes: Uint8Array, start: number, end: number, depth: number, limits: TlvLimits, budget: { left: number }): Tlv[] {
  const maxDepth = Math.min(limits.depth ?? defaultDepth, hardDepth)
  if (depth > maxDepth) throw new LimitError('BER-TLV nesting', maxDepth)
  const list: Tlv[] = []
  let offset = start
  while (offset < end) {
    if (limits.padding && (bytes[offset] === 0x00 || bytes[offset] === 0xff)) {
      offset++
      continue
    }
    if (budget.left-- <= 0) throw new LimitError('BER-TLV data objects', limits.nodes ?? defaultNodes)
    const header = readTlvHeader(bytes, offset, limits)
    if (header === undefined || offset + header.headerLength > end)
      throw new DecodeError('BER-TLV', 'ends inside a tag or length field', { offset })
    const valueStart = offset + header.headerLength
    const valueEnd = valueStart + header.valueLength
    if (valueEnd > end)
      throw new DecodeError('BER-TLV', `tag ${tagHex(header.tag)} claims ${header.valueLength} bytes, ${end - valueStart} left`, { offset })
    const value = bytes.slice(valueStart, valueEnd)
    if (limits.constructed !== false && isConstructed(header.tag))
      list.push({ tag: header.tag, value, children: decodeList(bytes, valueStart, valueEnd, depth + 1, limits, budget) })
    else list.push({ tag: header.tag, value })
    offset = valueEnd
  }
  return list
}

/** Codes a length in the fewest bytes (ISO/IEC 8825-1:2021, 10.1); 0..2^32-1. */
export function encodeLength(length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 0xffffffff) throw new InputError('length', 'not in 0..4294967295')
  if (length < 0x80) return Uint8Array.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.of(0x80 | bytes.length, ...bytes)
}

/** Codes a tag number (as {@link Tlv.tag}) in its bytes; throws InputError for a number whose bytes are not one tag (ISO/IEC 7816-4:2020, 6.3). */
export function encodeTag(tag: number): Uint8Array {
  if (!Number.isInteger(tag) || tag < 1 || tag > 0xffffffff) throw new InputError('tag', 'not a tag of one to four bytes')
  const bytes: number[] = []
  for (let rest = tag; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  const [first = 0, ...subsequent] = bytes
  const goesOn = subsequent.every((byte, i) => ((byte & 0x80) !== 0) === i < subsequent.length - 1)
  if (((first & 0x1f) === 0x1f) !== subsequent.length > 0 || !goesOn || (subsequent.length > 0 && (subsequent[0]! & 0x7f) === 0))
    throw new InputError('tag', 'its bytes are not those of one tag')
  return Uint8Array.from(bytes)
}

/** Codes one data object; a list of byte strings becomes the concatenated value. */
export function encodeTlv(tag: number, value: Uint8Array | readonly Uint8Array[] = new Uint8Array(0)): Uint8Array {
  const content = value instanceof Uint8Array ? value : joinBytes(value)
  return concatBytes(encodeTag(tag), encodeLength(content.length), content)
}

/** The first object with this tag, or undefined. */
export function findTlv(list: readonly Tlv[] | undefined, tag: number): Tlv | undefined {
  return list?.find((object) => object.tag === tag)
}

/** The first object with this tag; a DecodeError naming `what` when there is none. */
export function requireTlv(list: readonly Tlv[] | undefined, tag: number, what: string): Tlv {
  const object = findTlv(list, tag)
  if (object === undefined) throw new DecodeError(what, `data object ${tagHex(tag)} is missing`)
  return object
}

/** A tag as the standards print it: upper-case hex, whole bytes. */
export function tagHex(tag: number): string {
  const digits = tag.toString(16).toUpperCase()
  return digits.length % 2 === 0 ? digits : `0${digits}`
}
