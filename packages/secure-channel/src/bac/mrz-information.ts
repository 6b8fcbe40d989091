import { InputError } from '@kart/codec'

/** What is printed on the document and opens its chip. */
export interface MrzInformationInput {
  /** The whole document number, also where the MRZ continues it in the optional data field; A-Z, 0-9 and `<`. */
  readonly documentNumber: string
  /** YYMMDD, `<` where a digit is unknown. */
  readonly dateOfBirth: string
  /** YYMMDD. */
  readonly dateOfExpiry: string
}

const weights = [7, 3, 1] as const

/** The check digit of an MRZ field (Doc 9303-3, 8th ed., 4.9). */
function checkDigit(field: string): string {
  let sum = 0
  for (let i = 0; i < field.length; i++) {
    const code = field.charCodeAt(i)
    const value = code === 0x3c ? 0 : code <= 0x39 ? code - 0x30 : code - 0x41 + 10
    sum += value * weights[i % 3]!
  }
  return String(sum % 10)
}

/**
 * MRZ information: document number, date of birth and date of expiry, each with its check digit (Doc 9303-11, 8th ed., 4.3.2 and Appendix D.2). The number
 * is filled with `<` to nine characters; a longer one is taken whole. Throws InputError, which names the field and not its value.
 */
export function mrzInformation(input: MrzInformationInput): string {
  const { documentNumber, dateOfBirth, dateOfExpiry } = input
  if (!/^[A-Z0-9<]{1,22}$/.test(documentNumber) || /^<*$/.test(documentNumber))
    throw new InputError('documentNumber', 'not 1 to 22 characters of A-Z, 0-9 and <')
  if (!/^[0-9<]{6}$/.test(dateOfBirth)) throw new InputError('dateOfBirth', 'not six digits YYMMDD')
  if (!/^[0-9<]{6}$/.test(dateOfExpiry)) throw new InputError('dateOfExpiry', 'not six digits YYMMDD')
  const number = documentNumber.padEnd(9, '<')
  return [number, dateOfBirth, dateOfExpiry].map((field) => field + checkDigit(field)).join('')
}
