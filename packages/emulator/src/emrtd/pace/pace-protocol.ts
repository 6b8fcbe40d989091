import { concatBytes, equalBytes, fromHex } from '@kart/codec'
import type { MessagingCipher, PaceOfferSpec } from '@kart/layout/profile'

/** One variant of PACE (Doc 9303-11, 8th ed., 9.2.1). */
export interface PaceProtocol {
  /** Content of its object identifier. */
  readonly oid: Uint8Array
  readonly agreement: PaceOfferSpec['agreement']
  readonly mapping: PaceOfferSpec['mapping']
  readonly cipher: MessagingCipher
}

const idPace = fromHex('04007f0007020204')

const families = [
  { arc: 1, agreement: 'DH', mapping: 'GM' },
  { arc: 2, agreement: 'ECDH', mapping: 'GM' },
  { arc: 3, agreement: 'DH', mapping: 'IM' },
  { arc: 4, agreement: 'ECDH', mapping: 'IM' },
  { arc: 6, agreement: 'ECDH', mapping: 'CAM' },
] as const

const ciphers = [
  { arc: 1, cipher: '3DES' },
  { arc: 2, cipher: 'AES-128' },
  { arc: 3, cipher: 'AES-192' },
  { arc: 4, cipher: 'AES-256' },
] as const

/** The variant of an object identifier; undefined for any other, and for chip authentication mapping with 3DES, which there is not. */
export function paceProtocolOf(oid: Uint8Array): PaceProtocol | undefined {
  for (const { arc: family, agreement, mapping } of families)
    for (const { arc, cipher } of ciphers) {
      if (mapping === 'CAM' && cipher === '3DES') continue
      if (equalBytes(oid, concatBytes(idPace, Uint8Array.of(family, arc)))) return { oid: oid.slice(), agreement, mapping, cipher }
    }
  return undefined
}

/** The card's offers of this variant. */
export function offersOf(offers: readonly PaceOfferSpec[], protocol: PaceProtocol): PaceOfferSpec[] {
  return offers.filter(
    ({ agreement, mapping, cipher }) => agreement === protocol.agreement && mapping === protocol.mapping && cipher === protocol.cipher,
  )
}
