import { InputError } from '@kart/codec'
import { parseIsoDate } from '@kart/layout'

const form = 'YYMMDD or YYYY-MM-DD'

/**
 * A printed date as the six characters of the machine-readable zone. Unknown months and days stand as fillers in the short form (Doc 9303-3, 8th ed., 4.8).
 * A year before 1900 is refused: it is the Jalali date from the card's face. Throws InputError that names `option` and never the date.
 */
export function mrzDate(text: string, option: string): string {
  const trimmed = text.trim()
  // The card's face has the Jalali date in Persian digits; turning the digits alone would make another day of it.
  if (/[\u0660-\u0669\u06f0-\u06f9]/.test(trimmed))
    throw new InputError(option, `give the Gregorian date of the machine-readable zone in Latin digits, ${form}`)
  if (/^\d{8}$|^\d{4}-\d{2}-\d{2}$/.test(trimmed)) {
    const digits = trimmed.replaceAll('-', '')
    const { year } = parseIsoDate(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`, option)
    if (year < 1900) throw new InputError(option, `not a Gregorian date: give the one of the machine-readable zone, ${form}`)
    return digits.slice(2)
  }
  const short = /^(\d\d|<<)(\d\d|<<)(\d\d|<<)$/.exec(trimmed)
  if (short === null) throw new InputError(option, `not a date: ${form}`)
  const [, , month = '', day = ''] = short
  if (month !== '<<' && (month < '01' || month > '12')) throw new InputError(option, 'the month is not 01..12')
  if (day !== '<<' && (day < '01' || day > '31')) throw new InputError(option, 'the day is not 01..31')
  return trimmed
}

/** The same date with its century, YYYY-MM-DD; undefined where it was typed without one. */
export function fullDate(text: string): string | undefined {
  const digits = text.trim().replaceAll('-', '')
  return /^\d{8}$/.test(digits) ? `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}` : undefined
}

/** A day of the calendar, YYYY-MM-DD; today in UTC where none is given. Throws InputError that names `option`. */
export function isoDay(text: string | undefined, option: string): string {
  if (text === undefined) return new Date().toISOString().slice(0, 10)
  parseIsoDate(text, option)
  return text
}

/** The moment that --at names; the present one where it names none. Throws InputError. */
export function momentNamed(text: string | undefined): Date {
  if (text === undefined) return new Date()
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime())) throw new InputError('--at', 'not a time: for instance 2026-11-22 or 2026-11-22T10:00:00Z')
  return moment
}
