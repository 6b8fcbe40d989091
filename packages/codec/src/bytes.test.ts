import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesToUint,
  concatBytes,
  decodeAscii,
  decodeUtf8,
  encodeAscii,
  encodeUtf8,
  equalBytes,
  fromHex,
  joinBytes,
  toHex,
  uintToBytes,
} from './bytes.ts'
import { DecodeError, InputError } from './errors.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('hex', () => {
  it.each([
    ['', bytes()],
    ['00', bytes(0)],
    ['0f10ff', bytes(0x0f, 0x10, 0xff)],
    ['deadbeef', bytes(0xde, 0xad, 0xbe, 0xef)],
  ])('%s both ways', (text, value) => {
    expect(toHex(value)).toBe(text)
    expect(fromHex(text)).toEqual(value)
    expect(fromHex(text.toUpperCase())).toEqual(value)
  })

  it('allows spaces, colons and line ends', () => {
    expect(fromHex('3B 8D:80\n01\t')).toEqual(bytes(0x3b, 0x8d, 0x80, 0x01))
  })

  it.each(['0', '0g', 'zz', '0x00', '00-11', '１２'])('refuses %s', (text) => {
    expect(() => fromHex(text)).toThrow(DecodeError)
  })

  it('gives back what it wrote', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        (value) => equalBytes(fromHex(toHex(value)), value) && toHex(value).length === 2 * value.length,
      ),
    )
  })
})

describe('integers', () => {
  it.each([
    [0, 1, bytes(0)],
    [0, 0, bytes()],
    [255, 1, bytes(0xff)],
    [256, 2, bytes(1, 0)],
    [0x7fffffff, 4, bytes(0x7f, 0xff, 0xff, 0xff)],
    [0xffffffff, 4, bytes(0xff, 0xff, 0xff, 0xff)],
    [2 ** 48 - 1, 6, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
  ])('%d in %d bytes both ways', (value, length, coded) => {
    expect(uintToBytes(value, length)).toEqual(coded)
    expect(bytesToUint(coded)).toBe(value)
  })

  it.each([
    [256, 1],
    [1, 0],
    [-1, 1],
    [0.5, 1],
    [Number.NaN, 2],
    [2 ** 53, 7],
  ])('refuses to put %d in %d bytes', (value, length) => {
    expect(() => uintToBytes(value, length)).toThrow(InputError)
  })

  it('refuses to read more than 6 bytes', () => {
    expect(() => bytesToUint(new Uint8Array(7))).toThrow(DecodeError)
  })
})

describe('concatBytes and equalBytes', () => {
  it('joins in order into a new array', () => {
    const first = bytes(1, 2)
    const joined = concatBytes(first, bytes(), bytes(3))
    expect(joined).toEqual(bytes(1, 2, 3))
    joined[0] = 9
    expect(first[0]).toBe(1)
  })

  it('joins more parts than a call can have arguments', () => {
    expect(joinBytes(Array.from({ length: 500_000 }, () => bytes(7))).length).toBe(500_000)
  })

  it.each([
    [bytes(), bytes(), true],
    [bytes(1), bytes(1), true],
    [bytes(1), bytes(2), false],
    [bytes(1), bytes(1, 0), false],
    [bytes(), bytes(0), false],
  ])('%s against %s', (a, b, same) => {
    expect(equalBytes(a, b)).toBe(same)
    expect(equalBytes(b, a)).toBe(same)
  })
})

describe('text', () => {
  it.each([
    ['', bytes()],
    ['IRN', bytes(0x49, 0x52, 0x4e)],
    ['کارت', bytes(0xda, 0xa9, 0xd8, 0xa7, 0xd8, 0xb1, 0xd8, 0xaa)],
    ['\u200c', bytes(0xe2, 0x80, 0x8c)],
    ['\ufeffa', bytes(0xef, 0xbb, 0xbf, 0x61)],
    ['😀', bytes(0xf0, 0x9f, 0x98, 0x80)],
  ])('UTF-8 of %j both ways', (text, coded) => {
    expect(encodeUtf8(text)).toEqual(coded)
    expect(decodeUtf8(coded)).toBe(text)
  })

  it.each([bytes(0x80), bytes(0xc3), bytes(0xc0, 0x80), bytes(0xed, 0xa0, 0x80), bytes(0xf4, 0x90, 0x80, 0x80), bytes(0xff)])(
    'refuses %s as UTF-8',
    (coded) => {
      expect(() => decodeUtf8(coded, 'DG11')).toThrow(DecodeError)
      expect(() => decodeUtf8(coded, 'DG11')).toThrow(/^DG11/)
    },
  )

  it('refuses a lone surrogate', () => {
    expect(() => encodeUtf8('a\ud800')).toThrow(InputError)
  })

  it('ASCII both ways, and what is not ASCII refused both ways', () => {
    expect(encodeAscii('I<IRN\u007f')).toEqual(bytes(0x49, 0x3c, 0x49, 0x52, 0x4e, 0x7f))
    expect(decodeAscii(bytes(0x49, 0x3c, 0x7f))).toBe('I<\u007f')
    expect(() => encodeAscii('é')).toThrow(InputError)
    expect(() => decodeAscii(bytes(0x41, 0x80), 'MRZ')).toThrow(/^MRZ at byte 1/)
    expect(() => decodeAscii(bytes(0x80))).toThrow(DecodeError)
  })
})
