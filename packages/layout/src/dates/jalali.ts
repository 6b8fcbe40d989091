import { InputError } from '@kart/codec'
import { isLeapJalaaliYear, toGregorian, toJalaali } from 'jalaali-js'
import { toLatinDigits } from '../text/digits.ts'
import { formatIsoDate, parseIsoDate } from './calendar-date.ts'

/**
 * Jalali years that are converted (house rule): 1200..1600, 21 March 1821 to 20 March 2222; wide enough for any registry, inside the range where the
 * equinox rule is beyond doubt but for 1503. Sources differ on its first day: programs with the 33-year rule count 2124-03-20 as 1 Farvardin 1503, while at the
 * equinox of that day (about 08:45 UTC) the sun at Tehran's meridian 52.5 E is already past noon, so that by the law of 1304 (the year begins with the day whose
 * noon follows the equinox) it is 30 Esfand 1502. We follow the law, as jalaali-js (after Borkowski) does.
 */
export const jalaliYears = { first: 1200, last: 1600 } as const

/** A date of the Solar Hijri calendar. */
export interface JalaliDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

function yearInRange(year: number, field: string): void {
  if (!Number.isInteger(year) || year < jalaliYears.first || year > jalaliYears.last)
    throw new InputError(field, `the Jalali year is not ${jalaliYears.first}..${jalaliYears.last}`)
}

/** Whether a Jalali year has 30 Esfand. Throws InputError outside {@link jalaliYears}. */
export function isLeapJalaliYear(year: number): boolean {
  yearInRange(year, 'year')
  return isLeapJalaaliYear(year)
}

/** Days of a Jalali month: 31 in months 1..6, 30 in 7..11, 29 or 30 in Esfand. Throws InputError. */
export function daysInJalaliMonth(year: number, month: number): number {
  if (!Number.isInteger(month) || month < 1 || month > 12) throw new InputError('month', 'is not 1..12')
  if (month === 12) return isLeapJalaliYear(year) ? 30 : 29
  yearInRange(year, 'year')
  return month <= 6 ? 31 : 30
}

/** Reads YYYY-MM-DD or YYYY/MM/DD in Latin, Persian or Arabic digits, one or two for month and day. Throws InputError unless it is a day of the calendar. */
export function parseJalaliDate(text: string, field = 'Jalali date'): JalaliDate {
  const match = /^([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})$/.exec(toLatinDigits(text))
  if (match === null) throw new InputError(field, 'not of the form YYYY-MM-DD or YYYY/MM/DD')
  const date = { year: Number(match[1]), month: Number(match[3]), day: Number(match[4]) }
  yearInRange(date.year, field)
  if (date.month < 1 || date.month > 12) throw new InputError(field, 'the month is not 01..12')
  if (date.day < 1 || date.day > daysInJalaliMonth(date.year, date.month)) throw new InputError(field, 'the day is not one of that month')
  return date
}

/** YYYY-MM-DD in Latin digits. */
export function formatJalaliDate(date: JalaliDate): string {
  return `${date.year}-${String(date.month).padStart(2, '0')}-${String(date.day).padStart(2, '0')}`
}

/** ISO date (YYYY-MM-DD) of a Jalali date. Throws InputError. */
export function jalaliToIso(text: string, field?: string): string {
  const { year, month, day } = parseJalaliDate(text, field)
  const { gy, gm, gd } = toGregorian(year, month, day)
  return formatIsoDate({ year: gy, month: gm, day: gd })
}

/** Jalali date (YYYY-MM-DD, Latin digits) of an ISO date. Throws InputError. */
export function isoToJalali(text: string, field?: string): string {
  const { year, month, day } = parseIsoDate(text, field)
  // 21 March 1821 begins 1200; 20 March 2222 ends 1600.
  if (year < 1821 || year > 2222) throw new InputError(field ?? 'date', `is not in Jalali years ${jalaliYears.first}..${jalaliYears.last}`)
  const { jy, jm, jd } = toJalaali(year, month, day)
  yearInRange(jy, field ?? 'date')
  return formatJalaliDate({ year: jy, month: jm, day: jd })
}
