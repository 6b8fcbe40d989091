import { NEAR_BEST, WINDOW } from './constants'
import {
  COLUMN_BITS,
  COLUMN_ONES,
  COLUMN_PLACE,
  COLUMN_ROOT,
  COLUMN_START,
  G_BEST,
  G_BOTH,
  LEADERS,
  LISTED,
  P_ALIKE,
  P_I,
  P_J,
  ROOT,
  ROW_SHIFT,
  ROW_SPAN,
  ROW_TOP,
  ROWS,
  S_ANGLE,
  S_BITS,
  S_COUNT,
  S_ORDER,
} from './layout'
import { listPair } from './similarity'

// A leading minutia of a probe: its bits, then what its similarities need of it.
const LEADER: usize = 64
const LEADER_SPAN: usize = 3072
const L_SHARE: usize = 40
const L_ROOT: usize = 44
const L_INDEX: usize = 48
// where its window of angles begins, and where it ends, in a turn and the next
const L_LOW: usize = 52
const L_HIGH: usize = 54

function ones(bits: usize): i32 {
  return <i32>(
    (popcnt(load<u64>(bits)) +
      popcnt(load<u64>(bits, 8)) +
      popcnt(load<u64>(bits, 16)) +
      popcnt(load<u64>(bits, 24)) +
      popcnt(load<u64>(bits, 32)))
  )
}

/** Lays a probe's leading minutiae side by side, in the order of its side. */
export function gatherLeaders(probe: i32, side: usize): void {
  const count = load<i32>(side + S_COUNT)
  for (let row = 0; row < count; row++) {
    const i = <usize>load<u8>(side + S_ORDER + <usize>row)
    const bits = side + S_BITS + i * 40
    const to = LEADERS + <usize>probe * LEADER_SPAN + <usize>row * LEADER
    v128.store(to, v128.load(bits))
    v128.store(to + 16, v128.load(bits + 16))
    store<u64>(to + 32, load<u64>(bits + 32))
    const set = ones(bits)
    // 32768 / 312 of the ones
    store<i16>(to + L_SHARE, <i16>(105 * set))
    store<i32>(to + L_ROOT, load<i32>(ROOT + ((<usize>set) << 2)))
    store<i32>(to + L_INDEX, <i32>i)
    const low = (<i32>load<i16>(side + S_ANGLE + (i << 1)) - WINDOW) & 0xff
    store<u16>(to + L_LOW, <u16>low)
    store<u16>(to + L_HIGH, <u16>(low + 2 * WINDOW + 1))
  }
}

/**
 * What the first look needs of a candidate's minutiae: where each angle begins, their bits, how many ones each has, and their root's inverse. All stand there
 * twice, one turn behind the other, so that no window reaches around.
 */
export function gatherColumns(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  markAngles(side)
  for (let j = 0; j < count; j++) {
    const bits = side + S_BITS + <usize>j * 40
    const set = ones(bits)
    putColumn(j, bits, set)
    putColumn(count + j, bits, set)
    store<u16>(COLUMN_PLACE + ((<usize>(count + j)) << 1), <u16>j)
    store<u16>(COLUMN_PLACE + ((<usize>j) << 1), <u16>j)
  }
}

/** Where each angle begins among a candidate's minutiae, in a turn and the next. */
export function markAngles(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  let angle: usize = 0
  for (let j = 0; j < count; j++) {
    const own = <usize>load<u8>(side + S_ANGLE + ((<usize>j) << 1))
    // a record that is not in order of angle leads nowhere outside of it
    if (own < angle) continue
    fill(angle, own, j)
    angle = own + 1
  }
  fill(angle, 256, count)
  const turn = i8x16.splat(<i8>count)
  for (let behind: usize = 0; behind < COLUMN_TURN; behind += 16)
    v128.store(COLUMN_START + 256 + behind, i8x16.add(v128.load(COLUMN_START + behind), turn))
}

// Whole vectors: what lies behind the last angle is written after it.
function fill(from: usize, to: usize, value: i32): void {
  const values = i8x16.splat(<i8>value)
  for (let angle = from; angle <= to; angle += 16) v128.store(COLUMN_START + angle, values)
}

