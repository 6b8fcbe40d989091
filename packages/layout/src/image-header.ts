import { Cursor, DecodeError, LimitError } from '@kart/codec'

export type ImageFormat = 'jpeg' | 'jpeg2000'

/** What an image's own header says, without decoding a pixel. */
export interface ImageHeader {
  readonly format: ImageFormat
  /** Pixels, 1..{@link maxImageSide}. */
  readonly width: number
  readonly height: number
  /** Colour components, 1..4. */
  readonly components: number
}

/** Longest side of an image that we accept, in pixels (house rule: a viewer must be able to open what we pass on). */
export const maxImageSide = 4096
/** Most JPEG segments read before the frame header (house rule). */
const maxSegments = 256
/** Most JP2 boxes read on one level (house rule). */
const maxBoxes = 64
/** Most JPEG 2000 tiles (house rule). */
const maxTiles = 1024

/**
 * Reads format and size from a JPEG (ISO/IEC 10918-1), a JP2 file or a bare JPEG 2000 codestream (ISO/IEC 15444-1) without decoding it.
 * Throws DecodeError for anything else, for a side of zero or a cut header; LimitError for an image too large to be safe to open.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0x4f) return readCodestream(new Cursor(bytes, 'JPEG 2000 codestream'))
  if (startsWith(bytes, jp2Signature)) return readJp2(bytes)
  throw new DecodeError('image', 'neither JPEG nor JPEG 2000', { offset: 0 })
}

const jp2Signature = [0x00, 0x00, 0x00, 0x0c, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a]

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte)
}

function checked(format: ImageFormat, width: number, height: number, components: number): ImageHeader {
  const what = format === 'jpeg' ? 'JPEG frame header' : 'JPEG 2000 image size'
  if (width === 0 || height === 0) throw new DecodeError(what, 'a side of zero pixels')
  if (width > maxImageSide || height > maxImageSide) throw new LimitError('image side in pixels', maxImageSide)
  if (components < 1 || components > 4) throw new DecodeError(what, `${components} colour components where 1 to 4 are allowed`)
  return { format, width, height, components }
}

// ISO/IEC 10918-1:1994, B.1.1.3: SOF0..SOF15 without DHT (C4), JPG (C8), DAC (CC).
const isFrameHeader = (marker: number) => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

function readJpeg(bytes: Uint8Array): ImageHeader {
  const cursor = new Cursor(bytes, 'JPEG')
  cursor.skip(2)
  for (let segment = 0; segment < maxSegments; segment++) {
    if (cursor.u8('a marker') !== 0xff) throw cursor.error('a marker (FF) is expected')
    let marker = cursor.u8('a marker')
    while (marker === 0xff) marker = cursor.u8('a marker')
    if (marker === 0xd9 || marker === 0xda) throw cursor.error('the image data begin before any frame header')
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8) || marker === 0x00)
      throw cursor.error('a marker that cannot stand before the frame header')
    const length = cursor.u16('a segment length')
    if (length < 2) throw cursor.error(`segment length ${length}`)
    if (!isFrameHeader(marker)) {
      cursor.skip(length - 2, 'a segment')
      continue
    }
    cursor.skip(1, 'the sample precision')
    const height = cursor.u16('the height')
    const width = cursor.u16('the width')
    return checked('jpeg', width, height, cursor.u8('the number of components'))
  }
  throw new LimitError('JPEG segments before the frame header', maxSegments)
}

interface Box {
  readonly type: number
  readonly start: number
  readonly end: number
}

// ISO/IEC 15444-1:2019, I.4: length (0 = to the end, 1 = 64-bit follows), type.
function boxes(bytes: Uint8Array, start: number, end: number): Box[] {
  const list: Box[] = []
  let at = start
  while (at < end) {
    if (list.length >= maxBoxes) throw new LimitError('JP2 boxes on one level', maxBoxes)
    const cursor = new Cursor(bytes.subarray(at, end), 'JP2 box', at)
    const length = cursor.u32('a box length')
    const type = cursor.u32('a box type')
    if (length === 1) throw cursor.error('a box length of 64 bits')
    const boxEnd = length === 0 ? end : at + length
    if (boxEnd < at + 8 || boxEnd > end) throw cursor.error(`box length ${length}, ${end - at} bytes left`)
    list.push({ type, start: at + 8, end: boxEnd })
    at = boxEnd
  }
  return list
}

const boxJp2h = 0x6a703268
const boxIhdr = 0x69686472
const boxJp2c = 0x6a703263

function readJp2(bytes: Uint8Array): ImageHeader {
  const top = boxes(bytes, 0, bytes.length)
  const header = top.find((box) => box.type === boxJp2h)
  const stream = top.find((box) => box.type === boxJp2c)
  if (header === undefined || stream === undefined)
    throw new DecodeError('JP2', `the ${header === undefined ? 'jp2h' : 'jp2c'} box is missing`)
  const ihdr = boxes(bytes, header.start, header.end)[0]
  if (ihdr?.type !== boxIhdr || ihdr.end - ihdr.start !== 14)
    throw new DecodeError('JP2', 'the image header box is missing or not 14 bytes', { offset: header.start })
  const cursor = new Cursor(bytes.subarray(ihdr.start, ihdr.end), 'JP2 image header', ihdr.start)
  const height = cursor.u32()
  const width = cursor.u32()
  const outer = checked('jpeg2000', width, height, cursor.u16())
  const inner = readCodestream(new Cursor(bytes.subarray(stream.start, stream.end), 'JPEG 2000 codestream', stream.start))
  if (inner.width !== outer.width || inner.height !== outer.height)
    throw new DecodeError('JP2', 'the image header box and the codestream differ in size')
  return inner
}

// ISO/IEC 15444-1:2019, A.5.1: SIZ follows SOC at once.
function readCodestream(cursor: Cursor): ImageHeader {
  if (cursor.u16('SOC') !== 0xff4f) throw cursor.error('no SOC marker')
  if (cursor.u16('SIZ') !== 0xff51) throw cursor.error('no SIZ marker after SOC')
  const length = cursor.u16('the length of SIZ')
  cursor.skip(2, 'the capabilities')
  const [xsiz, ysiz, xosiz, yosiz] = [cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32()]
  const [xtsiz, ytsiz, xtosiz, ytosiz] = [cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32()]
  const components = cursor.u16('the number of components')
  if (length !== 38 + 3 * components) throw cursor.error(`SIZ of ${length} bytes for ${components} components`)
  if (xosiz >= xsiz || yosiz >= ysiz) throw cursor.error('a side of zero pixels')
  const header = checked('jpeg2000', xsiz - xosiz, ysiz - yosiz, components)
  if (xtsiz === 0 || ytsiz === 0 || xtosiz > xosiz || ytosiz > yosiz) throw cursor.error('impossible tile sizes')
  const tiles = Math.ceil((xsiz - xtosiz) / xtsiz) * Math.ceil((ysiz - ytosiz) / ytsiz)
  if (tiles > maxTiles) throw new LimitError('JPEG 2000 tiles', maxTiles)
  return header
}
