import { readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { formatCompactDate, formatIsoDate, parseCompactDate, parseIsoDate } from './calendar-date.ts'
import { daysInJalaliMonth, isLeapJalaliYear, isoToJalali, jalaliToIso, parseJalaliDate } from './jalali.ts'

interface Row {
  readonly id: number
  readonly input: { readonly jalaliYear: number; readonly jalali: string; readonly gregorian: string }
  readonly expected: {
    readonly leap: boolean
    readonly nowruz: string
    readonly lastDay: string
    readonly gregorian: string
    readonly jalaaliJs: string
    readonly intl: string
  }
}
const file = JSON.parse(readFileSync(new URL('../../../../test-vectors/national/jalali.json', import.meta.url), 'utf8'))
const group = (name: string): Row[] => file.groups.find((each: { name: string }) => each.name === name).tests

describe('Jalali calendar', () => {
  it('N04 every vector year: leap, first day, last day, both ways', () => {
    const rows = group('years')
    expect(rows.length).toBe(181)
    for (const { input, expected } of rows) {
      const last = `${input.jalaliYear}-12-${expected.leap ? 30 : 29}`
      expect(isLeapJalaliYear(input.jalaliYear), String(input.jalaliYear)).toBe(expected.leap)
      expect(jalaliToIso(`${input.jalaliYear}-01-01`)).toBe(expected.nowruz)
      expect(isoToJalali(expected.nowruz)).toBe(`${input.jalaliYear}-01-01`)
      expect(jalaliToIso(last)).toBe(expected.lastDay)
      expect(isoToJalali(expected.lastDay)).toBe(last)
    }
  })

  it.each(group('dates'))('N04 date $id: $input.jalali', ({ input, expected }) => {
    expect(jalaliToIso(input.jalali)).toBe(expected.gregorian)
    expect(isoToJalali(expected.gregorian)).toBe(input.jalali)
  })

  it.each(group('invalid-dates'))('N04 invalid $id: $input.jalali', ({ input }) =>
    expect(() => jalaliToIso(input.jalali)).toThrow(InputError),
  )

  it('N04 the disputed day of 2124 follows the equinox rule: 30 Esfand 1502', () => {
    const [row] = group('disputed')
    expect(isoToJalali(row!.input.gregorian)).toBe(row!.expected.jalaaliJs)
    expect(jalaliToIso(row!.expected.jalaaliJs)).toBe(row!.input.gregorian)
    expect(isoToJalali('2124-03-21')).toBe('1503-01-01')
  })

  it('N04 leap days of 1399, 1403 and 1408; months of 31 and 30 days; no summer-time day is lost', () => {
    for (const year of [1399, 1403, 1408]) expect(daysInJalaliMonth(year, 12)).toBe(30)
    for (const year of [1400, 1402, 1404, 1407]) expect(daysInJalaliMonth(year, 12)).toBe(29)
    expect(Array.from({ length: 11 }, (_, i) => daysInJalaliMonth(1405, i + 1))).toEqual([31, 31, 31, 31, 31, 31, 30, 30, 30, 30, 30])
    // Clocks went forward at the start of 2 Farvardin, back at the end of 30 Shahrivar.
    expect(isoToJalali('2022-03-22')).toBe('1401-01-02')
    expect(isoToJalali('2022-09-21')).toBe('1401-06-30')
    expect(isoToJalali('2022-09-22')).toBe('1401-06-31')
  })

  it('N04 every day of 1300..1480 follows the one before it, both ways', () => {
    let [year, month, day] = [1300, 1, 1]
    const date = new Date(Date.UTC(1921, 2, 21))
    for (; year <= 1480; date.setUTCDate(date.getUTCDate() + 1)) {
      const iso = date.toISOString().slice(0, 10)
      const jalali = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
      if (isoToJalali(iso) !== jalali || jalaliToIso(jalali) !== iso) expect.fail(`${iso} ${jalali}`)
      if (day < daysInJalaliMonth(year, month)) day++
      else if (month < 12) [month, day] = [month + 1, 1]
      else [year, month, day] = [year + 1, 1, 1]
    }
  })

  it('Persian digits and slashes are read', () => {
    expect(jalaliToIso('۱۴۰۳/۱۲/۳۰')).toBe('2025-03-20')
    expect(parseJalaliDate('1403/1/9')).toEqual({ year: 1403, month: 1, day: 9 })
  })

  it.each(['1403-12/30', '403-12-30', '1199-12-29', '1601-01-01', '1403-1-', '', '1403-12-30 '])('refuses %j', (text) =>
    expect(() => parseJalaliDate(text, 'holder.dateOfBirth')).toThrow('holder.dateOfBirth: '),
  )

  it.each(['1820-12-31', '1821-03-20', '2223-01-01', '2222-03-21', '2025-02-29', '2025-13-01', '25-01-01'])('refuses ISO %j', (text) =>
    expect(() => isoToJalali(text)).toThrow(InputError),
  )
})

describe('calendar dates', () => {
  it.each([
    ['19740812', { year: 1974, month: 8, day: 12 }, '19740812', '1974-08-12'],
    ['19740800', { year: 1974, month: 8 }, '19740800', '1974-08'],
    ['197408<<', { year: 1974, month: 8 }, '19740800', '1974-08'],
    ['1974XXXX', { year: 1974 }, '19740000', '1974'],
    ['20000229', { year: 2000, month: 2, day: 29 }, '20000229', '2000-02-29'],
  ])('N04 compact %s', (text, date, compact, iso) => {
    expect(parseCompactDate(text)).toEqual(date)
    expect(formatCompactDate(date)).toBe(compact)
    expect(formatIsoDate(date)).toBe(iso)
  })

  it.each(['19740012', '19741301', '19000229', '1974081', '00000101', '1974-8-12', '197408<2'])('N04 compact %s is refused', (text) =>
    expect(() => parseCompactDate(text)).toThrow(InputError),
  )

  it('N04 ISO dates are complete and real', () => {
    expect(parseIsoDate('2024-02-29')).toEqual({ year: 2024, month: 2, day: 29 })
    for (const text of ['2023-02-29', '2024-04-31', '2024-00-10', '2024-1-1', '0000-01-01'])
      expect(() => parseIsoDate(text)).toThrow(InputError)
    expect(() => formatIsoDate({ year: 2024, day: 3 })).toThrow('a day without a month')
  })
})
