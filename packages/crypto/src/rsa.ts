import { constants, createPublicKey, verify } from 'node:crypto'
import { concatBytes, encodeTlv, equalBytes, fromHex, uintToBytes } from '@kart/codec'
import type { HashAlgorithm } from './backend.ts'
import { bigIntToBytes, bitLength, bytesToBigInt, modPow } from './big-integer.ts'
import { CryptoError } from './crypto-error.ts'
import { digest, digestLength } from './digest.ts'
import { hashOids } from './hash-oid.ts'
import type { RsaPublicKey } from './public-key.ts'

/** s^e mod n as a byte string of the modulus's length; undefined when the signature is not of that length or not below the modulus (RFC 8017, 5.2.2). */
export function rsaPublicOperation(key: Pick<RsaPublicKey, 'modulus' | 'exponent'>, signature: Uint8Array): Uint8Array | undefined {
  const length = key.modulus.length
  const n = bytesToBigInt(key.modulus)
  const s = bytesToBigInt(signature)
  if (signature.length !== length || s >= n) return undefined
  return bigIntToBytes(modPow(s, key.exponent, n), length)
}

/** RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): the whole encoding is built and compared, so nothing can hide behind a short padding. */
export function rsaPkcs1Verify(key: RsaPublicKey, hash: HashAlgorithm, data: Uint8Array, signature: Uint8Array): boolean {
  const encoded = rsaPublicOperation(key, signature)
  if (encoded === undefined) return false
  const block = pkcs1Block(hash, digest(hash, data), encoded.length)
  return block !== undefined && equalBytes(encoded, block)
}

/** EMSA-PKCS1-v1_5 (RFC 8017, 9.2); undefined where the modulus is too short for the digest. */
function pkcs1Block(hash: HashAlgorithm, hashed: Uint8Array, length: number): Uint8Array | undefined {
  const info = encodeTlv(0x30, [encodeTlv(0x30, [encodeTlv(0x06, fromHex(hashOids[hash])), encodeTlv(0x05)]), encodeTlv(0x04, hashed)])
  const fill = length - info.length - 3
  if (fill < 8) return undefined
  return concatBytes(Uint8Array.of(0, 1), new Uint8Array(fill).fill(0xff), Uint8Array.of(0), info)
}

/**
 * The padded block that an RSA key signs for a digest: EMSA-PKCS1-v1_5 (RFC 8017, 9.2). `length`: bytes of the modulus. For keys that do nothing but the private
 * operation. Throws CryptoError for a digest of another length than the hash's, or a modulus too short for it.
 */
export function encodePkcs1Block(hash: HashAlgorithm, hashed: Uint8Array, length: number): Uint8Array {
  if (hashed.length !== digestLength[hash]) throw new CryptoError('argument', 'a digest of another length than its hash function’s')
  const block = pkcs1Block(hash, hashed, length)
  if (block === undefined) throw new CryptoError('key-policy', 'an RSA modulus too short for the digest')
  return block
}

function mgf1(hash: HashAlgorithm, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * digestLength[hash] < length; i++) blocks.push(digest(hash, concatBytes(seed, uintToBytes(i, 4))))
  return concatBytes(...blocks).slice(0, length)
}

/** RSASSA-PSS (RFC 8017, 8.1.2 and 9.1.2) with trailer BC and exactly `saltLength` bytes of salt. */
export function rsaPssVerify(
  key: RsaPublicKey,
  hash: HashAlgorithm,
  mgfHash: HashAlgorithm,
  saltLength: number,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const whole = rsaPublicOperation(key, signature)
  if (whole === undefined) return false
  const bits = bitLength(bytesToBigInt(key.modulus)) - 1
  const length = Math.ceil(bits / 8)
  if (whole.length > length && whole[0] !== 0) return false
  const encoded = whole.subarray(whole.length - length)
  const hashLength = digestLength[hash]
  const maskedLength = length - hashLength - 1
  if (maskedLength < saltLength + 1 || encoded[length - 1] !== 0xbc) return false
  const topMask = 0xff >> (8 * length - bits)
  if ((encoded[0]! & ~topMask & 0xff) !== 0) return false
  const h = encoded.subarray(maskedLength, length - 1)
  const db = mgf1(mgfHash, h, maskedLength).map((byte, i) => byte ^ encoded[i]!)
  db[0]! &= topMask
  const marker = maskedLength - saltLength - 1
  for (let i = 0; i < marker; i++) if (db[i] !== 0) return false
  if (db[marker] !== 1) return false
  return equalBytes(h, digest(hash, concatBytes(new Uint8Array(8), digest(hash, data), db.subarray(marker + 1))))
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The same two checks by OpenSSL. */
export function rsaVerifyByNode(
  key: RsaPublicKey,
  padding: { saltLength: number } | 'pkcs1',
  hash: HashAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const exponent = bigIntToBytes(key.exponent, Math.ceil(bitLength(key.exponent) / 8))
  const native = createPublicKey({ key: { kty: 'RSA', n: base64url(key.modulus), e: base64url(exponent) }, format: 'jwk' })
  if (padding === 'pkcs1') return verify(hash, data, { key: native, padding: constants.RSA_PKCS1_PADDING }, signature)
  return verify(hash, data, { key: native, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: padding.saltLength }, signature)
}
