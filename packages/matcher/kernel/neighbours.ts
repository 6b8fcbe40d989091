import { cosine, isqrt, sine, turn } from './arithmetic'
import {
  NEIGHBOUR_ANGLE,
  NEIGHBOUR_FARTHEST,
  NEIGHBOUR_MARGIN,
  NEIGHBOUR_NEAREST,
  NEIGHBOUR_REACH,
  NEIGHBOUR_SHARE,
  NEIGHBOUR_TOLERANCE,
  NEIGHBOUR_TOLERANCE_SHARE,
  PAIRS,
} from './constants'
import { outsideOfEight } from './hull'
import { P_ALIKE, P_I, P_J, S_ANGLE, S_COUNT, S_DISTANCE, S_NEIGHBOURS, S_TWIST, S_U, S_V, S_X, S_Y, V_VALUE } from './layout'

const TOLERANCES: usize = V_VALUE + 1024

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
}

// The squared errors allowed to eight neighbours by their distances; behind them the errors along one axis, rounded up.
function setTolerances(distances: v128): void {
  setFour(TOLERANCES, i32x4.extmul_low_i16x8_s(distances, distances))
  setFour(TOLERANCES + 16, i32x4.extmul_high_i16x8_s(distances, distances))
}

function setFour(to: usize, squares: v128): void {
  const share = i32x4.shr_s(i32x4.add(i32x4.mul(squares, i32x4.splat(NEIGHBOUR_TOLERANCE_SHARE)), i32x4.splat(512)), 10)
  const tolerance = i32x4.add(share, i32x4.splat(NEIGHBOUR_TOLERANCE))
  v128.store(to, tolerance)
  v128.store(to, i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.sqrt(f32x4.convert_i32x4_s(tolerance))), i32x4.splat(1)), 32)
}

function agreeing(a: usize, i: i32, b: usize, j: i32): i32 {
  const countA = <i32>load<u8>(a + S_NEIGHBOURS + i)
  const countB = <i32>load<u8>(b + S_NEIGHBOURS + j)
  if (countA === 0 || countB === 0) return 0
  let usedA = 0
  let usedB = 0
  let sum = 0
  const rowA = 8 * i
  const rowB = 8 * j
  const twists = v128.load(b + S_TWIST + ((<usize>rowB) << 1))
  const placesU = v128.load(b + S_U + ((<usize>rowB) << 1))
  const placesV = v128.load(b + S_V + ((<usize>rowB) << 1))
  setTolerances(v128.load(a + S_DISTANCE + ((<usize>rowA) << 1)))
  for (let k = 0; k < countA; k++) {
    const own = rowA + k
    const tolerance = load<i32>(TOLERANCES + ((<usize>k) << 2))
    const twistOwn = half(a + S_TWIST, own)
    const u = half(a + S_U, own)
    const v = half(a + S_V, own)
    // a vector finds those near enough in direction and place (their error along one axis alone), the rest is exact
    const twisted = i16x8.abs(i16x8.shr_s(i16x8.shl(i16x8.sub(twists, i16x8.splat(<i16>twistOwn)), 8), 8))
    const reach = v128.load16_splat(TOLERANCES + ((<usize>k) << 2), 32)
    const near = v128.and(
      i16x8.lt_s(twisted, i16x8.splat(<i16>NEIGHBOUR_ANGLE)),
      v128.and(
        i16x8.le_s(i16x8.abs(i16x8.sub(placesU, i16x8.splat(<i16>u))), reach),
        i16x8.le_s(i16x8.abs(i16x8.sub(placesV, i16x8.splat(<i16>v))), reach),
      ),
    )
    let open = i16x8.bitmask(near) & ~usedB & ((1 << countB) - 1)
    let best = 0
    let bestAt = -1
    while (open !== 0) {
      const l = ctz(open)
      open &= open - 1
      const other = rowB + l
      const du = half(b + S_U, other) - u
      const dv = half(b + S_V, other) - v
      const error = du * du + dv * dv
      if (error >= tolerance) continue
      const twist = <i32>abs<i32>(turn(half(b + S_TWIST, other) - twistOwn))
      const value = (((1024 * (tolerance - error)) / tolerance) * (1024 - (512 * twist) / NEIGHBOUR_ANGLE)) >> 10
      if (value > best) {
        best = value
        bestAt = l
      }
    }
    if (bestAt < 0) continue
    usedA |= 1 << k
    usedB |= 1 << bestAt
    sum += best
  }
  const outer = min<i32>(half(a + S_DISTANCE, rowA + countA - 1), half(b + S_DISTANCE, rowB + countB - 1))
  const reach = (outer * NEIGHBOUR_REACH + 512) >> 10
  const expected = expectedNeighbours(a, i, usedA, reach, b, j) + expectedNeighbours(b, j, usedB, reach, a, i)
  return (2 * sum) / (expected + 2)
}

