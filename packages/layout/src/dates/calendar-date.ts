import { InputError } from '@kart/codec'

/**
 * A Gregorian date of which month, or day, may be unknown (Doc 9303-3, 8th ed., 4.8 allows it for dates of birth). A day without a month does not occur.
 */
export interface CalendarDate {
  readonly year: number
  /** 1..12; absent = unknown. */
  readonly month?: number
  /** 1..31; absent = unknown. */
  readonly day?: number
}

/** Whether a Gregorian year has 29 February. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Days of a Gregorian month, 1..12. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function checked(date: CalendarDate, field: string): CalendarDate {
  if (!Number.isInteger(date.year) || date.year < 1 || date.year > 9999) throw new InputError(field, 'the year is not 0001..9999')
  if (date.month === undefined) {
    if (date.day !== undefined) throw new InputError(field, 'a day without a month')
    return date
  }
  if (!Number.isInteger(date.month) || date.month < 1 || date.month > 12) throw new InputError(field, 'the month is not 01..12')
  if (date.day === undefined) return date
  if (!Number.isInteger(date.day) || date.day < 1 || date.day > daysInMonth(date.year, date.month))
    throw new InputError(field, 'the day is not one of that month')
  return date
}

/** A complete ISO 8601 date, YYYY-MM-DD. Throws InputError when it is malformed or no day of the calendar. */
export function parseIsoDate(text: string, field = 'date'): Required<CalendarDate> {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text)
  if (match === null) throw new InputError(field, 'not of the form YYYY-MM-DD')
  const date = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }
  checked(date, field)
  return date
}

/** YYYY-MM-DD; YYYY-MM or YYYY where parts are unknown (ISO 8601-1:2019, 5.2.2). Throws InputError. */
export function formatIsoDate(date: CalendarDate): string {
  checked(date, 'date')
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  return [
    pad(date.year, 4),
    ...(date.month === undefined ? [] : [pad(date.month, 2)]),
    ...(date.day === undefined ? [] : [pad(date.day, 2)]),
  ].join('-')
}

/**
 * Eight characters YYYYMMDD as data groups 11 and 12 hold them; an unknown month or day is `00`, `<<` or `XX` on reading. Throws InputError.
 */
export function parseCompactDate(text: string, field = 'date'): CalendarDate {
  const match = /^([0-9]{4})([0-9]{2}|<<|XX)([0-9]{2}|<<|XX)$/.exec(text)
  if (match === null) throw new InputError(field, 'not of the form YYYYMMDD')
  const part = (digits: string) => (/^(00|<<|XX)$/.test(digits) ? undefined : Number(digits))
  const month = part(match[2]!)
  const day = part(match[3]!)
  return checked({ year: Number(match[1]), ...(month === undefined ? {} : { month }), ...(day === undefined ? {} : { day }) }, field)
}

/** YYYYMMDD with `00` for an unknown month or day (house rule: data group 11 codes the field in digits). Throws InputError. */
export function formatCompactDate(date: CalendarDate): string {
  checked(date, 'date')
  const pad = (value: number | undefined, width: number) => String(value ?? 0).padStart(width, '0')
  return pad(date.year, 4) + pad(date.month, 2) + pad(date.day, 2)
}
