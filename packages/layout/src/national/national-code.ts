import { InputError } from '@kart/codec'
import { toLatinDigits } from '../text/digits.ts'

/** What an intake form forgives; the check digit itself is never forgiven. */
export interface NationalCodePolicy {
  /** 8 or 9 digits (a number column dropped the leading zeros): padded to 10, or refused. */
  readonly short: 'pad' | 'refuse'
  /** Hyphens between groups (999-007919-6): passed over, or refused. */
  readonly hyphens: 'ignore' | 'refuse'
}

/** For what people and spreadsheets send. */
export const intakeNationalCode = { short: 'pad', hyphens: 'ignore' } as const satisfies NationalCodePolicy
/** For what a card or a signed file holds: exactly ten digits. */
export const strictNationalCode = { short: 'refuse', hyphens: 'refuse' } as const satisfies NationalCodePolicy

/**
 * Check digit of a national code: weights 10..2 over the nine first digits, r = sum mod 11, the digit is r where r < 2, else 11 - r.
 * The much copied "sum over ten digits mod 11 = 0" refuses every good code with r = 1. Throws InputError unless `firstNine` is nine digits.
 */
export function nationalCodeCheckDigit(firstNine: string): number {
  if (!/^[0-9]{9}$/.test(firstNine)) throw new InputError('national code', 'needs nine digits before the check digit')
  let sum = 0
  for (let i = 0; i < 9; i++) sum += (firstNine.charCodeAt(i) - 0x30) * (10 - i)
  const remainder = sum % 11
  return remainder < 2 ? remainder : 11 - remainder
}

/**
 * The ten Latin digits of an Iranian national code, with its check digit proved. Persian and Arabic-Indic digits are accepted; ten equal digits and six zeros
 * in the middle are refused though their check digit may fit. The code finds errors, it does not correct them. Throws InputError; the message never repeats it.
 */
export function parseNationalCode(text: string, policy: NationalCodePolicy = intakeNationalCode, field = 'national code'): string {
  const folded = toLatinDigits(text)
  const bare = policy.hyphens === 'ignore' ? folded.replace(/(?<=[0-9])-(?=[0-9])/g, '') : folded
  const odd = bare.search(/[^0-9]/)
  if (odd >= 0) throw new InputError(field, `character ${odd + 1} is not a digit`)
  if (bare.length < 8 || bare.length > 10) throw new InputError(field, `has ${bare.length} digits, not ten`)
  if (bare.length < 10 && policy.short === 'refuse') throw new InputError(field, `has ${bare.length} digits; leading zeros are missing`)
  const code = bare.padStart(10, '0')
  if (/^([0-9])\1{9}$/.test(code)) throw new InputError(field, 'all digits are equal')
  if (code.slice(3, 9) === '000000') throw new InputError(field, 'the six middle digits are zero')
  if (nationalCodeCheckDigit(code.slice(0, 9)) !== code.charCodeAt(9) - 0x30) throw new InputError(field, 'the check digit is wrong')
  return code
}

/** Whether {@link parseNationalCode} accepts the text. */
export function isNationalCode(text: string, policy: NationalCodePolicy = intakeNationalCode): boolean {
  try {
    parseNationalCode(text, policy)
    return true
  } catch {
    return false
  }
}
