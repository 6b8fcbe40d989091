import { LEAST_SIMILARITY, WINDOW } from './constants'
import {
  BITS_INVERSE,
  HEAD,
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

/** Empties the lists. */
export function clearLists(): void {
  for (let at: usize = 0; at <= 2 * HIGHEST; at += 16) v128.store(HEAD + at, i32x4.splat(0))
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
    const value = min<i32>(select<i32>(raw, 0, raw >= LEAST_SIMILARITY), 1435)
    const list = HEAD + ((<usize>(value >> 2)) << 1)
    store<u16>(NEXT + ((<usize>at) << 1), load<u16>(list))
    store<u16>(list, <u16>(at + 1))
    store<u16>(SIMILAR + ((<usize>at) << 1), <u16>value)
  }
}

/** Greedy one-to-one selection from the lists, at most `most`; gives how many. */
export function selectPairs(most: i32): i32 {
  for (let at: usize = 0; at < 256; at += 16) v128.store(USED_A + at, i32x4.splat(0))
  let found = 0
  // eight lists at a glance: most are empty
  for (let block = HIGHEST >> 3; block >= 0; block--) {
    if (!v128.any_true(v128.load(HEAD + ((<usize>block) << 4)))) continue
    for (let level = 8 * block + 7; level >= max<i32>(1, 8 * block); level--) {
      let at = <i32>load<u16>(HEAD + ((<usize>level) << 1))
      while (at !== 0) {
        at--
        const i = at >> ROW_SHIFT
        const j = at & ((1 << ROW_SHIFT) - 1)
        const free = 1 ^ (load<u8>(USED_A + i) | load<u8>(USED_B + j))
        // written in any case, and counted when both were free: no branch to mispredict
        store<u8>(USED_A + i, 1 & (load<u8>(USED_A + i) | free))
        store<u8>(USED_B + j, 1 & (load<u8>(USED_B + j) | free))
        store<i32>(P_I + ((<usize>found) << 2), i)
        store<i32>(P_J + ((<usize>found) << 2), j)
        store<i32>(P_ALIKE + ((<usize>found) << 2), <i32>load<u16>(SIMILAR + ((<usize>at) << 1)))
        found += free
        if (found === most) return found
        at = <i32>load<u16>(NEXT + ((<usize>at) << 1))
      }
    }
  }
  return found
}
