import { equalBytes, fromHex, toHex } from '@kart/codec'
import { bitLength, bytesToBigInt } from './big-integer.ts'
import { CryptoError } from './crypto-error.ts'
import { type CurveName, curveNames, curvePoint, curves } from './curve.ts'
import { DerReader } from './der.ts'
import { decodePssParameters, type PssParameters } from './pss-parameters.ts'

/** What keys are taken at all; a verifier may be stricter. */
export interface KeyPolicy {
  /** Fewest bits of an RSA modulus; 1024 unless told. */
  readonly minRsaBits?: number
  /** Most bits of an RSA modulus; 8192 unless told (a bound on the work). */
  readonly maxRsaBits?: number
  /** Curves taken; all unless told. */
  readonly curves?: readonly CurveName[]
}

/**
 * An RSA public key: modulus big-endian without a leading zero byte, exponent odd, 3..2^64-1. `pss` is there when its owner
 * bound the key to RSASSA-PSS: `any` parameters, or these with at least this salt (RFC 4055, 1.2).
 */
export interface RsaPublicKey {
  readonly kind: 'rsa'
  readonly modulus: Uint8Array
  readonly exponent: bigint
  readonly pss?: 'any' | PssParameters
}

/** A public point on a named curve: 04 || x || y. `explicit` says that the key spelled the curve's parameters out. */
export interface EcPublicKey {
  readonly kind: 'ec'
  readonly curve: CurveName
  readonly point: Uint8Array
  readonly explicit: boolean
}

export type PublicKey = RsaPublicKey | EcPublicKey

const what = 'SubjectPublicKeyInfo'
const rsaEncryption = '2a864886f70d010101'
const rsassaPss = '2a864886f70d01010a'
const ecPublicKey = '2a8648ce3d0201'
const primeField = fromHex('2a8648ce3d0101')

/**
 * Takes a DER SubjectPublicKeyInfo apart (RFC 5280, 4.1.2.7; RFC 3279; RFC 5480) and checks the key: RSA size, odd modulus and exponent; a point on its
 * curve; curve parameters spelled out (Doc 9303-12, 8th ed., 4.1.6.3) only when they are exactly a known curve's, generator and order included.
 * Throws DecodeError for bytes that are not one, CryptoError for a key refused.
 */
export function decodePublicKey(spki: Uint8Array, policy: KeyPolicy = {}): PublicKey {
  const outer = new DerReader(spki, what)
  const info = outer.inside(0x30)
  outer.end()
  const algorithm = info.inside(0x30)
  const key = info.bitString()
  info.end()
  const oid = toHex(algorithm.element(0x06))
  if (oid === ecPublicKey) return decodeEcKey(algorithm, key, policy)
  if (oid === rsaEncryption) {
    if (algorithm.element(0x05).length > 0) throw algorithm.error('NULL with content')
    algorithm.end()
    return decodeRsaKey(key, policy)
  }
  if (oid === rsassaPss)
    return { ...decodeRsaKey(key, policy), pss: algorithm.remaining === 0 ? 'any' : decodePssParameters(algorithm.rest()) }
  throw new CryptoError('unsupported', 'the key is neither RSA nor on an elliptic curve')
}

function decodeRsaKey(bytes: Uint8Array, policy: KeyPolicy): RsaPublicKey {
  const outer = new DerReader(bytes, 'RSAPublicKey')
  const fields = outer.inside(0x30)
  outer.end()
  const modulus = fields.unsigned()
  const exponent = fields.unsigned()
  fields.end()
  const key = { kind: 'rsa', modulus, exponent: bytesToBigInt(exponent) } as const
  checkRsaKey(key, policy)
  return key
}