// Angles of the second turn in which a window can end.
const COLUMN_TURN: usize = 128

function putColumn(at: i32, bits: usize, set: i32): void {
  const to = COLUMN_BITS + <usize>at * 40
  v128.store(to, v128.load(bits))
  v128.store(to + 16, v128.load(bits + 16))
  store<u64>(to + 32, load<u64>(bits + 32))
  store<i16>(COLUMN_ONES + ((<usize>at) << 1), <i16>(16 * set))
  store<i16>(COLUMN_ROOT + ((<usize>at) << 1), <i16>(load<i32>(ROOT + ((<usize>set) << 2)) << 3))
}

/** Forgets what was found, before another candidate. */
export function clearGlance(): void {
  for (let at: usize = 0; at < 96; at += 16) v128.store(G_BEST + at, i32x4.splat(0))
}

/**
 * The most similar of the candidate's minutiae for each of the probe's leading ones from `from` to `to`; of those that choose the same one the most similar
 * stays. What each found stays in its row.
 */
export function glance(probe: i32, from: i32, to: i32): void {
  const zero = i32x4.splat(0)
  const leaders = LEADERS + <usize>probe * LEADER_SPAN
  for (let row = from; row < to; row++) {
    const leader = leaders + <usize>row * LEADER
    const first = <usize>load<u8>(COLUMN_START + <usize>load<u16>(leader + L_LOW))
    const length = <usize>load<u8>(COLUMN_START + <usize>load<u16>(leader + L_HIGH)) - first
    const a0 = load<u64>(leader)
    const a1 = load<u64>(leader, 8)
    const a2 = load<u64>(leader, 16)
    const a3 = load<u64>(leader, 24)
    const a4 = load<u64>(leader, 32)
    let bits = COLUMN_BITS + first * 40
    const end = length << 1
    // two at a time; where their number is odd the last one is wiped out below
    for (let at: usize = 0; at < end; at += 4, bits += 80)
      store<u32>(
        at,
        <u32>(
          (popcnt(a0 & load<u64>(bits)) +
            popcnt(a1 & load<u64>(bits, 8)) +
            popcnt(a2 & load<u64>(bits, 16)) +
            popcnt(a3 & load<u64>(bits, 24)) +
            popcnt(a4 & load<u64>(bits, 32)) +
            ((popcnt(a0 & load<u64>(bits, 40)) +
              popcnt(a1 & load<u64>(bits, 48)) +
              popcnt(a2 & load<u64>(bits, 56)) +
              popcnt(a3 & load<u64>(bits, 64)) +
              popcnt(a4 & load<u64>(bits, 72))) <<
              16))
        ),
        G_BOTH,
      )
    // beyond the window nothing is in common
    v128.store(end, zero, G_BOTH)
    const share = v128.load16_splat(leader + L_SHARE)
    const columns = first << 1
    const keys = ROWS + ((<usize>row) << ROW_SPAN)
    let best = zero
    for (let at: usize = 0; at < end; at += 16) {
      const expected = i16x8.q15mulr_sat_s(v128.load(columns + at, COLUMN_ONES), share)
      const excess = i16x8.max_s(i16x8.sub(i16x8.shl(v128.load(at, G_BOTH), 4), expected), zero)
      const value = i16x8.q15mulr_sat_s(i16x8.shl(excess, 3), v128.load(columns + at, COLUMN_ROOT))
      const key = v128.or(i16x8.shl(value, 6), v128.load(columns + at, COLUMN_PLACE))
      v128.store(keys + at, key)
      best = i16x8.max_u(best, key)
    }
    best = i16x8.max_u(best, i8x16.shuffle(best, best, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
    best = i16x8.max_u(best, i8x16.shuffle(best, best, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15))
    const top = max<i32>(<i32>i16x8.extract_lane_u(best, 0), <i32>i16x8.extract_lane_u(best, 1))
    store<u16>(keys, <u16>top, ROW_TOP)
    // 0 to 716, half of Q10
    const alike = ((top >> 6) * load<i32>(leader + L_ROOT) * 359 + 131072) >> 18
    const key = alike === 0 ? 0 : (alike << 6) | row
    const place = G_BEST + ((<usize>(top & 63)) << 1)
    store<u16>(place, <u16>max<i32>(key, <i32>load<u16>(place)))
  }
}

/** Compares exactly, for each of the probe's minutiae, the candidate's that are nearly as similar at a glance as its best one; they join the lists. */
export function listNearBest(probe: i32, a: usize, b: usize): void {
  const leaders = LEADERS + <usize>probe * LEADER_SPAN
  const rows = load<i32>(a + S_COUNT)
  const columns = load<i32>(b + S_COUNT)
  let listed = LISTED
  for (let row = 0; row < rows; row++) {
    const leader = leaders + <usize>row * LEADER
    const keys = ROWS + ((<usize>row) << ROW_SPAN)
    const top = <i32>load<u16>(keys, ROW_TOP) >> 6
    if (top === 0) continue
    const first = <i32>load<u8>(COLUMN_START + <usize>load<u16>(leader + L_LOW))
    const length = <i32>load<u8>(COLUMN_START + <usize>load<u16>(leader + L_HIGH)) - first
    const bound = i16x8.splat(<i16>(max<i32>(1, (top * NEAR_BEST) >> 2) << 6))
    let near: u64 = 0
    for (let block = 0; block < length; block += 8)
      near |= (<u64>i16x8.bitmask(i16x8.ge_u(v128.load(keys + ((<usize>block) << 1)), bound))) << block
    // from places in the window to the candidate's minutiae
    const behind = columns - first
    if (first + length > columns) near = ((near & (((<u64>1) << behind) - 1)) << first) | (near >> behind)
    else near <<= first
    const i = load<i32>(leader + L_INDEX)
    while (near !== 0) {
      store<u16>(listed, <u16>((i << ROW_SHIFT) + <i32>ctz(near)))
      near &= near - 1
      listed += 2
    }
  }
  for (let at = LISTED; at < listed; at += 2) listPair(a, b, <i32>load<u16>(at))
}

/** Makes the best `most` of what was found the chosen pairs; gives how many. */
export function choosePairs(probe: i32, most: i32): i32 {
  const leaders = LEADERS + <usize>probe * LEADER_SPAN
  let k0 = v128.load(G_BEST)
  let k1 = v128.load(G_BEST, 16)
  let k2 = v128.load(G_BEST, 32)
  let k3 = v128.load(G_BEST, 48)
  let k4 = v128.load(G_BEST, 64)
  let k5 = v128.load(G_BEST, 80)
  let found = 0
  for (; found < most; found++) {
    let best = i16x8.max_u(i16x8.max_u(i16x8.max_u(k0, k1), i16x8.max_u(k2, k3)), i16x8.max_u(k4, k5))
    best = i16x8.max_u(best, i8x16.shuffle(best, best, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
    best = i16x8.max_u(best, i8x16.shuffle(best, best, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15))
    const key = max<i32>(<i32>i16x8.extract_lane_u(best, 0), <i32>i16x8.extract_lane_u(best, 1))
    if (key === 0) break
    // no two keys are the same: a row chooses once
    const taken = i16x8.splat(<i16>key)
    k0 = v128.andnot(k0, i16x8.eq(k0, taken))
    k1 = v128.andnot(k1, i16x8.eq(k1, taken))
    k2 = v128.andnot(k2, i16x8.eq(k2, taken))
    k3 = v128.andnot(k3, i16x8.eq(k3, taken))
    k4 = v128.andnot(k4, i16x8.eq(k4, taken))
    k5 = v128.andnot(k5, i16x8.eq(k5, taken))
    const row = <usize>(key & 63)
    const at = (<usize>found) << 2
    store<i32>(at, load<i32>(leaders + row * LEADER + L_INDEX), P_I)
    store<i32>(at, <i32>load<u16>(ROWS + (row << ROW_SPAN), ROW_TOP) & 63, P_J)
    store<i32>(at, (key >> 6) << 1, P_ALIKE)
  }
  return found
}
