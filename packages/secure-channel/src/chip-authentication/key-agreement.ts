import { CryptoError, decodeAgreementKey, type RandomSource, wipe } from '@kart/crypto'
import { drawEphemeralKey } from '../ephemeral-key.ts'

/** The terminal's side of one key agreement: an ephemeral key, used once. What chip authentication needs of ECDH or DH, and no more. */
export interface KeyAgreement {
  readonly kind: 'ecdh' | 'dh'
  /** The ephemeral public key as it goes to the card: 04 || x || y, or the public value of DH in the prime's width. */
  readonly publicKey: Uint8Array
  /** The shared secret with the card's static key: x coordinate in the field's width, or DH's secret in the prime's width. */
  agree(): Uint8Array
  /** Erases the private key; a later `agree` throws. */
  destroy(): void
}

/**
 * ECDH with a card's static public key (DER SubjectPublicKeyInfo: a named curve, its number among the standardized domain parameters, or a known curve spelled
 * out). `random` gives the ephemeral private key, the system's generator unless told. Throws DecodeError or CryptoError for a key that is malformed, not on its
 * curve or on a curve that is not known.
 */
export function ecdhWithCard(spki: Uint8Array, random?: RandomSource): KeyAgreement {
  return agreementWithCard('ecdh', spki, random)
}

/**
 * DH with a card's static public key (DER SubjectPublicKeyInfo: the group's number among the standardized domain parameters, or a known group spelled out).
 * `random` gives the ephemeral private key, the system's generator unless told. Throws DecodeError or CryptoError for a key that is malformed, not in the
 * subgroup of prime order or in a group that is not known.
 */
export function dhWithCard(spki: Uint8Array, random?: RandomSource): KeyAgreement {
  return agreementWithCard('dh', spki, random)
}

function agreementWithCard(kind: 'ecdh' | 'dh', spki: Uint8Array, random: RandomSource | undefined): KeyAgreement {
  const { group, element } = decodeAgreementKey(spki)
  if (group.kind !== kind)
    throw new CryptoError('invalid-key', kind === 'ecdh' ? 'the card’s key is not on a curve' : 'the card’s key is not an integer')
  const { privateKey, publicKey } = drawEphemeralKey(group, group.generator, random)
  let over = false
  return {
    kind,
    publicKey,
    agree() {
      if (over) throw new CryptoError('argument', 'the ephemeral key was erased')
      return group.sharedSecret(privateKey, element)
    },
    destroy() {
      over = true
      wipe(privateKey)
    },
  }
}
