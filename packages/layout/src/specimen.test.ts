import { toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { parseIsoDate } from './dates/calendar-date.ts'
import { isoToJalali } from './dates/jalali.ts'
import { readImageHeader } from './image-header.ts'
import { encodeMrz } from './mrz/encode-mrz.ts'
import { encodeMrzDate } from './mrz/mrz-date.ts'
import { holderMrzName } from './mrz/mrz-name.ts'
import { parseMrz } from './mrz/read-mrz.ts'
import { parseNationalCode, strictNationalCode } from './national/national-code.ts'
import { vectorFile, vectorJson } from './testing/vectors.ts'
import { canonicalName, canonicalText } from './text/canonical.ts'

interface Specimen {
  readonly document: { readonly number: string; readonly issuingState: string; readonly dateOfIssue: string; readonly dateOfExpiry: string }
  readonly holder: {
    readonly nationalCode: string
    readonly nationality: string
    readonly sex: 'F' | 'M'
    readonly dateOfBirth: string
    readonly persian: {
      readonly familyName: string
      readonly givenNames: string
      readonly fatherName: string
      readonly birthPlace: string
      readonly address: string
    }
    readonly latin: { readonly familyName: string; readonly givenNames: string }
  }
}

const record = vectorJson<Specimen>('specimen/record.json')
const { document, holder } = record

describe('the specimen', () => {
  it('has a national code that is valid in form, and names in canonical form', () => {
    expect(parseNationalCode(holder.nationalCode, strictNationalCode)).toBe(holder.nationalCode)
    for (const name of [holder.persian.familyName, holder.persian.givenNames, holder.persian.fatherName])
      expect(canonicalName(name)).toBe(name)
    for (const text of [holder.persian.birthPlace, holder.persian.address]) expect(canonicalText(text)).toBe(text)
    expect(isoToJalali(holder.dateOfBirth)).toBe('1370-03-22')
  })

  it('gives this machine-readable zone (check digits computed apart from this code)', () => {
    const mrz = encodeMrz({
      format: 'TD1',
      documentCode: 'I<',
      issuer: document.issuingState,
      documentNumber: document.number,
      dateOfBirth: encodeMrzDate(parseIsoDate(holder.dateOfBirth)),
      sex: holder.sex,
      dateOfExpiry: encodeMrzDate(parseIsoDate(document.dateOfExpiry)),
      nationality: holder.nationality,
      name: holderMrzName(holder, 30).text,
    })
    expect(mrz.match(/.{30}/g)).toEqual([
      'I<IRNS123456780<<<<<<<<<<<<<<<',
      '9106123F3310034IRN<<<<<<<<<<<0',
      'NEMOUNEHPOUR<<AREZOU<<<<<<<<<<',
    ])
    expect(parseMrz(mrz)).toMatchObject({ primaryIdentifier: 'NEMOUNEHPOUR', secondaryIdentifier: 'AREZOU' })
  })

  it('has a drawn portrait and signature, and one view of 27 minutiae of the left index finger', () => {
    const portrait = vectorFile('specimen/portrait.jpg')
    expect(readImageHeader(portrait)).toMatchObject({ format: 'jpeg', width: 413, height: 531 })
    expect(portrait.length).toBeGreaterThan(8_000)
    expect(portrait.length).toBeLessThan(20_480)
    expect(readImageHeader(vectorFile('specimen/signature.jpg'))).toMatchObject({ format: 'jpeg', width: 480, height: 160 })
    const finger = vectorFile('specimen/finger-enrolled.fmr')
    const source = vectorFile('nist/fmr.iso2005')
    expect(toHex(finger.subarray(0, 28))).toBe('464d520020323000000000c000b50200020000c500c501000700' + '5a1b')
    expect(finger.length).toBe(0xc0)
    // Type and position, view and quality, all minutiae, no extended data: as NIST published them.
    expect(toHex(finger.subarray(24))).toBe(toHex(source.subarray(24, 192)))
  })
})
