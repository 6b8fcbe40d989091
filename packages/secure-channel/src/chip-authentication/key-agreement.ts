import { CryptoError, decodePublicKey, type EcKeyPair, ecdh, generateEcKeyPair, wipe } from '@kart/crypto'
import { withNamedCurve } from '@kart/layout'

/** The terminal's side of one key agreement: an ephemeral key, used once. What chip authentication needs of ECDH or DH, and no more. */
export interface KeyAgreement {
  readonly kind: 'ecdh' | 'dh'
  /** The ephemeral public key as it goes to the card: 04 || x || y, or the public value of DH. */
  readonly publicKey: Uint8Array
  /** The shared secret with the card's static key: x coordinate in the field's width, or DH's secret in the prime's width. */
  agree(): Uint8Array
  /** Erases the private key; a later `agree` throws. */
  destroy(): void
}

/**
 * ECDH with a card's static public key (DER SubjectPublicKeyInfo: a named curve, its number among the standardized domain parameters, or spelled out).
 * `generate` makes the ephemeral key pair, the system's generator unless told. Throws DecodeError or CryptoError for a key that is malformed, not on its
 * curve or on a curve that is not known.
 */
export function ecdhWithCard(spki: Uint8Array, generate: typeof generateEcKeyPair = generateEcKeyPair): KeyAgreement {
  const card = decodePublicKey(withNamedCurve(spki))
  if (card.kind !== 'ec') throw new CryptoError('invalid-key', 'the card’s key is not on a curve')
  const pair: EcKeyPair = generate(card.curve)
  const own = decodePublicKey(pair.publicKeySpki)
  if (own.kind !== 'ec' || own.curve !== card.curve) throw new CryptoError('invalid-key', 'the ephemeral key is on another curve')
  const privateKey = pair.privateKeyPkcs8.slice()
  let over = false
  return {
    kind: 'ecdh',
    publicKey: own.point,
    agree() {
      if (over) throw new CryptoError('argument', 'the ephemeral key was erased')
      return ecdh(privateKey, withNamedCurve(spki))
    },
    destroy() {
      over = true
      wipe(privateKey)
    },
  }
}
