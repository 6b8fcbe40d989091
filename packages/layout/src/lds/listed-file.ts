import {
  concatBytes,
  DecodeError,
  decodeAscii,
  decodeUtf8,
  encodeAscii,
  encodeTlv,
  encodeUtf8,
  findTlv,
  InputError,
  requireTlv,
  type Tlv,
  tagHex,
  toHex,
} from '@kart/codec'
import { type CalendarDate, formatCompactDate, parseCompactDate } from '../dates/calendar-date.ts'
import { decodeTagList, encodeOthers, encodeTagList, flatObjects, onlyObject, refuseRepeats } from './flat-tlv.ts'

/** How one data object of data group 11 or 12 is coded. */
export interface FieldCoding<T> {
  encode(value: T, field: string): Uint8Array
  decode(bytes: Uint8Array, what: string): T
}

/** Fillers separate fields; a line end in a card's text serves only to mislead. */
const refusedInText = /[<\p{Cc}]/u

function checkedText(text: string, field: string): string {
  if (text === '') throw new InputError(field, 'is empty')
  if (refusedInText.test(text)) throw new InputError(field, 'holds a filler (<) or a control character')
  return text
}

/** UTF-8 text, at least one character. */
export const text: FieldCoding<string> = {
  encode: (value, field) => encodeUtf8(checkedText(value, field)),
  decode: decodeUtf8,
}

/** Fields of UTF-8 text, parted by `<` (Doc 9303-10, 8th ed., 4.7.11). */
export const textList: FieldCoding<readonly string[]> = {
  encode(value, field) {
    if (value.length === 0) throw new InputError(field, 'is an empty list')
    return encodeUtf8(value.map((each) => checkedText(each, field)).join('<'))
  },
  decode: (bytes, what) => decodeUtf8(bytes, what).split('<'),
}

/** A name in national characters, family name and given names; single spaces part the components. */
export interface NationalName {
  readonly familyName: string
  readonly givenNames: string
}

/** PRIMARY<<SECONDARY with single fillers between components (Doc 9303-10, 8th ed., 4.7.11; Doc 9303-3, 8th ed., 4.6), in UTF-8. */
export const nationalName: FieldCoding<NationalName> = {
  encode(value, field) {
    const part = (each: string) => checkedText(each, field).replace(/ +/g, '<')
    return encodeUtf8(part(value.familyName) + (value.givenNames === '' ? '' : `<<${part(value.givenNames)}`))
  },
  decode(bytes, what) {
    const name = decodeUtf8(bytes, what)
    const split = name.indexOf('<<')
    const part = (each: string) => each.replace(/<+/g, ' ').trim()
    return split < 0
      ? { familyName: part(name), givenNames: '' }
      : { familyName: part(name.slice(0, split)), givenNames: part(name.slice(split)) }
  },
}

/** Bytes as they are (an image). */
export const image: FieldCoding<Uint8Array> = {
  encode(value, field) {
    if (value.length === 0) throw new InputError(field, 'is empty')
    return value
  },
  decode: (bytes) => bytes,
}

/** Digits as characters, or as binary-coded decimals in half the bytes (which older cards have). */
function digitsOf(bytes: Uint8Array, length: number, what: string): string {
  return bytes.length === length / 2 ? toHex(bytes) : decodeAscii(bytes, what)
}

/** Eight digits YYYYMMDD; month and day may be unknown. On reading four bytes of BCD are taken too (Doc 9303 before its 7th ed.). */
export const date: FieldCoding<CalendarDate> = {
  encode: (value) => encodeAscii(formatCompactDate(value)),
  decode(bytes, what) {
    const digits = digitsOf(bytes, 8, what)
    try {
      return parseCompactDate(digits)
    } catch (cause) {
      throw new DecodeError(what, 'is no date of eight digits', { cause })
    }
  },
}

