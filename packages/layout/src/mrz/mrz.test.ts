import { readFileSync } from 'node:fs'
import { CardError, DecodeError, InputError, LimitError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mrzCheckDigit } from './check-digit.ts'
import { encodeMrz } from './encode-mrz.ts'
import { type MrzFieldName, mrzLayouts } from './layout.ts'
import { encodeMrzDate, mrzDateProblem, resolveDateOfBirth, resolveDateOfExpiry } from './mrz-date.ts'
import { parseMrz, readMrz } from './read-mrz.ts'

type Expected = Record<string, unknown> & { lines: string[]; badField?: string }
interface Row {
  readonly id: number
  readonly comment: string
  readonly input: { readonly data: string; readonly mrz: string }
  readonly expected: Expected
  readonly result: string
}
const file = JSON.parse(readFileSync(new URL('../../../../test-vectors/bac-sm/mrz.json', import.meta.url), 'utf8'))
const group = (name: string): Row[] => file.groups.find((each: { name: string }) => each.name === name).tests

describe('MRZ vectors', () => {
  it.each(group('check-digit'))('check digit $id: $comment', ({ input, expected }) => {
    expect(mrzCheckDigit(input.data)).toBe(expected.checkDigit)
  })

  it.each(group('document').filter((row) => row.result === 'valid'))('V13 document $id: $comment', ({ input, expected }) => {
    const reading = readMrz(input.mrz)
    for (const [name, value] of Object.entries(expected)) {
      if (name in reading.raw) expect(reading.raw[name as MrzFieldName], name).toBe(value)
    }
    expect(Object.keys(reading.raw).filter((name) => expected[name] === undefined)).toEqual([])
    expect(reading.format).toBe(expected.format)
    expect(reading.lines).toEqual(expected.lines)
    expect(reading.fields.documentNumber).toBe(expected.fullDocumentNumber)
    expect(reading.fields.primaryIdentifier).toBe(expected.surname)
    expect(reading.fields.secondaryIdentifier).toBe(expected.givenNames)
    expect(reading.checks.every((check) => check.valid)).toBe(expected.checkDigitsOk)
    expect(reading.problems).toEqual([])
    expect(parseMrz(expected.lines.join('\n'))).toEqual(reading.fields)
    const { format, documentCode, issuer, documentNumber, dateOfBirth, sex, dateOfExpiry, nationality, optionalData, optionalData2 } =
      reading.fields
    const name = String(expected.name)
    const again = encodeMrz({
      ...{ format, documentCode, issuer, documentNumber, dateOfBirth, sex, dateOfExpiry, nationality, name, optionalData },
      ...(format === 'TD1' ? { optionalData2 } : {}),
    })
    expect(again).toBe(input.mrz)
  })

  it.each(group('document').filter((row) => row.result === 'invalid'))('V13 document $id: $comment', ({ input, expected }) => {
    const reading = readMrz(input.mrz)
    const field = expected.badField === 'optionalData' ? 'optionalData' : expected.badField
    expect(reading.checks.filter((check) => !check.valid).map((check) => check.field)).toContain(field)
    expect(reading.valid).toBe(false)
    expect(() => parseMrz(input.mrz)).toThrow(DecodeError)
  })
})

const td1 = 'I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<'
const td3 = 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10'

/** The zone with one field overwritten, and every check digit over it put right (so that only the field itself is at fault). */
function withField(mrz: string, name: MrzFieldName, value: string): string {
  const reading = readMrz(mrz)
  const layout = mrzLayouts[reading.format]
  const characters = [...mrz]
  const put = (field: MrzFieldName, text: string) => {
    const row = layout.fields.find((each) => each.name === field)!
    for (let i = 0; i < row.length; i++) characters[row.line * layout.lineLength + row.start + i] = text[i]!
  }
  put(name, value)
  const digit = `${name}Check` as MrzFieldName
  if (/^[A-Z0-9<]*$/.test(value)) {
    if (layout.fields.some((row) => row.name === digit)) put(digit, mrzCheckDigit(value))
    const at = (line: number) => characters.slice(line * layout.lineLength, (line + 1) * layout.lineLength).join('')
    if (!name.endsWith('Check'))
      put('compositeCheck', mrzCheckDigit(layout.composite.map(([line, start, end]) => at(line).slice(start, end)).join('')))
  }
  return characters.join('')
}

