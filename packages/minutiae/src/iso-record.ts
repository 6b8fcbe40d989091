import { type Codec, Cursor, concatBytes, equalBytes, InputError, uintToBytes } from '@kart/codec'
import {
  expectLength,
  type FingerRecord,
  type FingerView,
  readExtended,
  readMinutiae,
  readViewHeader,
  writeExtended,
  writeMinutiae,
  writeViewHeader,
} from './record.ts'

const what = 'ISO/IEC 19794-2:2005 record'
// "FMR", 0, " 20", 0 (ISO/IEC 19794-2:2005, 7.3.1 and 7.3.2)
const magic = Uint8Array.of(0x46, 0x4d, 0x52, 0x00, 0x20, 0x32, 0x30, 0x00)

/**
 * The finger minutiae record of ISO/IEC 19794-2:2005, clause 7, in full: every view, extended data kept raw. Decoding is strict about the lengths, the
 * reserved bits and the ranges, and lenient about view numbers, which some writers start at 1.
 */
export const fmrCodec: Codec<FingerRecord> = { encode, decode }

function decode(bytes: Uint8Array): FingerRecord {
  const cursor = new Cursor(bytes, what)
  if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic)) throw cursor.error('does not begin with "FMR", 0, " 20", 0')
  expectLength(what, cursor.u32('the record length'), bytes.length)
  const captureEquipment = cursor.u16('the capture equipment')
  const width = cursor.u16('the image width')
  const height = cursor.u16('the image height')
  const resolutionX = cursor.u16('the horizontal resolution')
  const resolutionY = cursor.u16('the vertical resolution')
  if (resolutionX === 0 || resolutionY === 0) throw cursor.error('a resolution of 0')
  const count = cursor.u8('the number of views')
  if (cursor.u8('the reserved byte') !== 0) throw cursor.error('the reserved byte is not 0')
  const views: FingerView[] = []
  for (let i = 0; i < count; i++) {
    const header = readViewHeader(cursor, 'iso-19794-2-2005')
    const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), 'iso-19794-2-2005')
    views.push({ ...header, minutiae, extended: readExtended(cursor, i === count - 1) })
  }
  cursor.end()
  return { format: 'iso-19794-2-2005', captureEquipment, width, height, resolutionX, resolutionY, views }
}

function encode(record: FingerRecord): Uint8Array {
  if (record.format !== 'iso-19794-2-2005') throw new InputError('record format', 'not ISO/IEC 19794-2:2005')
  if (record.resolutionX === 0 || record.resolutionY === 0) throw new InputError('resolution', 'is 0')
  const views = record.views.map((view) =>
    concatBytes(
      writeViewHeader(view, record.format),
      uintToBytes(view.minutiae.x.length, 1),
      writeMinutiae(view.minutiae, record.format),
      writeExtended(view.extended),
    ),
  )
  const body = concatBytes(
    uintToBytes(record.captureEquipment, 2),
    uintToBytes(record.width, 2),
    uintToBytes(record.height, 2),
    uintToBytes(record.resolutionX, 2),
    uintToBytes(record.resolutionY, 2),
    uintToBytes(record.views.length, 1),
    Uint8Array.of(0),
    ...views,
  )
  return concatBytes(magic, uintToBytes(magic.length + 4 + body.length, 4), body)
}
