import { R_COS, R_SIN, R_X, R_Y } from './align'
import { divRound, lnQ12 } from './arithmetic'
import {
  BORDER_0,
  BORDER_1,
  BORDER_2,
  EDGE_ANGLE,
  EDGE_DISTANCE,
  EDGE_SHARE,
  LEAST_OVERLAP,
  OVERLAP_ADDED,
  OVERLAP_INSIDE,
  OVERLAP_OUTSIDE,
  QUALITY_0,
  QUALITY_1,
  QUALITY_2,
  QUALITY_3,
  QUALITY_4,
} from './constants'
import { outside, outsideOfEight } from './hull'
import {
  E_LEFT_X,
  E_X,
  E_Y,
  EVIDENCE,
  LOGISTIC,
  M_COUNT,
  M_I,
  M_J,
  M_VALUE,
  MATCHED,
  MOVED_X,
  MOVED_Y,
  OUTSIDE,
  RIGID,
  S_ANGLE,
  S_COUNT,
  S_INSIDE,
  S_QUALITY,
  S_X,
  S_Y,
  UNMATCHED,
  USED_A,
  USED_B,
} from './layout'

export const E_F: usize = 0
export const E_LU: usize = 4
export const E_EDGES: usize = 8
export const E_DENSITY: usize = 12
export const E_OVERLAP: usize = 16
export const E_MATCHED: usize = 32
export const E_UNMATCHED: usize = 64

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
}

function word(base: usize, at: i32): i32 {
  return load<i32>(base + ((<usize>at) << 2))
}

/** How far inside its own border each minutia of a side lies: found once a side. */
export function measureInside(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  for (let i = 0; i < count; i++)
    store<i16>(side + S_INSIDE + ((<usize>i) << 1), <i16>(OVERLAP_OUTSIDE - outside(side, half(side + S_X, i), half(side + S_Y, i))))
}

function share(out: i32, used: i32): i32 {
  if (used === 1 || out <= -OVERLAP_INSIDE) return 1024
  if (out >= OVERLAP_OUTSIDE) return 0
  return (1024 * (OVERLAP_OUTSIDE - out)) / (OVERLAP_OUTSIDE + OVERLAP_INSIDE)
}

function bin(side: usize, i: i32, out: i32): i32 {
  const inside = min<i32>(-out, half(side + S_INSIDE, i))
  const border = <i32>(inside >= BORDER_0) + <i32>(inside >= BORDER_1) + <i32>(inside >= BORDER_2)
  const quality = <i32>load<u8>(side + S_QUALITY + i)
  if (quality === 0) return 24 + border
  const row =
    <i32>(quality >= QUALITY_0) +
    <i32>(quality >= QUALITY_1) +
    <i32>(quality >= QUALITY_2) +
    <i32>(quality >= QUALITY_3) +
    <i32>(quality >= QUALITY_4)
  return 4 * row + border
}

function countIn(into: usize): void {
  store<u8>(into, load<u8>(into) + 1)
}

// How far outside a's hull b's minutiae fall under the alignment that undoes the one in hand.
function carryBack(a: usize, b: usize, count: i32, cos: i32, sin: i32, shiftX: i32, shiftY: i32): void {
  const forX = i32x4.splat((cos & 0xffff) | (sin << 16))
  const forY = i32x4.splat((-sin & 0xffff) | (cos << 16))
  const addX = i32x4.splat(shiftX + 8192)
  const addY = i32x4.splat(shiftY + 8192)
  for (let at: usize = 0; at < (<usize>count) << 1; at += 16) {
    const x = v128.load(b + at, S_X)
    const y = v128.load(b + at, S_Y)
    const first = i8x16.shuffle(x, y, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const second = i8x16.shuffle(x, y, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    const backX = carried(first, second, forX, addX)
    const backY = carried(first, second, forY, addY)
    v128.store(at, outsideOfEight(a, backX, backY), OUTSIDE)
  }
}

function carried(first: v128, second: v128, by: v128, add: v128): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(first, by), add), 14),
    i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(second, by), add), 14),
  )
}

