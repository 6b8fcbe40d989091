import { cosine, divRound, sine, turn } from './arithmetic'
import {
  ALIGN_ANGLE_UNITS,
  ALIGN_ANGLE_WEIGHT,
  ALIGN_DIRECTION,
  ALIGN_DIRECTION_FIRST,
  ALIGN_DISTANCE_WEIGHT,
  ALIGN_ELASTIC_FACTOR,
  ALIGN_ELASTIC_SQUARE,
  ALIGN_LAST_RADIUS,
  ALIGN_PLAIN_PAIR,
  ALIGN_RADIUS,
  WINDOW,
} from './constants'
import {
  BENT_X,
  BENT_Y,
  COLUMN_START,
  E_LEFT_X,
  E_LEFT_Y,
  E_X,
  HEAD,
  M_COUNT,
  M_I,
  M_J,
  M_RESIDUAL,
  M_VALUE,
  MOVED_X,
  MOVED_Y,
  NEXT,
  P_ALIKE,
  P_AX,
  P_AY,
  P_BX,
  P_BY,
  P_CONSISTENT,
  P_COS,
  P_SIN,
  P_WEIGHT,
  RIGID,
  ROW_SHIFT,
  S_ANGLE,
  S_COUNT,
  S_X,
  S_Y,
  SIMILAR,
  USED_A,
  USED_B,
  V_SQUARE,
  V_VALUE,
} from './layout'
import { similarityOf } from './similarity'

// cos, sin (Q14), shift x, y (Q14), angle (1/1024 turn)
export const R_COS: usize = 0
export const R_SIN: usize = 4
export const R_X: usize = 8
export const R_Y: usize = 12
export const R_ANGLE: usize = 16

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
}

function word(base: usize, at: i32): i32 {
  return load<i32>(base + ((<usize>at) << 2))
}

/** Least-squares rotation and shift over weighted pairs into RIGID; false when there is none. */
function fitRigid(a: usize, b: usize, n: i32, is: usize, js: usize, weights: usize, direction: i32): bool {
  let total = 0
  let ax = 0
  let ay = 0
  let bx = 0
  let by = 0
  for (let k = 0; k < n; k++) {
    const w = word(weights, k)
    const i = word(is, k)
    const j = word(js, k)
    total += w
    ax += w * half(a + S_X, i)
    ay += w * half(a + S_Y, i)
    bx += w * half(b + S_X, j)
    by += w * half(b + S_Y, j)
  }
  if (total === 0) return false
  const centreAx = divRound(ax, total)
  const centreAy = divRound(ay, total)
  const centreBx = divRound(bx, total)
  const centreBy = divRound(by, total)
  let along: i64 = 0
  let across: i64 = 0
  for (let k = 0; k < n; k++) {
    const w = <i64>word(weights, k)
    const i = word(is, k)
    const j = word(js, k)
    const dax = half(a + S_X, i) - centreAx
    const day = half(a + S_Y, i) - centreAy
    const dbx = half(b + S_X, j) - centreBx
    const dby = half(b + S_Y, j) - centreBy
    const difference = 4 * (half(b + S_ANGLE, j) - half(a + S_ANGLE, i))
    along += w * <i64>(dax * dbx + day * dby + ((direction * cosine(difference)) >> 14))
    across += w * <i64>(dax * dby - day * dbx + ((direction * sine(difference)) >> 14))
  }
  return settle(along, across, centreAx, centreAy, centreBx, centreBy)
}

function settle(along: i64, across: i64, centreAx: i32, centreAy: i32, centreBx: i32, centreBy: i32): bool {
  const larger = max<i64>(abs<i64>(along), abs<i64>(across))
  // so that both fit 16 bits
  const shift = max<i64>(0, 49 - clz(larger))
  const c = <i32>(along >> shift)
  const s = <i32>(across >> shift)
  const length = <i32>sqrt<f64>(<f64>c * <f64>c + <f64>s * <f64>s)
  if (length === 0) return false
  const cos = divRound(16384 * c, length)
  const sin = divRound(16384 * s, length)
  store<i32>(RIGID, cos, R_COS)
  store<i32>(RIGID, sin, R_SIN)
  store<i32>(RIGID, 16384 * centreBx - (cos * centreAx - sin * centreAy), R_X)
  store<i32>(RIGID, 16384 * centreBy - (sin * centreAx + cos * centreAy), R_Y)
  store<i32>(RIGID, angleOf(cos, sin), R_ANGLE)
  return true
}

