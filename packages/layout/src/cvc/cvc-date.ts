import { DecodeError, InputError } from '@kart/codec'
import { daysInMonth, formatIsoDate, parseIsoDate } from '../dates/calendar-date.ts'

/** Codes a date 2000-01-01..2099-12-31 (`YYYY-MM-DD`) as six unpacked BCD digits YYMMDD (BSI TR-03110-3 v2.21, D.2.1.3). Throws InputError. */
export function encodeCvcDate(date: string, field = 'date'): Uint8Array {
  const { year } = parseIsoDate(date, field)
  if (year < 2000 || year > 2099) throw new InputError(field, 'not in the years 2000 to 2099')
  return Uint8Array.from(date.slice(2).replaceAll('-', ''), Number)
}

/** The date in six unpacked BCD digits, as `YYYY-MM-DD`. `what` names it in errors. Throws DecodeError. */
export function decodeCvcDate(bytes: Uint8Array, what = 'date'): string {
  if (bytes.length !== 6) throw new DecodeError(what, `${bytes.length} bytes where 6 are expected`)
  if (bytes.some((digit) => digit > 9)) throw new DecodeError(what, 'a byte that is not a decimal digit')
  const [year, month, day] = [0, 2, 4].map((at) => bytes[at]! * 10 + bytes[at + 1]!) as [number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(2000 + year, month)) throw new DecodeError(what, 'not a day of the calendar')
  return formatIsoDate({ year: 2000 + year, month, day })
}
