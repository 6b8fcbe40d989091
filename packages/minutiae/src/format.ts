import { type Codec, DecodeError, InputError } from '@kart/codec'
import { type CardCoding, decodeBiometricData, encodeVerifyData } from './biometric-data.ts'
import { compactCardCodec, normalCardCodec } from './card-formats.ts'
import { refuseExtensible } from './extensible-record.ts'
import { incits2004Codec, incits2007Codec, incits2009Am1Codec, incits2009Codec } from './incits-record.ts'
import { fmr2011Codec } from './iso-2011-record.ts'
import { fmrCodec } from './iso-record.ts'
import { type FingerRecord, type RecordOptions, recordFrom, type ViewSource, viewTemplate } from './record.ts'
import type { RecordFormat } from './record-traits.ts'
import { type MinutiaeTemplate, maxMinutiae } from './template.ts'

/** Every format of minutiae that Kart reads and writes: six records and three card formats. */
export type TemplateFormat = RecordFormat | 'card-normal' | 'card-compact' | 'card-template'

/** The formats with the name that the standards give them. */
export const templateFormats = [
  { format: 'iso-19794-2-2005', title: 'finger minutiae record', clause: 'ISO/IEC 19794-2:2005, 7' },
  { format: 'iso-19794-2-2011', title: 'finger minutiae record', clause: 'ISO/IEC 19794-2:2011, 8' },
  { format: 'incits-378-2004', title: 'finger minutiae record', clause: 'INCITS 378-2004, 6' },
  { format: 'incits-378-2007', title: 'finger minutiae record', clause: 'INCITS 378-2007, 6' },
  { format: 'incits-378-2009', title: 'finger minutiae record', clause: 'INCITS 378-2009, 6' },
  { format: 'incits-378-2009-am1', title: 'finger minutiae record', clause: 'INCITS 378-2009/AM 1, 6' },
  { format: 'card-normal', title: 'card format, normal size', clause: 'ISO/IEC 19794-2:2005, 8.2' },
  { format: 'card-compact', title: 'card format, compact size', clause: 'ISO/IEC 19794-2:2005, 8.3' },
  { format: 'card-template', title: 'card format in a biometric data template', clause: 'ISO/IEC 7816-11:2017; ISO/IEC 19794-2:2005, 8.5' },
] as const satisfies readonly { format: TemplateFormat; title: string; clause: string }[]

/** What a file of minutiae holds: its format, its record where it has one, and one template a view. */
export interface DecodedTemplates {
  readonly format: TemplateFormat
  /** The whole record, for the record formats. */
  readonly record?: FingerRecord
  readonly templates: readonly MinutiaeTemplate[]
}

const codecs = {
  'iso-19794-2-2005': fmrCodec,
  'iso-19794-2-2011': fmr2011Codec,
  'incits-378-2004': incits2004Codec,
  'incits-378-2007': incits2007Codec,
  'incits-378-2009': incits2009Codec,
  'incits-378-2009-am1': incits2009Am1Codec,
} as const satisfies Record<RecordFormat, Codec<FingerRecord>>

/**
 * Which format the bytes are in, by magic, version and length field; throws DecodeError when they are in none, or in ISO/IEC 39794, which is not read. The bare card formats have no header: bytes are
 * taken for the normal size when their length is a multiple of 5 and every minutia has its reserved bits 0 and a defined type, else for the compact
 * size when it is a multiple of 3 and likewise well formed (house rule). Whoever knows the format should name it to {@link decodeTemplates}.
 */
export function detectFormat(bytes: Uint8Array): TemplateFormat {
  if (bytes.length === 0) throw new DecodeError('minutiae', 'no bytes')
  if (bytes[0] === 0x46 && bytes[1] === 0x4d && bytes[2] === 0x52 && bytes[3] === 0) return detectRecord(bytes)
  if (bytes[0] === 0x7f && bytes[1] === 0x2e) return 'card-template'
  refuseExtensible(bytes)
  if (bytes.length % 5 === 0 && looksNormal(bytes)) return 'card-normal'
  if (bytes.length % 3 === 0 && looksCompact(bytes)) return 'card-compact'
  throw new DecodeError('minutiae', 'neither a record ("FMR"), nor a biometric data template (7F2E), nor what a card format can be')
}

function detectRecord(bytes: Uint8Array): RecordFormat {
  const version = String.fromCharCode(...bytes.subarray(4, 7))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (version === '035') return 'incits-378-2009-am1'
  if (version === '030') return detectVersion030(bytes, view)
  if (version !== ' 20') throw new DecodeError('finger minutiae record', 'a version that is none of " 20", "030" and "035"', { offset: 4 })
  // ISO and INCITS share magic and version: ISO has a length of four bytes here, INCITS of two, or 0 and then four.
  if (bytes.length >= 12 && view.getUint32(8) === bytes.length) return 'iso-19794-2-2005'
  if (bytes.length >= 10 && view.getUint16(8) !== 0) return 'incits-378-2004'
  return bytes.length >= 14 && view.getUint32(10) === bytes.length ? 'incits-378-2004' : 'iso-19794-2-2005'
}

