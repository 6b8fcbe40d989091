import { lean, similarity } from '../parameters.ts'
import { rootInverse } from '../tables.ts'
import { commonOnes } from './bits.ts'
import type { Side } from './side.ts'
import { pairAlike, pairI, pairJ, scan } from './similarity.ts'

// For each minutia of the candidate the best of those that chose it, as alike * 64 + row; 0 is none. As in src/glance.ts.
const best = new Int32Array(lean.centres)
const keys = new Int32Array(lean.centres)

// What each row found: of every minutia of the candidate inside the window its similarity by the bits alone, and the highest. A row is 64 entries.
const plain = new Int32Array(64 * lean.centres)
const highest = new Int32Array(lean.centres)

// The best of the row in hand and its column.
const top = { value: 0, column: 0 }

/** Forgets what was found, before another candidate. */
export function clearGlance(): void {
  best.fill(0)
}

/** The most similar minutia of `b`, by the bits alone, for those of `a` from `from` to `to` of its order; of those that choose the same one the most similar stays. */
export function glance(a: Side, from: number, to: number, b: Side): void {
  const { below, count } = b
  for (let row = from; row < to; row++) {
    const i = a.order[row]!
    top.value = 0
    const low = a.angle[i]! - similarity.window
    const high = a.angle[i]! + similarity.window + 1
    // the sides are sorted by angle, and the window may reach around
    if (low < 0) {
      findBest(a, row, b, 0, below[high]!)
      findBest(a, row, b, below[low + 256]!, count)
    } else if (high > 256) {
      findBest(a, row, b, 0, below[high - 256]!)
      findBest(a, row, b, below[low]!, count)
    } else findBest(a, row, b, below[low]!, below[high]!)
    highest[row] = top.value
    if (top.value === 0) continue
    const alike = (Math.imul(Math.imul(top.value, rootInverse[a.ones[i]!]!), 359) + 131072) >> 18
    if (alike > 0) best[top.column] = Math.max(best[top.column]!, (alike << 6) | row)
  }
}

// Of equal ones the last goes first.
function findBest(a: Side, row: number, b: Side, from: number, to: number): void {
  const i = a.order[row]!
  const share = 105 * a.ones[i]!
  const { ones, bits } = b
  let { value, column } = top
  for (let j = from; j < to; j++) {
    const expected = (Math.imul(16 * ones[j]!, share) + 16384) >> 15
    const excess = 16 * commonOnes(a.bits, 10 * i, bits, 10 * j) - expected
    const here = excess <= 0 ? 0 : (Math.imul(8 * excess, 8 * rootInverse[ones[j]!]!) + 16384) >> 15
    plain[(row << 6) + j] = here
    if (here < value || here === 0) continue
    value = here
    column = j
  }
  top.value = value
  top.column = column
}

/** Compares exactly, for each minutia of `a`, those of `b` that are at a glance nearly as similar as the best one; they join the lists. */
export function listNearBest(a: Side, b: Side): void {
  const { below, count } = b
  for (let row = 0; row < a.count; row++) {
    if (highest[row] === 0) continue
    const i = a.order[row]!
    const low = a.angle[i]! - similarity.window
    const high = a.angle[i]! + similarity.window + 1
    if (low < 0) {
      listRow(a, row, b, 0, below[high]!)
      listRow(a, row, b, below[low + 256]!, count)
    } else if (high > 256) {
      listRow(a, row, b, 0, below[high - 256]!)
      listRow(a, row, b, below[low]!, count)
    } else listRow(a, row, b, below[low]!, below[high]!)
  }
}

function listRow(a: Side, row: number, b: Side, from: number, to: number): void {
  const bound = Math.max(1, (similarity.nearBest * highest[row]!) >> 2)
  for (let j = from; j < to; j++) if (plain[(row << 6) + j]! >= bound) scan(a, b, a.order[row]!, j, j + 1)
}

/** Makes the best `most` of what was found the chosen pairs, best first; gives how many. */
export function choosePairs(a: Side, b: Side, most: number): number {
  let found = 0
  for (let j = 0; j < b.count; j++) {
    const key = best[j]!
    if (key === 0) continue
    let place = found++
    for (; place > 0 && keys[place - 1]! < key; place--) {
      keys[place] = keys[place - 1]!
      pairJ[place] = pairJ[place - 1]!
    }
    keys[place] = key
    pairJ[place] = j
  }
  const kept = Math.min(found, most)
  for (let k = 0; k < kept; k++) {
    pairI[k] = a.order[keys[k]! & 63]!
    pairAlike[k] = (keys[k]! >> 6) << 1
  }
  return kept
}
