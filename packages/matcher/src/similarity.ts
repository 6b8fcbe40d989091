import { divRound, onesByByte, popcount, sumOfBytes, turn } from './fixed.ts'
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
  const maskA0 = a.mask[2 * i]!
  const maskA1 = a.mask[2 * i + 1]!
  const maskB0 = b.mask[2 * j]!
  const maskB1 = b.mask[2 * j + 1]!
  const common = popcount(maskA0 & maskB0) + popcount(maskA1 & maskB1)
  if (common < similarity.fewestCells) return 0
  // sums of bits by byte, at most 96 in each after six sections
  let bytesBoth = 0
  let bytesA = 0
  let bytesB = 0
  for (let k = 0; k < 12; k += 2) {
    const a0 = a.bits[atA + k]!
    const a1 = a.bits[atA + k + 1]!
    const b0 = b.bits[atB + k]!
    const b1 = b.bits[atB + k + 1]!
    bytesBoth += onesByByte(a0 & b0, a1 & b1)
    bytesA += onesByByte(a0 & maskB0, a1 & maskB1)
    bytesB += onesByByte(b0 & maskA0, b1 & maskA1)
  }
  const both = sumOfBytes(bytesBoth)
  const onesA = sumOfBytes(bytesA)
  const onesB = sumOfBytes(bytesB)
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