/**
 * Three formats share the version "030". That of ISO is a chain of representations whose lengths add up to the record's. INCITS 378-2007 has its reserved byte, 0, where INCITS 378-2009 has the number of views, which
 * is not 0. A record that is none of them for sure is taken for the one that its first lengths speak for, whose codec then says what is wrong.
 */
function detectVersion030(bytes: Uint8Array, view: DataView): RecordFormat {
  if (bytes.length < 21) return 'iso-19794-2-2011'
  if (chainsOfRepresentations(view)) return 'iso-19794-2-2011'
  const incits = bytes[19] === 0 ? 'incits-378-2007' : 'incits-378-2009'
  const views = bytes[19] === 0 ? bytes[18]! : bytes[19]!
  if (views > 0 && holdsViews(view, bytes[19] === 0 ? 20 : 21, views)) return incits
  const first = view.getUint32(15)
  return view.getUint16(12) > 0 && bytes[14]! <= 1 && first >= leastRepresentation && first <= bytes.length ? 'iso-19794-2-2011' : incits
}

/** Bytes of a representation without quality blocks and minutiae. */
const leastRepresentation = 34

function chainsOfRepresentations(view: DataView): boolean {
  const count = view.getUint16(12)
  let at = 15
  for (let k = 0; k < count; k++) {
    if (at + 4 > view.byteLength) return false
    const length = view.getUint32(at)
    if (length < leastRepresentation) return false
    at += length
  }
  return count > 0 && at === view.byteLength
}

/** Whether so many views of INCITS 378-2007 or -2009 lie from `at` to the end, give or take the miscount that the last one may have. */
function holdsViews(view: DataView, at: number, count: number): boolean {
  let next = at
  for (let k = 0; k < count; k++) {
    if (next + 17 > view.byteLength) return false
    const extended = next + 17 + 6 * view.getUint8(next + 16)
    if (extended + 2 > view.byteLength) return false
    next = extended + 2 + view.getUint16(extended)
  }
  return Math.abs(view.byteLength - next) <= 4
}

// At most 255 minutiae, none of the reserved type: a file of another kind hardly ever passes.
function looksCompact(bytes: Uint8Array): boolean {
  if (bytes.length > 3 * maxMinutiae) return false
  for (let i = 2; i < bytes.length; i += 3) if (bytes[i]! >> 6 === 3) return false
  return true
}

function looksNormal(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 5) if (bytes[i]! >> 6 === 3 || bytes[i + 2]! >> 6 !== 0) return false
  return true
}

/**
 * Every template in the bytes; `format` where it is known, else as {@link detectFormat} finds. The minutiae inside a biometric data template are taken as
 * compact unless only the normal size fits their length. Throws DecodeError, or LimitError for more than 255 minutiae.
 */
export function decodeTemplates(bytes: Uint8Array, format: TemplateFormat = detectFormat(bytes)): DecodedTemplates {
  if (format === 'card-normal') return { format, templates: [normalCardCodec.decode(bytes)] }
  if (format === 'card-compact') return { format, templates: [compactCardCodec.decode(bytes)] }
  if (format === 'card-template') {
    const { minutiae } = decodeBiometricData(bytes)
    const coding: CardCoding = minutiae.length % 3 !== 0 && minutiae.length % 5 === 0 ? 'normal' : 'compact'
    return { format, templates: [(coding === 'normal' ? normalCardCodec : compactCardCodec).decode(minutiae)] }
  }
  const record = codecs[format].decode(bytes)
  return { format, record, templates: record.views.map((_, index) => viewTemplate(record, index)) }
}

/** The first template in the bytes, whatever their format; throws DecodeError when they hold none. */
export function decodeTemplate(bytes: Uint8Array, format?: TemplateFormat): MinutiaeTemplate {
  const first = decodeTemplates(bytes, format).templates[0]
  if (first === undefined) throw new DecodeError('finger minutiae record', 'holds no view')
  return first
}

/** What {@link encodeTemplate} may be told beside the format: of the finger, and of the record. */
export type EncodeOptions = Omit<ViewSource, 'template'> & Omit<RecordOptions, 'format'>

/** A template in any format; throws InputError where the format cannot hold it. */
export function encodeTemplate(template: MinutiaeTemplate, format: TemplateFormat, options: EncodeOptions = {}): Uint8Array {
  switch (format) {
    case 'card-normal':
      return normalCardCodec.encode(template)
    case 'card-compact':
      return compactCardCodec.encode(template)
    case 'card-template':
      return encodeVerifyData(template)
    case 'iso-19794-2-2005':
    case 'iso-19794-2-2011':
    case 'incits-378-2004':
    case 'incits-378-2007':
    case 'incits-378-2009':
    case 'incits-378-2009-am1':
      return codecs[format].encode(recordFrom([{ ...options, template }], { ...options, format }))
    default:
      throw new InputError('format', 'not a format of minutiae that Kart writes')
  }
}

/** Codes a whole record in its own format. */
export function encodeRecord(record: FingerRecord): Uint8Array {
  return codecs[record.format].encode(record)
}
