import { createHash } from 'node:crypto'
import { CardError, decodeTlv, type Tlv } from '@kart/codec'
import type { TerminalTrust } from '../../memory/card-state.ts'

/** Certification authority references of the trust points, the newest first: the holder reference of each CVCA certificate (TR-03110-3 v2.21, B.1 and C.1.4). */
export function authorityReferences(trust: TerminalTrust): readonly Uint8Array[] {
  return trust.trustPoints.map(holderReference).filter((reference) => reference !== undefined)
}

function holderReference(certificate: Uint8Array): Uint8Array | undefined {
  try {
    const body = inside(decodeTlv(certificate, 0x7f21), 0x7f4e)
    return body && inside(body, 0x5f20)?.value
  } catch (error) {
    if (error instanceof CardError) return undefined
    throw error
  }
}

const inside = ({ children = [] }: Tlv, wanted: number): Tlv | undefined => children.find(({ tag }) => tag === wanted)

/** The card's ephemeral public key, compressed: the x coordinate of a point, SHA-1 of an integer (TR-03110-3 v2.21, A.2.2.3). */
export function chipIdentifier(agreement: 'ECDH' | 'DH', publicKey: Uint8Array): Uint8Array {
  if (agreement === 'ECDH') return publicKey.slice(1, 1 + (publicKey.length - 1) / 2)
  return new Uint8Array(createHash('sha1').update(publicKey).digest())
}
