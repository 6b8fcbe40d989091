import { InputError } from '@kart/codec'
import type { CalendarDate } from '../dates/calendar-date.ts'
import { daysInMonth, parseIsoDate } from '../dates/calendar-date.ts'

/** What is wrong with a YYMMDD field, and where in it (0-based); `unknownParts` allows `<<` for any part (Doc 9303-3, 8th ed., 4.8: date of birth only). */
export function mrzDateProblem(text: string, unknownParts: boolean): { offset: number; message: string } | undefined {
  for (const offset of [0, 2, 4]) {
    const part = text.slice(offset, offset + 2)
    if (unknownParts && part === '<<') continue
    if (!/^[0-9]{2}$/.test(part))
      return { offset, message: unknownParts ? 'the date part is neither two digits nor <<' : 'the date part is not two digits' }
  }
  const month = text.slice(2, 4)
  const day = text.slice(4, 6)
  if (month !== '<<' && (Number(month) < 1 || Number(month) > 12)) return { offset: 2, message: 'the month is not 01..12' }
  if (day === '<<') return undefined
  // With the century open, 29 February stands in any year that may be a leap year: divisible by four, 00 included.
  const year = text.slice(0, 2) === '<<' ? 2000 : 2000 + Number(text.slice(0, 2))
  const last = month === '<<' ? 31 : daysInMonth(year, Number(month))
  if (Number(day) < 1 || Number(day) > last) return { offset: 4, message: 'the day is not one of that month' }
  return undefined
}

/** YYMMDD of a date, unknown month or day as `<<` (Doc 9303-3, 8th ed., 4.8); a year of undefined is `<<` too. */
export function encodeMrzDate(date: CalendarDate): string {
  const part = (value: number | undefined) => (value === undefined ? '<<' : String(value % 100).padStart(2, '0'))
  return part(date.year) + part(date.month) + part(date.day)
}

function parts(
  text: string,
  field: string,
  unknownParts: boolean,
): { yy: number | undefined; month: number | undefined; day: number | undefined } {
  const problem = text.length === 6 ? mrzDateProblem(text, unknownParts) : { offset: 0, message: 'not six characters' }
  if (problem !== undefined) throw new InputError(field, problem.message)
  const part = (offset: number) => (text.slice(offset, offset + 2) === '<<' ? undefined : Number(text.slice(offset, offset + 2)))
  return { yy: part(0), month: part(2), day: part(4) }
}

function dateOf(year: number, month: number | undefined, day: number | undefined): CalendarDate {
  return { year, ...(month === undefined ? {} : { month }), ...(day === undefined ? {} : { day }) }
}

/** Whether the date can still be on or before `reference` (unknown parts counted as the earliest). */
function notAfter(date: CalendarDate, reference: CalendarDate): boolean {
  const key = (each: CalendarDate) => each.year * 10_000 + (each.month ?? 1) * 100 + (each.day ?? 1)
  return key(date) <= key(reference)
}

/**
 * The date of birth behind YYMMDD: the latest year that is not after `reference` (house rule; a holder of 100 years or more needs the full date of DG11).
 * `reference`: ISO date, as a rule today or the date of reading. Undefined when the year is unknown. Throws InputError.
 */
export function resolveDateOfBirth(text: string, reference: string): CalendarDate | undefined {
  const { yy, month, day } = parts(text, 'date of birth', true)
  if (yy === undefined) return undefined
  const now = parseIsoDate(reference, 'reference date')
  const century = now.year - (now.year % 100)
  // 29 February of a century year that is no leap year falls back with the rest.
  for (const year of [century + yy, century - 100 + yy, century - 200 + yy]) {
    const real = month === undefined || day === undefined || day <= daysInMonth(year, month)
    const date = dateOf(year, month, day)
    if (real && notAfter(date, now)) return date
  }
  throw new InputError('date of birth', 'is no day of the calendar in any century')
}

/**
 * The date of expiry behind YYMMDD: the year nearest to `reference`, from 50 years before to 49 years after it (house rule: documents run ten years or so, and an
 * old one must not look as if it were still to expire). `reference`: ISO date. Throws InputError.
 */
export function resolveDateOfExpiry(text: string, reference: string): CalendarDate {
  const { yy, month, day } = parts(text, 'date of expiry', false)
  const now = parseIsoDate(reference, 'reference date')
  const first = now.year - 50
  const year = first + ((((yy! - first) % 100) + 100) % 100)
  if (day! > daysInMonth(year, month!)) throw new InputError('date of expiry', 'is no day of the calendar')
  return dateOf(year, month, day)
}
