import { DecodeError, encodeTlv, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { jp2, jpegHeader } from '../testing/images.ts'
import { dg7Codec, displayedImage } from './dg7.ts'

const jpeg = jpegHeader(200, 80, 1)

describe('EF.DG7', () => {
  it('encodes one image as the table has it, and reads it back', () => {
    const bytes = dg7Codec.encode({ signatures: [displayedImage(jpeg)] })
    // SOF of one component: FFD8 FFC0 000B 08 0050 00C8 01 000000 FFD9, 17 bytes.
    expect(toHex(bytes)).toBe('67170201015f4311ffd8ffc0000b08005000c801000000ffd9')
    expect(dg7Codec.decode(bytes)).toEqual({ signatures: [{ format: 'jpeg', width: 200, height: 80, data: jpeg }] })
  })

  it('holds several images, JPEG 2000 among them', () => {
    const value = { signatures: [displayedImage(jpeg), displayedImage(jp2(90, 30))] }
    const bytes = dg7Codec.encode(value)
    expect(dg7Codec.decode(bytes)).toEqual(value)
    expect(dg7Codec.encode(dg7Codec.decode(bytes))).toEqual(bytes)
  })

  it.each([
    ['another tag', encodeTlv(0x65, [fromHex('020101'), encodeTlv(0x5f43, jpeg)])],
    ['a count that is not true', encodeTlv(0x67, [fromHex('020102'), encodeTlv(0x5f43, jpeg)])],
    ['no count', encodeTlv(0x67, encodeTlv(0x5f43, jpeg))],
    ['no image', encodeTlv(0x67, fromHex('020100'))],
    ['another object', encodeTlv(0x67, [fromHex('020101'), encodeTlv(0x5f40, jpeg)])],
    ['what is no image', encodeTlv(0x67, [fromHex('020101'), encodeTlv(0x5f43, fromHex('89504e47'))])],
    ['V14 an image of no height', encodeTlv(0x67, [fromHex('020101'), encodeTlv(0x5f43, jpegHeader(3, 0))])],
  ])('refuses %s', (_name, bytes) => {
    expect(() => dg7Codec.decode(bytes)).toThrow(DecodeError)
  })

  it('V14 refuses a bomb, and does not encode nothing', () => {
    expect(() => dg7Codec.decode(encodeTlv(0x67, [fromHex('020101'), encodeTlv(0x5f43, jpegHeader(30000, 2))]))).toThrow(LimitError)
    expect(() => dg7Codec.encode({ signatures: [] })).toThrow(InputError)
    expect(() => displayedImage(fromHex('00'))).toThrow(DecodeError)
  })

  it('throws nothing but DecodeError and LimitError', () =>
    expectCleanRefusals(dg7Codec.decode, dg7Codec.encode({ signatures: [displayedImage(jpeg)] })))
})