function angleOf(cos: i32, sin: i32): i32 {
  const target = <i32>abs<i32>(sin)
  let low = 0
  // no branches: nobody could foretell them
  for (let step = 128; step > 0; step >>= 1) low = select<i32>(low + step, low, sine(low + step) <= target)
  const quarter = target - sine(low) <= sine(low + 1) - target ? low : low + 1
  if (cos >= 0) return sin >= 0 ? quarter : (1024 - quarter) & 1023
  return sin >= 0 ? 512 - quarter : 512 + quarter
}

/** The alignment that a seed pair and those that agree with it lead to; the pairs lie side by side as the relaxation left them. */
export function fitSeed(count: i32, seed: i32): bool {
  const end = (<usize>((count + 7) >> 3)) << 4
  for (let q = 0; q < count; q++) {
    const alike = word(P_ALIKE, q)
    const consistent = <i32>load<i16>(P_CONSISTENT + ((<usize>q) << 6) + ((<usize>seed) << 1))
    store<i16>(P_WEIGHT + ((<usize>q) << 1), <i16>((consistent * alike) >> 8))
  }
  store<i16>(P_WEIGHT + ((<usize>seed) << 1), <i16>word(P_ALIKE, seed))
  for (let at = (<usize>count) << 1; at < end; at += 2) store<i16>(at, 0, P_WEIGHT)
  const ones = i16x8.splat(1)
  let totals = i32x4.splat(0)
  let ax = totals
  let ay = totals
  let bx = totals
  let by = totals
  for (let at: usize = 0; at < end; at += 16) {
    const weights = v128.load(at, P_WEIGHT)
    totals = i32x4.add(totals, i32x4.dot_i16x8_s(weights, ones))
    ax = i32x4.add(ax, i32x4.dot_i16x8_s(weights, v128.load(at, P_AX)))
    ay = i32x4.add(ay, i32x4.dot_i16x8_s(weights, v128.load(at, P_AY)))
    bx = i32x4.add(bx, i32x4.dot_i16x8_s(weights, v128.load(at, P_BX)))
    by = i32x4.add(by, i32x4.dot_i16x8_s(weights, v128.load(at, P_BY)))
  }
  const total = lanesSum(totals)
  if (total === 0) return false
  const centreAx = divRound(lanesSum(ax), total)
  const centreAy = divRound(lanesSum(ay), total)
  const centreBx = divRound(lanesSum(bx), total)
  const centreBy = divRound(lanesSum(by), total)
  const fromX = i16x8.splat(<i16>centreAx)
  const fromY = i16x8.splat(<i16>centreAy)
  const toX = i16x8.splat(<i16>centreBx)
  const toY = i16x8.splat(<i16>centreBy)
  let alongs = i64x2.splat(0)
  let acrosses = i64x2.splat(0)
  for (let at: usize = 0; at < end; at += 16) {
    const weights = v128.load(at, P_WEIGHT)
    const dax = i16x8.sub(v128.load(at, P_AX), fromX)
    const day = i16x8.sub(v128.load(at, P_AY), fromY)
    const dbx = i16x8.sub(v128.load(at, P_BX), toX)
    const dby = i16x8.sub(v128.load(at, P_BY), toY)
    const minus = i16x8.neg(dbx)
    const cos = v128.load(at, P_COS)
    const sin = v128.load(at, P_SIN)
    const low = i32x4.extend_low_i16x8_s(weights)
    const high = i32x4.extend_high_i16x8_s(weights)
    const lowA = i8x16.shuffle(dax, day, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const highA = i8x16.shuffle(dax, day, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    const lowB = i8x16.shuffle(dbx, dby, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const highB = i8x16.shuffle(dbx, dby, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    const lowC = i8x16.shuffle(dby, minus, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const highC = i8x16.shuffle(dby, minus, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    let value = i32x4.add(i32x4.dot_i16x8_s(lowA, lowB), directionOf(i32x4.extend_low_i16x8_s(cos)))
    alongs = i64x2.add(alongs, i64x2.add(i64x2.extmul_low_i32x4_s(low, value), i64x2.extmul_high_i32x4_s(low, value)))
    value = i32x4.add(i32x4.dot_i16x8_s(highA, highB), directionOf(i32x4.extend_high_i16x8_s(cos)))
    alongs = i64x2.add(alongs, i64x2.add(i64x2.extmul_low_i32x4_s(high, value), i64x2.extmul_high_i32x4_s(high, value)))
    value = i32x4.add(i32x4.dot_i16x8_s(lowA, lowC), directionOf(i32x4.extend_low_i16x8_s(sin)))
    acrosses = i64x2.add(acrosses, i64x2.add(i64x2.extmul_low_i32x4_s(low, value), i64x2.extmul_high_i32x4_s(low, value)))
    value = i32x4.add(i32x4.dot_i16x8_s(highA, highC), directionOf(i32x4.extend_high_i16x8_s(sin)))
    acrosses = i64x2.add(acrosses, i64x2.add(i64x2.extmul_low_i32x4_s(high, value), i64x2.extmul_high_i32x4_s(high, value)))
  }
  const along = i64x2.extract_lane(alongs, 0) + i64x2.extract_lane(alongs, 1)
  const across = i64x2.extract_lane(acrosses, 0) + i64x2.extract_lane(acrosses, 1)
  return settle(along, across, centreAx, centreAy, centreBx, centreBy)
}

// What the directions of four pairs say, of twice their rotations' cosines or sines, which stop at 32767.
function directionOf(twice: v128): v128 {
  const once = i32x4.shr_s(i32x4.add(twice, i32x4.splat(1)), 1)
  return i32x4.shr_s(i32x4.mul(once, i32x4.splat(ALIGN_DIRECTION_FIRST)), 14)
}

/** The first and the last angle of a candidate, not brought into one turn, that point the same way as an angle of the probe under a rotation of 1/1024 turn. */
export function firstInReach(angle: i32, rotation: i32): i32 {
  return (4 * angle + rotation - ALIGN_ANGLE_UNITS + 4) >> 2
}

export function lastInReach(angle: i32, rotation: i32): i32 {
  return (4 * angle + rotation + ALIGN_ANGLE_UNITS - 1) >> 2
}

/** Pairs, fits again and pairs again; in a search similarities are found as they are asked for. */
export function refine(a: usize, b: usize, full: bool): void {
  move(a)
  pairUp(a, b, ALIGN_RADIUS, full)
  for (let pass = 0; pass < 2; pass++) {
    if (!fitRigid(a, b, load<i32>(M_COUNT), M_I, M_J, M_VALUE, ALIGN_DIRECTION)) break
    move(a)
    bend(a, b)
    pairUp(a, b, pass === 0 ? ALIGN_RADIUS : ALIGN_LAST_RADIUS, full)
  }
}

/** Carries the minutiae of a side as RIGID says. */
export function move(a: usize): void {
  const count = load<i32>(a + S_COUNT)
  const cos = load<i32>(RIGID, R_COS)
  const sin = load<i32>(RIGID, R_SIN)
  const forX = i32x4.splat((cos & 0xffff) | (-sin << 16))
  const forY = i32x4.splat((sin & 0xffff) | (cos << 16))
  const addX = i32x4.splat(load<i32>(RIGID, R_X) + 8192)
  const addY = i32x4.splat(load<i32>(RIGID, R_Y) + 8192)
  const lowest = i16x8.splat(-16384)
  const highest = i16x8.splat(16383)
  for (let i: usize = 0; i < <usize>count; i += 8) {
    const x = v128.load(a + S_X + (i << 1))
    const y = v128.load(a + S_Y + (i << 1))
    const first = i8x16.shuffle(x, y, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
    const second = i8x16.shuffle(x, y, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
    const mx = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(first, forX), addX), 14),
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(second, forX), addX), 14),
    )
    const my = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(first, forY), addY), 14),
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(second, forY), addY), 14),
    )
    v128.store(MOVED_X + (i << 1), i16x8.max_s(lowest, i16x8.min_s(highest, mx)))
    v128.store(MOVED_Y + (i << 1), i16x8.max_s(lowest, i16x8.min_s(highest, my)))
  }
}

