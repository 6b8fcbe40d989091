import { HULL, S_HULL } from './layout'

/** Signed distance of a point outside a side's hull, negative inside. Coordinates are 16-bit. */
export function outside(side: usize, x: i32, y: i32): i32 {
  // the coordinates are below 2^15, as the host's are clamped
  const point = i32x4.splat((x & 0xffff) | (y << 16))
  const round = i32x4.splat(8192)
  const low = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(v128.load(HULL), point), round), 14)
  const high = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(v128.load(HULL, 16), point), round), 14)
  const along = i16x8.narrow_i32x4_s(low, high)
  let most = i16x8.max_s(i16x8.sub_sat_s(along, v128.load(side + S_HULL)), i16x8.sub_sat_s(i16x8.neg(along), v128.load(side + S_HULL, 16)))
  most = i16x8.max_s(most, i8x16.shuffle(most, most, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7))
  most = i16x8.max_s(most, i8x16.shuffle(most, most, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15))
  return max<i32>(<i32>i16x8.extract_lane_s(most, 0), <i32>i16x8.extract_lane_s(most, 1))
}

/** The same of eight points at once. */
export function outsideOfEight(side: usize, x: v128, y: v128): v128 {
  const round = i32x4.splat(8192)
  const first = i8x16.shuffle(x, y, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23)
  const second = i8x16.shuffle(x, y, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31)
  let most = i16x8.splat(-32768)
  for (let k: usize = 0; k < 8; k++) {
    const direction = v128.load32_splat(HULL + (k << 2))
    const along = i16x8.narrow_i32x4_s(
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(first, direction), round), 14),
      i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(second, direction), round), 14),
    )
    most = i16x8.max_s(most, i16x8.sub_sat_s(along, v128.load16_splat(side + (k << 1), S_HULL)))
    most = i16x8.max_s(most, i16x8.sub_sat_s(i16x8.neg(along), v128.load16_splat(side + (k << 1), S_HULL + 16)))
  }
  return most
}