describe('V13 what a verifier must see in DG1', () => {
  // Columns: zone, field, value, problem (line, position, words) or undefined where the standard allows the value.
  it.each<[string, string, MrzFieldName, string, [number, number, string] | undefined]>([
    ['document code of no TD1', td1, 'documentCode', 'P<', [1, 1, 'no document code of TD1']],
    ['document code a digit', td1, 'documentCode', '1<', [1, 1, 'not one or two letters']],
    ['issuing State missing', td1, 'issuer', '<<<', [1, 3, 'issuing State']],
    ['issuing State with a digit', td1, 'issuer', 'U70', [1, 3, 'issuing State']],
    ['issuing State of one letter', td1, 'issuer', 'D<<', undefined],
    ['document number missing', td1, 'documentNumber', '<<<<<<<<<', [1, 6, 'document number']],
    ['document number in lower case', td1, 'documentNumber', 'd23145890', [1, 6, 'not one of A-Z']],
    ['document number with inner filler', td1, 'documentNumber', 'AB<145890', undefined],
    ['date of birth unknown', td1, 'dateOfBirth', '<<<<<<', undefined],
    ['day of birth unknown', td1, 'dateOfBirth', '7408<<', undefined],
    ['month and day of birth unknown', td1, 'dateOfBirth', '74<<<<', undefined],
    ['year of birth unknown', td1, 'dateOfBirth', '<<0812', undefined],
    ['half a filler in the date of birth', td1, 'dateOfBirth', '740<12', [2, 3, 'neither two digits nor <<']],
    ['letters in the date of birth', td1, 'dateOfBirth', '74AU12', [2, 3, 'neither two digits nor <<']],
    ['month of birth 13', td1, 'dateOfBirth', '741312', [2, 3, 'month']],
    ['month of birth 00', td1, 'dateOfBirth', '740012', [2, 3, 'month']],
    ['30 February', td1, 'dateOfBirth', '740230', [2, 5, 'day']],
    ['29 February of no leap year', td1, 'dateOfBirth', '750229', [2, 5, 'day']],
    ['29 February of a leap year', td1, 'dateOfBirth', '760229', undefined],
    ['sex unspecified', td1, 'sex', '<', undefined],
    ['sex X', td1, 'sex', 'X', [2, 8, 'sex']],
    ['date of expiry unknown', td1, 'dateOfExpiry', '<<<<<<', [2, 9, 'not two digits']],
    ['day of expiry 32', td1, 'dateOfExpiry', '121232', [2, 13, 'day']],
    ['nationality missing', td1, 'nationality', '<<<', [2, 16, 'nationality']],
    ['digit in the name', td1, 'name', 'ERIKSSON<<ANNA<MAR1A<<<<<<<<<<', [3, 1, 'words of letters']],
    ['three fillers inside the name', td1, 'name', 'ERIKSSON<<<ANNA<MARIA<<<<<<<<<', [3, 1, 'words of letters']],
    ['name missing', td1, 'name', '<'.repeat(30), [3, 1, 'words of letters']],
    ['name that begins with a filler', td1, 'name', '<ERIKSSON<<ANNA<MARIA<<<<<<<<<', [3, 1, 'words of letters']],
    ['one name only', td1, 'name', 'ARKFREITH<<<<<<<<<<<<<<<<<<<<<', undefined],
    ['lower case in the name', td1, 'name', 'Eriksson<<Anna<Maria<<<<<<<<<<', [3, 2, 'not one of A-Z']],
    ['a letter for a check digit', td1, 'dateOfBirthCheck', 'Z', [2, 7, 'not a digit']],
    ['a filler for the composite check digit', td1, 'compositeCheck', '<', [2, 30, 'not a digit']],
    ['a filler for the number check digit, no overflow', td1, 'documentNumberCheck', '<', [1, 15, 'neither a check digit nor an overflow']],
    ['optional data in use', td1, 'optionalData2', 'AB12<<<<<<<', undefined],
    ['space in optional data', td1, 'optionalData1', 'AB 12<<<<<<<<<<', [1, 18, 'not one of A-Z']],
    ['TD3: document code of an identity card', td3, 'documentCode', 'I<', [1, 1, 'no document code of TD3']],
    ['TD3: empty optional data, digit 0', td3, 'optionalData', '<<<<<<<<<<<<<<', undefined],
    ['TD3: long document number', td3, 'documentNumberCheck', '<', [2, 10, 'neither a check digit nor an overflow']],
  ])('V13 %s', (_what, mrz, field, value, problem) => {
    const changed = withField(mrz, field, value)
    const reading = readMrz(changed)
    expect(reading.raw[field]).toBe(value)
    if (problem === undefined) {
      expect(reading.problems).toEqual([])
      expect(reading.checks.filter((check) => !check.valid)).toEqual([])
      expect(parseMrz(changed)).toEqual(reading.fields)
      return
    }
    const [line, position, words] = problem
    expect(reading.problems).toContainEqual({ field, line, position, message: expect.stringContaining(words) })
    expect(reading.valid).toBe(false)
    expect(() => parseMrz(changed)).toThrow(`line ${line}, position ${position}: `)
  })

  it('V13 each wrong check digit is reported by field, line and position, with what was expected', () => {
    const digits = { documentNumber: [1, 15], dateOfBirth: [2, 7], dateOfExpiry: [2, 15], composite: [2, 30] } as const
    for (const [field, [line, position]] of Object.entries(digits)) {
      const at = (line - 1) * 30 + position - 1
      const wrong = String((Number(td1[at]) + 1) % 10)
      const reading = readMrz(td1.slice(0, at) + wrong + td1.slice(at + 1))
      expect(reading.checks.find((check) => check.field === field)).toEqual({
        field,
        line,
        position,
        found: wrong,
        expected: td1[at],
        valid: false,
      })
      expect(reading.problems).toEqual([])
    }
  })

  it('V13 the digit of a long document number is checked where it stands', () => {
    const long = encodeMrz({
      format: 'TD1',
      documentCode: 'I',
      issuer: 'IRN',
      documentNumber: 'D231458907342',
      dateOfBirth: '740812',
      sex: 'F',
      dateOfExpiry: '120415',
      nationality: 'IRN',
      name: 'A<<B',
    })
    expect(readMrz(long).fields.documentNumber).toBe('D231458907342')
    const at = long.indexOf('<', 15)
    const wrong = long.slice(0, at - 1) + String((Number(long[at - 1]) + 5) % 10) + long.slice(at)
    expect(readMrz(wrong).checks[0]).toMatchObject({ field: 'documentNumber', line: 1, position: at, valid: false })
  })

  it('V13 a length of no format is refused, and a very long text at once', () => {
    for (const length of [0, 29, 71, 73, 87, 89, 91]) expect(() => readMrz('<'.repeat(length))).toThrow(`${length} characters; TD1 has 90`)
    expect(() => readMrz('<'.repeat(101))).toThrow(LimitError)
    expect(readMrz(`${td1.slice(0, 30)}\r\n${td1.slice(30, 60)}\n${td1.slice(60)}\n`).valid).toBe(true)
  })

  it('V13 no text makes the readers throw anything but their own errors', () => {
    const characters = fc.string({ unit: fc.constantFrom(...'AZ09<< é\u0000٣'), minLength: 90, maxLength: 90 })
    fc.assert(
      fc.property(fc.oneof(characters, fc.string({ maxLength: 120 })), (text) => {
        for (const read of [readMrz, parseMrz]) {
          try {
            read(text)
          } catch (error) {
            expect(error).toBeInstanceOf(CardError)
          }
        }
      }),
    )
  })
})