// How many of a minutia's neighbours within reach the other print shows or should show: those used, and those that fall inside its hull or near it.
function expectedNeighbours(own: usize, i: i32, used: i32, reach: i32, other: usize, j: i32): i32 {
  const angle = 4 * half(other + S_ANGLE, j)
  const cos = cosine(angle)
  const sin = sine(angle)
  const row = own + ((<usize>i) << 4)
  const u = v128.load(row, S_U)
  const v = v128.load(row, S_V)
  const first = i8x16.shuffle(u, v, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
  const second = i8x16.shuffle(u, v, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
  const forX = i32x4.splat((cos & 0xffff) | (-sin << 16))
  const forY = i32x4.splat((sin & 0xffff) | (cos << 16))
  const x = i16x8.add(turned(first, second, forX), v128.load16_splat(other + S_X + ((<usize>j) << 1)))
  const y = i16x8.add(turned(first, second, forY), v128.load16_splat(other + S_Y + ((<usize>j) << 1)))
  const inside = i16x8.bitmask(i16x8.le_s(outsideOfEight(other, x, y), i16x8.splat(<i16>NEIGHBOUR_MARGIN)))
  const near = i16x8.bitmask(i16x8.lt_s(v128.load(row, S_DISTANCE), i16x8.splat(<i16>reach)))
  return popcnt(near & (used | inside) & ((1 << (<i32>load<u8>(own + S_NEIGHBOURS + i))) - 1))
}

function turned(first: v128, second: v128, by: v128): v128 {
  const round = i32x4.splat(8192)
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(first, by), round), 14),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(second, by), round), 14),
  )
}

/** Looks again at `count` chosen pairs by their neighbours and keeps the best, at most PAIRS; ties keep the order of the first choice. */
export function lookAgain(a: usize, b: usize, count: i32): i32 {
  // keys of value (falling) and place, sorted by insertion
  for (let k = 0; k < count; k++) {
    const at = (<usize>k) << 2
    const j = load<i32>(P_J + at)
    if ((unknown >> j) & 1) {
      unknown &= ~((<u64>1) << j)
      findNeighboursOf(b, j)
    }
    const found = agreeing(a, load<i32>(P_I + at), b, j)
    const alike = (load<i32>(P_ALIKE + at) * (1024 - NEIGHBOUR_SHARE) + found * NEIGHBOUR_SHARE) >> 10
    const key = ((4095 - alike) << 20) | (k << 14)
    let place = k
    while (place > 0 && load<u32>(V_VALUE + ((<usize>(place - 1)) << 2)) > <u32>key) {
      store<u32>(V_VALUE + ((<usize>place) << 2), load<u32>(V_VALUE + ((<usize>(place - 1)) << 2)))
      place--
    }
    store<u32>(V_VALUE + ((<usize>place) << 2), <u32>key)
  }
  const kept = min<i32>(count, PAIRS)
  for (let k = 0; k < kept; k++) {
    const key = load<u32>(V_VALUE + ((<usize>k) << 2))
    const from = (<usize>((key >> 14) & 63)) << 2
    const at = V_VALUE + 512 + <usize>k * 12
    store<i32>(at, load<i32>(P_I + from))
    store<i32>(at + 4, load<i32>(P_J + from))
    store<i32>(at + 8, 4095 - <i32>(key >> 20))
  }
  for (let k = 0; k < kept; k++) {
    const at = V_VALUE + 512 + <usize>k * 12
    store<i32>(P_I + ((<usize>k) << 2), load<i32>(at))
    store<i32>(P_J + ((<usize>k) << 2), load<i32>(at + 4))
    store<i32>(P_ALIKE + ((<usize>k) << 2), load<i32>(at + 8))
  }
  return kept
}

