import { randomBytes as systemRandom } from '@noble/hashes/utils.js'
import { CryptoError } from './crypto-error.ts'

/** Compares two byte strings without stopping at the first difference; lengths are not secret. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Overwrites secrets with zeros. Copies that the runtime made elsewhere are out of reach. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

/** Bytes from the system's cryptographic random generator; `length` 0..65536. Throws CryptoError outside that range. */
export function randomBytes(length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 0 || length > 65536) throw new CryptoError('argument', 'random length not in 0..65536')
  return systemRandom(length)
}
