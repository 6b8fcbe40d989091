import type { CardProfile } from '@kart/layout/profile'

/** Bits of SCP03's parameter i (GlobalPlatform Amendment D v1.2, 5.1, table 5-1). */
const bits = { s16: 0x01, pseudoRandom: 0x10, responseMac: 0x20, responseEncryption: 0x60 } as const

/** What the card offers of SCP03, taken from its profile. */
export interface Scp03Offer {
  /** Parameter i as INITIALIZE UPDATE tells it. */
  readonly i: number
  /** Bytes of challenges, cryptograms and MACs: 8, or 16 in S16 mode. */
  readonly macLength: 8 | 16
  readonly pseudoRandom: boolean
  /** Levels that EXTERNAL AUTHENTICATE may ask for: encryption never without the MAC, nothing on responses without it on commands (table 7-6). */
  readonly levels: readonly number[]
}

/** The offer that a profile describes; i = 70 where it says nothing. */
export function scp03Offer(profile: CardProfile): Scp03Offer {
  const i = profile.scp03?.i ?? 0x70
  const has = (bit: number): boolean => (i & bit) === bit
  return {
    i,
    macLength: has(bits.s16) ? 16 : 8,
    pseudoRandom: has(bits.pseudoRandom),
    levels: [0x00, 0x01, 0x03, ...(has(bits.responseMac) ? [0x11, 0x13] : []), ...(has(bits.responseEncryption) ? [0x33] : [])],
  }
}
