import { bytesToUint, InputError } from '@kart/codec'
import type { CardProfile, PacePasswordName } from '@kart/layout'

/** Passwords of PACE beside the MRZ: the CAN is printed on the card, PIN and PUK are in a letter. Secrets: for the card and the printer, never for a log. */
export interface CardPasswords {
  /** Six digits (Doc 9303-4, 8th ed., 3.3). */
  readonly can?: string
  /** 6..8 digits. */
  readonly pin?: string
  /** 8..10 digits. */
  readonly puk?: string
}

const forms = { can: /^\d{6}$/, pin: /^\d{6,8}$/, puk: /^\d{8,10}$/ } as const
const digits = { can: 'six digits', pin: '6 to 8 digits', puk: '8 to 10 digits' } as const

/** A card access number, every one of the million equally likely. */
function drawCan(random: (length: number) => Uint8Array): string {
  for (;;) {
    const value = bytesToUint(random(3))
    if (value < 16_000_000) return String(value % 1_000_000).padStart(6, '0')
  }
}

/** The passwords of one card: those given, held against the profile, and a CAN drawn where the profile has one. Throws InputError, which repeats none. */
export function passwordsFor(profile: CardProfile, given: CardPasswords, random: (length: number) => Uint8Array): CardPasswords {
  const names: readonly PacePasswordName[] = profile.pace?.passwords ?? []
  for (const name of ['can', 'pin', 'puk'] as const) {
    const value = given[name]
    if (value === undefined) continue
    if (!names.includes(name)) throw new InputError(name, `profile ${profile.name} has no ${name.toUpperCase()}`)
    if (!forms[name].test(value)) throw new InputError(name, `is not ${digits[name]}`)
  }
  return names.includes('can') && given.can === undefined ? { ...given, can: drawCan(random) } : given
}