describe('encodeMrz', () => {
  const good = {
    format: 'TD1',
    documentCode: 'I<',
    issuer: 'UTO',
    documentNumber: 'D23145890',
    dateOfBirth: '740812',
    sex: 'F',
    dateOfExpiry: '120415',
    nationality: 'UTO',
    name: 'ERIKSSON<<ANNA<MARIA',
  } as const

  it('writes the sample of Doc 9303-5', () => expect(encodeMrz(good)).toBe(td1))

  it.each([
    ['documentCode', { documentCode: 'P' }],
    ['issuer', { issuer: 'UTOP' }],
    ['issuer', { issuer: 'ut' }],
    ['MRZ', { dateOfBirth: '741312' }],
    ['MRZ', { dateOfExpiry: '74<<<<' }],
    ['MRZ', { name: '' }],
    ['name', { name: 'A'.repeat(31) }],
    ['documentNumber', { documentNumber: 'A23456789-1' }],
    ['optionalData1', { documentNumber: 'A23456789012345678901234' }],
    ['optionalData2', { format: 'TD2', optionalData2: '' }],
    ['documentNumber', { format: 'TD3', documentCode: 'P', documentNumber: 'A234567890' }],
  ] as const)('refuses %s %j', (field, change) => {
    const content = { ...good, ...change } as Parameters<typeof encodeMrz>[0]
    expect(() => encodeMrz(content)).toThrow(InputError)
    expect(() => encodeMrz(content)).toThrow(field === 'documentCode' ? 'MRZ' : field)
  })
})

