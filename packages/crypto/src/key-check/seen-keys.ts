import { concatBytes, encodeAscii, toHex } from '@kart/codec'
import { digest } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'

/** Where an issuer remembers every public key that it ever certified: a second card with the same key means a broken generator, or a copy. */
export interface SeenKeys {
  /** Remembers a fingerprint; false when it was there. Both in one step, or two cards made at once would both be new. */
  remember(fingerprint: string): Promise<boolean>
  /** Whether a fingerprint is there. */
  has(fingerprint: string): Promise<boolean>
}

/**
 * SHA-256, in hex, of what makes a key weak when it is used twice: an RSA modulus whatever its exponent, a curve and an x whatever the sign of the point
 * (the key of -Q is that of Q, negated). How the key was coded does not matter.
 */
export function keyFingerprint(key: PublicKey): string {
  const number = key.kind === 'rsa' ? key.modulus : key.point.subarray(1, 1 + (key.point.length - 1) / 2)
  return toHex(digest('sha256', concatBytes(encodeAscii(`${key.kind === 'rsa' ? 'rsa' : key.curve}:`), number)))
}

/** A memory that lasts as long as the process: for one batch, and for tests. */
export function seenInMemory(): SeenKeys {
  const seen = new Set<string>()
  return {
    remember: async (fingerprint) => {
      if (seen.has(fingerprint)) return false
      seen.add(fingerprint)
      return true
    },
    has: async (fingerprint) => seen.has(fingerprint),
  }
}
