import { DecodeError, encodeTlv, encodeUtf8, fromHex, InputError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile } from '../testing/vectors.ts'
import { type Dg11, dg11Codec, fatherNameOf, summaryWithFather } from './dg11.ts'

const full: Dg11 = {
  nameOfHolder: { familyName: 'نمونه‌پور تهرانی', givenNames: 'آرزو' },
  otherNames: ['نمونه آرزو', 'پور'],
  personalNumber: '9990079196',
  dateOfBirth: { year: 1991, month: 3, day: 21 },
  placeOfBirth: ['تهران', 'ایران'],
  address: ['خیابان نمونه، پلاک ۱۲', 'تهران'],
  telephone: '+982112345678',
  profession: 'مهندس',
  title: 'دکتر',
  personalSummary: summaryWithFather('بهرام'),
  proofOfCitizenship: fromHex('ffd8ffd9'),
  otherTravelDocuments: ['A12345678', 'B1'],
  custody: 'ندارد',
  other: [{ tag: 0x5f60, value: fromHex('0102') }],
}

describe('EF.DG11', () => {
  it('codes the example of Doc 9303-10, 4.7.11 (fields of the same kinds, lengths by hand)', () => {
    const value: Dg11 = {
      nameOfHolder: { familyName: 'SMITH', givenNames: 'JOHN J' },
      placeOfBirth: ['ANYTOWN', 'MN'],
      address: ['123 MAPLE RD', 'ANYTOWN', 'MN'],
      telephone: '1-612-555-1212',
      profession: 'TRAVEL AGENT',
    }
    const ascii = (text: string) => toHex(encodeUtf8(text))
    const hex = [
      `5c0a${'5f0e5f115f425f125f13'}`,
      `5f0e0d${ascii('SMITH<<JOHN<J')}`,
      `5f110a${ascii('ANYTOWN<MN')}`,
      `5f4217${ascii('123 MAPLE RD<ANYTOWN<MN')}`,
      `5f120e${ascii('1-612-555-1212')}`,
      `5f130c${ascii('TRAVEL AGENT')}`,
    ].join('')
    expect(toHex(dg11Codec.encode(value))).toBe(`6b${(hex.length / 2).toString(16)}${hex}`)
    expect(dg11Codec.decode(fromHex(`6b${(hex.length / 2).toString(16)}${hex}`))).toEqual(value)
  })

  it('decodes the file of the passive-authentication set', () => {
    expect(dg11Codec.decode(vectorFile('pa/dg11.bin'))).toEqual({
      nameOfHolder: { familyName: 'علی رضایی', givenNames: '' },
      personalNumber: '9990000018',
    })
  })

  it('round trips every field, and the bytes of each come back', () => {
    const bytes = dg11Codec.encode(full)
    const value = dg11Codec.decode(bytes)
    expect(value).toEqual(full)
    expect(toHex(dg11Codec.encode(value))).toBe(toHex(bytes))
    expect(fatherNameOf(value)).toBe('بهرام')
  })

  it('keeps Persian as UTF-8, ZWNJ included, spaces of a name as fillers', () => {
    const bytes = dg11Codec.encode({ nameOfHolder: { familyName: 'نمونه‌پور تهرانی', givenNames: 'آرزو' } })
    expect(toHex(bytes)).toContain(toHex(encodeUtf8('نمونه\u200cپور<تهرانی<<آرزو')))
  })

  it('N04 takes a date of birth in digits or BCD, with unknown month or day', () => {
    const dated = (value: string) =>
      fromHex(
        `6b${(7 + value.length / 2).toString(16).padStart(2, '0')}5c025f2b5f2b${(value.length / 2).toString(16).padStart(2, '0')}${value}`,
      )
    expect(dg11Codec.decode(dated('3139393130333231')).dateOfBirth).toEqual({ year: 1991, month: 3, day: 21 })
    expect(dg11Codec.decode(dated('19910321')).dateOfBirth).toEqual({ year: 1991, month: 3, day: 21 })
    expect(dg11Codec.decode(dated('3139393130333030')).dateOfBirth).toEqual({ year: 1991, month: 3 })
    expect(dg11Codec.decode(dated('19910000')).dateOfBirth).toEqual({ year: 1991 })
    expect(toHex(dg11Codec.encode({ dateOfBirth: { year: 1991 } }))).toBe(toHex(dated('3139393130303030')))
    for (const value of ['19911321', '1991a321', '3139393130333332', '199103', '31393931'])
      expect(() => dg11Codec.decode(dated(value))).toThrow(DecodeError)
  })

  it('an empty value is a file with an empty tag list', () => {
    expect(toHex(dg11Codec.encode({}))).toBe('6b025c00')
    expect(dg11Codec.decode(fromHex('6b025c00'))).toEqual({})
  })

  it('a tag list may name the template of other names or its members', () => {
    const names = encodeTlv(0xa0, [encodeTlv(0x02, Uint8Array.of(1)), encodeTlv(0x5f0f, encodeUtf8('A<B'))])
    for (const list of ['a0', '5f0f', 'a05f0f'])
      expect(dg11Codec.decode(encodeTlv(0x6b, [encodeTlv(0x5c, fromHex(list)), names])).otherNames).toEqual(['A B'])
    const wrongCount = encodeTlv(0xa0, [encodeTlv(0x02, Uint8Array.of(2)), encodeTlv(0x5f0f, encodeUtf8('A'))])
    const wrongMember = encodeTlv(0xa0, [encodeTlv(0x02, Uint8Array.of(1)), encodeTlv(0x5f0e, encodeUtf8('A'))])
    for (const each of [wrongCount, wrongMember, encodeTlv(0xa0)])
      expect(() => dg11Codec.decode(encodeTlv(0x6b, [encodeTlv(0x5c, fromHex('a0')), each]))).toThrow(DecodeError)
  })

  it.each([
    ['no tag list', '6b045f100131'],
    ['an object the list does not name', '6b085c025f115f100131'],
    ['an unknown object the list does not name', '6b0b5c025f105f1001315f6000'],
    ['a list that names what is not there', '6b065c045f105f11'],
    ['a list that names an unknown tag that is not there', '6b045c025f60'],
    ['a tag twice', '6b0c5c025f105f1001315f100132'],
    ['bytes that are no UTF-8', '6b085c025f105f1001ff'],
    ['another outer tag', '6c025c00'],
    ['something behind', '6b025c0000'],
    ['a tag cut off in the list', '6b035c015f'],
  ])('refuses %s', (_what, hex) => expect(() => dg11Codec.decode(fromHex(hex))).toThrow(DecodeError))

  it.each([
    ['personalNumber', { personalNumber: '' }],
    ['placeOfBirth', { placeOfBirth: ['a<b'] }],
    ['placeOfBirth', { placeOfBirth: [] }],
    ['telephone', { telephone: '1\n2' }],
    ['text', { title: '\ud800' }],
    ['nameOfHolder', { nameOfHolder: { familyName: '', givenNames: 'x' } }],
    ['proofOfCitizenship', { proofOfCitizenship: new Uint8Array(0) }],
    ['date', { dateOfBirth: { year: 1991, month: 2, day: 30 } }],
    ['otherNames', { otherNames: [] }],
    ['other', { other: [{ tag: 0x5f10, value: new Uint8Array(1) }] }],
    ['fatherName', undefined],
  ] as const)('does not encode a wrong %s', (field, value) => {
    const encode = () => (value === undefined ? summaryWithFather(' ') : dg11Codec.encode(value))
    expect(encode).toThrow(InputError)
    expect(encode).toThrow(field)
  })

  it('any text without fillers and controls comes back', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((each) => each.isWellFormed() && !/[<\p{Cc}]/u.test(each))
    fc.assert(
      fc.property(text, fc.array(text, { minLength: 1, maxLength: 4 }), (telephone, address) => {
        expect(dg11Codec.decode(dg11Codec.encode({ telephone, address }))).toEqual({ telephone, address })
      }),
    )
  })

  it('X01 X02 throws nothing else on hostile bytes', () => expectCleanRefusals(dg11Codec.decode, dg11Codec.encode(full)))

  it('copies what it keeps', () => {
    const bytes = dg11Codec.encode({ other: full.other! })
    const value = dg11Codec.decode(bytes)
    bytes.fill(0)
    expect(value).toEqual({ other: full.other })
  })
})
