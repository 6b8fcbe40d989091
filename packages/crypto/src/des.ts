import { CryptoError } from './crypto-error.ts'
import { desEde3Cbc } from './node-backend.ts'
import { padMethod2 } from './padding.ts'

function checkKey(key: Uint8Array): void {
  if (key.length !== 16) throw new CryptoError('argument', 'a two-key triple-DES key is 16 bytes')
}

function checkBlocks(iv: Uint8Array, data: Uint8Array): void {
  if (iv.length !== 8) throw new CryptoError('argument', 'a DES initialisation vector is 8 bytes')
  if (data.length % 8 !== 0) throw new CryptoError('argument', 'data is not whole DES blocks of 8 bytes')
}

/** Two-key triple DES in CBC mode, no padding (ISO/IEC 18033-3; ISO/IEC 10116): key 16 bytes, iv 8, whole blocks of 8. Throws CryptoError. */
export function desEde3CbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  checkKey(key)
  checkBlocks(iv, data)
  return desEde3Cbc('encrypt', key.subarray(0, 8), key.subarray(8), iv, data)
}

/** The inverse of {@link desEde3CbcEncrypt}. */
export function desEde3CbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  checkKey(key)
  checkBlocks(iv, data)
  return desEde3Cbc('decrypt', key.subarray(0, 8), key.subarray(8), iv, data)
}

/**
 * The retail MAC: ISO/IEC 9797-1:2011 MAC algorithm 3 with DES, zero IV, 8 bytes (Doc 9303-11, 8th ed., 9.8.6.1).
 * `padding` 'method-2' pads `data`; 'none' takes whole blocks that are already padded, at least one. Throws CryptoError.
 */
export function retailMac(key: Uint8Array, data: Uint8Array, padding: 'method-2' | 'none' = 'method-2'): Uint8Array {
  checkKey(key)
  const blocks = padding === 'method-2' ? padMethod2(data, 8) : data
  if (blocks.length === 0 || blocks.length % 8 !== 0) throw new CryptoError('argument', 'data is not whole DES blocks of 8 bytes')
  const key1 = key.subarray(0, 8)
  const last = blocks.length - 8
  const zero = new Uint8Array(8)
  // Single DES over all blocks but the last; the last one, with output transformation 3, is E(K1) D(K2) E(K1): one triple-DES block.
  const chained = last === 0 ? zero : desEde3Cbc('encrypt', key1, key1, zero, blocks.subarray(0, last)).subarray(last - 8)
  return desEde3Cbc('encrypt', key1, key.subarray(8), chained, blocks.subarray(last))
}
