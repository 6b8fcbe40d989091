import { encodeTlv, uintToBytes } from '@kart/codec'
import type { CardProfile } from '@kart/layout/profile'

// Header (4), extended Lc (3) and Le (2) leave this much of the longest command to its data field.
const apduOverhead = 9

/** FCI of the issuer security domain: DO'84' AID, DO'A5' { DO'9F65' longest command data field } (GlobalPlatform Card Specification 2.3.1, 11.9.3.1). */
export function selectedSecurityDomain(profile: CardProfile): Uint8Array {
  return encodeTlv(0x6f, [
    encodeTlv(0x84, profile.securityDomainAid),
    encodeTlv(0xa5, encodeTlv(0x9f65, uintToBytes(profile.maxCommandLength - apduOverhead, 2))),
  ])
}
