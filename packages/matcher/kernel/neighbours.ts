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
import { outside } from './hull'
import { P_ALIKE, P_I, P_J, S_ANGLE, S_COUNT, S_DISTANCE, S_NEIGHBOURS, S_TWIST, S_U, S_V, S_X, S_Y, V_VALUE } from './layout'

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
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
  for (let k = 0; k < countA; k++) {
    const own = rowA + k
    const distance = half(a + S_DISTANCE, own)
    const tolerance = NEIGHBOUR_TOLERANCE + ((distance * distance * NEIGHBOUR_TOLERANCE_SHARE + 512) >> 10)
    const twistOwn = half(a + S_TWIST, own)
    const u = half(a + S_U, own)
    const v = half(a + S_V, own)
    // a vector finds those near enough in direction and place (their error along one axis alone), the rest is exact
    const twisted = i16x8.abs(i16x8.shr_s(i16x8.shl(i16x8.sub(twists, i16x8.splat(<i16>twistOwn)), 8), 8))
    const reach = i16x8.splat(<i16>(<i32>sqrt<f64>(<f64>tolerance) + 1))
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

function expectedNeighbours(own: usize, i: i32, used: i32, reach: i32, other: usize, j: i32): i32 {
  const angle = 4 * half(other + S_ANGLE, j)
  const cos = cosine(angle)
  const sin = sine(angle)
  const middleX = half(other + S_X, j)
  const middleY = half(other + S_Y, j)
  const count = <i32>load<u8>(own + S_NEIGHBOURS + i)
  let expected = 0
  for (let k = 0; k < count; k++) {
    const at = 8 * i + k
    if (half(own + S_DISTANCE, at) >= reach) break
    if (((used >> k) & 1) === 0) {
      const u = half(own + S_U, at)
      const v = half(own + S_V, at)
      const x = middleX + ((u * cos - v * sin + 8192) >> 14)
      const y = middleY + ((u * sin + v * cos + 8192) >> 14)
      if (outside(other, x, y) > NEIGHBOUR_MARGIN) continue
    }
    expected++
  }
  return expected
}

/** Looks again at `count` chosen pairs by their neighbours and keeps the best, at most PAIRS; ties keep the order of the first choice. */
export function lookAgain(a: usize, b: usize, count: i32): i32 {
  // keys of value (falling) and place, sorted by insertion
  for (let k = 0; k < count; k++) {
    const at = (<usize>k) << 2
    const found = agreeing(a, load<i32>(P_I + at), b, load<i32>(P_J + at))
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

const FOUND: usize = V_VALUE
const SQUARES: usize = V_VALUE + 64

/** Finds the neighbours of a side's minutiae among themselves: a packed template carries none. */
export function findNeighbours(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  for (let centre = 0; centre < count; centre++) {
    const x = half(side + S_X, centre)
    const y = half(side + S_Y, centre)
    let kept = 0
    for (let other = 0; other < count; other++) {
      const dx = half(side + S_X, other) - x
      const dy = half(side + S_Y, other) - y
      const square = dx * dx + dy * dy
      if (square <= NEIGHBOUR_NEAREST || square >= NEIGHBOUR_FARTHEST) continue
      if (kept === 8 && square > load<i32>(SQUARES + 28)) continue
      let at = kept
      while (at > 0 && comesBefore(side, other, square, at - 1)) at--
      if (at === 8) continue
      for (let k = kept; k > at; k--) {
        store<i32>(FOUND + ((<usize>k) << 2), load<i32>(FOUND + ((<usize>(k - 1)) << 2)))
        store<i32>(SQUARES + ((<usize>k) << 2), load<i32>(SQUARES + ((<usize>(k - 1)) << 2)))
      }
      store<i32>(FOUND + ((<usize>at) << 2), other)
      store<i32>(SQUARES + ((<usize>at) << 2), square)
      if (kept < 8) kept++
    }
    store<u8>(side + S_NEIGHBOURS + centre, <u8>kept)
    const own = half(side + S_ANGLE, centre)
    const cos = cosine(4 * own)
    const sin = sine(4 * own)
    for (let k = 0; k < kept; k++) {
      const other = load<i32>(FOUND + ((<usize>k) << 2))
      const dx = half(side + S_X, other) - x
      const dy = half(side + S_Y, other) - y
      const at = (<usize>(8 * centre + k)) << 1
      store<i16>(side + S_U + at, <i16>((dx * cos + dy * sin + 8192) >> 14))
      store<i16>(side + S_V + at, <i16>((dy * cos - dx * sin + 8192) >> 14))
      store<i16>(side + S_TWIST + at, <i16>((half(side + S_ANGLE, other) - own) & 0xff))
      store<i16>(side + S_DISTANCE + at, <i16>isqrt(load<i32>(SQUARES + ((<usize>k) << 2))))
    }
  }
}

// Whether a minutia goes before the one that stands at a place: nearer, or as near and first by angle, then x, then y.
function comesBefore(side: usize, other: i32, square: i32, at: i32): bool {
  const there = load<i32>(SQUARES + ((<usize>at) << 2))
  if (there !== square) return there > square
  const standing = load<i32>(FOUND + ((<usize>at) << 2))
  const angle = half(side + S_ANGLE, standing) - half(side + S_ANGLE, other)
  if (angle !== 0) return angle > 0
  const x = half(side + S_X, standing) - half(side + S_X, other)
  if (x !== 0) return x > 0
  return half(side + S_Y, standing) > half(side + S_Y, other)
}
