import { DecodeError, equalBytes } from '@kart/codec'
import { type AgreementGroup, aesCbcDecrypt, aesEcbEncrypt, agreementGroup, CryptoError, type GroupName, unpadMethod2 } from '@kart/crypto'

/** What a run of PACE with chip authentication mapping leaves to be held against the card's static key, which is read afterwards. */
export interface ChipAuthenticationEvidence {
  readonly group: GroupName
  /** Identifier of the static key among those of EF.CardSecurity, where the offer had one. */
  readonly keyId: number | undefined
  /** CA_IC, decrypted. */
  readonly chipAuthenticationData: Uint8Array
  /** The card's public key of the mapping, PK_Map,IC. */
  readonly mappingPublicKey: Uint8Array
}

/** The IV of the encrypted chip authentication data: E(KS_Enc, -1), a block of FF (Doc 9303-11, 8th ed., 4.4.3.3.3). */
export function chipAuthenticationIv(ksEnc: Uint8Array): Uint8Array {
  return aesEcbEncrypt(ksEnc, new Uint8Array(16).fill(0xff))
}

/**
 * CA_IC from A_IC, DO'8A' (Doc 9303-11, 8th ed., 4.4.3.3.3): AES-CBC, padding method 2; not longer than the group order. Throws DecodeError. Call it only once the
 * card's token is proved.
 */
export function decryptChipAuthenticationData(group: AgreementGroup, ksEnc: Uint8Array, encrypted: Uint8Array): Uint8Array {
  const refused = () => new DecodeError('chip authentication data', 'not an integer of the group, padded and encrypted')
  if (encrypted.length === 0 || encrypted.length % 16 !== 0) throw refused()
  const padded = aesCbcDecrypt(ksEnc, chipAuthenticationIv(ksEnc), encrypted)
  let data: Uint8Array
  try {
    data = unpadMethod2(padded, 16)
  } catch {
    throw refused()
  }
  if (data.length === 0 || data.length > group.privateLength) throw refused()
  return data
}

/**
 * Whether the card holds the private key of `staticPublicKey` (04 || x || y, from EF.CardSecurity, whose signature the caller checks): CA_IC times it is the
 * mapping key (Doc 9303-11, 8th ed., 4.4.3.5). False for a key that is not in the group.
 */
export function verifyChipAuthenticationMapping(evidence: ChipAuthenticationEvidence, staticPublicKey: Uint8Array): boolean {
  const group = agreementGroup(evidence.group)
  try {
    return equalBytes(group.power(group.check(staticPublicKey), evidence.chipAuthenticationData), evidence.mappingPublicKey)
  } catch (error) {
    if (error instanceof CryptoError) return false
    throw error
  }
}
