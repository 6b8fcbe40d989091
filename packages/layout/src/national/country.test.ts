import { describe, expect, it } from 'vitest'
import { alpha2ToMrzCountry, icaoCodes, isMrzCountry, mrzCountryToAlpha2, sameCountry } from './country.ts'

describe('country codes', () => {
  it.each([
    ['IRN', 'IR'],
    ['D', 'DE'],
    ['D<<', 'DE'],
    ['GBR', 'GB'],
    ['GBD', 'GB'],
    ['EUE', 'EU'],
    ['UNO', 'UN'],
    ['UTO', 'UT'],
    ['RKS', 'KS'],
    ['XXA', undefined],
    ['XOM', undefined],
    ['DEU', undefined],
    ['ZZZ', undefined],
    ['', undefined],
    ['irn', undefined],
  ])('MRZ %s is alpha-2 %s', (mrz, alpha2) => expect(mrzCountryToAlpha2(mrz)).toBe(alpha2))

  it.each([
    ['IR', 'IRN'],
    ['ir', 'IRN'],
    ['DE', 'D'],
    ['GB', 'GBR'],
    ['EU', 'EUE'],
    ['UT', 'UTO'],
    ['ZZ', undefined],
    ['IRN', undefined],
    ['', undefined],
  ])('alpha-2 %s is MRZ %s', (alpha2, mrz) => expect(alpha2ToMrzCountry(alpha2)).toBe(mrz))

  it('which codes may stand in the MRZ', () => {
    for (const code of ['IRN', 'D', 'AFG', 'XXA', 'XXB', 'XXC', 'XXX', 'UTO', 'UNK']) expect(isMrzCountry(code), code).toBe(true)
    for (const code of ['DEU', 'IR', 'ZZZ', 'IRNX', '', '<<<', 'toString']) expect(isMrzCountry(code), code).toBe(false)
  })

  it.each([
    ['IR', 'IRN', true],
    ['ir', 'IRN', true],
    ['IRN', 'IRN', true],
    ['DE', 'D<<', true],
    ['DE', 'D', true],
    ['GB', 'GBN', true],
    ['IQ', 'IRN', false],
    ['XX', 'XXA', false],
    ['', 'IRN', false],
  ])('certificate %s, issuer %s: %s', (certificate, issuer, same) => expect(sameCountry(certificate, issuer)).toBe(same))

  it('no code stands twice in the table, none repeats ISO 3166-1 but with another meaning', () => {
    expect(new Set(icaoCodes.map((row) => row.mrz)).size).toBe(icaoCodes.length)
  })
})