/** YYYY-MM-DDTHH:MM:SS in fourteen digits; on reading seven bytes of BCD are taken too. */
export const dateTime: FieldCoding<string> = {
  encode(value, field) {
    if (!isDateTime(value)) throw new InputError(field, 'is not YYYY-MM-DDTHH:MM:SS')
    return encodeAscii(value.replace(/[-T:]/g, ''))
  },
  decode(bytes, what) {
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digitsOf(bytes, 14, what))
    const value = match === null ? '' : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`
    if (!isDateTime(value)) throw new DecodeError(what, 'is no date and time of fourteen digits')
    return value
  },
}

function isDateTime(value: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.exec(value)
  if (match === null) return false
  try {
    const day = parseCompactDate(match[1]!.replaceAll('-', ''))
    return day.month !== undefined && day.day !== undefined
  } catch {
    return false
  }
}

/** Repeated objects in a context-specific template: A0 { 02 count, member... } (Doc 9303-10, 8th ed., 4.7.11, 4.7.12). `member`: tag of each. */
export function repeated(member: number): FieldCoding<readonly string[]> {
  return {
    encode(value, field) {
      if (value.length === 0 || value.length > 32) throw new InputError(field, 'does not hold 1 to 32 entries')
      return concatBytes(
        encodeTlv(0x02, Uint8Array.of(value.length)),
        ...value.map((each) => encodeTlv(member, encodeUtf8(checkedText(each, field).replace(/ +/g, '<')))),
      )
    },
    decode(bytes, what) {
      const [count, ...members] = flatObjects(bytes)
      if (count?.tag !== 0x02 || count.value.length !== 1)
        throw new DecodeError(what, 'does not begin with the number of entries (02, one byte)')
      if (count.value[0] !== members.length) throw new DecodeError(what, `${members.length} entries where ${count.value[0]} are announced`)
      return members.map((each) => {
        if (each.tag !== member) throw new DecodeError(what, `tag ${tagHex(each.tag)} where ${tagHex(member)} is expected`)
        return decodeUtf8(each.value, what).replace(/<+/g, ' ').trim()
      })
    },
  }
}

/** One field of a listed file: its name in the value, its tag, what the tag list says for it, its coding. */
export interface ListedField<K extends string = string> {
  readonly name: K
  readonly tag: number
  /** Tag in the list, where it is not `tag` itself: the repeated member of a template. */
  readonly listed?: number
  // biome-ignore lint/suspicious/noExplicitAny: each row's value type is fixed by the interface that the codec declares
  readonly coding: FieldCoding<any>
  readonly clause: string
}

/** Encodes { 5C tag list, field... } under `tag`. */
export function encodeListed(tag: number, fields: readonly ListedField[], value: object): Uint8Array {
  const source = value as Record<string, unknown>
  const parts: Uint8Array[] = []
  const tags: number[] = []
  for (const field of fields) {
    const content = source[field.name]
    if (content === undefined) continue
    tags.push(field.listed ?? field.tag)
    parts.push(encodeTlv(field.tag, field.coding.encode(content, field.name)))
  }
  const others = source.other as readonly Tlv[] | undefined
  parts.push(...encodeOthers(others, (each) => each === 0x5c || fields.some((field) => field.tag === each)))
  tags.push(...(others ?? []).map((each) => each.tag))
  return encodeTlv(tag, [encodeTlv(0x5c, encodeTagList(tags)), ...parts])
}

/**
 * Decodes { 5C tag list, field... }; objects that no field names are kept in `other`. The list and the objects must agree (house rule: a list that lies about its
 * file is no list).
 */
export function decodeListed(bytes: Uint8Array, tag: number, fields: readonly ListedField[], what: string): Record<string, unknown> {
  const objects = flatObjects(onlyObject(bytes, tag, what))
  refuseRepeats(objects, what)
  const listed = new Set(decodeTagList(requireTlv(objects, 0x5c, what).value, what))
  const value: Record<string, unknown> = {}
  for (const field of fields) {
    const object = findTlv(objects, field.tag)
    const named = listed.delete(field.tag)
    const memberNamed = field.listed !== undefined && listed.delete(field.listed)
    if (object === undefined && (named || memberNamed))
      throw new DecodeError(what, `the tag list names ${tagHex(field.tag)}, which is missing`)
    if (object === undefined) continue
    if (!named && !memberNamed) throw new DecodeError(what, `data object ${tagHex(field.tag)} is not in the tag list`)
    value[field.name] = field.coding.decode(object.value, `${what}, ${field.name}`)
  }
  const other = objects.filter((object) => object.tag !== 0x5c && !fields.some((field) => field.tag === object.tag))
  for (const object of other)
    if (!listed.delete(object.tag)) throw new DecodeError(what, `data object ${tagHex(object.tag)} is not in the tag list`)
  for (const missing of listed) throw new DecodeError(what, `the tag list names ${tagHex(missing)}, which is missing`)
  if (other.length > 0) value.other = other
  return value
}
