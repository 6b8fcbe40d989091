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
  for (let p: usize = 0; p < <usize>count; p++) {
    const at = p << 1
    const i = a + ((<usize>load<i32>(p << 2, P_I)) << 1)
    const j = b + ((<usize>load<i32>(p << 2, P_J)) << 1)
    const rotation = turn(<i32>load<i16>(j, S_ANGLE) - <i32>load<i16>(i, S_ANGLE))
    store<i16>(at, load<i16>(i, S_X), P_AX)
    store<i16>(at, load<i16>(i, S_Y), P_AY)
    store<i16>(at, load<i16>(j, S_X), P_BX)
    store<i16>(at, load<i16>(j, S_Y), P_BY)
    store<i16>(at, <i16>rotation, P_TURN)
    store<i16>(at, <i16>min<i32>(32767, 2 * cosine(4 * rotation)), P_COS)
    store<i16>(at, <i16>min<i32>(32767, 2 * sine(4 * rotation)), P_SIN)
    store<i16>(at, <i16>(2 * load<i32>(p << 2, P_ALIKE)), P_LEVEL)
  }
  const blocks = (count + 7) >> 3
  for (let at = (<usize>count) << 1; at < (<usize>blocks) << 4; at += 2) {
    store<i16>(at, 0, P_TURN)
    store<i16>(at, 0, P_AX)
    store<i16>(at, 0, P_AY)
    store<i16>(at, 0, P_BX)
    store<i16>(at, 0, P_BY)
    store<i16>(at, 0, P_COS)
    store<i16>(at, 0, P_SIN)
    // a level of 0 makes what stands in the matrix for them worthless
    store<i16>(at, 0, P_LEVEL)
    store<i16>(at, 0, P_NEXT)
  }
  const window = i16x8.splat(CONSISTENCY_ROTATION)
  for (let p = 0; p < count; p++) {
    const ax = v128.load16_splat((<usize>p) << 1, P_AX)
    const ay = v128.load16_splat((<usize>p) << 1, P_AY)
    const bx = v128.load16_splat((<usize>p) << 1, P_BX)
    const by = v128.load16_splat((<usize>p) << 1, P_BY)
    const cos = v128.load16_splat((<usize>p) << 1, P_COS)
    const sin = v128.load16_splat((<usize>p) << 1, P_SIN)
    const turns = v128.load16_splat((<usize>p) << 1, P_TURN)
    const row = (<usize>p) << 6
    for (let block = 0; block < blocks; block++) {
      const at = (<usize>block) << 4
      const twist = i16x8.abs(i16x8.shr_s(i16x8.shl(i16x8.sub(v128.load(at, P_TURN), turns), 8), 8))
      let open = i16x8.lt_s(twist, window)
      const dax = i16x8.sub(ax, v128.load(at, P_AX))
      const day = i16x8.sub(ay, v128.load(at, P_AY))
      const dbx = i16x8.sub(bx, v128.load(at, P_BX))
      const dby = i16x8.sub(by, v128.load(at, P_BY))
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
      const forth = agreement(dax, day, dbx, dby, v128.load(at, P_COS), v128.load(at, P_SIN), tolerance)
      const back = agreement(dax, day, dbx, dby, cos, sin, tolerance)
      // 0..8 where both see agreement, half of that (in the same unit) where only one does
      const zero = i16x8.splat(0)
      const both = v128.and(i16x8.gt_s(forth, zero), i16x8.gt_s(back, zero))
      const sum = i16x8.add(forth, back)
      const steps = i16x8.add(sum, v128.and(sum, both))
      const weight = i16x8.sub(i16x8.splat(64), i16x8.shr_s(i16x8.mul(twist, i16x8.splat(CONSISTENCY_ROTATION_WEIGHT)), 2))
      v128.store(row + at, v128.and(i16x8.shr_s(i16x8.mul(steps, weight), 2), open), P_CONSISTENT)
    }
  }
  const gain = i32x4.splat(divRound(CONSISTENCY_GAIN, max<i32>(CONSISTENCY_BEST - 1, count - 1)))
  const keep = i32x4.splat(CONSISTENCY_KEEP)
  for (let round = 0; round < CONSISTENCY_ROUNDS; round++) {
    for (let block = 0; block < blocks; block++) {
      const at = (<usize>block) << 4
      let low = i32x4.splat(0)
      let high = i32x4.splat(0)
      // two pairs at a time; where their number is odd the last has a level of 0 behind it
      for (let q: usize = 0; q < <usize>count; q += 2) {
        const levels = v128.load32_splat(q << 1, P_LEVEL)
        const first = v128.load((q << 6) + at, P_CONSISTENT)
        const second = v128.load((q << 6) + at, P_CONSISTENT + 64)
        low = i32x4.add(
          low,
          i32x4.dot_i16x8_s(i8x16.shuffle(first, second, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23), levels),
        )
        high = i32x4.add(
          high,
          i32x4.dot_i16x8_s(i8x16.shuffle(first, second, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31), levels),
        )
      }
      const level = v128.load(at, P_LEVEL)
      low = i32x4.shr_s(i32x4.mul(i32x4.shr_s(low, 8), gain), 10)
      high = i32x4.shr_s(i32x4.mul(i32x4.shr_s(high, 8), gain), 10)
      low = i32x4.add(low, i32x4.shr_s(i32x4.mul(i32x4.extend_low_i16x8_s(level), keep), 10))
      high = i32x4.add(high, i32x4.shr_s(i32x4.mul(i32x4.extend_high_i16x8_s(level), keep), 10))
      v128.store(at, i16x8.narrow_i32x4_s(low, high), P_NEXT)
    }
    for (let block = 0; block < blocks; block++) {
      const at = (<usize>block) << 4
      v128.store(at, v128.load(at, P_NEXT), P_LEVEL)
    }
    // what the matrix holds beyond the last pair must gain nothing
    for (let at = (<usize>count) << 1; at < (<usize>blocks) << 4; at += 2) store<i16>(at, 0, P_LEVEL)
  }
  if (blocks === 1) return lanesSum(i32x4.dot_i16x8_s(v128.load(P_LEVEL), i16x8.splat(1))) >> 2
  return sumOfBest(blocks) >> 2
}

