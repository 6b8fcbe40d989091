import { cosine, divRound, sine, turn } from './arithmetic'
import {
  CONSISTENCY_BEST,
  CONSISTENCY_CLAMP,
  CONSISTENCY_FARTHEST,
  CONSISTENCY_GAIN,
  CONSISTENCY_KEEP,
  CONSISTENCY_ROTATION,
  CONSISTENCY_ROTATION_WEIGHT,
  CONSISTENCY_ROUNDS,
  CONSISTENCY_SHORTEST,
  CONSISTENCY_TOLERANCE,
  CONSISTENCY_TOLERANCE_STEP,
} from './constants'
import { P_ALIKE, P_AX, P_AY, P_BX, P_BY, P_CONSISTENT, P_COS, P_I, P_J, P_LEVEL, P_NEXT, P_SIN, P_TURN, S_ANGLE, S_X, S_Y } from './layout'

function put(base: usize, at: i32, value: i32): void {
  store<i16>(base + ((<usize>at) << 1), <i16>value)
}

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
}

// Steps of agreement, 0..4, by the squared error against the tolerance.
function agreement(dax: v128, day: v128, dbx: v128, dby: v128, cos: v128, sin: v128, tolerance: v128): v128 {
  const limit = i16x8.splat(CONSISTENCY_CLAMP)
  const ex = i16x8.sub(i16x8.sub(i16x8.q15mulr_sat_s(dax, cos), i16x8.q15mulr_sat_s(day, sin)), dbx)
  const ey = i16x8.sub(i16x8.add(i16x8.q15mulr_sat_s(dax, sin), i16x8.q15mulr_sat_s(day, cos)), dby)
  const sx = i16x8.min_s(i16x8.abs(i16x8.shr_s(ex, 2)), limit)
  const sy = i16x8.min_s(i16x8.abs(i16x8.shr_s(ey, 2)), limit)
  const error = i16x8.add_sat_s(i16x8.mul(sx, sx), i16x8.mul(sy, sy))
  const half = i16x8.shr_s(tolerance, 1)
  const quarter = i16x8.shr_s(tolerance, 2)
  // each comparison that holds is -1
  return i16x8.neg(
    i16x8.add(
      i16x8.add(i16x8.lt_s(error, tolerance), i16x8.lt_s(error, half)),
      i16x8.add(i16x8.lt_s(error, quarter), i16x8.lt_s(error, i16x8.sub(tolerance, quarter))),
    ),
  )
}

