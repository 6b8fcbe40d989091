import { constants, type KeyObject, privateDecrypt } from 'node:crypto'
import { type AgreementGroup, drawScalar, type RandomSource } from '../key-agreement/agreement-group.ts'
import { modInverse, toInteger } from '../key-agreement/modular.ts'

// What the private keys are used in, and nothing else: results are checked elsewhere before they leave the card.

/** The RSA private-key operation RSADP (RFC 8017, 5.1.2), which is RSASP1 (5.2.1) too: the representative, below the modulus and as long, to the private exponent. */
export function rsaPower(privateKey: KeyObject, representative: Uint8Array): Uint8Array {
  return new Uint8Array(privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, representative))
}

/** ECDSA signature generation (FIPS 186-5, 6.4.1) of the integer `e` that the hash gave; the nonce is fresh from `random`. */
export function ecdsaSign(
  group: AgreementGroup,
  privateValue: bigint,
  e: bigint,
  random: RandomSource,
): { readonly r: bigint; readonly s: bigint } {
  for (;;) {
    const nonce = drawScalar(group, random)
    const point = group.multiply(group.generator, nonce)
    const r = toInteger(point.subarray(1, 1 + (point.length - 1) / 2)) % group.order
    const s = (modInverse(toInteger(nonce), group.order) * (e + r * privateValue)) % group.order
    if (r !== 0n && s !== 0n) return { r, s }
  }
}

/** The elliptic curve Diffie-Hellman primitive (NIST SP 800-56A rev. 3, 5.7.1.2; the curves have cofactor 1): the x coordinate in the field's width. */
export function agreeSecret(group: AgreementGroup, privateValue: Uint8Array, element: Uint8Array): Uint8Array {
  return group.secret(element, privateValue)
}