// Sum of the eight largest levels: those that fewer than eight exceed, less what of the lowest of them is too many.
function sumOfBest(blocks: i32): i32 {
  const ones = i16x8.splat(1)
  const limit = i16x8.splat(<i16>CONSISTENCY_BEST)
  let sums = i32x4.splat(0)
  let number = i16x8.splat(0)
  let lowest = i16x8.splat(32767)
  for (let block = 0; block < blocks; block++) {
    const levels = v128.load((<usize>block) << 4, P_LEVEL)
    let higher = i16x8.splat(0)
    for (let q: usize = 0; q < (<usize>blocks) << 4; q += 2) higher = i16x8.sub(higher, i16x8.gt_s(v128.load16_splat(q, P_LEVEL), levels))
    const best = i16x8.lt_s(higher, limit)
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(levels, best), ones))
    number = i16x8.sub(number, best)
    lowest = i16x8.min_s(lowest, v128.bitselect(levels, i16x8.splat(32767), best))
  }
  lowest = i16x8.min_s(lowest, i8x16.shuffle(lowest, lowest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
  lowest = i16x8.min_s(lowest, i8x16.shuffle(lowest, lowest, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15))
  const least = min<i32>(<i32>i16x8.extract_lane_s(lowest, 0), <i32>i16x8.extract_lane_s(lowest, 1))
  const counts = i32x4.dot_i16x8_s(number, ones)
  return lanesSum(sums) - (lanesSum(counts) - CONSISTENCY_BEST) * least
}

function lanesSum(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
}
