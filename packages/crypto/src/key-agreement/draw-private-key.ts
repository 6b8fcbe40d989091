import { bitLength, bytesToBigInt } from '../big-integer.ts'
import { CryptoError } from '../crypto-error.ts'
import type { RandomSource } from './agreement-group.ts'

/** Draws allowed before the generator counts as broken: a sound one misses with at most 1/2 each time. */
const maxDraws = 128

/** An integer in 1..order-1 in `length` bytes: random bits as many as the order has, drawn again until they fit (FIPS 186-5, A.2.2). Throws CryptoError. */
export function drawPrivateKey(order: bigint, length: number, random: RandomSource): Uint8Array {
  const surplus = 8 * length - bitLength(order)
  for (let i = 0; i < maxDraws; i++) {
    const drawn = random(length)
    if (drawn.length !== length) throw new CryptoError('argument', 'the random source gave another number of bytes')
    const key = drawn.slice()
    key[0]! &= 0xff >> surplus
    const value = bytesToBigInt(key)
    if (value > 0n && value < order) return key
  }
  throw new CryptoError('argument', 'the random source gives no usable private key')
}
