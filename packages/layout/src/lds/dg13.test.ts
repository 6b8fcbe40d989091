import { DecodeError, encodeTlv, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { type CborValue, type Dg13, dg13Codec } from './dg13.ts'

const full: Dg13 = {
  version: 1,
  birthCertificateNumber: '۱۲۳۴',
  birthCertificateSeries: 'الف ۱۲/۳۴',
  postalCode: '1234567890',
  education: 'کارشناسی',
  dateOfBirth: '1370-01-01',
  dateOfIssue: '1405-09-01',
  dateOfExpiry: '1415-09-01',
}

const wrapped = (cbor: string) => encodeTlv(0x6d, encodeTlv(0x53, fromHex(cbor)))

describe('EF.DG13', () => {
  it('codes a map of text keys in the order of their bytes (RFC 8949, 4.2.1; coded by hand)', () => {
    // a3 { "version": 1, "education": "MSc", "postalCode": "12" }: shorter keys code lower.
    const cbor = 'a3' + '6776657273696f6e01' + '69656475636174696f6e634d5363' + '6a706f7374616c436f6465623132'
    const value = { version: 1, postalCode: '12', education: 'MSc' }
    expect(toHex(dg13Codec.encode(value))).toBe(`6d2853${(cbor.length / 2).toString(16)}${cbor}`)
    expect(dg13Codec.decode(wrapped(cbor))).toEqual(value)
  })

  it('round trips every field, and the bytes of each come back', () => {
    const bytes = dg13Codec.encode(full)
    expect(dg13Codec.decode(bytes)).toEqual(full)
    expect(toHex(dg13Codec.encode(dg13Codec.decode(bytes)))).toBe(toHex(bytes))
  })

  it('keeps keys of a later version', () => {
    const other = new Map<string, CborValue>([
      ['bloodGroup', 'A'],
      ['list', [1, -2, null, true, fromHex('0102'), new Map([['k', 1.5]])]],
    ])
    const value = { version: 2, other }
    const again = dg13Codec.decode(dg13Codec.encode(value))
    expect(again).toEqual(value)
    expect(toHex(dg13Codec.encode(again))).toBe(toHex(dg13Codec.encode(value)))
  })

  it('X03 a key __proto__ is only a key', () => {
    // a2 { "version": 1, "__proto__": { "admin": true } }
    const value = dg13Codec.decode(wrapped('a2' + '6776657273696f6e01' + '695f5f70726f746f5f5f' + 'a16561646d696ef5'))
    expect(value.other).toEqual(new Map([['__proto__', new Map([['admin', true]])]]))
    expect((value as unknown as Record<string, unknown>).admin).toBeUndefined()
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it.each([
    ['X03 a key twice', 'a2' + '6776657273696f6e01' + '6776657273696f6e01'],
    ['keys out of order', 'a2' + '69656475636174696f6e634d5363' + '6776657273696f6e01'],
    ['an integer in more bytes than it needs', 'a1' + '6776657273696f6e1801'],
    ['a length in more bytes than it needs', 'a1' + '78076776657273696f6e01'],
    ['an indefinite map', 'bf' + '6776657273696f6e01' + 'ff'],
    ['an indefinite text', 'a1' + '7f6776657273696f6eff01'],
    ['a tag', 'a2' + '6776657273696f6e01' + '6178c001'],
    ['undefined', 'a2' + '6178f7' + '6776657273696f6e01'],
    ['X03 NaN', 'a2' + '6178f97e00' + '6776657273696f6e01'],
    ['an infinity', 'a2' + '6178f97c00' + '6776657273696f6e01'],
    ['X03 an integer beyond 2^53', 'a2' + '61781b0020000000000001' + '6776657273696f6e01'],
    ['a key that is no text', 'a2' + '0101' + '6776657273696f6e01'],
    ['a map as a key', 'a2' + '6776657273696f6e01' + 'a1010101'],
    ['an array', '8101'],
    ['no version', 'a1' + '69656475636174696f6e634d5363'],
    ['version 0', 'a1' + '6776657273696f6e00'],
    ['a version that is text', 'a1' + '6776657273696f6e6131'],
    ['text that is no UTF-8', 'a2' + '6776657273696f6e01' + '69656475636174696f6e61ff'],
    ['education that is a number', 'a2' + '6776657273696f6e01' + '69656475636174696f6e01'],
    ['a Jalali date that does not exist', 'a2' + '6776657273696f6e01' + '6b646174654f664269727468' + '6a313430342d31322d3330'],
    ['something behind', 'a1' + '6776657273696f6e0100'],
    ['nothing', ''],
  ])('refuses %s', (_what, cbor) => expect(() => dg13Codec.decode(wrapped(cbor))).toThrow(DecodeError))

  it('refuses other wrappings and long content', () => {
    const cbor = fromHex('a16776657273696f6e01')
    for (const bytes of [
      encodeTlv(0x6d, cbor),
      encodeTlv(0x6d),
      encodeTlv(0x6c, encodeTlv(0x53, cbor)),
      encodeTlv(0x6d, [encodeTlv(0x53, cbor), encodeTlv(0x53, cbor)]),
    ])
      expect(() => dg13Codec.decode(bytes)).toThrow(DecodeError)
    expect(() => dg13Codec.decode(new Uint8Array(5000))).toThrow(LimitError)
    expect(() => dg13Codec.encode({ version: 1, education: 'x'.repeat(5000) })).toThrow(LimitError)
    expect(() => dg13Codec.decode(wrapped('81'.repeat(4000)))).toThrow(DecodeError)
  })

  it.each<[string, object]>([
    ['version', { version: 0 }],
    ['version', { version: 1.5 }],
    ['education', { education: '' }],
    ['postalCode', { postalCode: '\ud800' }],
    ['dateOfIssue', { dateOfIssue: '1404-12-30' }],
    ['dateOfIssue', { dateOfIssue: '1404/1/3' }],
    ['other', { other: new Map([['education', 'x']]) }],
    ['other', { other: new Map([['x', Number.NaN]]) }],
    ['other', { other: new Map([['x', undefined]]) }],
    ['other', { other: new Map([['x', Symbol('x')]]) }],
    ['other', { other: new Map([[1, 'x']]) }],
  ])('does not encode a wrong %s', (field, change) => {
    const value = { version: 1, ...change } as Dg13
    expect(() => dg13Codec.encode(value)).toThrow(InputError)
    expect(() => dg13Codec.encode(value)).toThrow(field)
  })

  it('any text fields come back', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((each) => each.isWellFormed())
    fc.assert(
      fc.property(
        text,
        text,
        fc.dictionary(fc.string({ maxLength: 8 }), fc.oneof(fc.integer(), fc.string(), fc.boolean())),
        (education, postalCode, extra) => {
          const known = [
            'version',
            'education',
            'postalCode',
            'birthCertificateNumber',
            'birthCertificateSeries',
            'dateOfBirth',
            'dateOfIssue',
            'dateOfExpiry',
          ]
          const other = new Map<string, CborValue>(Object.entries(extra).filter(([key]) => !known.includes(key) && key.isWellFormed()))
          const value = { version: 1, education, postalCode, ...(other.size === 0 ? {} : { other }) }
          const again = dg13Codec.decode(dg13Codec.encode(value))
          expect({ ...again, other: undefined }).toEqual({ ...value, other: undefined })
          expect(new Map([...(again.other ?? [])].sort())).toEqual(new Map([...other].sort()))
        },
      ),
    )
  })

  it('X01 X02 throws nothing else on hostile bytes', () => expectCleanRefusals(dg13Codec.decode, dg13Codec.encode(full)))
})
