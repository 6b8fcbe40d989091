import { type Codec, Cursor, concatBytes, equalBytes, InputError, uintToBytes } from '@kart/codec'
import {
  expectLength,
  type FingerRecord,
  type FingerView,
  type ImageFrame,
  imageOf,
  readExtended,
  readFrame,
  readImageAndViews,
  readMinutiae,
  readViewHeader,
  withImage,
  writeExtended,
  writeFrame,
  writeImageAndViews,
  writeMinutiae,
  writeViewHeader,
} from './record.ts'
import { type RecordFormat, recordTraits } from './record-traits.ts'

/** The finger minutiae record of INCITS 378-2004: as ISO/IEC 19794-2:2005, but with a product identifier, a two- or six-byte length and angles of 2 degrees. */
export const incits2004Codec: Codec<FingerRecord> = { encode: encode2004, decode: decode2004 }

/** The finger minutiae record of INCITS 378-2007, which keeps image size and resolution in each view. */
export const incits2007Codec: Codec<FingerRecord> = viewImageCodec('incits-378-2007')

/** The finger minutiae record of INCITS 378-2009: as that of 2007, but with a byte of certification before the capture device and quality 254 where none is reported. */
export const incits2009Codec: Codec<FingerRecord> = viewImageCodec('incits-378-2009')

/** The finger minutiae record of INCITS 378-2009 with Amendment 1, whose version is "035": as that of 2009, with more finger positions and impression types. */
export const incits2009Am1Codec: Codec<FingerRecord> = viewImageCodec('incits-378-2009-am1')

const { magic: magic2004 } = recordTraits['incits-378-2004']

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

/** A codec of the records of 2007 and later, which have an image a view. */
function viewImageCodec(format: Exclude<RecordFormat, 'incits-378-2004' | 'iso-19794-2-2005' | 'iso-19794-2-2011'>): Codec<FingerRecord> {
  const { what, magic } = recordTraits[format]
  const version = String.fromCharCode(...magic.subarray(4, 7))
  // Certification and device: four and twelve bits in 2007, eight and sixteen since.
  const equipmentBytes = format === 'incits-378-2007' ? 2 : 3

  const decode = (bytes: Uint8Array): FingerRecord => {
    const cursor = new Cursor(bytes, what)
    if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic))
      throw cursor.error(`does not begin with "FMR", 0, "${version}", 0`)
    expectLength(what, cursor.u32('the record length'), bytes.length)
    const product = { owner: cursor.u16('the product owner'), type: cursor.u16('the product type') }
    const certification = equipmentBytes === 3 ? cursor.u8('the certification') : 0
    const captureEquipment = certification * 65536 + cursor.u16('the capture equipment')
    const count = cursor.u8('the number of views')
    if (count === 0) throw cursor.error('no view')
    if (cursor.u8('the reserved byte') !== 0) throw cursor.error('the reserved byte is not 0')
    const views: FingerView[] = []
    let first: ImageFrame | undefined
    for (let i = 0; i < count; i++) {
      const header = readViewHeader(cursor, format)
      const qualityAlgorithm = { owner: cursor.u16('the quality algorithm owner'), id: cursor.u16('the quality algorithm identifier') }
      const own = readFrame(cursor)
      first ??= own
      const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), format)
      views.push(withImage({ ...header, minutiae, extended: readExtended(cursor, i === count - 1), qualityAlgorithm }, own, first))
    }
    cursor.end()
    return { format, captureEquipment, product, ...first!, views }
  }

  const encode = (record: FingerRecord): Uint8Array => {
    if (record.format !== format) throw new InputError('record format', `not ${what.replace(' record', '')}`)
    if (record.views.length === 0) throw new InputError('views', 'none, where the format needs one')
    if (record.views[0]!.image !== undefined) throw new InputError('views', 'the first has an image that is not the record’s')
    const body = concatBytes(
      uintToBytes(record.product?.owner ?? 0, 2),
      uintToBytes(record.product?.type ?? 0, 2),
      uintToBytes(record.captureEquipment, equipmentBytes),
      uintToBytes(record.views.length, 1),
      Uint8Array.of(0),
      ...record.views.flatMap((view) => [
        writeViewHeader(view, format),
        uintToBytes(view.qualityAlgorithm?.owner ?? 0, 2),
        uintToBytes(view.qualityAlgorithm?.id ?? 0, 2),
        writeFrame(imageOf(record, view)),
        uintToBytes(view.minutiae.x.length, 1),
        writeMinutiae(view.minutiae, format),
        writeExtended(view.extended),
      ]),
    )
    return concatBytes(magic, uintToBytes(magic.length + 4 + body.length, 4), body)
  }
  return { encode, decode }
}
