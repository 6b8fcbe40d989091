import { constants, publicEncrypt, timingSafeEqual } from 'node:crypto'
import { concatBytes, encodeTlv, equalBytes } from '@kart/codec'
import type { AgreementGroup, RandomSource } from '../key-agreement/agreement-group.ts'
import { bitLength, mod, modInverse, toBytes, toInteger } from '../key-agreement/modular.ts'
import { groupOfBits, privateValue, publicPoint, rsaNumbers } from './holder-key.ts'
import { loadPrivateKey } from './private-key.ts'
import { agreeSecret, ecdsaSign, rsaPower } from './raw-private-key.ts'

/** A private-key operation came out wrong: one wrong result can give the key away, so that nothing of it leaves the card. */
export class FaultFoundError extends Error {
  constructor() {
    super('a private-key operation came out wrong')
  }
}

/**
 * The RSA private-key operation (RFC 8017, 5.1.2), its result taken to the public exponent again before it is given. `representative`: as long as the modulus; undefined
 * where it is not below the modulus. Throws FaultFoundError.
 */
export function applyRsaKey(pkcs8: Uint8Array, representative: Uint8Array): Uint8Array | undefined {
  const { modulus } = rsaNumbers(pkcs8)
  if (representative.length !== modulus.length || toInteger(representative) >= toInteger(modulus)) return undefined
  const { privateKey, publicKey } = loadPrivateKey(pkcs8)
  const result = rsaPower(privateKey, representative)
  if (result.length !== modulus.length || toInteger(result) >= toInteger(modulus)) throw new FaultFoundError()
  const opened = publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, result)
  if (!timingSafeEqual(opened, representative)) throw new FaultFoundError()
  return result
}

/** The integer of a DER INTEGER, never negative. */
function encodeInteger(value: bigint): Uint8Array {
  return encodeTlv(0x02, toBytes(value, Math.floor(bitLength(value) / 8) + 1))
}

/** Whether (r, s) is a signature of the integer `e` under the point (FIPS 186-5, 6.4.2). */
function isSignature(group: AgreementGroup, point: Uint8Array, e: bigint, r: bigint, s: bigint): boolean {
  if (r <= 0n || r >= group.order || s <= 0n || s >= group.order) return false
  const w = modInverse(s, group.order)
  const scalar = (value: bigint): Uint8Array => toBytes(mod(value * w, group.order), group.orderLength)
  const fromKey = group.multiply(point, scalar(r))
  // The generator takes no part where e is a multiple of the order.
  const sum = mod(e, group.order) === 0n ? fromKey : group.combine(group.multiply(group.generator, scalar(e)), fromKey)
  return sum !== undefined && toInteger(sum.subarray(1, 1 + (sum.length - 1) / 2)) % group.order === r
}

/**
 * The integer that ECDSA signs (FIPS 186-5, 6.4.1): a digest as long as the field, or shorter, stands for itself, zeros before it making no difference; of a longer
 * one the leading bytes count. Undefined for one of no bytes, or of more bits than the field has in as many bytes.
 */
export function digestInteger(bits: number, digest: Uint8Array): bigint | undefined {
  const size = Math.ceil(bits / 8)
  // Only where the field fills its bytes can whole bytes be cut off; no usual hash is longer than the field of P-521.
  if (digest.length === 0 || (digest.length > size && bits % 8 !== 0)) return undefined
  const e = toInteger(digest.subarray(0, size))
  return bitLength(e) > bits ? undefined : e
}

/**
 * ECDSA of a digest on a curve with so many bits to its field, the signature verified before it is given: DER SEQUENCE { r, s } (RFC 3279, 2.2.3). Undefined for a digest that
 * cannot be signed ({@link digestInteger}). Throws FaultFoundError.
 */
export function signDigest(bits: number, pkcs8: Uint8Array, digest: Uint8Array, random: RandomSource): Uint8Array | undefined {
  const e = digestInteger(bits, digest)
  if (e === undefined) return undefined
  const group = groupOfBits(bits)
  const { r, s } = ecdsaSign(group, toInteger(privateValue(pkcs8)), e, random)
  if (!isSignature(group, publicPoint(bits, pkcs8), e, r, s)) throw new FaultFoundError()
  return encodeTlv(0x30, concatBytes(encodeInteger(r), encodeInteger(s)))
}

/** The secret shared with the owner of another point, the x coordinate; undefined where the point is not on the curve. Computed twice: throws FaultFoundError where the results differ. */
export function agreeWith(bits: number, pkcs8: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  const group = groupOfBits(bits)
  const element = group.take(point)
  if (element === undefined) return undefined
  const secret = agreeSecret(group, privateValue(pkcs8), element)
  if (!equalBytes(secret, agreeSecret(group, privateValue(pkcs8), element))) throw new FaultFoundError()
  return secret
}