// Moves each minutia by the mean residual of the other pairs near it.
function bend(a: usize, b: usize): void {
  const n = load<i32>(M_COUNT)
  const count = load<i32>(a + S_COUNT)
  for (let k = 0; k < n; k++) {
    const at = (<usize>k) << 2
    const i = word(M_I, k)
    const j = word(M_J, k)
    const x = half(MOVED_X, i)
    const y = half(MOVED_Y, i)
    store<i32>(E_X + at, (x & 0xffff) | (y << 16))
    store<i32>(E_LEFT_X + at, half(b + S_X, j) - x)
    store<i32>(E_LEFT_Y + at, half(b + S_Y, j) - y)
  }
  const lanes = <i32>(<usize>(n + 3) & ~(<usize>3))
  for (let k = n; k < lanes; k++) {
    // far from everything
    store<i32>(E_X + ((<usize>k) << 2), 30000 | (30000 << 16))
    store<i32>(E_LEFT_X + ((<usize>k) << 2), 0)
    store<i32>(E_LEFT_Y + ((<usize>k) << 2), 0)
    store<i32>(M_VALUE + ((<usize>k) << 2), 0)
    store<i32>(M_I + ((<usize>k) << 2), -1)
  }
  const reach = i32x4.splat(ALIGN_ELASTIC_SQUARE)
  for (let i = 0; i < count; i++) {
    const here = i32x4.splat((half(MOVED_X, i) & 0xffff) | (half(MOVED_Y, i) << 16))
    const self = i32x4.splat(i)
    let weights = i32x4.splat(0)
    let sumX = i32x4.splat(0)
    let sumY = i32x4.splat(0)
    for (let k = 0; k < lanes; k += 4) {
      const at = (<usize>k) << 2
      const apart = i16x8.sub(v128.load(E_X + at), here)
      const d2 = i32x4.dot_i16x8_s(apart, apart)
      const open = v128.andnot(i32x4.lt_u(d2, reach), i32x4.eq(v128.load(M_I + at), self))
      if (!v128.any_true(open)) continue
      const near = i32x4.sub(i32x4.splat(1024), i32x4.shr_s(i32x4.mul(d2, i32x4.splat(ALIGN_ELASTIC_FACTOR)), 14))
      // where a lane is open all of these are below 2^15 and not negative, so that their upper halves add nothing
      const squared = i32x4.shr_s(i32x4.dot_i16x8_s(near, near), 10)
      const weight = v128.and(i32x4.shr_s(i32x4.dot_i16x8_s(squared, v128.load(M_VALUE + at)), 10), open)
      weights = i32x4.add(weights, weight)
      sumX = i32x4.add(sumX, i32x4.dot_i16x8_s(weight, v128.load(E_LEFT_X + at)))
      sumY = i32x4.add(sumY, i32x4.dot_i16x8_s(weight, v128.load(E_LEFT_Y + at)))
    }
    const total = 1024 + lanesSum(weights)
    store<i16>(BENT_X + ((<usize>i) << 1), <i16>divRound(lanesSum(sumX), total))
    store<i16>(BENT_Y + ((<usize>i) << 1), <i16>divRound(lanesSum(sumY), total))
  }
  for (let i: usize = 0; i < <usize>count; i += 8) {
    v128.store(MOVED_X + (i << 1), i16x8.add(v128.load(MOVED_X + (i << 1)), v128.load(BENT_X + (i << 1))))
    v128.store(MOVED_Y + (i << 1), i16x8.add(v128.load(MOVED_Y + (i << 1)), v128.load(BENT_Y + (i << 1))))
  }
}