// behind what the second look keeps there
const KEYS: usize = V_VALUE + 1280
const NOBODY: i32 = 0x7fffffff

// A candidate's minutiae whose neighbours are not found yet, a bit each: most are never asked for.
let unknown: u64 = 0

/** Whose neighbours the second look must find when it asks for them: the candidate's of a search, none of one to one. */
export function forgetNeighbours(minutiae: i32): void {
  unknown = ((<u64>1) << minutiae) - 1
}

/** Finds the neighbours of all of a side's minutiae. */
export function findNeighbours(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  for (let centre = 0; centre < count; centre++) findNeighboursOf(side, centre)
}

/**
 * Finds the neighbours of one of a side's minutiae: a packed template carries none. Its minutiae are in order of angle, x and y, so that of two at the same
 * distance the first goes first.
 */
function findNeighboursOf(side: usize, centre: i32): void {
  const count = load<i32>(side + S_COUNT)
  const nearest = i32x4.splat(NEIGHBOUR_NEAREST)
  const farthest = i32x4.splat(NEIGHBOUR_FARTHEST)
  const nobody = i32x4.splat(NOBODY)
  const end = KEYS + ((<usize>((count + 7) >> 3)) << 5)
  const x = v128.load16_splat(side + S_X + ((<usize>centre) << 1))
  const y = v128.load16_splat(side + S_Y + ((<usize>centre) << 1))
  // keys of squared distance and place
  let places = i32x4(0, 1, 2, 3)
  for (let block = 0; block < count; block += 8) {
    const at = (<usize>block) << 1
    const dx = i16x8.sub(v128.load(side + S_X + at), x)
    const dy = i16x8.sub(v128.load(side + S_Y + at), y)
    const first = i8x16.shuffle(dx, dy, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const second = i8x16.shuffle(dx, dy, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    let square = i32x4.dot_i16x8_s(first, first)
    let near = v128.and(i32x4.gt_s(square, nearest), i32x4.lt_s(square, farthest))
    v128.store(KEYS + 2 * at, v128.bitselect(v128.or(i32x4.shl(square, 6), places), nobody, near))
    places = i32x4.add(places, i32x4.splat(4))
    square = i32x4.dot_i16x8_s(second, second)
    near = v128.and(i32x4.gt_s(square, nearest), i32x4.lt_s(square, farthest))
    v128.store(KEYS + 2 * at + 16, v128.bitselect(v128.or(i32x4.shl(square, 6), places), nobody, near))
    places = i32x4.add(places, i32x4.splat(4))
  }
  // lanes beyond the last minutia
  for (let i = count; i & 7; i++) store<i32>(KEYS + ((<usize>i) << 2), NOBODY)
  const own = half(side + S_ANGLE, centre)
  const cos = cosine(4 * own)
  const sin = sine(4 * own)
  let kept = 0
  let last = i32x4.splat(-1)
  for (; kept < 8; kept++) {
    let least = nobody
    for (let at = KEYS; at < end; at += 16) {
      const keys = v128.load(at)
      least = i32x4.min_u(least, v128.or(keys, i32x4.le_s(keys, last)))
    }
    least = i32x4.min_u(least, i8x16.shuffle(least, least, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
    least = i32x4.min_u(least, i8x16.shuffle(least, least, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11))
    const key = i32x4.extract_lane(least, 0)
    if (key === NOBODY) break
    last = i32x4.splat(key)
    const other = key & 63
    const dx = half(side + S_X, other) - half(side + S_X, centre)
    const dy = half(side + S_Y, other) - half(side + S_Y, centre)
    const at = (<usize>(8 * centre + kept)) << 1
    store<i16>(side + S_U + at, <i16>((dx * cos + dy * sin + 8192) >> 14))
    store<i16>(side + S_V + at, <i16>((dy * cos - dx * sin + 8192) >> 14))
    store<i16>(side + S_TWIST + at, <i16>((half(side + S_ANGLE, other) - own) & 0xff))
    store<i16>(side + S_DISTANCE + at, <i16>isqrt(key >> 6))
  }
  store<u8>(side + S_NEIGHBOURS + centre, <u8>kept)
}
