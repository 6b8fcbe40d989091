import { InputError } from '@kart/codec'
import { digest } from '@kart/crypto'

/**
 * Comp(PK), an ephemeral public key compressed (BSI TR-03110-3 v2.21, A.2.2.3; Doc 9303-11, 8th ed., 7.1.4.1.3 and 7.1.4.2.3): the x coordinate of a point
 * (04 || x || y), or SHA-1 over the public value of DH. Of the card's ephemeral key of PACE it is ID_PICC, by which terminal authentication binds itself to that
 * run. Throws InputError for bytes that are no uncompressed point.
 */
export function compressedPublicKey(agreement: 'ecdh' | 'dh', publicKey: Uint8Array): Uint8Array {
  if (agreement === 'dh') return digest('sha1', publicKey)
  if (publicKey[0] !== 0x04 || publicKey.length < 3 || publicKey.length % 2 !== 1)
    throw new InputError('publicKey', 'not an uncompressed point')
  return publicKey.slice(1, (publicKey.length + 1) / 2)
}
