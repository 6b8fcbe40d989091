import { DecodeError } from '@kart/codec'
import { CryptoError, decodeAgreementKey } from '@kart/crypto'
import type { OpenedSecurityInfo } from '@kart/layout'
import type { ChipAuthenticationEvidence } from '@kart/secure-channel'

/**
 * The static key that a mapping of PACE goes by (Doc 9303-11, 8th ed., 4.4.3.5; BSI TR-03110-3 v2.21, A.1.1.1): the ChipAuthenticationPublicKeyInfo whose keyId is
 * the parameterId of the offer, or the only one where it has no number. Undefined where there is none of that group.
 */
export function mappingKey(infos: readonly OpenedSecurityInfo[], { keyId, group }: ChipAuthenticationEvidence): Uint8Array | undefined {
  const keys = infos.filter((info) => info.kind === 'chip-authentication-public-key')
  const [named, ...others] = keys.filter((info) => info.keyId === keyId)
  const info = named ?? (keys.length === 1 && keys[0]!.keyId === undefined ? keys[0] : undefined)
  if (info === undefined || others.length > 0) return undefined
  try {
    const key = decodeAgreementKey(info.subjectPublicKeyInfo)
    return key.group.name === group ? key.element : undefined
  } catch (error) {
    if (error instanceof CryptoError || error instanceof DecodeError) return undefined
    throw error
  }
}
