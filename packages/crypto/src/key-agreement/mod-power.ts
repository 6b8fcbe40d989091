import { bigIntToBytes, bytesToBigInt } from '../big-integer.ts'

/**
 * base^exponent mod prime by a Montgomery ladder: one multiplication and one squaring for every bit of the exponent's byte string, whatever the bit. The big integers
 * themselves still take time by their values; node:crypto's call does not.
 */
export function modPowerLadder(prime: Uint8Array, base: Uint8Array, exponent: Uint8Array): Uint8Array {
  const p = bytesToBigInt(prime)
  const pair: [bigint, bigint] = [1n, bytesToBigInt(base)]
  for (const byte of exponent) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      const bit = (byte & mask) === 0 ? 0 : 1
      const product = (pair[0] * pair[1]) % p
      pair[bit] = (pair[bit]! * pair[bit]!) % p
      pair[1 - bit] = product
    }
  }
  return bigIntToBytes(pair[0], prime.length)
}
