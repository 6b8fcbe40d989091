import { firstInReach, fitSeed, lastInReach, move, R_ANGLE } from './align'
import { lnQ12 } from './arithmetic'
import { ACCORD_CHANCE, ACCORD_REACH, ACCORD_REL_ADDED, ALIGN_ANGLE_UNITS, OVERLAP_OUTSIDE } from './constants'
import { outsideOfEight } from './hull'
import { A_NEAR, COLUMN_START, MOVED_X, MOVED_Y, P_LEVEL, RIGID, S_ANGLE, S_COUNT, S_X, S_Y } from './layout'

const LOWEST: i32 = -65536

/**
 * How well the print agrees with the alignment that the strongest pair and those that agree with it speak for: how near the probe's minutiae come to such of
 * the candidate's as point the same way, less what chance brings, and rel's logarithm.
 */
export function accord(a: usize, b: usize, count: i32, rel: i32): i32 {
  let strongest = -1
  let seed = 0
  for (let p = 0; p < count; p++) {
    const level = <i32>load<i16>(P_LEVEL + ((<usize>p) << 1))
    if (level <= strongest) continue
    strongest = level
    seed = p
  }
  if (count === 0 || !fitSeed(count, seed)) return LOWEST
  return accordUnder(a, b, rel)
}

/** The same under the alignment in hand. */
export function accordUnder(a: usize, b: usize, rel: i32): i32 {
  move(a)
  const rows = load<i32>(a + S_COUNT)
  findNear(b, rows, a)
  return ((2 * lnQ12(rel + ACCORD_REL_ADDED)) >> 5) + addUp(b, rows)
}

// For each of the probe's minutiae how near the nearest of the candidate's comes that points the same way: ACCORD_REACH less its distance along both axes. Both
// sides are in order of angle: eight of the probe's look at the stretch of the candidate's that any of them could point the same way as.
function findNear(b: usize, rows: i32, a: usize): void {
  const end = (<usize>((rows + 7) >> 3)) << 4
  const rotation = load<i32>(RIGID, R_ANGLE)
  const angle = i16x8.splat(<i16>rotation)
  const reach = i16x8.splat(ACCORD_REACH)
  const within = i16x8.splat((ALIGN_ANGLE_UNITS - 1) << 6)
  for (let at: usize = 0; at < end; at += 16) {
    const x = v128.load(at, MOVED_X)
    const y = v128.load(at, MOVED_Y)
    const angles = v128.load(a + at, S_ANGLE)
    // 1/1024 turn, shifted up to wrap by itself
    const own = i16x8.shl(i16x8.add(i16x8.shl(angles, 2), angle), 6)
    const lowest = <i32>i16x8.extract_lane_s(angles, 0)
    const highest = <i32>load<i16>(a + min<usize>(at + 14, (<usize>(rows - 1)) << 1), S_ANGLE)
    const first = firstInReach(lowest, rotation)
    const last = lastInReach(highest, rotation)
    let nearest = i32x4.splat(0)
    let from = b
    let to = b + ((<usize>load<i32>(b + S_COUNT)) << 1)
    let again = b
    if (last - first < 255) {
      const begin = first & 255
      const behind = begin + last - first + 1
      from = b + ((<usize>load<u8>(COLUMN_START + <usize>begin)) << 1)
      if (behind > 256) again = b + ((<usize>load<u8>(COLUMN_START + <usize>(behind - 256))) << 1)
      else to = b + ((<usize>load<u8>(COLUMN_START + <usize>behind)) << 1)
    }
    for (;;) {
      for (let j = from; j < to; j += 2) {
        const dx = i16x8.abs(i16x8.sub_sat_s(v128.load16_splat(j, S_X), x))
        const dy = i16x8.abs(i16x8.sub_sat_s(v128.load16_splat(j, S_Y), y))
        // turned too far is out of reach: 64 to the unit, and twice
        const turned = i16x8.sub_sat_u(i16x8.abs(i16x8.sub(i16x8.shl(v128.load16_splat(j, S_ANGLE), 8), own)), within)
        const apart = i16x8.add_sat_u(i16x8.add_sat_u(dx, dy), i16x8.add_sat_u(turned, turned))
        nearest = i16x8.max_u(nearest, i16x8.sub_sat_u(reach, apart))
      }
      if (again === b) break
      from = b
      to = again
      again = b
    }
    v128.store(at, nearest, A_NEAR)
  }
}

// The sum of what was found, less ACCORD_CHANCE for every minutia inside the candidate's hull or not far outside.
function addUp(b: usize, rows: i32): i32 {
  const margin = i16x8.splat(<i16>OVERLAP_OUTSIDE)
  const chance = i16x8.splat(ACCORD_CHANCE)
  let sums = i32x4.splat(0)
  for (let block = 0; block < rows; block += 8) {
    const at = (<usize>block) << 1
    const most = outsideOfEight(b, v128.load(at, MOVED_X), v128.load(at, MOVED_Y))
    let found = i16x8.sub(v128.load(at, A_NEAR), v128.and(chance, i16x8.lt_s(most, margin)))
    // lanes beyond the last minutia
    if (rows - block < 8) found = v128.and(found, i16x8.lt_s(i16x8(0, 1, 2, 3, 4, 5, 6, 7), i16x8.splat(<i16>(rows - block))))
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(found, i16x8.splat(1)))
  }
  return i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
}
