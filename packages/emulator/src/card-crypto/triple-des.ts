import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@kart/codec'
import { pad } from './padding.ts'

const zeroIv = new Uint8Array(8)

// OpenSSL 3 refuses single DES; three-key 3DES with K K K is the same permutation.
const desKey = (key: Uint8Array): Uint8Array => concatBytes(key, key, key)
const twoKey = (key: Uint8Array): Uint8Array => concatBytes(key, key.subarray(0, 8))

/** Two-key 3DES, CBC, zero IV, no padding (Doc 9303-11, 8th ed., 9.8.6.1). Key 16 bytes, data a multiple of 8. */
export function encryptTripleDes(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv('des-ede3-cbc', twoKey(key), zeroIv).setAutoPadding(false)
  return concatBytes(cipher.update(data), cipher.final())
}

/** The inverse of {@link encryptTripleDes}. */
export function decryptTripleDes(key: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createDecipheriv('des-ede3-cbc', twoKey(key), zeroIv).setAutoPadding(false)
  return concatBytes(cipher.update(data), cipher.final())
}

/**
 * Retail MAC of data that is already whole blocks: ISO/IEC 9797-1:2011 MAC algorithm 3, DES, zero IV, 8 bytes (Doc 9303-11, 8th ed., 9.8.6.3).
 * DES-CBC under the first key, then the last block decrypted under the second and encrypted under the first.
 */
export function retailMacOfBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const first = desKey(key.subarray(0, 8))
  const chain = createCipheriv('des-ede3-cbc', first, zeroIv).setAutoPadding(false)
  const last = concatBytes(chain.update(blocks), chain.final()).subarray(-8)
  const undo = createDecipheriv('des-ede3-cbc', desKey(key.subarray(8, 16)), zeroIv).setAutoPadding(false)
  const redo = createCipheriv('des-ede3-cbc', first, zeroIv).setAutoPadding(false)
  return concatBytes(redo.update(concatBytes(undo.update(last), undo.final())), redo.final())
}

/** Retail MAC with padding method 2. Key 16 bytes; any message. */
export function retailMac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return retailMacOfBlocks(key, pad(message, 8))
}
