import { popcount } from '../fixed.ts'
import { similarity } from '../parameters.ts'
import { bitsInverse, rootInverse } from '../tables.ts'
import { commonOnes, weighted } from './bits.ts'
import { type Side, sideMinutiae } from './side.ts'

/** Entries of a row in the arrays that have one a pair of minutiae: a power of two, so that row and column are read off. */
export const rowShift = 7
const places = sideMinutiae << rowShift

/** Similarities of the pairs inside the angle window, Q10; what stands outside it means nothing. */
export const similar = new Uint16Array(places)

// Similarities are kept in lists by their upper bits, last one first: the order in which the selection takes them.
const highest = 358
const head = new Uint16Array(highest + 1)
const next = new Uint16Array(places)

/** Pairs chosen one to one: minutia of each side, similarity. */
export const pairI = new Uint8Array(64)
export const pairJ = new Uint8Array(64)
export const pairAlike = new Int32Array(64)

/** Empties the lists. */
export function clearLists(): void {
  head.fill(0)
}

/** Similarities of some minutiae of a, `from` to `to` of its order, to those of b inside the angle window; they join the lists. */
export function similarities(a: Side, b: Side, from: number, to: number): void {
  const { below, count } = b
  for (let row = from; row < to; row++) {
    const i = a.order[row]!
    const low = a.angle[i]! - similarity.window
    const high = a.angle[i]! + similarity.window + 1
    // the sides are sorted by angle, and the window may reach around
    if (low < 0) {
      scan(a, b, i, 0, below[high]!)
      scan(a, b, i, below[low + 256]!, count)
    } else if (high > 256) {
      scan(a, b, i, 0, below[high - 256]!)
      scan(a, b, i, below[low]!, count)
    } else scan(a, b, i, below[low]!, below[high]!)
  }
}

// Bits set in the cells of a mask, from the planes of the cells' counts.
function onesWithin(planes: Int32Array, at: number, mask0: number, mask1: number): number {
  const p0 = planes[at]! & mask0
  const p1 = planes[at + 1]! & mask1
  const q0 = planes[at + 2]! & mask0
  const q1 = planes[at + 3]! & mask1
  const r0 = planes[at + 4]! & mask0
  const r1 = planes[at + 5]! & mask1
  const two = p0 & p1
  const q = q0 ^ q1
  const four = (q0 & q1) | (q & two)
  const r = r0 ^ r1
  return weighted(p0 ^ p1, q ^ two, r ^ four, (r0 & r1) | (r & four))
}

/** Similarities of one minutia of a to those of b from `from` to `to`; they join the lists. */
export function scan(a: Side, b: Side, i: number, from: number, to: number): void {
  const maskA0 = a.mask[2 * i]!
  const maskA1 = a.mask[2 * i + 1]!
  const supportA0 = a.support[2 * i]!
  const supportA1 = a.support[2 * i + 1]!
  const allA = a.ones[i]!
  const planesA = a.planes
  const { bits, mask, planes, support, ones, cells } = b
  for (let j = from; j < to; j++) {
    const maskB0 = mask[2 * j]!
    const maskB1 = mask[2 * j + 1]!
    // most cells and descriptors lie within the other's valid cells: then what is common is known
    let common = cells[j]!
    if (((maskB0 & ~maskA0) | (maskB1 & ~maskA1)) !== 0) common = popcount(maskA0 & maskB0) + popcount(maskA1 & maskB1)
    let value = 0
    if (common >= similarity.fewestCells) {
      const onesA = ((supportA0 & ~maskB0) | (supportA1 & ~maskB1)) === 0 ? allA : onesWithin(planesA, 6 * i, maskB0, maskB1)
      const onesB =
        ((support[2 * j]! & ~maskA0) | (support[2 * j + 1]! & ~maskA1)) === 0 ? ones[j]! : onesWithin(planes, 6 * j, maskA0, maskA1)
      const both = commonOnes(a.bits, 10 * i, bits, 10 * j)
      const excess = (Math.imul(both, 6 * common) - Math.imul(onesA, onesB)) | 0
      if (excess > 0) {
        // in Q10; see the bounds in src/similarity.ts
        const corrected = ((excess * bitsInverse[common]!) / 1024) | 0
        const roots = Math.imul(rootInverse[onesA]!, rootInverse[onesB]!) >> 8
        const raw = (Math.imul(corrected, roots) + 32768) >> 16
        // never above the formula's highest, whatever a record holds
        if (raw >= similarity.least) value = Math.min(raw, 1435)
      }
    }
    const at = (i << rowShift) + j
    const list = value >> 2
    similar[at] = value
    next[at] = head[list]!
    head[list] = at + 1
  }
}

const usedA = new Uint8Array(sideMinutiae)
const usedB = new Uint8Array(sideMinutiae)

/** Greedy one-to-one selection from the lists, at most `most`; gives how many. */
export function selectPairs(most: number): number {
  usedA.fill(0)
  usedB.fill(0)
  let found = 0
  for (let level = highest; level > 0; level--) {
    let at = head[level]!
    while (at !== 0) {
      at--
      const i = at >> rowShift
      const j = at & ((1 << rowShift) - 1)
      if ((usedA[i]! | usedB[j]!) === 0) {
        usedA[i] = 1
        usedB[j] = 1
        pairI[found] = i
        pairJ[found] = j
        pairAlike[found] = similar[at]!
        if (++found === most) return found
      }
      at = next[at]!
    }
  }
  return found
}
