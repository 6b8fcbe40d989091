import { type Codec, Cursor, concatBytes, equalBytes, InputError, uintToBytes } from '@kart/codec'
import {
  checkViewAndImpression,
  checkViewHeader,
  expectLength,
  type FingerRecord,
  type FingerView,
  type ImageFrame,
  imageOf,
  isQuality,
  type RepresentationHeader,
  readMinutiae,
  readPosition,
  withImage,
  writeExtended,
  writeMinutiae,
} from './record.ts'
import { recordTraits } from './record-traits.ts'

const format = 'iso-19794-2-2011'
const { what, magic } = recordTraits[format]

/** Most representations: every finger position 16 times (ISO/IEC 19794-2:2011, 8.3.4). */
const maxRepresentations = 704

/**
 * The finger minutiae record of ISO/IEC 19794-2:2011, clause 8: a header, then one representation a finger view, each with its own length, capture device, quality blocks, image and minutiae of five or
 * six bytes. Decoding is strict: every length must be exact, and what follows the minutiae is kept raw.
 */
export const fmr2011Codec: Codec<FingerRecord> = { encode, decode }

function decode(bytes: Uint8Array): FingerRecord {
  const cursor = new Cursor(bytes, what)
  if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic)) throw cursor.error('does not begin with "FMR", 0, "030", 0')
  expectLength(what, cursor.u32('the record length'), bytes.length)
  const count = cursor.u16('the number of representations')
  if (count === 0) throw cursor.error('no representation')
  if (count > maxRepresentations) throw cursor.error(`${count} representations, where ${maxRepresentations} are the most`)
  const certified = cursor.u8('the device certification block flag')
  if (certified > 1) throw cursor.error(`a device certification block flag of ${certified}`)
  const views: FingerView[] = []
  let first: ImageFrame | undefined
  for (let i = 0; i < count; i++) {
    const length = cursor.u32('the representation length')
    if (length < 4 || length - 4 > cursor.remaining)
      throw cursor.error(`a representation length of ${length}, ${cursor.remaining} bytes left`)
    const inner = new Cursor(cursor.bytes(length - 4), what, cursor.offset - (length - 4))
    const { view, own } = readRepresentation(inner, certified === 1)
    first ??= own
    views.push(withImage(view, own, first))
  }
  cursor.end()
  return { format, captureEquipment: 0, ...first!, views }
}

function readRepresentation(cursor: Cursor, certified: boolean): { view: FingerView; own: ImageFrame } {
  const captured = cursor.bytes(9, 'the capture date and time')
  const deviceTechnology = cursor.u8('the capture device technology')
  const deviceVendor = cursor.u16('the capture device vendor')
  const deviceType = cursor.u16('the capture device type')
  const qualityBlocks = Array.from({ length: cursor.u8('the number of quality blocks') }, () => {
    const quality = cursor.u8('a quality')
    if (!isQuality(quality)) throw cursor.error(`a finger quality of ${quality}`)
    return { quality, owner: cursor.u16('the quality algorithm owner'), id: cursor.u16('the quality algorithm identifier') }
  })
  const certifications = certified
    ? cursor.bytes(3 * cursor.u8('the number of certification blocks'), 'the certification blocks')
    : undefined
  const position = readPosition(cursor, format)
  const view = cursor.u8('the representation number')
  const resolutionX = cursor.u16('the horizontal resolution')
  const resolutionY = cursor.u16('the vertical resolution')
  if (resolutionX === 0 || resolutionY === 0) throw cursor.error('a resolution of 0')
  const impression = cursor.u8('the impression type')
  checkViewAndImpression(cursor, format, view, impression)
  const width = cursor.u16('the image width')
  const height = cursor.u16('the image height')
  const kind = cursor.u8('the minutia field length and ridge ending type')
  const minutiaLength = kind >> 4
  if (minutiaLength !== 5 && minutiaLength !== 6) throw cursor.error(`minutiae of ${minutiaLength} bytes`)
  const ridgeEndings = kind & 0x0f
  if (ridgeEndings > 1) throw cursor.error(`a ridge ending type of ${ridgeEndings}`)
  const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), format, minutiaLength)
  const extendedLength = cursor.u16('the extended data block length')
  if (extendedLength !== cursor.remaining)
    throw cursor.error(`an extended data block of ${extendedLength} bytes, ${cursor.remaining} left in the representation`)
  const representation: RepresentationHeader = {
    captured,
    deviceTechnology,
    deviceVendor,
    deviceType,
    qualityBlocks,
    ...(certifications ? { certifications } : {}),
    ridgeEndings,
    minutiaLength,
  }
  const quality = qualityBlocks[0]?.quality ?? recordTraits[format].unreported
  return {
    view: { position, view, impression, quality, minutiae, extended: cursor.rest(), representation },
    own: { width, height, resolutionX, resolutionY },
  }
}

