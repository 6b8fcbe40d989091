import type { KeyAlgorithm } from '@kart/crypto'
import { securityProtocolOids } from '@kart/layout'

/** One protocol of chip authentication: key agreement and the cipher of the secure messaging that follows. */
export interface ChipAuthenticationProtocol {
  /** Object identifier, dotted. */
  readonly oid: string
  readonly agreement: 'dh' | 'ecdh'
  readonly cipher: KeyAlgorithm
}

const agreements = ['dh', 'ecdh'] as const
const ciphers = ['desede', 'aes128', 'aes192', 'aes256'] as const

/** Every protocol (BSI TR-03110-3 v2.21, A.1.1.2 and A.4; Doc 9303-11, 8th ed., 9.2.3). */
export const chipAuthenticationProtocols: readonly ChipAuthenticationProtocol[] = agreements.flatMap((agreement, i) =>
  ciphers.map((cipher, j) => ({ oid: `${securityProtocolOids.ca}.${i + 1}.${j + 1}`, agreement, cipher })),
)

/** The protocol of an object identifier; undefined when it is none. */
export function chipAuthenticationProtocolOf(oid: string): ChipAuthenticationProtocol | undefined {
  return chipAuthenticationProtocols.find((row) => row.oid === oid)
}

/** Which agreement a ChipAuthenticationPublicKeyInfo's identifier, id-PK-DH or id-PK-ECDH, says that its key is for; undefined for any other. */
export function agreementOfKey(oid: string): 'dh' | 'ecdh' | undefined {
  return agreements.find((_agreement, i) => oid === `${securityProtocolOids.pk}.${i + 1}`)
}
