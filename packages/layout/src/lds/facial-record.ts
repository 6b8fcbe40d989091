import { Cursor, concatBytes, encodeAscii, equalBytes, InputError, uintToBytes } from '@kart/codec'
import { readImageHeader } from '../image-header.ts'

/** One feature point (ISO/IEC 19794-5:2005, 5.6). */
export interface FeaturePoint {
  /** 01 = an MPEG-4 feature point. */
  readonly type: number
  /** Major and minor point code, one nibble each. */
  readonly code: number
  /** Pixels from the left and from the top. */
  readonly x: number
  readonly y: number
}

/** One facial image with what stands beside it (ISO/IEC 19794-5:2005, 5.5 to 5.8); codes as the standard's tables give them, 0 = unspecified. */
export interface FacialImage {
  readonly gender: number
  readonly eyeColour: number
  readonly hairColour: number
  /** 24 bits. */
  readonly propertyMask: number
  readonly expression: number
  /** Yaw, pitch, roll, one byte each, and their uncertainties. */
  readonly pose: readonly [number, number, number]
  readonly poseUncertainty: readonly [number, number, number]
  readonly featurePoints: readonly FeaturePoint[]
  /** 00 basic, 01 full frontal, 02 token frontal. */
  readonly imageType: number
  /** JPEG (00) or JPEG 2000 (01). */
  readonly format: 'jpeg' | 'jpeg2000'
  /** Pixels; the same as in the image's own header. */
  readonly width: number
  readonly height: number
  readonly colourSpace: number
  readonly sourceType: number
  readonly deviceType: number
  readonly quality: number
  /** The JPEG or JPEG 2000 file. */
  readonly data: Uint8Array
}

/** Most images in one facial record that we open (house rule). */
const maxImages = 9

const identifier = encodeAscii('FAC\0')
const version = encodeAscii('010\0')

/** A facial image around a portrait file: format and size from the image's own header, everything else unspecified but what is given. Throws DecodeError or LimitError for a file that is not a usable image. */
export function facialImage(data: Uint8Array, details: { gender?: number; imageType?: number } = {}): FacialImage {
  const header = readImageHeader(data)
  return {
    gender: details.gender ?? 0,
    eyeColour: 0,
    hairColour: 0,
    propertyMask: 0,
    expression: 0,
    pose: [0, 0, 0],
    poseUncertainty: [0, 0, 0],
    featurePoints: [],
    imageType: details.imageType ?? 1,
    format: header.format,
    width: header.width,
    height: header.height,
    colourSpace: header.components === 1 ? 3 : 1, // table 12: 8-bit greyscale, 24-bit RGB
    sourceType: 0,
    deviceType: 0,
    quality: 0,
    data,
  }
}

/** Decodes a facial record (ISO/IEC 19794-5:2005, 5): every length checked, the image's own size against the record's. Throws DecodeError or LimitError. */
export function decodeFacialRecord(bytes: Uint8Array): readonly FacialImage[] {
  const cursor = new Cursor(bytes, 'facial record')
  if (!equalBytes(cursor.bytes(4, 'the format identifier'), identifier)) throw cursor.error('the format identifier is not FAC')
  if (!equalBytes(cursor.bytes(4, 'the version'), version)) throw cursor.error('the version is not 010')
  const length = cursor.u32('the record length')
  if (length !== bytes.length) throw cursor.error(`record length ${length} where ${bytes.length} bytes came`)
  const count = cursor.u16('the number of images')
  if (count === 0 || count > maxImages) throw cursor.error(`${count} images where 1 to ${maxImages} are allowed`)
  const images: FacialImage[] = []
  for (let i = 0; i < count; i++) images.push(decodeImage(cursor))
  cursor.end()
  return images
}

function decodeImage(cursor: Cursor): FacialImage {
  const start = cursor.offset
  const length = cursor.u32('the block length')
  const points = cursor.u16('the number of feature points')
  const fixed = 20 + 12
  if (length <= fixed + 8 * points || length - 6 > cursor.remaining)
    throw cursor.error(`block length ${length} for ${points} feature points`)
  const [gender, eyeColour, hairColour] = [cursor.u8(), cursor.u8(), cursor.u8()]
  const propertyMask = cursor.u8() * 65536 + cursor.u16()
  const expression = cursor.u16()
  const pose = [cursor.u8(), cursor.u8(), cursor.u8()] as const
  const poseUncertainty = [cursor.u8(), cursor.u8(), cursor.u8()] as const
  const featurePoints: FeaturePoint[] = []
  for (let i = 0; i < points; i++) {
    featurePoints.push({ type: cursor.u8(), code: cursor.u8(), x: cursor.u16(), y: cursor.u16() })
    if (cursor.u16() !== 0) throw cursor.error('reserved bytes of a feature point are not zero')
  }
  const imageType = cursor.u8()
  const dataType = cursor.u8()
  if (dataType > 1) throw cursor.error(`image data type ${dataType} is neither JPEG nor JPEG 2000`)
  const format = dataType === 0 ? 'jpeg' : 'jpeg2000'
  const [width, height] = [cursor.u16(), cursor.u16()]
  const [colourSpace, sourceType, deviceType, quality] = [cursor.u8(), cursor.u8(), cursor.u16(), cursor.u16()]
  const data = cursor.bytes(length - (cursor.offset - start), 'the image')
  const header = readImageHeader(data)
  if (header.format !== format) throw cursor.error(`the image is ${header.format} where the record says ${format}`)
  if (header.width !== width || header.height !== height)
    throw cursor.error(`the image is ${header.width} x ${header.height} pixels where the record says ${width} x ${height}`)
  return {
    gender,
    eyeColour,
    hairColour,
    propertyMask,
    expression,
    pose,
    poseUncertainty,
    featurePoints,
    imageType,
    format,
    width,
    height,
    colourSpace,
    sourceType,
    deviceType,
    quality,
    data,
  }
}

/** Codes a facial record; throws InputError for no image, too many, or a field out of range. */
export function encodeFacialRecord(images: readonly FacialImage[]): Uint8Array {
  if (images.length === 0 || images.length > maxImages) throw new InputError('images', `${images.length}; 1 to ${maxImages} are allowed`)
  const blocks = images.map(encodeImage)
  const body = concatBytes(...blocks)
  return concatBytes(identifier, version, uintToBytes(14 + body.length, 4), uintToBytes(images.length, 2), body)
}

function encodeImage(image: FacialImage): Uint8Array {
  const header = readImageHeader(image.data)
  if (header.format !== image.format || header.width !== image.width || header.height !== image.height)
    throw new InputError('image', 'format or size differs from the image’s own header')
  const u8 = (value: number) => uintToBytes(value, 1)
  const u16 = (value: number) => uintToBytes(value, 2)
  const points = image.featurePoints.map((point) => concatBytes(u8(point.type), u8(point.code), u16(point.x), u16(point.y), u16(0)))
  const rest = concatBytes(
    u16(points.length),
    u8(image.gender),
    u8(image.eyeColour),
    u8(image.hairColour),
    uintToBytes(image.propertyMask, 3),
    u16(image.expression),
    ...image.pose.map(u8),
    ...image.poseUncertainty.map(u8),
    ...points,
    u8(image.imageType),
    u8(image.format === 'jpeg' ? 0 : 1),
    u16(image.width),
    u16(image.height),
    u8(image.colourSpace),
    u8(image.sourceType),
    u16(image.deviceType),
    u16(image.quality),
    image.data,
  )
  return concatBytes(uintToBytes(4 + rest.length, 4), rest)
}
