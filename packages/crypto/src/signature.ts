import { concatBytes, DecodeError, encodeTlv } from '@kart/codec'
import { backend, backendInUse, type HashAlgorithm } from './backend.ts'
import { bytesToBigInt } from './big-integer.ts'
import { CryptoError } from './crypto-error.ts'
import { type CurveName, curvePoint, curves } from './curve.ts'
import { DerReader } from './der.ts'
import { decodeEcPrivateKey } from './ec-key-coding.ts'
import { decodePublicKey, type KeyPolicy } from './public-key.ts'
import { rsaPkcs1Verify, rsaPssVerify, rsaVerifyByNode } from './rsa.ts'

/** How an ECDSA signature is written: DER SEQUENCE of r and s (RFC 3279, 2.2.3), or r || s each in the order's width (TR-03111 v2.10, 5.2.1). */
export type EcdsaEncoding = 'der' | 'plain'

/** A signature algorithm with all its parameters. */
export type SignatureScheme =
  | { readonly kind: 'ecdsa'; readonly hash: HashAlgorithm; readonly encoding: EcdsaEncoding }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashAlgorithm }
  | { readonly kind: 'rsa-pss'; readonly hash: HashAlgorithm; readonly mgfHash: HashAlgorithm; readonly saltLength: number }

/**
 * Whether `signature` over `data` is the key's. A malformed signature (DER that is not strict, r or s outside 1..n-1, wrong length) is false, not an error.
 * `spki` is DER SubjectPublicKeyInfo; a key refused (see {@link decodePublicKey}) or of another kind than the scheme throws CryptoError or DecodeError.
 */
export function verifySignature(
  spki: Uint8Array,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
  policy: KeyPolicy = {},
): boolean {
  const key = decodePublicKey(spki, policy)
  if (scheme.kind === 'ecdsa') {
    if (key.kind !== 'ec') throw new CryptoError('invalid-key', 'ECDSA with a key that is not on an elliptic curve')
    const plain = scheme.encoding === 'der' ? ecdsaDerToPlain(key.curve, signature) : signature
    if (plain === undefined || !inRange(key.curve, plain)) return false
    return backend().ecdsaVerify(key.curve, scheme.hash, key.point, data, plain)
  }
  if (key.kind !== 'rsa') throw new CryptoError('invalid-key', 'RSA with a key that is not an RSA key')
  if (scheme.kind === 'rsa-pkcs1') {
    if (key.pss !== undefined) throw new CryptoError('invalid-key', 'PKCS#1 v1.5 with a key that is bound to RSASSA-PSS')
    if (backendInUse() === 'noble') return rsaPkcs1Verify(key, scheme.hash, data, signature)
    return rsaVerifyByNode(key, 'pkcs1', scheme.hash, data, signature)
  }
  const { hash, mgfHash, saltLength } = scheme
  if (!Number.isInteger(saltLength) || saltLength < 0) throw new CryptoError('argument', 'salt length not a whole number of bytes')
  const bound = key.pss
  if (typeof bound === 'object' && (bound.hash !== hash || bound.mgfHash !== mgfHash || saltLength < bound.saltLength))
    throw new CryptoError('invalid-key', 'RSASSA-PSS parameters that the key does not allow')
  // node:crypto has no way to name another hash for the mask.
  if (backendInUse() === 'noble' || hash !== mgfHash) return rsaPssVerify(key, hash, mgfHash, saltLength, data, signature)
  return rsaVerifyByNode(key, { saltLength }, hash, data, signature)
}

function inRange(curve: CurveName, plain: Uint8Array): boolean {
  const width = curves[curve].orderBytes
  if (plain.length !== 2 * width) return false
  const { n } = curvePoint(curve).CURVE()
  const [r, s] = [bytesToBigInt(plain.subarray(0, width)), bytesToBigInt(plain.subarray(width))]
  return r > 0n && r < n && s > 0n && s < n
}

/** r || s of a strict DER signature; undefined when it is not one. */
function ecdsaDerToPlain(curve: CurveName, signature: Uint8Array): Uint8Array | undefined {
  const width = curves[curve].orderBytes
  try {
    const outer = new DerReader(signature, 'ECDSA signature')
    const sequence = outer.inside(0x30)
    outer.end()
    const [r, s] = [sequence.unsigned(), sequence.unsigned()]
    sequence.end()
    if (r.length > width || s.length > width) return undefined
    return concatBytes(new Uint8Array(width - r.length), r, new Uint8Array(width - s.length), s)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function derInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0)
  const content = first < 0 ? Uint8Array.of(0) : bytes.subarray(first)
  return encodeTlv(0x02, content[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), content) : content)
}

/** Writes a plain ECDSA signature (r || s, equal halves) as DER, as certificates and CMS want it. Throws CryptoError for an odd or empty string. */
export function ecdsaPlainToDer(plain: Uint8Array): Uint8Array {
  if (plain.length === 0 || plain.length % 2 !== 0) throw new CryptoError('argument', 'a plain signature is two halves of equal length')
  const width = plain.length / 2
  return encodeTlv(0x30, [derInteger(plain.subarray(0, width)), derInteger(plain.subarray(width))])
}

/** Signs with an elliptic-curve key (DER PKCS#8) for test authorities; a real issuer's key stays in its HSM. Throws DecodeError or CryptoError for the key. */
export function signEcdsa(privateKeyPkcs8: Uint8Array, hash: HashAlgorithm, data: Uint8Array, encoding: EcdsaEncoding): Uint8Array {
  const { curve, scalar, point } = decodeEcPrivateKey(privateKeyPkcs8)
  const plain = backend().ecdsaSign(curve, hash, scalar, point, data)
  scalar.fill(0)
  return encoding === 'plain' ? plain : ecdsaPlainToDer(plain)
}