/** Weighs the pairing in hand; gives the logistic's argument, Q10. `form` says whose logistic. */
export function weigh(a: usize, b: usize, rel: i32, form: i32): i32 {
  const n = load<i32>(M_COUNT)
  const cos = load<i32>(RIGID, R_COS)
  const sin = load<i32>(RIGID, R_SIN)
  // the alignment that undoes this one
  const backX = divRound(load<i32>(RIGID, R_X), 16384)
  const backY = divRound(load<i32>(RIGID, R_Y), 16384)
  const shiftX = -(cos * backX + sin * backY)
  const shiftY = sin * backX - cos * backY
  memory.fill(EVIDENCE, 0, 128)
  let sum = 0
  for (let k = 0; k < n; k++) sum += word(M_VALUE, k)
  let overlap = 0
  const countA = load<i32>(a + S_COUNT)
  for (let at: usize = 0; at < (<usize>countA) << 1; at += 16)
    v128.store(at, outsideOfEight(b, v128.load(at, MOVED_X), v128.load(at, MOVED_Y)), OUTSIDE)
  for (let i = 0; i < countA; i++) {
    const out = half(OUTSIDE, i)
    const used = <i32>load<u8>(USED_A + i)
    overlap += share(out, used)
    if (used === 1) countIn(EVIDENCE + E_MATCHED + bin(a, i, out))
    else if (out <= OVERLAP_OUTSIDE) countIn(EVIDENCE + E_UNMATCHED + bin(a, i, out))
  }
  const countB = load<i32>(b + S_COUNT)
  carryBack(a, b, countB, cos, sin, shiftX, shiftY)
  for (let j = 0; j < countB; j++) {
    const out = half(OUTSIDE, j)
    const used = <i32>load<u8>(USED_B + j)
    overlap += share(out, used)
    if (used === 1) countIn(EVIDENCE + E_MATCHED + bin(b, j, out))
    else if (out <= OVERLAP_OUTSIDE) countIn(EVIDENCE + E_UNMATCHED + bin(b, j, out))
  }
  overlap >>= 1
  let lu = 0
  for (let k = 0; k < 28; k++)
    lu += <i32>load<u8>(EVIDENCE + E_MATCHED + k) * word(MATCHED, k) + <i32>load<u8>(EVIDENCE + E_UNMATCHED + k) * word(UNMATCHED, k)
  // toward minus infinity
  const luMean = lu >= 0 ? lu / 20 : -((19 - lu) / 20)
  const edges = countEdges(a, b, n)
  const f = <i32>((<i64>sum * <i64>sum) / <i64>(max<i32>(LEAST_OVERLAP, overlap) + OVERLAP_ADDED))
  const density = (1024 * edges) / max<i32>(3, (n * (n - 1)) / 2)
  store<i32>(EVIDENCE, f, E_F)
  store<i32>(EVIDENCE, luMean, E_LU)
  store<i32>(EVIDENCE, edges, E_EDGES)
  store<i32>(EVIDENCE, density, E_DENSITY)
  store<i32>(EVIDENCE, overlap, E_OVERLAP)
  const weights = LOGISTIC + <usize>form * 32
  const lnF = lnQ12(f + 512) - lnQ12(1 << 10)
  const lnRel = lnQ12(rel + 205) - lnQ12(1 << 12)
  const lnEdges = lnQ12(edges + 1)
  const total =
    <i64>word(weights, 0) * lnF +
    <i64>word(weights, 1) * lnRel +
    <i64>word(weights, 3) * lnEdges +
    4 * (<i64>word(weights, 2) * luMean + <i64>word(weights, 4) * density)
  return <i32>(total >> 12) + word(weights, 5)
}

// Pairs of matched pairs that agree in distance and angle. The lists are gathered first, so that four are looked at together.
function countEdges(a: usize, b: usize, n: i32): i32 {
  for (let k = 0; k < n; k++) {
    const i = word(M_I, k)
    const j = word(M_J, k)
    const at = (<usize>k) << 2
    store<i32>(E_X + at, (half(a + S_X, i) & 0xffff) | (half(a + S_Y, i) << 16))
    store<i32>(E_Y + at, (half(b + S_X, j) & 0xffff) | (half(b + S_Y, j) << 16))
    store<i32>(E_LEFT_X + at, half(a + S_ANGLE, i) - half(b + S_ANGLE, j))
  }
  let edges = 0
  for (let p = 1; p < n; p++) {
    const ap = v128.load32_splat(E_X + ((<usize>p) << 2))
    const bp = v128.load32_splat(E_Y + ((<usize>p) << 2))
    const turnP = v128.load32_splat(E_LEFT_X + ((<usize>p) << 2))
    for (let q = 0; q < p; q += 4) {
      const at = (<usize>q) << 2
      const twist = i32x4.abs(i32x4.shr_s(i32x4.shl(i32x4.sub(turnP, v128.load(E_LEFT_X + at)), 24), 24))
      const da = i16x8.sub(ap, v128.load(E_X + at))
      const db = i16x8.sub(bp, v128.load(E_Y + at))
      const squareA = i32x4.dot_i16x8_s(da, da)
      const squareB = i32x4.dot_i16x8_s(db, db)
      const apart = i32x4.abs(i32x4.sub(squareA, squareB))
      // length of B's within 8 %: the larger component and three eighths of the smaller
      const both = i16x8.abs(db)
      const x = v128.and(both, i32x4.splat(0xffff))
      const y = i32x4.shr_u(both, 16)
      const larger = i32x4.max_s(x, y)
      const smaller = i32x4.min_s(x, y)
      const length = i32x4.add(larger, i32x4.shr_s(i32x4.mul(smaller, i32x4.splat(3)), 3))
      const tolerance = i32x4.add(
        i32x4.mul(length, i32x4.splat(2 * EDGE_DISTANCE)),
        i32x4.shr_s(i32x4.mul(i32x4.shr_s(i32x4.max_s(squareA, squareB), 4), i32x4.splat(EDGE_SHARE)), 5),
      )
      const agree = v128.and(i32x4.lt_s(twist, i32x4.splat(EDGE_ANGLE)), i32x4.lt_s(apart, tolerance))
      const valid = p - q >= 4 ? 15 : (1 << (p - q)) - 1
      edges += popcnt(i32x4.bitmask(agree) & valid)
    }
  }
  return edges
}
