import { type Cursor, concatBytes, DecodeError, InputError, uintToBytes } from '@kart/codec'
import { checkTemplate, type MinutiaeTemplate, maxMinutiae } from './template.ts'

/** The record formats of finger minutiae that Kart reads and writes. */
export type RecordFormat = 'iso-19794-2-2005' | 'incits-378-2004' | 'incits-378-2007'

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
  /** 1..100, 0 = not reported; INCITS 378-2007 also 254 (not computed) and 255 (failed). */
  readonly quality: Uint8Array
}

/** One view of one finger (ISO/IEC 19794-2:2005, 7.4; INCITS 378-2004, 6.5). */
export interface FingerView {
  /** 0 unknown, 1..5 right thumb to little finger, 6..10 left thumb to little finger. */
  readonly position: number
  /** Number of this view among those of the same finger, 0..15. */
  readonly view: number
  /** 0 live plain, 1 live rolled, 2 non-live plain, 3 non-live rolled, 8 swipe, 9 contactless; 0..15. */
  readonly impression: number
  /** Quality of the whole finger, 0..100. */
  readonly quality: number
  readonly minutiae: RecordMinutiae
  /** The extended data areas as they stand, without the block's own length; empty where there are none. */
  readonly extended: Uint8Array
  /** INCITS 378-2007 only: owner and identifier of the quality algorithm. */
  readonly qualityAlgorithm?: { readonly owner: number; readonly id: number }
}

/** A whole finger minutiae record. */
export interface FingerRecord {
  readonly format: RecordFormat
  /** Certification bits (high four) and capture equipment identifier (low twelve), as one 16-bit number. */
  readonly captureEquipment: number
  /** INCITS only: CBEFF product identifier, owner and type. */
  readonly product?: { readonly owner: number; readonly type: number }
  /** Image size in pixels. */
  readonly width: number
  readonly height: number
  /** Pixels per centimetre, never 0. */
  readonly resolutionX: number
  readonly resolutionY: number
  readonly views: readonly FingerView[]
}

/** Units of angle in one turn of a record's minutiae. */
export function anglesPerTurn(format: RecordFormat): number {
  return format === 'iso-19794-2-2005' ? 256 : 180
}

/**
 * One view of a record as a template: pixels to 1/100 mm and angles to 1/256 turn, nearest, halves up.
 * Throws InputError when there is no such view, DecodeError when a coordinate is beyond 327.67 mm.
 */
export function viewTemplate(record: FingerRecord, index = 0): MinutiaeTemplate {
  const view = record.views[index]
  if (view === undefined) throw new InputError('view', `the record holds ${record.views.length} views`)
  const { minutiae } = view
  const count = minutiae.x.length
  const perTurn = anglesPerTurn(record.format)
  const x = new Int16Array(count)
  const y = new Int16Array(count)
  const angle = new Uint8Array(count)
  const quality = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    x[i] = toHundredths(minutiae.x[i]!, record.resolutionX)
    y[i] = toHundredths(minutiae.y[i]!, record.resolutionY)
    angle[i] = Math.floor((minutiae.angle[i]! * 512 + perTurn) / (2 * perTurn)) & 0xff
    quality[i] = minutiae.quality[i]! > 100 ? 0 : minutiae.quality[i]!
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
  /** Pixels per centimetre of both axes; default 197 (500 dpi). */
  readonly resolution?: number
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
  readonly quality?: number
}

/**
 * A record that holds these templates, one view each; 1/100 mm to pixels and 1/256 turn to the record's unit, nearest, halves up.
 * Throws InputError for a coordinate that a record cannot hold (negative, or beyond 16383 pixels).
 */
export function recordFrom(views: readonly ViewSource[], options: RecordOptions = {}): FingerRecord {
  const format = options.format ?? 'iso-19794-2-2005'
  const resolution = options.resolution ?? 197
  if (!Number.isInteger(resolution) || resolution < 1 || resolution > 65535)
    throw new InputError('resolution', 'not in 1..65535 pixels per centimetre')
  const perTurn = anglesPerTurn(format)
  let width = 1
  let height = 1
  const coded = views.map(({ template, ...rest }): FingerView => {
    checkTemplate(template)
    const pixels = (values: Int16Array, axis: string) => Uint16Array.from(values, (value) => toPixels(value, resolution, axis))
    const x = pixels(template.x, 'x')
    const y = pixels(template.y, 'y')
    for (const value of x) width = Math.max(width, value + 1)
    for (const value of y) height = Math.max(height, value + 1)
    const angle = Uint8Array.from(template.angle, (value) => Math.floor((2 * value * perTurn + 256) / 512) % perTurn)
    const minutiae = { x, y, angle, type: template.type.slice(), quality: template.quality.slice() }
    const { position = 0, view = 0, impression = 0, quality = 0 } = rest
    return { position, view, impression, quality, minutiae, extended: new Uint8Array(0) }
  })
  return {
    format,
    captureEquipment: options.captureEquipment ?? 0,
    ...(format === 'iso-19794-2-2005' ? {} : { product: { owner: 0, type: 0 } }),
    width: options.width ?? width,
    height: options.height ?? height,
    resolutionX: resolution,
    resolutionY: resolution,
    views: coded,
  }
}

