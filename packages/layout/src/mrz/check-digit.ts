import { InputError } from '@kart/codec'

const weights = [7, 3, 1] as const

/** Value of an MRZ character: 0..9, A..Z = 10..35, < = 0; undefined outside that alphabet (Doc 9303-3, 8th ed., 4.9). */
export function mrzCharacterValue(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x41 && code <= 0x5a) return code - 0x41 + 10
  return code === 0x3c ? 0 : undefined
}

/** Check digit over MRZ characters, weights 7 3 1 modulo 10 (Doc 9303-3, 8th ed., 4.9). Throws InputError outside A-Z, 0-9, <. */
export function mrzCheckDigit(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    const value = mrzCharacterValue(text.charCodeAt(i))
    if (value === undefined) throw new InputError('MRZ', `character ${i + 1} is not one of A-Z, 0-9, <`)
    sum += value * weights[i % 3]!
  }
  return String(sum % 10)
}
