import { type Cursor, concatBytes, DecodeError, InputError, uintToBytes } from '@kart/codec'
import { hasPosition, type RecordFormat, traitsOf } from './record-traits.ts'
import { checkTemplate, type MinutiaeTemplate, maxMinutiae } from './template.ts'

/** Minutiae as a record carries them: pixels of the image and the record's own unit of angle. Every array has the same length, 0..255. */
export interface RecordMinutiae {
  /** Pixels from the left, 0..16383. */
  readonly x: Uint16Array
  /** Pixels from the top, 0..16383. */
  readonly y: Uint16Array
  /** ISO: 1/256 turn (1.40625 degrees), 0..255. INCITS: 2 degrees, 0..179. Counter-clockwise from the positive x axis. */
  readonly angle: Uint8Array
  /** 0 other, 1 ridge ending, 2 ridge bifurcation. */
  readonly type: Uint8Array
  /**
   * As the record has it: 1..100, 0 = not reported; in ISO/IEC 19794-2:2011 and INCITS 378-2009 0..100 with 0 the worst. Everywhere 254 = not computed, 255 = failed.
   */
  readonly quality: Uint8Array
}

/** Size in pixels and resolution in pixels per centimetre of the image that minutiae were found in. */
export interface ImageFrame {
  readonly width: number
  readonly height: number
  /** Never 0. */
  readonly resolutionX: number
  readonly resolutionY: number
}

/** What ISO/IEC 19794-2:2011, 8.4, says of a representation beside what the other formats say too. */
export interface RepresentationHeader {
  /** Capture date and time in UTC as coded, nine bytes (8.4.3): year, month, day, hour, minute, second, milliseconds; FF where unknown. */
  readonly captured: Uint8Array
  /** Capture device: technology 0..255, vendor and type 0..65535, 0 = unknown. */
  readonly deviceTechnology: number
  readonly deviceVendor: number
  readonly deviceType: number
  /** Finger quality by several algorithms: 0..100, 255 = failed; the first is the view's own quality. */
  readonly qualityBlocks: readonly { readonly quality: number; readonly owner: number; readonly id: number }[]
  /** Certification blocks, three bytes each; undefined where the record's flag says that there are none. */
  readonly certifications?: Uint8Array
  /** Ridge endings lie at valley bifurcations (0) or ridge ends (1). */
  readonly ridgeEndings: number
  /** Bytes of a minutia: 6, or 5 without quality. */
  readonly minutiaLength: 5 | 6
}

/** One view of one finger (ISO/IEC 19794-2:2005, 7.4; INCITS 378-2004, 6.5). */
export interface FingerView {
  /** 0 unknown, 1..5 right thumb to little finger, 6..10 left thumb to little finger; several fingers where the format has positions for them. */
  readonly position: number
  /** Number of this view among those of the same finger, 0..15. */
  readonly view: number
  /** 0 live plain, 1 live rolled, 2 non-live plain, 3 non-live rolled, 8 swipe, 9 contactless; 0..15, in the newer formats to 29. */
  readonly impression: number
  /** Quality of the whole finger, 0..100; 254 not computed, 255 failed. */
  readonly quality: number
  readonly minutiae: RecordMinutiae
  /** The extended data areas as they stand, without the block's own length; empty where there are none. */
  readonly extended: Uint8Array
  /** INCITS 378-2007 and -2009 only: owner and identifier of the quality algorithm. */
  readonly qualityAlgorithm?: { readonly owner: number; readonly id: number }
  /** The view's own image, where it is not the record's: INCITS 378-2007 and -2009 and ISO/IEC 19794-2:2011 have one a view. */
  readonly image?: ImageFrame
  /** ISO/IEC 19794-2:2011 only. */
  readonly representation?: RepresentationHeader
}