function toPixels(hundredths: number, perCentimetre: number, axis: string): number {
  const value = Math.floor((2 * hundredths * perCentimetre + 1000) / 2000)
  if (value < 0 || value > 0x3fff) throw new InputError(`minutia ${axis}`, 'outside the 16384 pixels that a record can hold')
  return value
}

/** Reads `count` minutiae of six bytes each (ISO/IEC 19794-2:2005, 7.5; the same layout in INCITS 378). */
export function readMinutiae(cursor: Cursor, count: number, format: RecordFormat): RecordMinutiae {
  if (6 * count > cursor.remaining) throw cursor.error(`${count} minutiae need ${6 * count} bytes, ${cursor.remaining} left`)
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
    if (angle[i]! >= anglesPerTurn(format)) throw cursor.error(`minutia angle ${angle[i]} is beyond a turn`)
    quality[i] = cursor.u8()
    if (quality[i]! > 100 && !(format === 'incits-378-2007' && quality[i]! >= 254)) throw cursor.error('minutia quality is above 100')
  }
  return { x, y, angle, type, quality }
}

/** Writes minutiae as {@link readMinutiae} reads them; throws InputError for what the layout cannot hold. */
export function writeMinutiae(minutiae: RecordMinutiae, format: RecordFormat): Uint8Array {
  const { x, y, angle, type, quality } = minutiae
  const count = x.length
  if (count > maxMinutiae) throw new InputError('minutiae', `more than ${maxMinutiae}`)
  for (const array of [y, angle, type, quality]) if (array.length !== count) throw new InputError('minutiae', 'arrays of unequal length')
  const out = new Uint8Array(6 * count)
  for (let i = 0; i < count; i++) {
    if (x[i]! > 0x3fff || y[i]! > 0x3fff) throw new InputError('minutia position', 'above 16383 pixels')
    if (type[i]! > 2) throw new InputError('minutia type', 'not 0, 1 or 2')
    if (angle[i]! >= anglesPerTurn(format)) throw new InputError('minutia angle', 'beyond a turn')
    if (quality[i]! > 100 && !(format === 'incits-378-2007' && quality[i]! >= 254)) throw new InputError('minutia quality', 'above 100')
    out[6 * i] = (type[i]! << 6) | (x[i]! >> 8)
    out[6 * i + 1] = x[i]!
    out[6 * i + 2] = y[i]! >> 8
    out[6 * i + 3] = y[i]!
    out[6 * i + 4] = angle[i]!
    out[6 * i + 5] = quality[i]!
  }
  return out
}

/** Reads position, view and impression, quality: the first bytes of a view; INCITS 378-2007 gives view and impression a byte each. */
export function readViewHeader(
  cursor: Cursor,
  format: RecordFormat,
): { position: number; view: number; impression: number; quality: number } {
  const position = cursor.u8('the finger position')
  if (position > 10) throw cursor.error(`finger position ${position} is above 10`)
  let view = cursor.u8('the view number')
  let impression = view & 0x0f
  if (format === 'incits-378-2007') impression = cursor.u8('the impression type')
  else view >>= 4
  if (view > 15 || impression > 15) throw cursor.error('view number or impression type is above 15')
  const quality = cursor.u8('the finger quality')
  if (quality > 100) throw cursor.error('finger quality is above 100')
  return { position, view, impression, quality }
}

/** Writes what {@link readViewHeader} reads. */
export function writeViewHeader({ position, view, impression, quality }: FingerView, format: RecordFormat): Uint8Array {
  const fields = [
    [position, 10, 'position'],
    [view, 15, 'view'],
    [impression, 15, 'impression'],
    [quality, 100, 'quality'],
  ] as const
  for (const [value, high, field] of fields)
    if (!Number.isInteger(value) || value < 0 || value > high) throw new InputError(`view ${field}`, `not in 0..${high}`)
  if (format === 'incits-378-2007') return Uint8Array.of(position, view, impression, quality)
  return Uint8Array.of(position, (view << 4) | impression, quality)
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
  const width = cursor.u16('the image width')
  const height = cursor.u16('the image height')
  const resolutionX = cursor.u16('the horizontal resolution')
  const resolutionY = cursor.u16('the vertical resolution')
  if (resolutionX === 0 || resolutionY === 0) throw cursor.error('a resolution of 0')
  const count = cursor.u8('the number of views')
  if (cursor.u8('the reserved byte') !== 0) throw cursor.error('the reserved byte is not 0')
  const views: FingerView[] = []
  for (let i = 0; i < count; i++) {
    const header = readViewHeader(cursor, format)
    const minutiae = readMinutiae(cursor, cursor.u8('the number of minutiae'), format)
    views.push({ ...header, minutiae, extended: readExtended(cursor, i === count - 1) })
  }
  cursor.end()
  return { captureEquipment, width, height, resolutionX, resolutionY, views }
}

/** The inverse of {@link readImageAndViews}; throws InputError for a resolution of 0 or a value that its field cannot hold. */
export function writeImageAndViews(record: FingerRecord): Uint8Array {
  if (record.resolutionX === 0 || record.resolutionY === 0) throw new InputError('resolution', 'is 0')
  return concatBytes(
    uintToBytes(record.captureEquipment, 2),
    uintToBytes(record.width, 2),
    uintToBytes(record.height, 2),
    uintToBytes(record.resolutionX, 2),
    uintToBytes(record.resolutionY, 2),
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
