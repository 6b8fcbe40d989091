import { DecodeError } from '@kart/codec'
import { bitLength, bytesToBigInt, modPow } from '../big-integer.ts'
import { CryptoError } from '../crypto-error.ts'
import type { CurveName } from '../curve.ts'
import { decodePublicKey, type PublicKey, type RsaPublicKey } from '../public-key.ts'
import { hasRocaFingerprint } from './roca.ts'
import { keyFingerprint, type SeenKeys } from './seen-keys.ts'
import { primesBelow } from './small-primes.ts'

/** The key that the card was told to make. */
export type ExpectedKey = { readonly kind: 'ec'; readonly curve: CurveName } | { readonly kind: 'rsa'; readonly bits: number }

/** Why a key must not be certified. */
export type KeyProblemCode =
  | 'malformed' // not a public key
  | 'invalid' // a point off its curve, an even modulus or exponent
  | 'other-algorithm' // RSA for EC, another curve, curve parameters spelled out
  | 'modulus-length' // not the bits asked for
  | 'exponent' // below 65537
  | 'small-factor' // a prime below 65536 divides the modulus
  | 'prime-modulus' // the modulus is itself a prime
  | 'roca' // CVE-2017-15361
  | 'seen-before'

export interface KeyProblem {
  readonly code: KeyProblemCode
  /** Plain words, without the key. */
  readonly detail: string
}

const leastExponent = 65537n
let smallPrimes: readonly number[] | undefined

/**
 * Holds a public key that a card has just made against what it was told to make, before anyone signs a certificate for it: point on its curve, curve or modulus
 * length as asked, exponent odd and at least 65537 (FIPS 186-5, A.1.1), modulus composite and without small factors (NIST SP 800-89, 5.3.3), no fingerprint of
 * CVE-2017-15361, and never seen before (house rule). `spki`: SubjectPublicKeyInfo in DER. Gives every problem found, none for a good key; a key with a problem
 * is not remembered. Never throws for a bad key.
 */
export async function checkNewKey(spki: Uint8Array, expected: ExpectedKey, seen: SeenKeys): Promise<readonly KeyProblem[]> {
  let key: PublicKey
  try {
    // The fewest bits of all: a short modulus is reported as one, not as no key.
    key = decodePublicKey(spki, { minRsaBits: 1 })
  } catch (error) {
    if (error instanceof CryptoError) return [{ code: 'invalid', detail: error.message }]
    if (error instanceof DecodeError) return [{ code: 'malformed', detail: error.message }]
    throw error
  }
  const problems = [...findMismatch(key, expected), ...(key.kind === 'rsa' ? findWeakness(key) : [])]
  if (problems.length > 0) return problems
  if (await seen.remember(keyFingerprint(key))) return []
  return [{ code: 'seen-before', detail: 'this public key was certified before: a copied card, or a generator that repeats itself' }]
}

function findMismatch(key: PublicKey, expected: ExpectedKey): KeyProblem[] {
  if (key.kind === 'rsa') {
    if (expected.kind !== 'rsa') return [{ code: 'other-algorithm', detail: `an RSA key where one on ${expected.curve} was asked for` }]
    const bits = bitLength(bytesToBigInt(key.modulus))
    return bits === expected.bits
      ? []
      : [{ code: 'modulus-length', detail: `a modulus of ${bits} bits where ${expected.bits} were asked for` }]
  }
  if (expected.kind !== 'ec') return [{ code: 'other-algorithm', detail: `a key on ${key.curve} where RSA was asked for` }]
  if (key.curve !== expected.curve)
    return [{ code: 'other-algorithm', detail: `a key on ${key.curve} where one on ${expected.curve} was asked for` }]
  return key.explicit ? [{ code: 'other-algorithm', detail: 'curve parameters spelled out where a named curve was asked for' }] : []
}

function findWeakness(key: RsaPublicKey): KeyProblem[] {
  const problems: KeyProblem[] = []
  const modulus = bytesToBigInt(key.modulus)
  if (key.exponent < leastExponent) problems.push({ code: 'exponent', detail: 'a public exponent below 65537' })
  smallPrimes ??= primesBelow(65_536)
  if (smallPrimes.some((prime) => modulus % BigInt(prime) === 0n))
    problems.push({ code: 'small-factor', detail: 'a prime below 65536 divides the modulus' })
  // Fermat's test, one base: chance makes a product of two primes pass far less often than a broken card makes a prime.
  else if (modPow(2n, modulus - 1n, modulus) === 1n) problems.push({ code: 'prime-modulus', detail: 'the modulus is a prime' })
  if (hasRocaFingerprint(key.modulus))
    problems.push({ code: 'roca', detail: 'the modulus has the fingerprint of CVE-2017-15361: its factors can be found' })
  return problems
}