/** Relaxation of the chosen pairs; gives rel, Q12. */
export function relax(a: usize, b: usize, count: i32): i32 {
  for (let p = 0; p < count; p++) {
    const i = load<i32>(P_I + ((<usize>p) << 2))
    const j = load<i32>(P_J + ((<usize>p) << 2))
    const rotation = turn(half(b + S_ANGLE, j) - half(a + S_ANGLE, i))
    put(P_AX, p, half(a + S_X, i))
    put(P_AY, p, half(a + S_Y, i))
    put(P_BX, p, half(b + S_X, j))
    put(P_BY, p, half(b + S_Y, j))
    put(P_TURN, p, rotation)
    put(P_COS, p, min<i32>(32767, 2 * cosine(4 * rotation)))
    put(P_SIN, p, min<i32>(32767, 2 * sine(4 * rotation)))
    put(P_LEVEL, p, 2 * load<i32>(P_ALIKE + ((<usize>p) << 2)))
  }
  const blocks = (count + 7) >> 3
  for (let p = count; p < 8 * blocks; p++) {
    put(P_TURN, p, 0)
    put(P_AX, p, 0)
    put(P_AY, p, 0)
    put(P_BX, p, 0)
    put(P_BY, p, 0)
    put(P_COS, p, 0)
    put(P_SIN, p, 0)
    // a level of 0 makes what stands in the matrix for them worthless
    put(P_LEVEL, p, 0)
    put(P_NEXT, p, 0)
  }
  const window = i16x8.splat(CONSISTENCY_ROTATION)
  for (let p = 0; p < count; p++) {
    const ax = v128.load16_splat(P_AX + ((<usize>p) << 1))
    const ay = v128.load16_splat(P_AY + ((<usize>p) << 1))
    const bx = v128.load16_splat(P_BX + ((<usize>p) << 1))
    const by = v128.load16_splat(P_BY + ((<usize>p) << 1))
    const cos = v128.load16_splat(P_COS + ((<usize>p) << 1))
    const sin = v128.load16_splat(P_SIN + ((<usize>p) << 1))
    const turns = v128.load16_splat(P_TURN + ((<usize>p) << 1))
    const row = P_CONSISTENT + ((<usize>p) << 6)
    for (let block = 0; block < blocks; block++) {
      const at = (<usize>block) << 4
      const twist = i16x8.abs(i16x8.shr_s(i16x8.shl(i16x8.sub(v128.load(P_TURN + at), turns), 8), 8))
      let open = i16x8.lt_s(twist, window)
      if (!v128.any_true(open)) {
        v128.store(row + at, i16x8.splat(0))
        continue
      }
      const dax = i16x8.sub(v128.load(P_AX + at), ax)
      const day = i16x8.sub(v128.load(P_AY + at), ay)
      const dbx = i16x8.sub(v128.load(P_BX + at), bx)
      const dby = i16x8.sub(v128.load(P_BY + at), by)
      const shortest = i16x8.splat(CONSISTENCY_SHORTEST)
      open = v128.and(open, i16x8.ge_s(i16x8.add(i16x8.abs(dax), i16x8.abs(day)), shortest))
      open = v128.and(open, i16x8.ge_s(i16x8.add(i16x8.abs(dbx), i16x8.abs(dby)), shortest))
      const twiceX = i16x8.shl(dbx, 1)
      const twiceY = i16x8.shl(dby, 1)
      const square = i16x8.min_s(
        i16x8.add(i16x8.q15mulr_sat_s(twiceX, twiceX), i16x8.q15mulr_sat_s(twiceY, twiceY)),
        i16x8.splat(CONSISTENCY_FARTHEST),
      )
      const tolerance = i16x8.add(i16x8.mul(square, i16x8.splat(CONSISTENCY_TOLERANCE_STEP)), i16x8.splat(CONSISTENCY_TOLERANCE))
      const forth = agreement(dax, day, dbx, dby, cos, sin, tolerance)
      const back = agreement(dax, day, dbx, dby, v128.load(P_COS + at), v128.load(P_SIN + at), tolerance)
      // 0..8 where both see agreement, half of that (in the same unit) where only one does
      const zero = i16x8.splat(0)
      const both = v128.and(i16x8.gt_s(forth, zero), i16x8.gt_s(back, zero))
      const sum = i16x8.add(forth, back)
      const steps = i16x8.add(sum, v128.and(sum, both))
      const weight = i16x8.sub(i16x8.splat(64), i16x8.shr_s(i16x8.mul(twist, i16x8.splat(CONSISTENCY_ROTATION_WEIGHT)), 2))
      v128.store(row + at, v128.and(i16x8.shr_s(i16x8.mul(steps, weight), 2), open))
    }
  }
  const gain = divRound(CONSISTENCY_GAIN, max<i32>(CONSISTENCY_BEST - 1, count - 1))
  for (let round = 0; round < CONSISTENCY_ROUNDS; round++) {
    for (let p = 0; p < count; p++) {
      const row = P_CONSISTENT + ((<usize>p) << 6)
      let sums = i32x4.splat(0)
      for (let block = 0; block < blocks; block++) {
        const at = (<usize>block) << 4
        sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.load(row + at), v128.load(P_LEVEL + at)))
      }
      sums = i32x4.add(sums, i8x16.shuffle(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
      const support = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)
      const next = ((CONSISTENCY_KEEP * half(P_LEVEL, p)) >> 10) + (((support >> 8) * gain) >> 10)
      put(P_NEXT, p, min<i32>(32767, next))
    }
    for (let block = 0; block < blocks; block++) {
      const at = (<usize>block) << 4
      v128.store(P_LEVEL + at, v128.load(P_NEXT + at))
    }
  }
  return sumOfBest(blocks) >> 2
}

// Sum of the eight largest levels: the lanes of the first block sorted against the others step by step.
function sumOfBest(blocks: i32): i32 {
  let sum = 0
  for (let block = 0; block < blocks; block++) v128.store(P_NEXT + ((<usize>block) << 4), v128.load(P_LEVEL + ((<usize>block) << 4)))
  for (let k = 0; k < CONSISTENCY_BEST; k++) {
    let most = v128.load(P_NEXT)
    for (let block = 1; block < blocks; block++) most = i16x8.max_s(most, v128.load(P_NEXT + ((<usize>block) << 4)))
    most = i16x8.max_s(most, i8x16.shuffle(most, most, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
    most = i16x8.max_s(most, i8x16.shuffle(most, most, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15))
    const best = max<i32>(<i32>i16x8.extract_lane_s(most, 0), <i32>i16x8.extract_lane_s(most, 1))
    if (best === 0) break
    sum += best
    // take one of that value out
    const value = i16x8.splat(<i16>best)
    for (let block = 0; block < blocks; block++) {
      const at = P_NEXT + ((<usize>block) << 4)
      const here = i16x8.bitmask(i16x8.eq(v128.load(at), value))
      if (here !== 0) {
        store<i16>(at + ((<usize>ctz(here)) << 1), 0)
        break
      }
    }
  }
  return sum
}