/** A whole finger minutiae record. Its image is that of the first view, where each view has its own. */
export interface FingerRecord extends ImageFrame {
  readonly format: RecordFormat
  /**
   * Certification bits (high four) and capture equipment identifier (low twelve), as one 16-bit number; in INCITS 378-2009 eight and 16 bits; 0 in ISO/IEC 19794-2:2011, which says it of each
   * representation.
   */
  readonly captureEquipment: number
  /** INCITS only: CBEFF product identifier, owner and type. */
  readonly product?: { readonly owner: number; readonly type: number }
  readonly views: readonly FingerView[]
}

/** The image of one view: its own, or the record's. */
export function imageOf(record: FingerRecord, view: FingerView): ImageFrame {
  const { width, height, resolutionX, resolutionY } = view.image ?? record
  return { width, height, resolutionX, resolutionY }
}

/**
 * One view of a record as a template: pixels to 1/100 mm by each axis's own resolution, angles to 1/256 turn, nearest, halves up. A quality that is not reported or could not be computed becomes 0; where 0
 * is the worst quality and not its absence, it becomes 1.
 * Throws InputError when there is no such view, DecodeError when a coordinate is beyond 327.67 mm.
 */
export function viewTemplate(record: FingerRecord, index = 0): MinutiaeTemplate {
  const view = record.views[index]
  if (view === undefined) throw new InputError('view', `the record holds ${record.views.length} views`)
  const { minutiae } = view
  const count = minutiae.x.length
  const { anglesPerTurn: perTurn, unreported } = traitsOf(record.format)
  const { resolutionX, resolutionY } = imageOf(record, view)
  const x = new Int16Array(count)
  const y = new Int16Array(count)
  const angle = new Uint8Array(count)
  const quality = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    x[i] = toHundredths(minutiae.x[i]!, resolutionX)
    y[i] = toHundredths(minutiae.y[i]!, resolutionY)
    angle[i] = Math.floor((minutiae.angle[i]! * 512 + perTurn) / (2 * perTurn)) & 0xff
    const reported = minutiae.quality[i]!
    quality[i] = reported > 100 ? 0 : unreported === 0 ? reported : Math.max(1, reported)
  }
  return { count, x, y, angle, type: minutiae.type.slice(), quality }
}

function toHundredths(pixels: number, perCentimetre: number): number {
  const value = Math.floor((2000 * pixels + perCentimetre) / (2 * perCentimetre))
  if (value > 32767) throw new DecodeError('finger minutiae record', 'a minutia lies more than 327.67 mm from the origin')
  return value
}

/** What a record says beside the minutiae, when it is made from templates. */
export interface RecordOptions {
  readonly format?: RecordFormat
  /** Pixels per centimetre; default 197 (500 dpi). */
  readonly resolution?: number
  /** Pixels per centimetre from top to bottom, where they are not those from left to right. */
  readonly resolutionY?: number
  /** Image size in pixels; default just encloses the minutiae of every view. */
  readonly width?: number
  readonly height?: number
  readonly captureEquipment?: number
}

/** A template with what a view says of the finger. */
export interface ViewSource {
  readonly template: MinutiaeTemplate
  readonly position?: number
  readonly view?: number
  readonly impression?: number
  /** 0..100; absent or above 100: as the format codes what is not reported. */
  readonly quality?: number
}

/**
 * A record that holds these templates, one view each; 1/100 mm to pixels and 1/256 turn to the record's unit, nearest, halves up.
 * Throws InputError for a coordinate that a record cannot hold (negative, or beyond 16383 pixels).
 */
