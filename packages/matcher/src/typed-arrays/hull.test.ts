import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consistency } from '../parameters.ts'
import { outside as outsideByReference } from '../prepare.ts'
import { outside } from './hull.ts'

test('the unrolled hull measures as the reference does, for any hull and point of 16 bits', () => {
  const half = fc.integer({ min: -32768, max: 32767 })
  // the reference starts from -32768, and no distance of real coordinates comes near it
  const hulls = fc.array(fc.integer({ min: -8192, max: 8192 }), { minLength: 16, maxLength: 16 }).map((values) => Int16Array.from(values))
  fc.assert(
    fc.property(hulls, half, half, (hull, x, y) => {
      expect(outside(hull, x, y)).toBe(outsideByReference(hull, x, y))
    }),
    { numRuns: 2000 },
  )
})

test('the square of where the relaxation cuts errors is above every tolerance, as the typed arrays take for granted', () => {
  const largest = consistency.tolerance + consistency.toleranceStep * consistency.farthest
  expect(consistency.clamp ** 2).toBeGreaterThan(largest)
})
