import { createHash } from 'node:crypto'
import { concatBytes, uintToBytes } from '@kart/codec'

/** 3DES key from a seed: first 16 bytes of SHA-1(seed || counter), odd parity (Doc 9303-11, 8th ed., 9.7.1.1). Counter 1 = encryption, 2 = MAC. */
export function deriveTripleDesKey(seed: Uint8Array, counter: 1 | 2): Uint8Array {
  const digest = createHash('sha1')
    .update(concatBytes(seed, uintToBytes(counter, 4)))
    .digest()
  return Uint8Array.from(digest.subarray(0, 16), oddParity)
}

function oddParity(byte: number): number {
  let ones = 0
  for (let bits = byte >> 1; bits > 0; bits >>= 1) ones += bits & 1
  return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0)
}
