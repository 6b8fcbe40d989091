import { divRound, onesByByte, popcount, sumOfBytes, turn } from './fixed.ts'
import { similarity } from './parameters.ts'
import type { Searchable } from './prepare.ts'
import { bitsInverse, rootInverse } from './tables.ts'

/**
 * Chance-corrected correlation of two descriptors over the cells valid in both, Q10, 0..1433: 1.4 (h - ca cb / N) / sqrt((ca + 8)(cb + 8)), where h counts the
 * common ones, ca and cb each side's, and N the bits compared.
 */
function correlate(a: Searchable, i: number, b: Searchable, j: number): number {
  const atA = 10 * i
  const atB = 10 * j
  const maskA0 = a.mask[2 * i]!
  const maskA1 = a.mask[2 * i + 1]!
  const maskB0 = b.mask[2 * j]!
  const maskB1 = b.mask[2 * j + 1]!
  const common = popcount(maskA0 & maskB0) + popcount(maskA1 & maskB1)
  if (common < similarity.fewestCells) return 0
  // sums of bits by byte, at most 80 in each
  let bytesBoth = 0
  for (let k = 0; k < 10; k += 2) bytesBoth += onesByByte(a.bits[atA + k]! & b.bits[atB + k]!, a.bits[atA + k + 1]! & b.bits[atB + k + 1]!)
  const both = sumOfBytes(bytesBoth)
  const onesA = onesWithin(a.planes, 6 * i, maskB0, maskB1)
  const onesB = onesWithin(b.planes, 6 * j, maskA0, maskA1)
  const excess = both * 6 * common - onesA * onesB
  if (excess <= 0) return 0
  // 1.4 (h - ca cb / N) in Q10, at most 112k; the product of the roots in Q16 is below 8192 + 1, so all stays inside 31 bits.
  const corrected = (excess * bitsInverse[common]!) / 1024
  const value = divRound(Math.floor(corrected) * ((rootInverse[onesA]! * rootInverse[onesB]!) >> 8), 65536)
  return value < similarity.least ? 0 : value
}

// Bits set in the cells of a mask, from the planes of the cells' counts; at most 112 in each byte.
function onesWithin(planes: Int32Array, at: number, mask0: number, mask1: number): number {
  return sumOfBytes(
    onesByByte(planes[at]! & mask0, planes[at + 1]! & mask1) +
      2 * onesByByte(planes[at + 2]! & mask0, planes[at + 3]! & mask1) +
      4 * onesByByte(planes[at + 4]! & mask0, planes[at + 5]! & mask1),
  )
}

/** Similarities of one minutia of `a` to every one of `b`, Q10, into its row; 0 outside the angle window. */
export function similaritiesOf(a: Searchable, i: number, b: Searchable, out: Int16Array): void {
  const row = i * b.count
  for (let j = 0; j < b.count; j++) {
    const difference = turn(b.angle[j]! - a.angle[i]!)
    out[row + j] = difference > similarity.window || difference < -similarity.window ? 0 : correlate(a, i, b, j)
  }
}
