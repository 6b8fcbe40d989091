import { LEAN_CENTRES, LEAST_SIMILARITY, WINDOW } from './constants'
import {
  BITS_INVERSE,
  HEAD,
  KNOWN,
  NEXT,
  P_ALIKE,
  P_I,
  P_J,
  ROOT,
  ROW_SHIFT,
  S_ANGLE,
  S_BITS,
  S_COUNT,
  S_MASK,
  S_ORDER,
  S_PLANES,
  SIMILAR,
  USED_A,
  USED_B,
} from './layout'

// Similarities are kept in lists by their upper bits, last one first: the order in which the selection takes them.
const HIGHEST: i32 = 358
const LISTS: usize = 768

/** Empties the lists. */
export function clearLists(): void {
  for (let at: usize = 0; at < LISTS; at += 16) v128.store(HEAD + at, i32x4.splat(0))
}

/** Similarities of some minutiae of a, rows `from` to `to` of its order, to those of b inside the angle window; they join the lists. */
export function similarities(a: usize, b: usize, from: i32, to: i32): void {
  const columns = load<i32>(b + S_COUNT)
  for (let row = from; row < to; row++) {
    const i = <i32>load<u8>(a + S_ORDER + row)
    const angle = <i32>load<i16>(a + S_ANGLE + ((<usize>i) << 1))
    const low = angle - WINDOW
    const high = angle + WINDOW + 1
    // the sides are sorted by angle, and the window may reach around
    if (low < 0) {
      scan(a, b, i, 0, below(b, columns, high))
      scan(a, b, i, below(b, columns, low + 256), columns)
    } else if (high > 256) {
      scan(a, b, i, 0, below(b, columns, high - 256))
      scan(a, b, i, below(b, columns, low), columns)
    } else scan(a, b, i, below(b, columns, low), below(b, columns, high))
  }
}

// How many of a side's minutiae have a smaller angle.
function below(side: usize, count: i32, angle: i32): i32 {
  const bound = i16x8.splat(<i16>angle)
  let sums = i16x8.splat(0)
  let block = 0
  for (; block + 8 <= count; block += 8) sums = i16x8.add(sums, i16x8.lt_s(v128.load(side + S_ANGLE + ((<usize>block) << 1)), bound))
  const pairs = i32x4.dot_i16x8_s(sums, i16x8.splat(-1))
  let found = i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1) + i32x4.extract_lane(pairs, 2) + i32x4.extract_lane(pairs, 3)
  if (block < count) {
    const here = i16x8.bitmask(i16x8.lt_s(v128.load(side + S_ANGLE + ((<usize>block) << 1)), bound))
    found += popcnt(here & ((1 << (count - block)) - 1))
  }
  return found
}

// The similarity of a minutia in hand to one that lies in memory.
// @ts-expect-error: decorator
function correlate(
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  maskA: u64,
  pa0: u64,
  pa1: u64,
  pa2: u64,
  bits: usize,
  mask: usize,
  planes: usize,
): i32 {
  const maskB = load<u64>(mask)
  const common = <i32>popcnt(maskA & maskB)
  const both = <i32>(
    (popcnt(a0 & load<u64>(bits)) +
      popcnt(a1 & load<u64>(bits + 8)) +
      popcnt(a2 & load<u64>(bits + 16)) +
      popcnt(a3 & load<u64>(bits + 24)) +
      popcnt(a4 & load<u64>(bits + 32)))
  )
  const onesA = <i32>(popcnt(pa0 & maskB) + (popcnt(pa1 & maskB) << 1) + (popcnt(pa2 & maskB) << 2))
  const onesB = <i32>(
    (popcnt(load<u64>(planes) & maskA) + (popcnt(load<u64>(planes + 8) & maskA) << 1) + (popcnt(load<u64>(planes + 16) & maskA) << 2))
  )
  // no branches: what is not alike goes to the lowest list, which nobody reads; too few common cells have an inverse of 0
  const excess = max<i32>(both * 6 * common - onesA * onesB, 0)
  const corrected = <i32>((<i64>excess * <i64>load<i32>(BITS_INVERSE + ((<usize>common) << 2))) >> 10)
  const roots = (load<i32>(ROOT + ((<usize>onesA) << 2)) * load<i32>(ROOT + ((<usize>onesB) << 2))) >> 8
  const raw = (corrected * roots + 32768) >> 16
  // never above the formula's highest, whatever a record holds
  return min<i32>(select<i32>(raw, 0, raw >= LEAST_SIMILARITY), 1435)
}

// @ts-expect-error: decorator
function compare(a: usize, b: usize, i: i32, j: i32): i32 {
  const bits = a + S_BITS + <usize>i * 40
  const planes = a + S_PLANES + <usize>i * 24
  return correlate(
    load<u64>(bits),
    load<u64>(bits, 8),
    load<u64>(bits, 16),
    load<u64>(bits, 24),
    load<u64>(bits, 32),
    load<u64>(a + S_MASK + ((<usize>i) << 3)),
    load<u64>(planes),
    load<u64>(planes, 8),
    load<u64>(planes, 16),
    b + S_BITS + <usize>j * 40,
    b + S_MASK + ((<usize>j) << 3),
    b + S_PLANES + <usize>j * 24,
  )
}

