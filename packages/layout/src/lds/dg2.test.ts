import { concatBytes, DecodeError, encodeTlv, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { jp2, jpegHeader } from '../testing/images.ts'
import { vectorFile } from '../testing/vectors.ts'
import { dg2Codec, dg2FromPortrait } from './dg2.ts'
import { decodeFacialRecord, encodeFacialRecord } from './facial-record.ts'

const nist = vectorFile('nist/face01.iso2005')

/** The data group around a facial record, spelled out as the standard's table has it. */
function wrap(record: Uint8Array, { count = 1, header = '80020101810102870201018802 0008', tag = 0x5f2e } = {}): Uint8Array {
  const template = encodeTlv(0x7f60, [encodeTlv(0xa1, fromHex(header)), encodeTlv(tag, record)])
  return encodeTlv(0x75, encodeTlv(0x7f61, [Uint8Array.of(0x02, 0x01, count), template]))
}

describe('facial record', () => {
  it('reads the NIST record field by field and writes it back byte for byte', () => {
    const [image, ...more] = decodeFacialRecord(nist)
    expect(more).toHaveLength(0)
    expect(image).toMatchObject({
      gender: 2,
      eyeColour: 1,
      hairColour: 6,
      propertyMask: 0x00044d,
      expression: 3,
      pose: [5, 10, 15],
      poseUncertainty: [0x15, 0x1a, 0x1f],
    })
    expect(image!.featurePoints).toEqual([
      { type: 1, code: 0x36, x: 0x5f, y: 0x75 },
      { type: 1, code: 0x35, x: 0xa8, y: 0x6d },
      { type: 1, code: 0x93, x: 0x8b, y: 0x85 },
      { type: 1, code: 0xb5, x: 0x88, y: 0x32 },
    ])
    expect(image).toMatchObject({
      imageType: 0,
      format: 'jpeg',
      width: 280,
      height: 320,
      colourSpace: 1,
      sourceType: 2,
      deviceType: 0x4947,
      quality: 0,
    })
    expect(toHex(image!.data.subarray(0, 4))).toBe('ffd8ffe0')
    expect(encodeFacialRecord([image!])).toEqual(nist)
  })

  it.each([
    ['another identifier', 0, 'FAD'],
    ['another version', 5, '020'],
    ['no image', 12, '\0\0'],
    ['a second image that is not there', 13, '\x02'],
    ['a reserved byte', 14 + 20 + 7, '\x01'],
    ['an image data type of 2', 14 + 20 + 32 + 1, '\x02'],
    ['JPEG 2000 said of a JPEG', 14 + 20 + 32 + 1, '\x01'],
    ['another width than the JPEG has', 14 + 20 + 32 + 3, '\x19'],
  ])('refuses %s', (_name, at, text) => {
    const changed = nist.slice()
    for (let i = 0; i < text.length; i++) changed[at + i] = text.charCodeAt(i)
    expect(() => decodeFacialRecord(changed)).toThrow(DecodeError)
  })

  it('V14 refuses every wrong length', () => {
    for (const at of [8, 9, 10, 11, 14, 15, 16, 17, 18, 19]) {
      const changed = nist.slice()
      changed[at]! ^= 0x40
      expect(() => decodeFacialRecord(changed), `byte ${at}`).toThrow(DecodeError)
    }
    expect(() => decodeFacialRecord(concatBytes(nist, Uint8Array.of(0)))).toThrow(DecodeError)
  })

  it('throws nothing but DecodeError and LimitError', () => expectCleanRefusals(decodeFacialRecord, nist))
})

describe('EF.DG2', () => {
  it('decodes a data group around the NIST record, with 5F2E and with 7F2E', () => {
    for (const tag of [0x5f2e, 0x7f2e]) {
      const value = dg2Codec.decode(wrap(nist, { tag }))
      expect(value.faces).toHaveLength(1)
      expect(value.faces[0]!.header).toEqual({ version: 0x0101, type: 2, formatOwner: 0x0101, formatType: 0x0008 })
      expect(value.faces[0]!.images[0]!.width).toBe(280)
    }
  })

  it('encodes what it decoded byte for byte', () => {
    expect(dg2Codec.encode(dg2Codec.decode(wrap(nist)))).toEqual(wrap(nist))
  })

  it('builds from a portrait and reads it back', () => {
    for (const [file, format] of [
      [jpegHeader(300, 400), 'jpeg'],
      [jp2(300, 400), 'jpeg2000'],
    ] as const) {
      const value = dg2FromPortrait(file, 'F')
      const back = dg2Codec.decode(dg2Codec.encode(value))
      expect(back).toEqual(value)
      expect(back.faces[0]!.images[0]).toMatchObject({ format, width: 300, height: 400, gender: 2, imageType: 1 })
      expect(back.faces[0]!.images[0]!.data).toEqual(file)
    }
  })

  it.each([
    ['another tag', encodeTlv(0x76, wrap(nist).slice(5))],
    ['bytes behind it', concatBytes(wrap(nist), Uint8Array.of(0))],
    ['a count that is not true', wrap(nist, { count: 2 })],
    ['no template', encodeTlv(0x75, encodeTlv(0x7f61, fromHex('020100')))],
    ['V14 no image data block', wrap(nist, { tag: 0x5f2d })],
    ['V14 an empty image data block', wrap(new Uint8Array(0))],
    ['a header without the format owner', wrap(nist, { header: '80020101 88020008' })],
    ['a header field twice', wrap(nist, { header: '80020101 80020101 87020101 88020008' })],
    ['an unknown header field', wrap(nist, { header: '89020101 87020101 88020008' })],
    ['a finger’s header', wrap(nist, { header: '810108 87020101 88020008' })],
    ['another format', wrap(nist, { header: '810102 87020101 88020009' })],
  ])('refuses %s', (_name, bytes) => {
    expect(() => dg2Codec.decode(bytes)).toThrow(DecodeError)
  })

  it('V14 refuses a decompression bomb before any viewer sees it', () => {
    expect(() => dg2FromPortrait(jp2(30000, 30000))).toThrow(LimitError)
    expect(() => dg2FromPortrait(jpegHeader(30000, 30000))).toThrow(LimitError)
  })

  it('does not encode an empty list or a size that the image does not have', () => {
    expect(() => dg2Codec.encode({ faces: [] })).toThrow(InputError)
    const value = dg2FromPortrait(jpegHeader(300, 400))
    const face = value.faces[0]!
    expect(() => dg2Codec.encode({ faces: [{ ...face, images: [{ ...face.images[0]!, width: 301 }] }] })).toThrow(InputError)
  })

  it('throws nothing but DecodeError and LimitError', () => expectCleanRefusals(dg2Codec.decode, wrap(nist)))
})
