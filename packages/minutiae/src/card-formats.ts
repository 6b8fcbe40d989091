import { type Codec, Cursor, DecodeError, InputError, LimitError } from '@kart/codec'
import { checkTemplate, type MinutiaeTemplate, maxMinutiae } from './template.ts'

/**
 * The normal size card format (ISO/IEC 19794-2:2005, 8.2): five bytes a minutia and no header. Two bits of type and 14 of x, two reserved bits and 14 of y,
 * both in 1/100 mm, one byte of angle in 1/256 turn. It carries no quality, which decodes as 0 (not reported).
 */
export const normalCardCodec: Codec<MinutiaeTemplate> = { encode: encodeNormal, decode: decodeNormal }

/**
 * The compact size card format (ISO/IEC 19794-2:2005, 8.3): three bytes a minutia and no header. One byte each of x and y in 1/10 mm, then two bits of type
 * and six of angle in 1/64 turn. Encoding rounds positions and angles to the nearest, halves up: the standard leaves the rounding open
 * (house rule). A position beyond 25.5 mm is an InputError.
 */
export const compactCardCodec: Codec<MinutiaeTemplate> = { encode: encodeCompact, decode: decodeCompact }

function newTemplate(count: number): MinutiaeTemplate {
  return {
    count,
    x: new Int16Array(count),
    y: new Int16Array(count),
    angle: new Uint8Array(count),
    type: new Uint8Array(count),
    quality: new Uint8Array(count),
  }
}

function countOf(bytes: Uint8Array, size: number, what: string): number {
  if (bytes.length % size !== 0) throw new DecodeError(what, `${bytes.length} bytes are not a multiple of ${size}`)
  if (bytes.length / size > maxMinutiae) throw new LimitError(`${what} minutiae`, maxMinutiae)
  return bytes.length / size
}

function decodeNormal(bytes: Uint8Array): MinutiaeTemplate {
  const what = 'normal size card format'
  const template = newTemplate(countOf(bytes, 5, what))
  const cursor = new Cursor(bytes, what)
  for (let i = 0; i < template.count; i++) {
    const first = cursor.u16()
    const second = cursor.u16()
    if (second >> 14 !== 0) throw cursor.error('reserved bits before y are not 0')
    template.type[i] = first >> 14
    template.x[i] = first & 0x3fff
    template.y[i] = second
    template.angle[i] = cursor.u8()
  }
  return template
}

function encodeNormal(template: MinutiaeTemplate): Uint8Array {
  checkTemplate(template)
  const out = new Uint8Array(5 * template.count)
  for (let i = 0; i < template.count; i++) {
    const x = template.x[i]!
    const y = template.y[i]!
    if (x < 0 || x > 0x3fff || y < 0 || y > 0x3fff)
      throw new InputError('minutia position', 'outside the 163.83 mm of the normal size card format')
    out[5 * i] = (template.type[i]! << 6) | (x >> 8)
    out[5 * i + 1] = x
    out[5 * i + 2] = y >> 8
    out[5 * i + 3] = y
    out[5 * i + 4] = template.angle[i]!
  }
  return out
}

function decodeCompact(bytes: Uint8Array): MinutiaeTemplate {
  const template = newTemplate(countOf(bytes, 3, 'compact size card format'))
  for (let i = 0; i < template.count; i++) {
    const last = bytes[3 * i + 2]!
    template.x[i] = 10 * bytes[3 * i]!
    template.y[i] = 10 * bytes[3 * i + 1]!
    template.type[i] = last >> 6
    template.angle[i] = (last & 0x3f) << 2
  }
  return template
}

function encodeCompact(template: MinutiaeTemplate): Uint8Array {
  checkTemplate(template)
  const out = new Uint8Array(3 * template.count)
  for (let i = 0; i < template.count; i++) {
    const x = Math.floor((template.x[i]! + 5) / 10)
    const y = Math.floor((template.y[i]! + 5) / 10)
    if (x < 0 || x > 255 || y < 0 || y > 255)
      throw new InputError('minutia position', 'outside the 25.5 mm of the compact size card format')
    out[3 * i] = x
    out[3 * i + 1] = y
    out[3 * i + 2] = (template.type[i]! << 6) | (((template.angle[i]! + 2) >> 2) & 0x3f)
  }
  return out
}