export function recordFrom(views: readonly ViewSource[], options: RecordOptions = {}): FingerRecord {
  const format = options.format ?? 'iso-19794-2-2005'
  const resolutionX = options.resolution ?? 197
  const resolutionY = options.resolutionY ?? resolutionX
  for (const resolution of [resolutionX, resolutionY])
    if (!Number.isInteger(resolution) || resolution < 1 || resolution > 65535)
      throw new InputError('resolution', 'not in 1..65535 pixels per centimetre')
  const { anglesPerTurn: perTurn, unreported } = traitsOf(format)
  let width = 1
  let height = 1
  const coded = views.map(({ template, ...rest }): FingerView => {
    checkTemplate(template)
    const x = Uint16Array.from(template.x, (value) => toPixels(value, resolutionX, 'x'))
    const y = Uint16Array.from(template.y, (value) => toPixels(value, resolutionY, 'y'))
    for (const value of x) width = Math.max(width, value + 1)
    for (const value of y) height = Math.max(height, value + 1)
    const angle = Uint8Array.from(template.angle, (value) => Math.floor((2 * value * perTurn + 256) / 512) % perTurn)
    const reported = Uint8Array.from(template.quality, (value) => (value === 0 ? unreported : value))
    const minutiae = { x, y, angle, type: template.type.slice(), quality: reported }
    const { position = 0, view = 0, impression = 0 } = rest
    const quality = rest.quality === undefined || rest.quality > 100 ? unreported : rest.quality
    return { position, view, impression, quality, minutiae, extended: new Uint8Array(0) }
  })
  return {
    format,
    captureEquipment: options.captureEquipment ?? 0,
    ...(format.startsWith('iso') ? {} : { product: { owner: 0, type: 0 } }),
    width: options.width ?? width,
    height: options.height ?? height,
    resolutionX,
    resolutionY,
    views: coded,
  }
}

function toPixels(hundredths: number, perCentimetre: number, axis: string): number {
  const value = Math.floor((2 * hundredths * perCentimetre + 1000) / 2000)
  if (value < 0 || value > 0x3fff) throw new InputError(`minutia ${axis}`, 'outside the 16384 pixels that a record can hold')
  return value
}

/** Whether a number is a quality of a minutia or a finger: 0..100, 254 not computed, 255 failed. */
export function isQuality(value: number): boolean {
  return (value >= 0 && value <= 100) || value === 254 || value === 255
}

/** Reads `count` minutiae of six bytes each, or of five, which have no quality (ISO/IEC 19794-2:2005, 7.5; ISO/IEC 19794-2:2011, 8.4.16; the same layout in INCITS 378). */
export function readMinutiae(cursor: Cursor, count: number, format: RecordFormat, length: 5 | 6 = 6): RecordMinutiae {
  if (length * count > cursor.remaining) throw cursor.error(`${count} minutiae need ${length * count} bytes, ${cursor.remaining} left`)
  const { anglesPerTurn: perTurn, unreported } = traitsOf(format)
  const x = new Uint16Array(count)
  const y = new Uint16Array(count)
  const angle = new Uint8Array(count)
  const type = new Uint8Array(count)
  const quality = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const first = cursor.u16()
    type[i] = first >> 14
    if (type[i] === 3) throw cursor.error('minutia type 3 is reserved')
    x[i] = first & 0x3fff
    const second = cursor.u16()
    if (second >> 14 !== 0) throw cursor.error('reserved bits before y are not 0')
    y[i] = second
    angle[i] = cursor.u8()
    if (angle[i]! >= perTurn) throw cursor.error(`minutia angle ${angle[i]} is beyond a turn`)
    quality[i] = length === 6 ? cursor.u8() : unreported
    if (!isQuality(quality[i]!)) throw cursor.error('minutia quality is above 100')
  }
  return { x, y, angle, type, quality }
}

