import { concatBytes, DecodeError, fromHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refuseExtensible } from './extensible-record.ts'
import { decodeTemplates, detectFormat } from './format.ts'

// [APPLICATION 2], a version block (generation 3, year 2023), and representation blocks of which nothing is known
const record = fromHex('62 0f a007 800103 810207e7 a104 30020500'.replaceAll(' ', ''))

describe('a record of ISO/IEC 39794', () => {
  test('of part 2 is named with its version and refused, saying what to do', () => {
    const message =
      'ISO/IEC 39794-2 record: generation 3, year 2023; this format is known by its outer tag only and is not read: have the program that wrote it write ISO/IEC 19794-2 or INCITS 378 instead'
    expect(() => detectFormat(record)).toThrow(new DecodeError('ISO/IEC 39794-2 record', message.slice('ISO/IEC 39794-2 record: '.length)))
    expect(() => decodeTemplates(record)).toThrow(message)
  })

  test('is known whatever way its length is written', () => {
    const inside = record.subarray(2)
    for (const head of ['62810f', '6282000f', '6283 00000f', '6284 0000000f'])
      expect(() => detectFormat(concatBytes(fromHex(head.replace(' ', '')), inside))).toThrow('generation 3, year 2023')
    expect(() => detectFormat(concatBytes(fromHex('6280'), inside, fromHex('0000')))).toThrow('generation 3, year 2023')
  })

  test('is refused without a version where it begins with another block than expected', () => {
    expect(() => detectFormat(fromHex('6207a005800103810000'.slice(0, 18)))).toThrow('ISO/IEC 39794-2 record: this format')
  })

  test.each([
    ['64', 4],
    ['65', 5],
    ['66', 6],
  ])('with outer tag %s is one of part %i and holds images', (tag, part) => {
    const other = concatBytes(fromHex(tag), record.subarray(1))
    expect(() => detectFormat(other)).toThrow(`ISO/IEC 39794-${part} record: holds images, not minutiae`)
  })

  test('in XML is known by its namespace, past that of part 1', () => {
    const document = (part: number) =>
      new TextEncoder().encode(
        `\ufeff<?xml version="1.0"?>\n<a:data xmlns:cmn="http://standards.iso.org/iso-iec/39794/-1" xmlns:a="http://standards.iso.org/iso-iec/39794/-${part}"/>`,
      )
    expect(() => detectFormat(document(2))).toThrow('ISO/IEC 39794-2 record: an XML document of a format that is not read')
    expect(() => detectFormat(document(5))).toThrow('ISO/IEC 39794-5 record: no finger minutiae')
  })
})

test('what only begins like such a record is left to the card formats', () => {
  expect(detectFormat(fromHex('6207a0058001'))).toBe('card-compact')
  expect(detectFormat(fromHex('620441 0a0b0c'.replace(' ', '')))).toBe('card-compact')
})

test('any bytes are either let through or refused with a DecodeError', () => {
  fc.assert(
    fc.property(fc.constantFrom('62', '64', '6280', '3c', 'efbbbf3c', ''), fc.uint8Array({ maxLength: 60 }), (head, rest) => {
      try {
        refuseExtensible(concatBytes(fromHex(head), rest))
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
  )
})