function lanesSum(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
}

const VALUES: i32 = 224

// One-to-one pairing within a radius, best value first (in steps of 8); ties go by row, then column, last first.
function pairUp(a: usize, b: usize, radius: i32, full: bool): void {
  for (let at: usize = 0; at <= 2 * VALUES; at += 16) v128.store(HEAD + at, i32x4.splat(0))
  const square = radius * radius
  const rows = load<i32>(a + S_COUNT)
  const columns = load<i32>(b + S_COUNT)
  const rotation = load<i32>(RIGID, R_ANGLE)
  const reach = i16x8.splat(<i16>radius)
  for (let i = 0; i < rows; i++) {
    const x = i16x8.splat(load<i16>(MOVED_X + ((<usize>i) << 1)))
    const y = i16x8.splat(load<i16>(MOVED_Y + ((<usize>i) << 1)))
    const own = half(a + S_ANGLE, i)
    // the stretch of the candidate's that point the same way; where it goes on from the last one to the first, those at the start come first
    const first = firstInReach(own, rotation)
    const begin = first & 255
    const behind = begin + lastInReach(own, rotation) - first + 1
    const start = <i32>load<u8>(COLUMN_START + <usize>begin)
    const around = behind > 256
    let from = around ? 0 : start
    let again = around ? start : columns
    let to = <i32>load<u8>(COLUMN_START + <usize>(around ? behind - 256 : behind))
    for (;;) {
      for (let block = from; block < to; block += 8) {
        const at = (<usize>block) << 1
        const dx = i16x8.sub(x, v128.load(b + S_X + at))
        const dy = i16x8.sub(y, v128.load(b + S_Y + at))
        let open = i16x8.bitmask(v128.and(i16x8.le_s(i16x8.abs(dx), reach), i16x8.le_s(i16x8.abs(dy), reach)))
        if (to - block < 8) open &= (1 << (to - block)) - 1
        while (open !== 0) {
          const j = block + ctz(open)
          open &= open - 1
          const ex = half(MOVED_X, i) - half(b + S_X, j)
          const ey = half(MOVED_Y, i) - half(b + S_Y, j)
          const d2 = ex * ex + ey * ey
          if (d2 >= square) continue
          const other = half(b + S_ANGLE, j)
          const turned = <i32>abs<i32>(((4 * other - own * 4 - rotation + 512) & 1023) - 512)
          const near = 1024 - (ALIGN_DISTANCE_WEIGHT * d2) / square
          const alike = 1024 - (ALIGN_ANGLE_WEIGHT * turned) / ALIGN_ANGLE_UNITS
          const place = (i << ROW_SHIFT) + j
          const seen = turn(other - own)
          const similar =
            seen > WINDOW || seen < -WINDOW ? 0 : full ? <i32>load<u16>(SIMILAR + ((<usize>place) << 1)) : similarityOf(a, b, i, j)
          const value = (((near * alike) >> 10) * (ALIGN_PLAIN_PAIR + similar)) >> 10
          store<u16>(V_VALUE + ((<usize>place) << 1), <u16>value)
          store<u16>(V_SQUARE + ((<usize>place) << 1), <u16>d2)
          const list = HEAD + ((<usize>(value >> 3)) << 1)
          store<u16>(NEXT + ((<usize>place) << 1), load<u16>(list))
          store<u16>(list, <u16>(place + 1))
        }
      }
      if (again >= columns) break
      from = again
      to = columns
      again = columns
    }
  }
  for (let at: usize = 0; at < 256; at += 16) v128.store(USED_A + at, i32x4.splat(0))
  let found = 0
  for (let level = VALUES; level >= 0; level--) {
    let place = <i32>load<u16>(HEAD + ((<usize>level) << 1))
    while (place !== 0) {
      place--
      const i = place >> ROW_SHIFT
      const j = place & ((1 << ROW_SHIFT) - 1)
      if ((load<u8>(USED_A + i) | load<u8>(USED_B + j)) === 0) {
        store<u8>(USED_A + i, 1)
        store<u8>(USED_B + j, 1)
        const at = (<usize>found) << 2
        store<i32>(M_I + at, i)
        store<i32>(M_J + at, j)
        store<i32>(M_VALUE + at, <i32>load<u16>(V_VALUE + ((<usize>place) << 1)))
        store<i32>(M_RESIDUAL + at, <i32>load<u16>(V_SQUARE + ((<usize>place) << 1)))
        found++
      }
      place = <i32>load<u16>(NEXT + ((<usize>place) << 1))
    }
  }
  store<i32>(M_COUNT, found)
}
