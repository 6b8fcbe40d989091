import { type Codec, DecodeError, encodeTlv, equalBytes, InputError, LimitError } from '@kart/codec'
import { decode as decodeCbor, encode as encodeCbor, rfc8949EncodeOptions } from 'cborg'
import { parseJalaliDate } from '../dates/jalali.ts'
import { flatObjects, onlyObject } from './flat-tlv.ts'

/** A value of deterministic CBOR that some later version may add. */
export type CborValue = string | number | boolean | null | Uint8Array | readonly CborValue[] | ReadonlyMap<string, CborValue>

/** EF.DG13 of the national card: what the registry holds beyond Doc 9303. */
export interface Dg13 {
  /** Version of this layout, 1 or higher; a higher one only adds keys. */
  readonly version: number
  readonly birthCertificateNumber?: string
  readonly birthCertificateSeries?: string
  readonly postalCode?: string
  readonly education?: string
  /** Jalali dates, YYYY-MM-DD in Latin digits. */
  readonly dateOfBirth?: string
  readonly dateOfIssue?: string
  readonly dateOfExpiry?: string
  /** Keys that this version does not know, kept as read. */
  readonly other?: ReadonlyMap<string, CborValue>
}

const what = 'EF.DG13'

/** Longest content; the reference card keeps one kilobyte. */
const maxLength = 4096

// House rule: a map of text keys under DO'53' (discretionary data, ISO/IEC 7816-4:2020, 8.2.7) so that the constructed tag 6D holds BER-TLV.
const textFields = ['birthCertificateNumber', 'birthCertificateSeries', 'postalCode', 'education'] as const
const dateFields = ['dateOfBirth', 'dateOfIssue', 'dateOfExpiry'] as const
const knownKeys: ReadonlySet<string> = new Set(['version', ...textFields, ...dateFields])

const strict = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
} as const

/** EF.DG13 (Doc 9303-10, 8th ed., 4.7.13): 6D { 53 { deterministic CBOR map } } (RFC 8949, 4.2.1; content: house rule). */
export const dg13Codec: Codec<Dg13> = {
  encode(value) {
    if (!Number.isSafeInteger(value.version) || value.version < 1) throw new InputError('version', 'is not an integer from 1')
    const map = new Map<string, CborValue>([['version', value.version]])
    for (const name of textFields) {
      const text = value[name]
      if (text === undefined) continue
      if (text === '' || !text.isWellFormed()) throw new InputError(name, 'is empty or not well-formed')
      map.set(name, text)
    }
    for (const name of dateFields) {
      const date = value[name]
      if (date === undefined) continue
      if (!isStoredDate(date)) throw new InputError(name, 'is no Jalali date YYYY-MM-DD')
      map.set(name, date)
    }
    for (const [key, each] of value.other ?? []) {
      if (knownKeys.has(key)) throw new InputError('other', 'holds a key that has a field of its own')
      map.set(key, each)
    }
    let content: Uint8Array
    try {
      content = encodeCbor(map, rfc8949EncodeOptions)
    } catch (cause) {
      throw new InputError('other', 'holds a value that CBOR cannot', { cause })
    }
    if (content.length > maxLength) throw new LimitError(`${what} bytes`, maxLength)
    // What cannot be read back (undefined, infinities, a key that is no text, ...) must not be written.
    decodeMap(content, (problem, cause) => new InputError('other', problem, { cause }))
    return encodeTlv(0x6d, encodeTlv(0x53, content))
  },
  decode(bytes) {
    if (bytes.length > maxLength + 16) throw new LimitError(`${what} bytes`, maxLength)
    const [data, ...beside] = flatObjects(onlyObject(bytes, 0x6d, what))
    if (data?.tag !== 0x53 || beside.length > 0) throw new DecodeError(what, 'exactly one data object 53 is expected')
    const map = decodeMap(data.value, (problem, cause) => new DecodeError(what, problem, { cause }))
    const version = map.get('version')
    if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
      throw new DecodeError(what, 'the version is no integer from 1')
    const value: Record<string, unknown> = { version }
    for (const name of textFields) {
      const text = map.get(name)
      if (text === undefined) continue
      if (typeof text !== 'string' || text === '') throw new DecodeError(what, `${name} is no text`)
      value[name] = text
    }
    for (const name of dateFields) {
      const date = map.get(name)
      if (date === undefined) continue
      if (typeof date !== 'string' || !isStoredDate(date)) throw new DecodeError(what, `${name} is no Jalali date YYYY-MM-DD`)
      value[name] = date
    }
    const other = new Map([...map].filter(([key]) => !knownKeys.has(key)))
    if (other.size > 0) value.other = other
    return value as unknown as Dg13
  },
}

function isStoredDate(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false
  try {
    parseJalaliDate(text)
    return true
  } catch {
    return false
  }
}

/** Maps stay Maps throughout, so that a key such as __proto__ is only a key. */
function decodeMap(bytes: Uint8Array, refusal: (problem: string, cause?: unknown) => Error): Map<string, CborValue> {
  let value: unknown
  let again: Uint8Array
  try {
    value = decodeCbor(bytes, strict)
    again = encodeCbor(value, rfc8949EncodeOptions)
  } catch (cause) {
    throw refusal('is not well-formed CBOR without tags, indefinite lengths, undefined or repeated keys', cause)
  }
  if (!equalBytes(again, bytes)) throw refusal('is not in deterministic encoding (RFC 8949, 4.2.1)')
  if (!(value instanceof Map)) throw refusal('is not a map')
  for (const key of value.keys()) if (typeof key !== 'string') throw refusal('has a key that is no text')
  return value as Map<string, CborValue>
}
