import { bitLength, toInteger } from './modular.ts'

/** Gives `length` random bytes. */
export type RandomSource = (length: number) => Uint8Array

/** Products of one scalar: one that several are needed of is taken in hand once. */
export interface Multiplier {
  /** The generator combined with itself so many times. */
  generator(): Uint8Array
  /** Another element combined with itself so many times. */
  element(element: Uint8Array): Uint8Array
  /** What keys are derived from: the x coordinate of that product, or the whole integer (BSI TR-03111 v2.10, 4.3.1). */
  secret(element: Uint8Array): Uint8Array
}

/**
 * A group of prime order in which keys are agreed. An element is a byte string: 04 || x || y, or an integer in the prime's width. A scalar is
 * big-endian, in the order's width, 1..order-1.
 */
export interface AgreementGroup {
  readonly kind: 'ECDH' | 'DH'
  readonly order: bigint
  /** Bytes of a scalar. */
  readonly orderLength: number
  /** Bits of the field. */
  readonly fieldBits: number
  readonly generator: Uint8Array
  /** The element in full width, when it is one of the group, and not the neutral one; else undefined. */
  take(bytes: Uint8Array): Uint8Array | undefined
  /** Products of this scalar. */
  multiplier(scalar: Uint8Array): Multiplier
  /** `element` combined with itself `scalar` times. */
  multiply(element: Uint8Array, scalar: Uint8Array): Uint8Array
  /** As {@link Multiplier.secret}. */
  secret(element: Uint8Array, scalar: Uint8Array): Uint8Array
  /** The group operation; undefined where the neutral element comes out. */
  combine(a: Uint8Array, b: Uint8Array): Uint8Array | undefined
  /** The element that a pseudo-random integer stands for (Doc 9303-11, 8th ed., 4.4.3.3.2); undefined where none does. */
  encode(pseudoRandom: bigint): Uint8Array | undefined
}

const maxDraws = 128

/** A scalar in 1..order-2: random bits as many as the order has, drawn again until they fit. Throws Error for a broken source. */
export function drawScalar(group: AgreementGroup, random: RandomSource): Uint8Array {
  const surplus = 8 * group.orderLength - bitLength(group.order)
  for (let i = 0; i < maxDraws; i++) {
    const scalar = random(group.orderLength)
    scalar[0]! &= 0xff >> surplus
    const value = toInteger(scalar)
    if (value > 0n && value < group.order - 1n) return scalar
  }
  throw new Error('the random source gives no usable scalar')
}
