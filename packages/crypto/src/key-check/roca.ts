import { bytesToBigInt, modPow } from '../big-integer.ts'
import { primesBelow } from './small-primes.ts'

// Primes of the flawed library are k * M + (65537^a mod M), M the product of the first n primes, so that every modulus is a power of 65537 modulo M too. Of the
// four values of M that it used for key lengths of 512 to 4096 bits the least divides the others: it finds them all. M. Nemec, M. Sys, P. Svenda, D. Klinec,
// V. Matyas, "The Return of Coppersmith's Attack: Practical Factorization of Widely Used RSA Moduli", ACM CCS 2017 (CVE-2017-15361).
const generator = 65537n
const largestPrime = 167

interface PrimePower {
  /** The power's cofactor in the order of the generator. */
  readonly cofactor: bigint
  /** The subgroup of that order. */
  readonly subgroup: ReadonlySet<bigint>
}

interface Fingerprint {
  readonly product: bigint
  readonly order: bigint
  readonly powers: readonly PrimePower[]
}

let fingerprint: Fingerprint | undefined

/** The order of the generator modulo the product, and its subgroups of prime-power order: small, since the primes are. */
function makeFingerprint(): Fingerprint {
  const primes = primesBelow(largestPrime + 1)
  const product = primes.reduce((value, prime) => value * BigInt(prime), 1n)
  const exponents = new Map<number, number>()
  for (const prime of primes) {
    let rest = orderModulo(prime)
    for (const factor of primes) {
      let exponent = 0
      for (; rest % factor === 0; rest /= factor) exponent++
      if (exponent > (exponents.get(factor) ?? 0)) exponents.set(factor, exponent)
    }
  }
  const sizes = [...exponents].map(([factor, exponent]) => factor ** exponent)
  const order = sizes.reduce((value, size) => value * BigInt(size), 1n)
  const powers = sizes.map((size) => {
    const cofactor = order / BigInt(size)
    const base = modPow(generator, cofactor, product)
    const subgroup = new Set<bigint>()
    for (let i = 0, value = 1n; i < size; i++, value = (value * base) % product) subgroup.add(value)
    return { cofactor, subgroup }
  })
  return { product, order, powers }
}

function orderModulo(prime: number): number {
  const base = Number(generator % BigInt(prime))
  let order = 1
  for (let value = base % prime; value !== 1; value = (value * base) % prime) order++
  return order
}

/**
 * Whether an RSA modulus (big-endian) has the fingerprint of the prime generation of CVE-2017-15361: a discrete logarithm to the base 65537 modulo the product
 * of the primes up to 167 exists, which Pohlig and Hellman's method decides in each subgroup of prime-power order. Such a key can be factored.
 */
export function hasRocaFingerprint(modulus: Uint8Array): boolean {
  fingerprint ??= makeFingerprint()
  const { product, order, powers } = fingerprint
  const residue = bytesToBigInt(modulus) % product
  if (modPow(residue, order, product) !== 1n) return false
  return powers.every(({ cofactor, subgroup }) => subgroup.has(modPow(residue, cofactor, product)))
}
