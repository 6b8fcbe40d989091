import { DecodeError, LimitError } from '@kart/codec'
import fc from 'fast-check'
import { expect } from 'vitest'

/** Runs a decoder; anything it throws besides DecodeError and LimitError fails the test. Gives whether it accepted. */
function refusesCleanly(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return true
  } catch (error) {
    if (!(error instanceof DecodeError) && !(error instanceof LimitError)) throw error
    return false
  }
}

/**
 * Feeds a decoder random bytes, every prefix, every one-bit flip in the first `flipped` bytes and random mutations of a valid input: nothing may be thrown
 * besides DecodeError and LimitError, and no prefix may be accepted but those whose lengths are in `whole` (files that are values side by side).
 */
export function expectCleanRefusals(
  decode: (bytes: Uint8Array) => unknown,
  valid: Uint8Array,
  flipped = 600,
  whole: readonly number[] = [],
): void {
  expect(refusesCleanly(decode, valid)).toBe(true)
  for (let n = 0; n < valid.length; n = n < flipped ? n + 1 : n + 997)
    expect(refusesCleanly(decode, valid.subarray(0, n)), `prefix of ${n} bytes`).toBe(whole.includes(n))
  for (let bit = 0; bit < 8 * Math.min(flipped, valid.length); bit++) {
    const changed = valid.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    refusesCleanly(decode, changed)
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refusesCleanly(decode, bytes)),
    { numRuns: 500 },
  )
  const edits = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(edits, (list) => {
      const changed = valid.slice()
      for (const [at, byte] of list) changed[at] = byte
      refusesCleanly(decode, changed)
    }),
    { numRuns: 500 },
  )
}
