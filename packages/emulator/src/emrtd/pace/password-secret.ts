import type { PacePasswordName } from '@kart/layout/profile'
import type { PacePassword } from '../../memory/card-state.ts'

/** Digits of each password (card.md); the MRZ password is a SHA-1 value, 20 bytes (Doc 9303-11, 8th ed., 9.7.3). Tries where it blocks. */
const forms = {
  mrz: { shortest: 20, longest: 20, digits: false, tries: undefined },
  can: { shortest: 6, longest: 6, digits: true, tries: undefined },
  pin: { shortest: 6, longest: 8, digits: true, tries: 3 },
  puk: { shortest: 8, longest: 10, digits: true, tries: 10 },
} as const satisfies Record<PacePasswordName, object>

/** Longest secret of any password, bytes. */
export const longestSecret = 20

/** Whether the bytes can be this password. */
export function isPasswordSecret(name: PacePasswordName, secret: Uint8Array): boolean {
  const { shortest, longest, digits } = forms[name]
  const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
  return secret.length >= shortest && secret.length <= longest && (!digits || secret.every(isDigit))
}

/** A password as personalization brings it, with all its tries. */
export function freshPassword(name: PacePasswordName, secret: Uint8Array): PacePassword {
  const { tries } = forms[name]
  return { secret, tries: tries === undefined ? undefined : { left: tries, most: tries }, failures: 0 }
}
