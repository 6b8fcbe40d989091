import type { Codec, Tlv } from '@kart/codec'
import type { CalendarDate } from '../dates/calendar-date.ts'
import { date, dateTime, decodeListed, encodeListed, image, type ListedField, repeated, text, textList } from './listed-file.ts'

/** EF.DG12: further details of the document. */
export interface Dg12 {
  /** Fields; the reference card has the office's code, then its name (house rule). */
  readonly issuingAuthority?: readonly string[]
  readonly dateOfIssue?: CalendarDate
  readonly otherPersons?: readonly string[]
  readonly endorsements?: string
  readonly taxExitRequirements?: string
  /** Image files. */
  readonly imageOfFront?: Uint8Array
  readonly imageOfRear?: Uint8Array
  /** YYYY-MM-DDTHH:MM:SS, the personalization system's local time. */
  readonly personalizedAt?: string
  /** Serial number of the personalization system. */
  readonly personalizationSystem?: string
  /** Objects that no field above names, kept as read. */
  readonly other?: readonly Tlv[]
}

const fields = [
  { name: 'issuingAuthority', tag: 0x5f19, coding: textList, clause: 'Doc 9303-10, 8th ed., 4.7.12; code and name: house rule' },
  { name: 'dateOfIssue', tag: 0x5f26, coding: date, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'otherPersons', tag: 0xa0, listed: 0x5f1a, coding: repeated(0x5f1a), clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'endorsements', tag: 0x5f1b, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'taxExitRequirements', tag: 0x5f1c, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'imageOfFront', tag: 0x5f1d, coding: image, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'imageOfRear', tag: 0x5f1e, coding: image, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'personalizedAt', tag: 0x5f55, coding: dateTime, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
  { name: 'personalizationSystem', tag: 0x5f56, coding: text, clause: 'Doc 9303-10, 8th ed., 4.7.12' },
] as const satisfies readonly ListedField<keyof Dg12>[]

/** EF.DG12 (Doc 9303-10, 8th ed., 4.7.12): 6C { 5C tag list, fields }. */
export const dg12Codec: Codec<Dg12> = {
  encode: (value) => encodeListed(0x6c, fields, value),
  decode: (bytes) => decodeListed(bytes, 0x6c, fields, 'EF.DG12') as Dg12,
}
