import { isoToJalali } from '../dates/jalali.ts'
import type { PinPolicy } from '../profile/pin-policy.ts'
import { toLatinDigits } from '../text/digits.ts'

/** What is known of the holder when a PIN is chosen. Personal data: for the check alone, never for a log. */
export interface PinHolder {
  /** National code, document number, phone, postal code: digits are taken, all else is passed over. */
  readonly numbers?: readonly string[]
  /** Date of birth, `YYYY-MM-DD`, Gregorian. */
  readonly birthDate?: string
}

/** Why a PIN is refused; never the PIN. */
export type PinWeakness =
  | 'not-digits'
  | 'length'
  | 'repeat' // 0000..
  | 'run' // 1234.., 4321..
  | 'few-digits' // 001001
  | 'repeated-block' // 257257
  | 'own-number' // a part of the national code or of another number of the holder
  | 'birth-date'
  | 'listed' // a pattern of the keypad

/**
 * Why a policy refuses a PIN, every reason once; none for a PIN that it takes (house rule). Persian and Arabic-Indic digits count as digits. Throws InputError
 * for a date of birth that is none.
 */
export function findPinWeaknesses(pin: string, policy: PinPolicy, holder: PinHolder = {}): readonly PinWeakness[] {
  const digits = toLatinDigits(pin)
  if (!/^[0-9]+$/.test(digits)) return ['not-digits']
  const found: PinWeakness[] = []
  if (digits.length < policy.minLength || digits.length > policy.maxLength) found.push('length')
  if (longest(digits, 0) > policy.longestRepeat) found.push('repeat')
  if (Math.max(longest(digits, 1), longest(digits, 9)) > policy.longestRun) found.push('run')
  if (new Set(digits).size < policy.fewestDifferent) found.push('few-digits')
  if (/^(.{2,})\1+$/.test(digits)) found.push('repeated-block')
  if ((holder.numbers ?? []).some((number) => sharesDigits(digits, number, policy.sharedDigits))) found.push('own-number')
  if (policy.birthDate && holder.birthDate !== undefined && birthForms(holder.birthDate).some((form) => digits.includes(form)))
    found.push('birth-date')
  if (policy.listed.some((pattern) => digits.startsWith(pattern))) found.push('listed')
  return found
}

/** Longest stretch whose neighbours differ by this step, modulo ten. */
function longest(digits: string, step: number): number {
  let best = 1
  let length = 1
  for (let i = 1; i < digits.length; i++) {
    length = (Number(digits[i]) - Number(digits[i - 1]) + 10) % 10 === step ? length + 1 : 1
    best = Math.max(best, length)
  }
  return best
}

function sharesDigits(digits: string, number: string, count: number): boolean {
  const own = toLatinDigits(number).replace(/[^0-9]/g, '')
  const reversed = [...own].reverse().join('')
  for (let i = 0; i + count <= digits.length; i++) {
    const part = digits.slice(i, i + count)
    if (own.includes(part) || reversed.includes(part)) return true
  }
  return false
}

/** The year alone, and the date in the orders people write it in, with the year in two digits and without leading zeros, in both calendars. */
function birthForms(birthDate: string): string[] {
  return [birthDate, isoToJalali(birthDate, 'birthDate')].flatMap((date) => {
    const [year = '', month = '', day = ''] = date.split(/[-/]/)
    const short = year.slice(2)
    const plain = [String(Number(month)), String(Number(day))]
    return [year, ...orders(short, month, day), ...orders(short, ...(plain as [string, string])).filter((form) => form.length >= 5)]
  })
}

function orders(year: string, month: string, day: string): string[] {
  return [year + month + day, day + month + year, month + day + year]
}