/** Writes minutiae as {@link readMinutiae} reads them; throws InputError for what the layout cannot hold. */
export function writeMinutiae(minutiae: RecordMinutiae, format: RecordFormat, length: 5 | 6 = 6): Uint8Array {
  const { x, y, angle, type, quality } = minutiae
  const { anglesPerTurn: perTurn, unreported } = traitsOf(format)
  const count = x.length
  if (count > maxMinutiae) throw new InputError('minutiae', `more than ${maxMinutiae}`)
  for (const array of [y, angle, type, quality]) if (array.length !== count) throw new InputError('minutiae', 'arrays of unequal length')
  const out = new Uint8Array(length * count)
  for (let i = 0; i < count; i++) {
    if (x[i]! > 0x3fff || y[i]! > 0x3fff) throw new InputError('minutia position', 'above 16383 pixels')
    if (type[i]! > 2) throw new InputError('minutia type', 'not 0, 1 or 2')
    if (angle[i]! >= perTurn) throw new InputError('minutia angle', 'beyond a turn')
    if (!isQuality(quality[i]!)) throw new InputError('minutia quality', 'above 100')
    if (length === 5 && quality[i] !== unreported)
      throw new InputError('minutia quality', 'reported, where minutiae of five bytes have none')
    const at = length * i
    out[at] = (type[i]! << 6) | (x[i]! >> 8)
    out[at + 1] = x[i]!
    out[at + 2] = y[i]! >> 8
    out[at + 3] = y[i]!
    out[at + 4] = angle[i]!
    if (length === 6) out[at + 5] = quality[i]!
  }
  return out
}

/** Reads the finger position; throws DecodeError for one that the format does not have. */
export function readPosition(cursor: Cursor, format: RecordFormat): number {
  const position = cursor.u8('the finger position')
  if (!hasPosition(format, position)) throw cursor.error(`${position} is not a finger position`)
  return position
}

/** Throws DecodeError for a view number or impression type that the format does not have. */
export function checkViewAndImpression(cursor: Cursor, format: RecordFormat, view: number, impression: number): void {
  if (view > 15) throw cursor.error(`view number ${view} is above 15`)
  const { impressions } = traitsOf(format)
  if (impression > impressions) throw cursor.error(`impression type ${impression} is above ${impressions}`)
}

/** Reads position, view and impression, quality: the first bytes of a view. */
export function readViewHeader(
  cursor: Cursor,
  format: RecordFormat,
): { position: number; view: number; impression: number; quality: number } {
  const { viewAndImpression } = traitsOf(format)
  const position = readPosition(cursor, format)
  let view = cursor.u8('the view number')
  let impression = view & 0x0f
  if (viewAndImpression === 'a byte each') impression = cursor.u8('the impression type')
  else view >>= 4
  checkViewAndImpression(cursor, format, view, impression)
  const quality = cursor.u8('the finger quality')
  if (!isQuality(quality)) throw cursor.error('finger quality is above 100')
  return { position, view, impression, quality }
}

/** Throws InputError for what the fields of a view's header cannot hold. */
export function checkViewHeader({ position, view, impression, quality }: FingerView, format: RecordFormat): void {
  const { impressions } = traitsOf(format)
  if (!hasPosition(format, position)) throw new InputError('view position', 'not a finger position of this format')
  const inside = (value: number, high: number) => Number.isInteger(value) && value >= 0 && value <= high
  if (!inside(view, 15)) throw new InputError('view number', 'not in 0..15')
  if (!inside(impression, impressions)) throw new InputError('view impression', `not in 0..${impressions}`)
  if (!Number.isInteger(quality) || !isQuality(quality)) throw new InputError('view quality', 'not in 0..100')
}

/** Writes what {@link readViewHeader} reads. */
export function writeViewHeader(header: FingerView, format: RecordFormat): Uint8Array {
  checkViewHeader(header, format)
  const { position, view, impression, quality } = header
  if (traitsOf(format).viewAndImpression === 'a byte each') return Uint8Array.of(position, view, impression, quality)
  return Uint8Array.of(position, (view << 4) | impression, quality)
}

/** Reads image size and resolution as a view has them; throws DecodeError for a resolution of 0. */
export function readFrame(cursor: Cursor): ImageFrame {
  const width = cursor.u16('the image width')
  const height = cursor.u16('the image height')
  const resolutionX = cursor.u16('the horizontal resolution')
  const resolutionY = cursor.u16('the vertical resolution')
  if (resolutionX === 0 || resolutionY === 0) throw cursor.error('a resolution of 0')
  return { width, height, resolutionX, resolutionY }
}

