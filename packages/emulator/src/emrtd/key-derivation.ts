import { createHash } from 'node:crypto'
import { concatBytes, uintToBytes } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'

/** What a key is derived for: encryption, MAC, or decrypting the nonce of PACE (Doc 9303-11, 8th ed., 9.7.1.3). */
export type KeyPurpose = 1 | 2 | 3

function hashed(hash: 'sha1' | 'sha256', secret: Uint8Array, counter: KeyPurpose): Uint8Array {
  const input = concatBytes(secret, uintToBytes(counter, 4))
  const digest = createHash(hash).update(input).digest()
  input.fill(0)
  return digest
}

/** 3DES key from a seed: first 16 bytes of SHA-1(seed || counter), odd parity (Doc 9303-11, 8th ed., 9.7.1.1). */
export function deriveTripleDesKey(seed: Uint8Array, counter: KeyPurpose): Uint8Array {
  return Uint8Array.from(hashed('sha1', seed, counter).subarray(0, 16), oddParity)
}

/** AES key from a secret: first 16 bytes of SHA-1, or 24 or 32 of SHA-256, over secret || counter (Doc 9303-11, 8th ed., 9.7.1.2). */
export function deriveAesKey(length: 16 | 24 | 32, secret: Uint8Array, counter: KeyPurpose): Uint8Array {
  return new Uint8Array(hashed(length === 16 ? 'sha1' : 'sha256', secret, counter).subarray(0, length))
}

/** The key for a cipher (Doc 9303-11, 8th ed., 9.7.1). */
export function deriveKey(cipher: MessagingCipher, secret: Uint8Array, counter: KeyPurpose): Uint8Array {
  switch (cipher) {
    case '3DES':
      return deriveTripleDesKey(secret, counter)
    case 'AES-128':
      return deriveAesKey(16, secret, counter)
    case 'AES-192':
      return deriveAesKey(24, secret, counter)
    case 'AES-256':
      return deriveAesKey(32, secret, counter)
  }
}

function oddParity(byte: number): number {
  let ones = 0
  for (let bits = byte >> 1; bits > 0; bits >>= 1) ones += bits & 1
  return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0)
}
