import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type Curve, type CurveDomain, curveOfDomain, curvePublicKey } from './curve.ts'
import type { CvPublicKey } from './cv-certificate.ts'

type Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

interface AlgorithmRow {
  readonly kind: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa'
  readonly hash: Hash
}

/** Signature algorithms by the value of their object identifier, in hex (BSI TR-03110-3 v2.21, A.7.3.1 and A.7.3.2, tables 17 and 18). */
// biome-ignore format: a row a line
const algorithms: Readonly<Record<string, AlgorithmRow>> = {
  '04007f00070202020101': { kind: 'rsa-pkcs1', hash: 'sha1' },
  '04007f00070202020102': { kind: 'rsa-pkcs1', hash: 'sha256' },
  '04007f00070202020103': { kind: 'rsa-pss', hash: 'sha1' },
  '04007f00070202020104': { kind: 'rsa-pss', hash: 'sha256' },
  '04007f00070202020105': { kind: 'rsa-pkcs1', hash: 'sha512' },
  '04007f00070202020106': { kind: 'rsa-pss', hash: 'sha512' },
  '04007f00070202020201': { kind: 'ecdsa', hash: 'sha1' },
  '04007f00070202020202': { kind: 'ecdsa', hash: 'sha224' },
  '04007f00070202020203': { kind: 'ecdsa', hash: 'sha256' },
  '04007f00070202020204': { kind: 'ecdsa', hash: 'sha384' },
  '04007f00070202020205': { kind: 'ecdsa', hash: 'sha512' },
}

/** A key that verifies certificates or a terminal's signature. */
export interface CvKey {
  /** Value of the algorithm's DO'06', in hex. */
  readonly oid: string
  readonly algorithm: AlgorithmRow
  readonly key: KeyObject
  readonly curve: Curve | undefined
  /** Bytes of a signature. */
  readonly signatureLength: number
}

/** Least and most bits of an RSA modulus. House rule: the issuer's trust point decides what is strong enough; below 1024 nothing is. */
const rsaBits = { least: 1024, most: 4096 } as const

/**
 * Opens a certificate's key; a curve's key without domain parameters takes those of `issuer`. Undefined for an algorithm that is not known, a modulus or
 * exponent out of bounds, domain parameters of no known curve, or a point that is not on it.
 */
export function openCvKey(publicKey: CvPublicKey, issuer: CvKey | undefined): CvKey | undefined {
  const oid = publicKey.algorithm
  const algorithm = Object.hasOwn(algorithms, oid) ? algorithms[oid] : undefined
  if (algorithm === undefined) return undefined
  if (publicKey.kind === 'rsa') {
    const key = openRsa(publicKey.modulus, publicKey.exponent)
    return key && { oid, algorithm, key, curve: undefined, signatureLength: publicKey.modulus.length }
  }
  const curve = publicKey.domain === undefined ? issuer?.curve : curveOfDomain(publicKey.domain)
  const key = curve && curvePublicKey(curve, publicKey.point)
  return curve && key && { oid, algorithm, key, curve, signatureLength: 2 * curve.orderLength }
}

function openRsa(modulus: Uint8Array, exponent: Uint8Array): KeyObject | undefined {
  const bits = 8 * modulus.length - Math.clz32(modulus[0] ?? 0) + 24
  const isOdd = (bytes: Uint8Array): boolean => (bytes[bytes.length - 1]! & 1) === 1
  const tooSmall = exponent.length === 1 && exponent[0]! < 3
  if (bits < rsaBits.least || bits > rsaBits.most || !isOdd(modulus) || exponent.length > 4 || tooSmall || !isOdd(exponent))
    return undefined
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  try {
    return createPublicKey({ key: { kty: 'RSA', n: text(modulus), e: text(exponent) }, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Domain parameters of a key on a curve, as they can be written into a certificate. */
export const domainOf = (key: CvKey): CurveDomain | undefined => key.curve?.domain

const saltLengths = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<Hash, number>

/** Whether the key made the signature over the data: ECDSA plain r || s (BSI TR-03111 v2.10, 5.2.1), RSASSA-PKCS1-v1_5, or PSS with a salt as long as the hash. */
export function isSignedBy(key: CvKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== key.signatureLength) return false
  const { kind, hash } = key.algorithm
  try {
    if (kind === 'ecdsa') return verify(hash, data, { key: key.key, dsaEncoding: 'ieee-p1363' }, signature)
    if (kind === 'rsa-pkcs1') return verify(hash, data, { key: key.key, padding: constants.RSA_PKCS1_PADDING }, signature)
    const pss = { key: key.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLengths[hash] }
    return verify(hash, data, pss, signature)
  } catch {
    return false
  }
}
