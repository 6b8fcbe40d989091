import { concatBytes, DecodeError, LimitError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { readImageHeader } from './image-header.ts'
import { expectCleanRefusals } from './testing/hostile-bytes.ts'
import { codestream, jp2, jpegHeader } from './testing/images.ts'
import { vectorFile } from './testing/vectors.ts'

describe('readImageHeader', () => {
  it('reads JPEGs made by other programs', () => {
    expect(readImageHeader(vectorFile('specimen/portrait.jpg'))).toEqual({ format: 'jpeg', width: 413, height: 531, components: 3 })
    expect(readImageHeader(vectorFile('specimen/signature.jpg'))).toMatchObject({ format: 'jpeg', width: 480, height: 160 })
    expect(readImageHeader(vectorFile('nist/face01.iso2005').slice(14 + 20 + 32 + 12))).toEqual({
      format: 'jpeg',
      width: 280,
      height: 320,
      components: 3,
    })
  })

  it('reads JP2 and a bare codestream', () => {
    expect(readImageHeader(jp2(413, 531))).toEqual({ format: 'jpeg2000', width: 413, height: 531, components: 3 })
    expect(readImageHeader(codestream(20, 10))).toEqual({ format: 'jpeg2000', width: 20, height: 10, components: 3 })
  })

  it.each([
    ['V14 a JPEG of zero width', jpegHeader(0, 10), DecodeError],
    ['V14 a JPEG of zero height', jpegHeader(10, 0), DecodeError],
    ['V14 a JPEG of 30000 x 30000', jpegHeader(30000, 30000), LimitError],
    ['V14 a JPEG 2000 of 30000 x 30000', jp2(30000, 30000), LimitError],
    ['V14 a codestream larger than its box says', jp2(100, 100, codestream(30000, 30000)), LimitError],
    ['V14 a codestream of another size than its box says', jp2(100, 100, codestream(100, 101)), DecodeError],
    ['V14 a codestream of a million tiles', codestream(2000, 2000, 2), LimitError],
    ['V14 a tile size of zero', codestream(20, 20, 0), DecodeError],
    ['V14 five hundred colour components', codestream(20, 20, 20, 500), DecodeError],
    ['a JPEG of no component', jpegHeader(10, 10, 0), DecodeError],
    ['image data before the frame header', Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 2), DecodeError],
    ['a segment length of one', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 1), DecodeError],
    [
      'a thousand empty segments',
      concatBytes(Uint8Array.of(0xff, 0xd8), ...Array.from({ length: 1000 }, () => Uint8Array.of(0xff, 0xe1, 0, 2))),
      LimitError,
    ],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), DecodeError],
    ['nothing', new Uint8Array(0), DecodeError],
  ])('refuses %s', (_name, bytes, type) => {
    expect(() => readImageHeader(bytes)).toThrow(type)
  })

  it('throws nothing but DecodeError and LimitError', () => {
    expectCleanRefusals(readImageHeader, jpegHeader(10, 10).slice(0, -2 - 9))
    expectCleanRefusals(readImageHeader, codestream(100, 80).slice(0, 42))
  })
})
