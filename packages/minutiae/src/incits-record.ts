import { type Codec, Cursor, concatBytes, equalBytes, InputError, uintToBytes } from '@kart/codec'
import {
  expectLength,
  type FingerRecord,
  type FingerView,
  readExtended,
  readImageAndViews,
  readMinutiae,
  readViewHeader,
  writeExtended,
  writeImageAndViews,
  writeMinutiae,
  writeViewHeader,
} from './record.ts'

// "FMR", 0 and the version " 20", 0 or "030", 0 (INCITS 378-2004, 6.4; INCITS 378-2007)
const magic2004 = Uint8Array.of(0x46, 0x4d, 0x52, 0x00, 0x20, 0x32, 0x30, 0x00)
const magic2007 = Uint8Array.of(0x46, 0x4d, 0x52, 0x00, 0x30, 0x33, 0x30, 0x00)

/** The finger minutiae record of INCITS 378-2004: as ISO/IEC 19794-2:2005, but with a product identifier, a two- or six-byte length and angles of 2 degrees. */
export const incits2004Codec: Codec<FingerRecord> = { encode: encode2004, decode: decode2004 }

/** The finger minutiae record of INCITS 378-2007, which keeps image size and resolution in each view; every view must agree on them (house rule). */
export const incits2007Codec: Codec<FingerRecord> = { encode: encode2007, decode: decode2007 }

function decode2004(bytes: Uint8Array): FingerRecord {
  const what = 'INCITS 378-2004 record'
  const cursor = new Cursor(bytes, what)
  if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic2004)) throw cursor.error('does not begin with "FMR", 0, " 20", 0')
  const short = cursor.u16('the record length')
  const length = short === 0 ? cursor.u32('the long record length') : short
  if (short === 0 && length <= 0xffff) throw cursor.error('the six-byte length is used where two bytes would do')
  expectLength(what, length, bytes.length)
  const product = { owner: cursor.u16('the product owner'), type: cursor.u16('the product type') }
  return { format: 'incits-378-2004', product, ...readImageAndViews(cursor, 'incits-378-2004') }
}

function encode2004(record: FingerRecord): Uint8Array {
  if (record.format !== 'incits-378-2004') throw new InputError('record format', 'not INCITS 378-2004')
  const body = concatBytes(
    uintToBytes(record.product?.owner ?? 0, 2),
    uintToBytes(record.product?.type ?? 0, 2),
    writeImageAndViews(record),
  )
  const short = magic2004.length + 2 + body.length
  const length = short <= 0xffff ? uintToBytes(short, 2) : uintToBytes(short + 4, 6)
  return concatBytes(magic2004, length, body)
}

function decode2007(bytes: Uint8Array): FingerRecord {
  const what = 'INCITS 378-2007 record'
  const cursor = new Cursor(bytes, what)
  if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic2007)) throw cursor.error('does not begin with "FMR", 0, "030", 0')
  expectLength(what, cursor.u32('the record length'), bytes.length)
  const product = { owner: cursor.u16('the product owner'), type: cursor.u16('the product type') }
  const captureEquipment = cursor.u16('the capture equipment')
  const count = cursor.u8('the number of views')
  if (count === 0) throw cursor.error('no view')
  if (cursor.u8('the reserved byte') !== 0) throw cursor.error('the reserved byte is not 0')
  const views: FingerView[] = []
  let image: readonly [number, number, number, number] | undefined
  for (let i = 0; i < count; i++) {
    const header = readViewHeader(cursor, 'incits-378-2007')
    const qualityAlgorithm = { owner: cursor.u16('the quality algorithm owner'), id: cursor.u16('the quality algorithm identifier') }
    const own = [
      cursor.u16('the image width'),
      cursor.u16('the image height'),
      cursor.u16('the resolution'),
      cursor.u16('the resolution'),
    ] as const
    if (own[2] === 0 || own[3] === 0) throw cursor.error('a resolution of 0')
    if (image !== undefined && own.some((value, k) => value !== image![k]))
      throw cursor.error('views of different image size or resolution')
    image = own
    const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), 'incits-378-2007')
    views.push({ ...header, minutiae, extended: readExtended(cursor, i === count - 1), qualityAlgorithm })
  }
  cursor.end()
  const [width, height, resolutionX, resolutionY] = image!
  return { format: 'incits-378-2007', captureEquipment, product, width, height, resolutionX, resolutionY, views }
}

function encode2007(record: FingerRecord): Uint8Array {
  if (record.format !== 'incits-378-2007') throw new InputError('record format', 'not INCITS 378-2007')
  if (record.resolutionX === 0 || record.resolutionY === 0) throw new InputError('resolution', 'is 0')
  if (record.views.length === 0) throw new InputError('views', 'none, where INCITS 378-2007 needs one')
  const image = concatBytes(
    uintToBytes(record.width, 2),
    uintToBytes(record.height, 2),
    uintToBytes(record.resolutionX, 2),
    uintToBytes(record.resolutionY, 2),
  )
  const body = concatBytes(
    uintToBytes(record.product?.owner ?? 0, 2),
    uintToBytes(record.product?.type ?? 0, 2),
    uintToBytes(record.captureEquipment, 2),
    uintToBytes(record.views.length, 1),
    Uint8Array.of(0),
    ...record.views.flatMap((view) => [
      writeViewHeader(view, record.format),
      uintToBytes(view.qualityAlgorithm?.owner ?? 0, 2),
      uintToBytes(view.qualityAlgorithm?.id ?? 0, 2),
      image,
      uintToBytes(view.minutiae.x.length, 1),
      writeMinutiae(view.minutiae, record.format),
      writeExtended(view.extended),
    ]),
  )
  return concatBytes(magic2007, uintToBytes(magic2007.length + 4 + body.length, 4), body)
}
