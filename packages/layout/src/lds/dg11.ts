import type { Codec, Tlv } from '@kart/codec'
import { InputError } from '@kart/codec'
import type { CalendarDate } from '../dates/calendar-date.ts'
import {
  date,
  decodeListed,
  encodeListed,
  image,
  type ListedField,
  type NationalName,
  nationalName,
  repeated,
  text,
  textList,
} from './listed-file.ts'

/** EF.DG11: further details of the holder, in the national script. */
export interface Dg11 {
  readonly nameOfHolder?: NationalName
  /** Components of each name parted by spaces. */
  readonly otherNames?: readonly string[]
  /** The national code, ten digits (house rule). */
  readonly personalNumber?: string
  readonly dateOfBirth?: CalendarDate
  /** Fields, such as town and country. */
  readonly placeOfBirth?: readonly string[]
  readonly address?: readonly string[]
  readonly telephone?: string
  readonly profession?: string
  readonly title?: string
  /** Fields; the father's name is the one behind {@link fatherLabel} (house rule). */
  readonly personalSummary?: readonly string[]
  /** An image file. */
  readonly proofOfCitizenship?: Uint8Array
  /** Document numbers. */
  readonly otherTravelDocuments?: readonly string[]
  readonly custody?: string
  /** Objects that no field above names, kept as read. */
  readonly other?: readonly Tlv[]
}

// Doc 9303-10, 8th ed., 4.7.11.
const fields = [
  { name: 'nameOfHolder', tag: 0x5f0e, coding: nationalName, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'otherNames', tag: 0xa0, listed: 0x5f0f, coding: repeated(0x5f0f), clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'personalNumber', tag: 0x5f10, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.11; national code: house rule' },
  { name: 'dateOfBirth', tag: 0x5f2b, coding: date, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'placeOfBirth', tag: 0x5f11, coding: textList, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'address', tag: 0x5f42, coding: textList, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'telephone', tag: 0x5f12, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'profession', tag: 0x5f13, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'title', tag: 0x5f14, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'personalSummary', tag: 0x5f15, coding: textList, clause: 'Doc 9303-10, 8th ed., 4.7.11; father’s name: house rule' },
  { name: 'proofOfCitizenship', tag: 0x5f16, coding: image, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'otherTravelDocuments', tag: 0x5f17, coding: textList, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
  { name: 'custody', tag: 0x5f18, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.11' },
] as const satisfies readonly ListedField<keyof Dg11>[]

/** EF.DG11 (Doc 9303-10, 8th ed., 4.7.11): 6B { 5C tag list, fields }. */
export const dg11Codec: Codec<Dg11> = {
  encode: (value) => encodeListed(0x6b, fields, value),
  decode: (bytes) => decodeListed(bytes, 0x6b, fields, 'EF.DG11') as Dg11,
}

/** Label of the father's name in the personal summary (house rule: data group 11 has no field for it): fields `نام پدر` and the name side by side. */
export const fatherLabel = 'نام پدر'

/** Personal summary with the father's name, and further fields behind it. Throws InputError for an empty name. */
export function summaryWithFather(fatherName: string, ...further: readonly string[]): readonly string[] {
  if (fatherName.trim() === '') throw new InputError('fatherName', 'is empty')
  return [fatherLabel, fatherName, ...further]
}

/** The father's name out of the personal summary; undefined where there is none. */
export function fatherNameOf(value: Dg11): string | undefined {
  const at = value.personalSummary?.indexOf(fatherLabel) ?? -1
  return at < 0 ? undefined : value.personalSummary?.[at + 1]
}