function encode(record: FingerRecord): Uint8Array {
  if (record.format !== format) throw new InputError('record format', 'not ISO/IEC 19794-2:2011')
  if (record.views.length === 0 || record.views.length > maxRepresentations)
    throw new InputError('views', `not in 1..${maxRepresentations}`)
  if (record.views[0]!.image !== undefined) throw new InputError('views', 'the first has an image that is not the record’s')
  const certified = record.views.some(({ representation }) => representation?.certifications !== undefined)
  const representations = record.views.map((view) => {
    const body = writeRepresentation(view, imageOf(record, view), certified)
    return concatBytes(uintToBytes(4 + body.length, 4), body)
  })
  const body = concatBytes(uintToBytes(record.views.length, 2), Uint8Array.of(Number(certified)), ...representations)
  return concatBytes(magic, uintToBytes(magic.length + 4 + body.length, 4), body)
}

function writeRepresentation(view: FingerView, frame: ImageFrame, certified: boolean): Uint8Array {
  checkViewHeader(view, format)
  if (frame.resolutionX === 0 || frame.resolutionY === 0) throw new InputError('resolution', 'is 0')
  const header = view.representation ?? plainHeader(view)
  if (header.captured.length !== 9) throw new InputError('capture date and time', 'not nine bytes')
  if (header.ridgeEndings !== 0 && header.ridgeEndings !== 1) throw new InputError('ridge ending type', 'not 0 or 1')
  const certifications = header.certifications ?? new Uint8Array(0)
  if (certifications.length % 3 !== 0) throw new InputError('certification blocks', 'not three bytes each')
  const { quality } = header.qualityBlocks[0] ?? { quality: recordTraits[format].unreported }
  if (quality !== view.quality) throw new InputError('view quality', 'not that of the first quality block')
  return concatBytes(
    header.captured,
    uintToBytes(header.deviceTechnology, 1),
    uintToBytes(header.deviceVendor, 2),
    uintToBytes(header.deviceType, 2),
    uintToBytes(header.qualityBlocks.length, 1),
    ...header.qualityBlocks.map((block) => {
      if (!isQuality(block.quality)) throw new InputError('finger quality', 'not in 0..100, 254 or 255')
      return concatBytes(uintToBytes(block.quality, 1), uintToBytes(block.owner, 2), uintToBytes(block.id, 2))
    }),
    ...(certified ? [uintToBytes(certifications.length / 3, 1), certifications] : []),
    Uint8Array.of(view.position, view.view),
    uintToBytes(frame.resolutionX, 2),
    uintToBytes(frame.resolutionY, 2),
    Uint8Array.of(view.impression),
    uintToBytes(frame.width, 2),
    uintToBytes(frame.height, 2),
    Uint8Array.of((header.minutiaLength << 4) | header.ridgeEndings, view.minutiae.x.length),
    writeMinutiae(view.minutiae, format, header.minutiaLength),
    writeExtended(view.extended),
  )
}

/** The header of a view of which nothing more is known: no date, an unknown device, its own quality if any, minutiae of five bytes where none has a quality. */
function plainHeader({ quality, minutiae }: FingerView): RepresentationHeader {
  const { unreported } = recordTraits[format]
  return {
    captured: new Uint8Array(9).fill(0xff),
    deviceTechnology: 0,
    deviceVendor: 0,
    deviceType: 0,
    qualityBlocks: quality === unreported ? [] : [{ quality, owner: 0, id: 0 }],
    ridgeEndings: 0,
    minutiaLength: minutiae.quality.every((value) => value === unreported) ? 5 : 6,
  }
}
