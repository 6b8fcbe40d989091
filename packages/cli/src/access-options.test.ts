import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CardError } from '@kart/codec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AccessOptions, accessKeyOf } from './access-options.ts'
import { mrzDate } from './date-option.ts'

// The specimens of Doc 9303-5 and 9303-4, 8th ed.
const lines = ['I<UTOD231458907<<<<<<<<<<<<<<<', '7408122F1204159UTO<<<<<<<<<<<6', 'ERIKSSON<<ANNA<MARIA<<<<<<<<<<']
const zone = lines.join('')
const key = { documentNumber: 'D23145890', dateOfBirth: '740812', dateOfExpiry: '120415' }
const td3 = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10'

function refusalOf(options: AccessOptions): CardError {
  try {
    accessKeyOf(options)
  } catch (error) {
    if (error instanceof CardError) return error
    throw error
  }
  throw new Error('accepted')
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kart-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('accessKeyOf, --mrz', () => {
  it.each([
    ['one line', zone],
    ['three lines', lines.join('\n')],
    ['three lines of Windows', `${lines.join('\r\n')}\r\n`],
    ['three words', lines.join(' ')],
    ['written line ends', lines.join('\\n')],
    ['space around it', `  ${zone}\t`],
    ['lower case', zone.toLowerCase()],
  ])('takes a zone as %s', (_name, mrz) => expect(accessKeyOf({ mrz })).toEqual({ ...key, zone }))

  it('takes a passport', () => {
    expect(accessKeyOf({ mrz: td3 })).toEqual({ documentNumber: 'L898902C3', dateOfBirth: '740812', dateOfExpiry: '120415', zone: td3 })
  })

  it('reads a file that holds the zone', () => {
    const file = join(folder, 'zone.txt')
    writeFileSync(file, `${lines.join('\r\n')}\r\n`)
    expect(accessKeyOf({ mrz: file })).toEqual({ ...key, zone })
  })

  it.each([
    ['documentNumber', zone.replace('D231458907', 'D231458917')],
    ['dateOfBirth', zone.replace('7408122F', '7408123F')],
    ['dateOfExpiry', zone.replace('1204159U', '1204158U')],
    ['composite', zone.replace('<<<6ERI', '<<<7ERI')],
  ])('refuses a wrong check digit and names only the field: %s', (field, mrz) => {
    const error = refusalOf({ mrz })
    expect(error.code).toBe('input')
    expect(error.message).toContain(field)
    for (const secret of ['D2314589', '7408', '1204', 'ERIKSSON']) expect(error.message).not.toContain(secret)
  })

  it('hands on the whole zone, so that every character is held against the chip', () => {
    const other = zone.replace('ANNA', 'EMMA')
    expect(accessKeyOf({ mrz: other })).toEqual({ ...key, zone: other })
  })

  it.each(['', '   ', '<', zone.slice(1), `${zone}<`, `${zone}${zone}`, 'A'.repeat(100_000)])('refuses what is no zone: case %#', (mrz) => {
    const error = refusalOf({ mrz })
    expect(error.code).toBe('input')
    expect(error.message).toMatch(/^--mrz: /)
  })

  it('refuses both ways at once, and neither', () => {
    expect(refusalOf({ mrz: zone, dob: '740812' }).message).toContain('either')
    expect(refusalOf({}).message).toContain('--mrz, or --docno')
    expect(refusalOf({ docno: 'D23145890', dob: '740812' }).message).toContain('--doe')
  })
})

describe('accessKeyOf, --docno, --dob and --doe', () => {
  it.each([
    ['short dates', 'D23145890', '740812', '120415'],
    ['space and lower case', ' d23145890 ', ' 740812', '120415 '],
    ['fillers behind the number', 'D23145890<<', '740812', '120415'],
  ])('takes %s', (_name, docno, dob, doe) => expect(accessKeyOf({ docno, dob, doe })).toEqual(key))

  it.each([
    ['with hyphens', '1974-08-12', '2012-04-15'],
    ['without', '19740812', '20120415'],
  ])('keeps the century of ISO dates %s', (_name, dob, doe) =>
    expect(accessKeyOf({ docno: 'D23145890', dob, doe })).toEqual({
      ...key,
      fullDateOfBirth: '1974-08-12',
      fullDateOfExpiry: '2012-04-15',
    }),
  )

  it.each(['', '<', 'ß', 'D-1', 'D 1', '۱۲۳', 'D'.repeat(23)])('refuses the number %j', (docno) => {
    expect(refusalOf({ docno, dob: '740812', doe: '120415' }).message).toMatch(/^--docno: letters/)
  })
})

describe('mrzDate', () => {
  it('keeps unknown parts of a date of birth', () => {
    expect(mrzDate('74<<<<', '--dob')).toBe('74<<<<')
    expect(mrzDate('<<<<<<', '--dob')).toBe('<<<<<<')
  })

  it.each([
    ['12.08.1974', 'not a date'],
    ['1974-8-12', 'not a date'],
    ['1974-0812', 'not a date'],
    ['', 'not a date'],
    ['7<0812', 'not a date'],
    ['۷۴۰۸۱۲', 'Latin digits'],
    ['1974-13-12', 'month'],
    ['1974-02-30', 'day'],
    ['741312', 'month'],
    ['740800', 'day'],
    ['740832', 'day'],
    ['1353-05-21', 'Gregorian'],
  ])('refuses %s', (text, words) => {
    expect(() => mrzDate(text, '--dob')).toThrow(words)
    expect(() => mrzDate(text, '--dob')).toThrow(/^--dob: /)
  })
})