/** The similarity of one pair, by its place in {@link SIMILAR}, joins the lists. */
export function listPair(a: usize, b: usize, place: i32): void {
  const at = (<usize>place) << 1
  const value = compare(a, b, place >> ROW_SHIFT, place & ((1 << ROW_SHIFT) - 1))
  const list = (<usize>(value >> 2)) << 1
  store<u16>(at, load<u16>(list, HEAD), NEXT)
  store<u16>(list, <u16>(place + 1), HEAD)
  store<u16>(at, <u16>value, SIMILAR)
}

/** The similarity of one pair, looked up where it was found before; {@link forgetSimilar} comes first. */
export function similarityOf(a: usize, b: usize, i: i32, j: i32): i32 {
  const place = SIMILAR + ((<usize>((i << ROW_SHIFT) + j)) << 1)
  const row = KNOWN + ((<usize>i) << 3)
  const known = load<u64>(row)
  if ((known >> j) & 1) return <i32>load<u16>(place)
  store<u64>(row, known | ((<u64>1) << j))
  const value = compare(a, b, i, j)
  store<u16>(place, <u16>value)
  return value
}

/** Before the similarities of other sides, of at most 64 minutiae each, are asked for one by one. */
export function forgetSimilar(): void {
  for (let at: usize = 0; at < 8 * <usize>LEAN_CENTRES; at += 16) v128.store(KNOWN + at, i32x4.splat(0))
}

/** Similarities of one minutia of a to those of b from `from` to `to`; they join the lists. */
export function scan(a: usize, b: usize, i: i32, from: i32, to: i32): void {
  const bitsA = a + S_BITS + <usize>i * 40
  const a0 = load<u64>(bitsA)
  const a1 = load<u64>(bitsA + 8)
  const a2 = load<u64>(bitsA + 16)
  const a3 = load<u64>(bitsA + 24)
  const a4 = load<u64>(bitsA + 32)
  const maskA = load<u64>(a + S_MASK + ((<usize>i) << 3))
  const planesA = a + S_PLANES + <usize>i * 24
  const pa0 = load<u64>(planesA)
  const pa1 = load<u64>(planesA + 8)
  const pa2 = load<u64>(planesA + 16)
  let bits = b + S_BITS + <usize>from * 40
  let planes = b + S_PLANES + <usize>from * 24
  let mask = b + S_MASK + ((<usize>from) << 3)
  let at = (i << ROW_SHIFT) + from
  for (let j = from; j < to; j++, at++, bits += 40, planes += 24, mask += 8) {
    const value = correlate(a0, a1, a2, a3, a4, maskA, pa0, pa1, pa2, bits, mask, planes)
    const list = HEAD + ((<usize>(value >> 2)) << 1)
    store<u16>(NEXT + ((<usize>at) << 1), load<u16>(list))
    store<u16>(list, <u16>(at + 1))
    store<u16>(SIMILAR + ((<usize>at) << 1), <u16>value)
  }
}

/** Greedy one-to-one selection from the lists, at most `most`; gives how many. The lists are used up. */
export function selectPairs(most: i32): i32 {
  for (let at: usize = 0; at < 256; at += 16) v128.store(USED_A + at, i32x4.splat(0))
  let found = 0
  for (let word = HIGHEST >> 6; word >= 0; word--) {
    // the lists of this word's levels that hold anything; the lowest of all is never read
    let lists = word === 0 ? filled(0) & ~(<u64>1) : filled((<usize>word) << 7)
    while (lists !== 0) {
      const level = 63 - <i32>clz(lists)
      const list = HEAD + ((<usize>((word << 6) + level)) << 1)
      const at = <i32>load<u16>(list) - 1
      const next = load<u16>(NEXT + ((<usize>at) << 1))
      store<u16>(list, next)
      lists ^= (<u64>(next === 0)) << level
      const i = at >> ROW_SHIFT
      const j = at & ((1 << ROW_SHIFT) - 1)
      const free = 1 ^ (load<u8>(USED_A + i) | load<u8>(USED_B + j))
      // written in any case, and counted when both were free: no branch to mispredict
      store<u8>(USED_A + i, 1 & (load<u8>(USED_A + i) | free))
      store<u8>(USED_B + j, 1 & (load<u8>(USED_B + j) | free))
      store<i32>((<usize>found) << 2, i, P_I)
      store<i32>((<usize>found) << 2, j, P_J)
      store<i32>((<usize>found) << 2, <i32>load<u16>(SIMILAR + ((<usize>at) << 1)), P_ALIKE)
      found += free
      if (found === most) return found
    }
  }
  return found
}

// Which of 64 lists hold anything.
function filled(from: usize): u64 {
  const none = i32x4.splat(0)
  let bits: u64 = 0
  for (let k: usize = 0; k < 64; k += 16)
    bits |=
      (<u64>(
        (i8x16.bitmask(
          i8x16.narrow_i16x8_s(i16x8.ne(v128.load(HEAD + from + 2 * k), none), i16x8.ne(v128.load(HEAD + from + 2 * k + 16), none)),
        ) & 0xffff)
      )) << k
  return bits
}
