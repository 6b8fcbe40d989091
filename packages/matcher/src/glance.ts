import { popcount, turn } from './fixed.ts'
import type { ChosenPairs } from './pairs.ts'
import { similarity } from './parameters.ts'
import type { Searchable } from './prepare.ts'
import { rootInverse } from './tables.ts'

/**
 * The first look of a search: for each leading minutia of `a` its most similar one of `b`, by the bits alone. A column holds the best of the rows that chose it,
 * as alike * 64 + row, where row counts in `order` and alike is Q9; 0 is none.
 */
export type Glance = Int32Array

/** Adds the rows `from` to `to` of `order` to what was found; the column's last one goes first among equals, and the last row. */
export function glance(a: Searchable, order: readonly number[], from: number, to: number, b: Searchable, best: Glance): void {
  for (let row = from; row < Math.min(to, order.length); row++) {
    const i = order[row]!
    const here = plainSimilarities(a, i, b)
    const value = Math.max(...here)
    // 1.4 (h - ca cb / 312) / sqrt((ca + 8)(cb + 8)) in Q9, the constant that of the units before it
    const alike = (value * rootInverse[onesOf(a, i)]! * 359 + 131072) >> 18
    if (alike === 0) continue
    const column = here.lastIndexOf(value)
    best[column] = Math.max(best[column]!, alike * 64 + row)
  }
}

/** For a minutia of `a`, which of `b`'s are at a glance nearly as similar as the best one. */
export function nearBest(a: Searchable, i: number, b: Searchable): boolean[] {
  const here = plainSimilarities(a, i, b)
  const bound = Math.max(1, (similarity.nearBest * Math.max(...here)) >> 2)
  return Array.from(here, (value) => value >= bound)
}

/** The best `most` of what was found. */
export function choosePairs(order: readonly number[], best: Glance, most: number): ChosenPairs {
  const columns = Array.from(best.keys()).filter((j) => best[j]! > 0)
  const chosen = columns.sort((p, q) => best[q]! - best[p]!).slice(0, most)
  return {
    i: Uint8Array.from(chosen, (j) => order[best[j]! % 64]!),
    j: Uint8Array.from(chosen),
    alike: Int16Array.from(chosen, (j) => 2 * (best[j]! >> 6)),
  }
}

// One of `a` to every one of `b`; 0 outside the angle window.
function plainSimilarities(a: Searchable, i: number, b: Searchable): Int32Array {
  const onesA = onesOf(a, i)
  return Int32Array.from({ length: b.count }, (_, j) => {
    const difference = turn(b.angle[j]! - a.angle[i]!)
    if (difference > similarity.window || difference < -similarity.window) return 0
    return plainSimilarity(commonOnes(a, i, b, j), onesA, onesOf(b, j))
  })
}

// (h - ca cb / 312) / sqrt(cb + 8), times 128: what is common beyond chance, whichever cells are valid.
function plainSimilarity(both: number, onesA: number, onesB: number): number {
  const excess = Math.max(0, 16 * both - timesQ15(16 * onesB, 105 * onesA))
  return timesQ15(8 * excess, 8 * rootInverse[onesB]!)
}

function timesQ15(p: number, q: number): number {
  return (p * q + 16384) >> 15
}

function onesOf(side: Searchable, i: number): number {
  let ones = 0
  for (let k = 10 * i; k < 10 * i + 10; k++) ones += popcount(side.bits[k]!)
  return ones
}

function commonOnes(a: Searchable, i: number, b: Searchable, j: number): number {
  let ones = 0
  for (let k = 0; k < 10; k++) ones += popcount(a.bits[10 * i + k]! & b.bits[10 * j + k]!)
  return ones
}
