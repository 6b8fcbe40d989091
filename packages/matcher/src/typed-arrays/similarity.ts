import { popcount } from '../fixed.ts'
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

// Bits set in four words of weight 1, 2, 4 and 8: the last step of carry-save adders, which make one word of equal and one of twice the weight out of three.
function weighted(one: number, two: number, four: number, eight: number): number {
  let p = one - ((one >>> 1) & 0x55555555)
  let q = two - ((two >>> 1) & 0x55555555)
  let r = four - ((four >>> 1) & 0x55555555)
  let s = eight - ((eight >>> 1) & 0x55555555)
  p = (p & 0x33333333) + ((p >>> 2) & 0x33333333)
  q = (q & 0x33333333) + ((q >>> 2) & 0x33333333)
  r = (r & 0x33333333) + ((r >>> 2) & 0x33333333)
  s = (s & 0x33333333) + ((s >>> 2) & 0x33333333)
  // at most 12 in four bits, then 24 in a byte, then 120
  const low = p + (q << 1)
  const high = r + (s << 1)
  const bytes = (low & 0x0f0f0f0f) + ((low >>> 4) & 0x0f0f0f0f) + (((high & 0x0f0f0f0f) + ((high >>> 4) & 0x0f0f0f0f)) << 2)
  const halves = (bytes & 0x00ff00ff) + ((bytes >>> 8) & 0x00ff00ff)
  return (halves + (halves >>> 16)) & 0xffff
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
      const w = 10 * j
      const w0 = a0 & bits[w]!
      const w1 = a1 & bits[w + 1]!
      const w2 = a2 & bits[w + 2]!
      const w3 = a3 & bits[w + 3]!
      const w4 = a4 & bits[w + 4]!
      const w5 = a5 & bits[w + 5]!
      const w6 = a6 & bits[w + 6]!
      const w7 = a7 & bits[w + 7]!
      const w8 = a8 & bits[w + 8]!
      const w9 = a9 & bits[w + 9]!
      const u = w0 ^ w1
      const v = w3 ^ w4
      const x = w6 ^ w7
      const u1 = u ^ w2
      const v1 = v ^ w5
      const x1 = x ^ w8
      const u2 = (w0 & w1) | (u & w2)
      const v2 = (w3 & w4) | (v & w5)
      const x2 = (w6 & w7) | (x & w8)
      const y = u1 ^ v1
      const y1 = y ^ x1
      const y2 = (u1 & v1) | (y & x1)
      const z2 = y1 & w9
      const t = u2 ^ v2
      const t2 = t ^ x2
      const t4 = (u2 & v2) | (t & x2)
      const s = t2 ^ y2
      const s4 = (t2 & y2) | (s & z2)
      const both = weighted(y1 ^ w9, s ^ z2, t4 ^ s4, t4 & s4)
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