/** Writes what {@link readFrame} reads; throws InputError for a resolution of 0. */
export function writeFrame({ width, height, resolutionX, resolutionY }: ImageFrame): Uint8Array {
  if (resolutionX === 0 || resolutionY === 0) throw new InputError('resolution', 'is 0')
  return concatBytes(uintToBytes(width, 2), uintToBytes(height, 2), uintToBytes(resolutionX, 2), uintToBytes(resolutionY, 2))
}

/** A view with its own image, which it keeps only where it is not that of the first view. */
export function withImage(view: FingerView, own: ImageFrame, first: ImageFrame): FingerView {
  const same =
    own.width === first.width &&
    own.height === first.height &&
    own.resolutionX === first.resolutionX &&
    own.resolutionY === first.resolutionY
  return same ? view : { ...view, image: own }
}

const miscount = 4

/**
 * Reads the extended data block: a two-byte length and that many bytes, kept as they stand. Only the outer length is trusted, because writers differ on
 * whether the inner lengths count their own headers. In the record's last view, a length that is wrong by up to 4 bytes gives way to the record's own
 * length (house rule: of the samples NIST publishes, one counts a byte too many and one two too few).
 */
export function readExtended(cursor: Cursor, last: boolean): Uint8Array {
  const length = cursor.u16('the extended data block length')
  if (length === 0) return new Uint8Array(0)
  if (last && Math.abs(cursor.remaining - length) <= miscount) return cursor.rest()
  return cursor.bytes(length, 'the extended data block')
}

/** Writes what {@link readExtended} reads. */
export function writeExtended(extended: Uint8Array): Uint8Array {
  if (extended.length > 0xffff) throw new InputError('extended data', 'more than 65535 bytes')
  return concatBytes(uintToBytes(extended.length, 2), extended)
}

/** Throws DecodeError unless the magic, the version and the length of a record are as they must be. */
export function expectLength(what: string, claimed: number, present: number): void {
  if (claimed !== present) throw new DecodeError(what, `the length field says ${claimed}, ${present} bytes are present`, { offset: 8 })
}

/** The fields that a record of ISO/IEC 19794-2:2005 (7.3.4 to 7.3.10, 7.4) and one of INCITS 378-2004 (6.4, 6.5) share. */
type ImageAndViews = Pick<FingerRecord, 'captureEquipment' | 'width' | 'height' | 'resolutionX' | 'resolutionY' | 'views'>

/** Reads from the capture equipment to the end of the record; throws DecodeError for a resolution of 0, a reserved byte that is set, or bytes left over. */
export function readImageAndViews(cursor: Cursor, format: RecordFormat): ImageAndViews {
  const captureEquipment = cursor.u16('the capture equipment')
  const frame = readFrame(cursor)
  const count = cursor.u8('the number of views')
  if (cursor.u8('the reserved byte') !== 0) throw cursor.error('the reserved byte is not 0')
  const views: FingerView[] = []
  for (let i = 0; i < count; i++) {
    const header = readViewHeader(cursor, format)
    const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), format)
    views.push({ ...header, minutiae, extended: readExtended(cursor, i === count - 1) })
  }
  cursor.end()
  return { captureEquipment, ...frame, views }
}

/** The inverse of {@link readImageAndViews}; throws InputError for a resolution of 0 or a value that its field cannot hold. */
export function writeImageAndViews(record: FingerRecord): Uint8Array {
  if (record.views.some(({ image }) => image !== undefined))
    throw new InputError('views', 'of different images, where the format has one for all')
  return concatBytes(
    uintToBytes(record.captureEquipment, 2),
    writeFrame(record),
    uintToBytes(record.views.length, 1),
    Uint8Array.of(0),
    ...record.views.flatMap((view) => [
      writeViewHeader(view, record.format),
      uintToBytes(view.minutiae.x.length, 1),
      writeMinutiae(view.minutiae, record.format),
      writeExtended(view.extended),
    ]),
  )
}
