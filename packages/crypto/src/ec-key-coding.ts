import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { CryptoError } from './crypto-error.ts'
import { type CurveName, curveNames, curvePoint, curves } from './curve.ts'
import { DerReader } from './der.ts'
import { checkPoint } from './public-key.ts'

const ecPublicKeyOid = fromHex('2a8648ce3d0201')
const zero = Uint8Array.of(0)

function ecAlgorithm(curve: CurveName): Uint8Array {
  return encodeTlv(0x30, [encodeTlv(0x06, ecPublicKeyOid), encodeTlv(0x06, fromHex(curves[curve].oid))])
}

/** DER SubjectPublicKeyInfo of a point on a named curve (RFC 5480, 2). */
export function encodeEcPublicKey(curve: CurveName, point: Uint8Array): Uint8Array {
  return encodeTlv(0x30, [ecAlgorithm(curve), encodeTlv(0x03, concatBytes(zero, point))])
}

/** DER PrivateKeyInfo (RFC 5958) around an ECPrivateKey (RFC 5915), with its public point where it is given. */
export function encodeEcPrivateKey(curve: CurveName, scalar: Uint8Array, point?: Uint8Array): Uint8Array {
  const ecPrivateKey = encodeTlv(0x30, [
    encodeTlv(0x02, Uint8Array.of(1)),
    encodeTlv(0x04, scalar),
    point === undefined ? new Uint8Array(0) : encodeTlv(0xa1, encodeTlv(0x03, concatBytes(zero, point))),
  ])
  return encodeTlv(0x30, [encodeTlv(0x02, zero), ecAlgorithm(curve), encodeTlv(0x04, ecPrivateKey)])
}

/** An elliptic-curve private key taken apart: curve, scalar in the order's width, uncompressed public point where the key carries it. */
export interface EcPrivateKey {
  readonly curve: CurveName
  readonly scalar: Uint8Array
  readonly point: Uint8Array | undefined
}

/**
 * Takes a DER PKCS#8 private key on a named curve apart (RFC 5958, RFC 5915); a public point in it must be on the curve.
 * Throws DecodeError for bytes that are not one, CryptoError for another kind of key or a scalar out of range.
 */
export function decodeEcPrivateKey(privateKeyPkcs8: Uint8Array): EcPrivateKey {
  const outer = new DerReader(privateKeyPkcs8, 'PKCS#8 private key')
  const info = outer.inside(0x30)
  outer.end()
  const version = info.unsigned()
  if (version.length !== 1 || version[0]! > 1) throw info.error('a version other than 0 or 1')
  const algorithm = info.inside(0x30)
  if (toHex(algorithm.element(0x06)) !== toHex(ecPublicKeyOid))
    throw new CryptoError('unsupported', 'the private key is not an elliptic-curve key')
  if (algorithm.peek() !== 0x06) throw new CryptoError('unsupported', 'the private key does not name its curve')
  const oid = toHex(algorithm.element(0x06))
  algorithm.end()
  const curve = curveNames.find((name) => curves[name].oid === oid)
  if (curve === undefined) throw new CryptoError('unsupported', 'the private key is on a curve that is not supported')
  const wrapped = new DerReader(info.element(0x04), 'EC private key')
  const inner = wrapped.inside(0x30)
  wrapped.end()
  if (toHex(inner.unsigned()) !== '01') throw inner.error('a version other than 1')
  const scalar = inner.element(0x04)
  const Point = curvePoint(curve)
  const width = curves[curve].orderBytes
  if (scalar.length !== width) throw new CryptoError('invalid-key', 'the private key is not as long as the group order')
  let value: bigint
  try {
    value = Point.Fn.fromBytes(scalar)
  } catch {
    throw new CryptoError('invalid-key', 'the private key is not in 1..n-1') // no cause: the library's message may hold the value
  }
  if (value === 0n) throw new CryptoError('invalid-key', 'the private key is not in 1..n-1')
  if (inner.peek() === 0xa0) inner.element(0xa0) // the curve once more
  const carried = inner.peek() === 0xa1 ? inner.inside(0xa1) : undefined
  const point = carried?.bitString()
  carried?.end()
  inner.end()
  return { curve, scalar, point: point && checkPoint(curve, point) }
}
