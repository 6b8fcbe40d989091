import { divRound, popcount, turn } from './fixed.ts'
import { similarity } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { bitsInverse, rootInverse } from './tables.ts'

/**
 * Chance-corrected correlation of two descriptors over the cells valid in both, Q10, 0..1433: 1.4 (h - ca cb / N) / sqrt((ca + 8)(cb + 8)), where h counts the
 * common ones, ca and cb each side's, and N the bits compared.
 */
function correlate(a: Prepared, i: number, b: Prepared, j: number): number {
  const atA = 12 * i
  const atB = 12 * j
  const common = popcount(a.mask[atA]! & b.mask[atB]!) + popcount(a.mask[atA + 1]! & b.mask[atB + 1]!)
  if (common < similarity.fewestCells) return 0
  let both = 0
  let onesA = 0
  let onesB = 0
  for (let k = 0; k < 12; k++) {
    const bitsA = a.bits[atA + k]!
    const bitsB = b.bits[atB + k]!
    both += popcount(bitsA & bitsB)
    onesA += popcount(bitsA & b.mask[atB + k]!)
    onesB += popcount(bitsB & a.mask[atA + k]!)
  }
  const excess = both * 6 * common - onesA * onesB
  if (excess <= 0) return 0
  // 1.4 (h - ca cb / N) in Q10, at most 112k; the product of the roots in Q16 is below 8192 + 1, so all stays inside 31 bits.
  const corrected = (excess * bitsInverse[common]!) / 1024
  const value = divRound(Math.floor(corrected) * ((rootInverse[onesA]! * rootInverse[onesB]!) >> 8), 65536)
  return value < similarity.least ? 0 : value
}

/** Similarities of every minutia of `a` (rows) to every one of `b`, Q10; 0 outside the angle window. */
export function similarities(a: Prepared, b: Prepared, out: Int16Array): void {
  for (let i = 0; i < a.count; i++) {
    const row = i * b.count
    for (let j = 0; j < b.count; j++) {
      const difference = turn(b.angle[j]! - a.angle[i]!)
      out[row + j] = difference > similarity.window || difference < -similarity.window ? 0 : correlate(a, i, b, j)
    }
  }
}
