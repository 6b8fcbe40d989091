import { backend } from './backend.ts'
import { bigIntToBytes, bytesToBigInt } from './big-integer.ts'
import { CryptoError } from './crypto-error.ts'
import { type CurveName, curvePoint, curves } from './curve.ts'
import { decodeEcPrivateKey, encodeEcPrivateKey, encodeEcPublicKey } from './ec-key-coding.ts'
import { decodePublicKey } from './public-key.ts'
import { randomBytes } from './secret-bytes.ts'

/** A key pair as DER: PKCS#8 and SubjectPublicKeyInfo, the curve by name in both. */
export interface EcKeyPair {
  readonly privateKeyPkcs8: Uint8Array
  readonly publicKeySpki: Uint8Array
}

/** Makes a key pair (FIPS 186-5, A.2.1: 64 bits more than the order, reduced). */
export function generateEcKeyPair(curve: CurveName): EcKeyPair {
  const Point = curvePoint(curve)
  const { n } = Point.CURVE()
  const width = curves[curve].orderBytes
  const random = randomBytes(width + 8)
  const scalar = (bytesToBigInt(random) % (n - 1n)) + 1n
  random.fill(0)
  const point = Point.BASE.multiply(scalar).toBytes(false)
  return { privateKeyPkcs8: encodeEcPrivateKey(curve, bigIntToBytes(scalar, width), point), publicKeySpki: encodeEcPublicKey(curve, point) }
}

/** The public key (DER SubjectPublicKeyInfo) of a private one (DER PKCS#8). Throws DecodeError or CryptoError. */
export function publicKeyOf(privateKeyPkcs8: Uint8Array): Uint8Array {
  const { curve, scalar } = decodeEcPrivateKey(privateKeyPkcs8)
  const Point = curvePoint(curve)
  const point = Point.BASE.multiply(bytesToBigInt(scalar)).toBytes(false)
  scalar.fill(0)
  return encodeEcPublicKey(curve, point)
}

/**
 * ECDH: the x coordinate of the shared point in the field's width (TR-03111 v2.10, 4.3.1; ECKA). `peerSpki` must lie on the curve of the private key.
 * Throws DecodeError or CryptoError for a key refused.
 */
export function ecdh(privateKeyPkcs8: Uint8Array, peerSpki: Uint8Array): Uint8Array {
  const own = decodeEcPrivateKey(privateKeyPkcs8)
  const peer = decodePublicKey(peerSpki)
  if (peer.kind !== 'ec' || peer.curve !== own.curve) throw new CryptoError('invalid-key', 'the peer’s key is on another curve')
  const shared = backend().ecdh(own.curve, own.scalar, peer.point)
  own.scalar.fill(0)
  return shared
}