describe('V13 two-digit years', () => {
  it.each([
    ['740812', '2026-11-22', { year: 1974, month: 8, day: 12 }],
    ['261122', '2026-11-22', { year: 2026, month: 11, day: 22 }],
    ['261123', '2026-11-22', { year: 1926, month: 11, day: 23 }],
    ['000229', '2026-11-22', { year: 2000, month: 2, day: 29 }],
    ['000229', '2126-11-22', { year: 2000, month: 2, day: 29 }], // 2100 has no 29 February
    ['7408<<', '2026-11-22', { year: 1974, month: 8 }],
    ['26<<<<', '2026-11-22', { year: 2026 }],
    ['27<<<<', '2026-11-22', { year: 1927 }],
    ['<<0812', '2026-11-22', undefined],
  ] as const)('V13 date of birth %s at %s', (text, reference, date) => expect(resolveDateOfBirth(text, reference)).toEqual(date))

  it.each([
    ['361121', '2026-11-22', 2036],
    ['201121', '2026-11-22', 2020],
    ['760101', '2026-11-22', 1976],
    ['751231', '2026-11-22', 2075],
    ['950712', '2026-11-22', 1995],
    ['050101', '1999-01-01', 2005],
  ] as const)('V13 date of expiry %s at %s', (text, reference, year) => expect(resolveDateOfExpiry(text, reference).year).toBe(year))

  it('V13 refuses what is no date', () => {
    expect(() => resolveDateOfExpiry('<<0101', '2026-11-22')).toThrow(InputError)
    expect(() => resolveDateOfBirth('741301', '2026-11-22')).toThrow(InputError)
    expect(() => resolveDateOfBirth('740101', '22.11.2026')).toThrow(InputError)
    expect(() => resolveDateOfExpiry('3611', '2026-11-22')).toThrow(InputError)
    expect(mrzDateProblem('740812', false)).toBeUndefined()
    expect(encodeMrzDate({ year: 1974, month: 8 })).toBe('7408<<')
    expect(encodeMrzDate({ year: 2005, month: 1, day: 9 })).toBe('050109')
  })
})