/** Holds an RSA key against the policy; throws CryptoError. House rule: an exponent of at most 64 bits, as a bound on the work. */
export function checkRsaKey(key: Pick<RsaPublicKey, 'modulus' | 'exponent'>, policy: KeyPolicy = {}): void {
  const bits = bitLength(bytesToBigInt(key.modulus))
  const { minRsaBits = 1024, maxRsaBits = 8192 } = policy
  if (bits < minRsaBits) throw new CryptoError('key-policy', `RSA modulus of ${bits} bits; at least ${minRsaBits} asked`)
  if (bits > maxRsaBits) throw new CryptoError('key-policy', `RSA modulus of ${bits} bits; at most ${maxRsaBits} allowed`)
  if ((key.modulus[key.modulus.length - 1]! & 1) === 0) throw new CryptoError('invalid-key', 'RSA modulus is even')
  if (key.exponent < 3n || (key.exponent & 1n) === 0n) throw new CryptoError('invalid-key', 'RSA public exponent is even or less than 3')
  if (bitLength(key.exponent) > 64) throw new CryptoError('key-policy', 'RSA public exponent of more than 64 bits')
}

function decodeEcKey(algorithm: DerReader, point: Uint8Array, policy: KeyPolicy): EcPublicKey {
  const tag = algorithm.peek()
  let curve: CurveName | undefined
  if (tag === 0x06) {
    const oid = toHex(algorithm.element(0x06))
    curve = curveNames.find((name) => curves[name].oid === oid)
  } else if (tag === 0x30) curve = namedCurveOf(algorithm.inside(0x30))
  else throw algorithm.error('neither a curve name nor curve parameters')
  algorithm.end()
  if (curve === undefined) throw new CryptoError('unsupported', 'the key is on a curve that is not supported')
  if (policy.curves && !policy.curves.includes(curve)) throw new CryptoError('key-policy', `keys on ${curve} are not taken`)
  return { kind: 'ec', curve, point: checkPoint(curve, point), explicit: tag === 0x30 }
}

/** Checks that `point` is 04 || x || y on the curve, and not the point at infinity; throws CryptoError. House rule: compressed points are not taken. */
export function checkPoint(curve: CurveName, point: Uint8Array): Uint8Array {
  if (point.length !== 1 + 2 * curves[curve].fieldBytes || point[0] !== 4)
    throw new CryptoError('invalid-key', 'the public key is not an uncompressed point')
  try {
    curvePoint(curve).fromBytes(point).assertValidity()
  } catch (cause) {
    throw new CryptoError('invalid-key', 'the public key is not a point on its curve', { cause })
  }
  return point
}

/** The known curve that explicit parameters (ECParameters, RFC 3279, 2.3.5) spell out; undefined for any other, a forged generator included. */
export function namedCurveOf(parameters: DerReader): CurveName | undefined {
  const version = bytesToBigInt(parameters.unsigned())
  if (version < 1n || version > 3n) throw parameters.error('a version of ECParameters other than 1, 2 or 3')
  const field = parameters.inside(0x30)
  if (!equalBytes(field.element(0x06), primeField)) return undefined
  const p = bytesToBigInt(field.unsigned())
  field.end()
  const coefficients = parameters.inside(0x30)
  const a = bytesToBigInt(coefficients.element(0x04))
  const b = bytesToBigInt(coefficients.element(0x04))
  if (coefficients.peek() === 0x03) coefficients.bitString() // the seed, which nothing depends on
  coefficients.end()
  const generator = parameters.element(0x04)
  const n = bytesToBigInt(parameters.unsigned())
  if (parameters.remaining === 0) return undefined // Doc 9303-12, 8th ed., 4.1.6.3 asks for the cofactor
  const h = bytesToBigInt(parameters.unsigned())
  parameters.end()
  return curveNames.find((name) => {
    const Point = curvePoint(name)
    const domain = Point.CURVE()
    const { fieldBytes } = curves[name]
    const base = Point.BASE.toBytes(generator.length === 1 + fieldBytes)
    return domain.p === p && domain.a === a && domain.b === b && domain.n === n && domain.h === h && equalBytes(base, generator)
  })
}
