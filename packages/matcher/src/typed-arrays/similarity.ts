import { similarity } from '../parameters.ts'
import { bitsInverse, rootInverse } from '../tables.ts'
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

// Bits set in two words together, by byte.
function ones2(p: number, q: number): number {
  let x = p - ((p >>> 1) & 0x55555555)
  let y = q - ((q >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  y = (y & 0x33333333) + ((y >>> 2) & 0x33333333)
  const nibbles = x + y
  return ((nibbles & 0x0f0f0f0f) + ((nibbles >>> 4) & 0x0f0f0f0f)) | 0
}

// Four bytes' sum, below 256.
function bytesSum(bytes: number): number {
  return Math.imul(bytes, 0x01010101) >>> 24
}

// Four bytes' sum, which may be above 255.
function wideSum(bytes: number): number {
  const halves = (bytes & 0x00ff00ff) + ((bytes >>> 8) & 0x00ff00ff)
  return (halves + (halves >>> 16)) & 0xffff
}

function scan(a: Side, b: Side, i: number, from: number, to: number): void {
  const bitsA = a.bits
  const a0 = bitsA[10 * i]!
  const a1 = bitsA[10 * i + 1]!
  const a2 = bitsA[10 * i + 2]!
  const a3 = bitsA[10 * i + 3]!
  const a4 = bitsA[10 * i + 4]!
  const a5 = bitsA[10 * i + 5]!
  const a6 = bitsA[10 * i + 6]!
  const a7 = bitsA[10 * i + 7]!
  const a8 = bitsA[10 * i + 8]!
  const a9 = bitsA[10 * i + 9]!
  const maskA0 = a.mask[2 * i]!
  const maskA1 = a.mask[2 * i + 1]!
  const supportA0 = a.support[2 * i]!
  const supportA1 = a.support[2 * i + 1]!
  const planesA = a.planes
  const planeA = 6 * i
  const { bits, mask, planes, support } = b
  for (let j = from; j < to; j++) {
    const maskB0 = mask[2 * j]!
    const maskB1 = mask[2 * j + 1]!
    const common = bytesSum(ones2(maskA0 & maskB0, maskA1 & maskB1))
    let value = 0
    if (common >= similarity.fewestCells) {
      // most descriptors lie within the other's valid cells, and then all of their bits count
      const onesA = ((supportA0 & ~maskB0) | (supportA1 & ~maskB1)) === 0 ? a.ones[i]! : onesWithin(planesA, planeA, maskB0, maskB1)
      const onesB =
        ((support[2 * j]! & ~maskA0) | (support[2 * j + 1]! & ~maskA1)) === 0 ? b.ones[j]! : onesWithin(planes, 6 * j, maskA0, maskA1)
      const w = 10 * j
      const both = wideSum(
        ones2(a0 & bits[w]!, a1 & bits[w + 1]!) +
          ones2(a2 & bits[w + 2]!, a3 & bits[w + 3]!) +
          ones2(a4 & bits[w + 4]!, a5 & bits[w + 5]!) +
          ones2(a6 & bits[w + 6]!, a7 & bits[w + 7]!) +
          ones2(a8 & bits[w + 8]!, a9 & bits[w + 9]!),
      )
      const excess = (Math.imul(both, 6 * common) - Math.imul(onesA, onesB)) | 0
      if (excess > 0) {
        // in Q10; see the bounds in src/similarity.ts
        const corrected = ((excess * bitsInverse[common]!) / 1024) | 0
        const roots = (rootInverse[onesA]! * rootInverse[onesB]!) >> 8
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

// Bits set in the cells of a mask, from the planes of the cells' counts.
function onesWithin(planes: Int32Array, at: number, mask0: number, mask1: number): number {
  return wideSum(
    ones2(planes[at]! & mask0, planes[at + 1]! & mask1) +
      2 * ones2(planes[at + 2]! & mask0, planes[at + 3]! & mask1) +
      4 * ones2(planes[at + 4]! & mask0, planes[at + 5]! & mask1),
  )
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
