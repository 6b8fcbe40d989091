import { cosine, sine } from './arithmetic'
import { CYLINDER_FARTHEST, CYLINDER_MARGIN, CYLINDER_REACH, CYLINDER_THRESHOLD } from './constants'
import { outside } from './hull'
import {
  CELL_AT,
  CELL_NUMBER,
  CELL_REACH,
  CELL_UV,
  CELL_WEIGHT,
  D_ANGLE,
  D_BITS,
  D_CELLS,
  D_HULL,
  D_MASK,
  D_ORDER,
  D_PLANES,
  D_SUMS,
  D_X,
  D_Y,
  S_HULL,
  SECTION_WEIGHT,
} from './layout'

const CELL_COUNT: i32 = 52

function half(base: usize, at: i32): i32 {
  return <i32>load<i16>(base + ((<usize>at) << 1))
}

/** Descriptors of `count` minutiae, those in D_ORDER, among all `total`. */
export function describeAll(total: i32, count: i32): void {
  memory.fill(D_BITS, 0, 40 * <usize>count)
  memory.fill(D_MASK, 0, 8 * <usize>count)
  memory.fill(D_PLANES, 0, 24 * <usize>count)
  memory.fill(D_CELLS, 0, <usize>count)
  for (let at = 0; at < count; at++) {
    const centre = <i32>load<u8>(D_ORDER + at)
    gather(centre, total)
    setBits(centre, at)
  }
}

// Sums what the other minutiae give to the cells of one: eight words to a cell, of which six are sections.
function gather(centre: i32, total: i32): void {
  for (let at: usize = 0; at < 32 * <usize>CELL_COUNT; at += 16) v128.store(D_SUMS + at, i32x4.splat(0))
  const own = half(D_ANGLE, centre)
  const ownX = half(D_X, centre)
  const ownY = half(D_Y, centre)
  const cos = cosine(4 * own)
  const sin = sine(4 * own)
  for (let other = 0; other < total; other++) {
    if (other === centre) continue
    const dx = half(D_X, other) - ownX
    const dy = half(D_Y, other) - ownY
    const u = (dx * cos + dy * sin + 8192) >> 14
    const v = (dy * cos - dx * sin + 8192) >> 14
    if (u > CYLINDER_FARTHEST || u < -CYLINDER_FARTHEST || v > CYLINDER_FARTHEST || v < -CYLINDER_FARTHEST) continue
    const relative = 3 * ((half(D_ANGLE, other) - own) & 0xff)
    const first = i32x4(section(relative, 0), section(relative, 1), section(relative, 2), section(relative, 3))
    const second = i32x4(section(relative, 4), section(relative, 5), 0, 0)
    for (let row = 0; row < 8; row++) {
      const du = u - half(CELL_AT, row)
      if (du > CYLINDER_REACH || du < -CYLINDER_REACH) continue
      for (let column = 0; column < 8; column++) {
        const dv = v - half(CELL_AT, column)
        const d2 = du * du + dv * dv
        if (d2 > CYLINDER_REACH * CYLINDER_REACH) continue
        const place = <i32>load<i8>(CELL_NUMBER + 8 * row + column)
        if (place < 0) continue
        const weight = i32x4.splat(half(CELL_WEIGHT, d2 >> 5))
        const sums = D_SUMS + ((<usize>place) << 5)
        v128.store(sums, i32x4.add(v128.load(sums), i32x4.shr_s(i32x4.mul(weight, first), 12)))
        v128.store(sums + 16, i32x4.add(v128.load(sums + 16), i32x4.shr_s(i32x4.mul(weight, second), 12)))
      }
    }
  }
}

function section(relative: i32, k: i32): i32 {
  const e = (relative - 64 - 128 * k + 1536) % 768
  return half(SECTION_WEIGHT, e > 384 ? 768 - e : e)
}

function setBits(centre: i32, at: i32): void {
  const x = half(D_X, centre)
  const y = half(D_Y, centre)
  const cos = cosine(4 * half(D_ANGLE, centre))
  const sin = sine(4 * half(D_ANGLE, centre))
  const hull = D_HULL - S_HULL
  const ownOutside = outside(hull, x, y)
  const threshold = i32x4.splat(CYLINDER_THRESHOLD)
  const bits = D_BITS + 40 * <usize>at
  let mask: u64 = 0
  let plane0: u64 = 0
  let plane1: u64 = 0
  let plane2: u64 = 0
  for (let place = 0; place < CELL_COUNT; place++) {
    if (ownOutside + half(CELL_REACH, place) > CYLINDER_MARGIN) {
      const u = half(CELL_UV, 2 * place)
      const v = half(CELL_UV, 2 * place + 1)
      const cellX = x + ((u * cos - v * sin + 8192) >> 14)
      const cellY = y + ((u * sin + v * cos + 8192) >> 14)
      if (outside(hull, cellX, cellY) > CYLINDER_MARGIN) continue
    }
    mask |= (<u64>1) << place
    const sums = D_SUMS + ((<usize>place) << 5)
    let set = i32x4.bitmask(i32x4.gt_s(v128.load(sums), threshold)) | (i32x4.bitmask(i32x4.gt_s(v128.load(sums + 16), threshold)) << 4)
    const number = <u64>popcnt(set)
    plane0 |= (number & 1) << place
    plane1 |= ((number >> 1) & 1) << place
    plane2 |= (number >> 2) << place
    while (set !== 0) {
      const to = CELL_COUNT * ctz(set) + place
      set &= set - 1
      const word = bits + ((<usize>(to >> 5)) << 2)
      store<i32>(word, load<i32>(word) | (1 << (to & 31)))
    }
  }
  store<u64>(D_MASK + 8 * <usize>at, mask)
  const planes = D_PLANES + 24 * <usize>at
  store<u64>(planes, plane0)
  store<u64>(planes + 8, plane1)
  store<u64>(planes + 16, plane2)
  store<u8>(D_CELLS + at, <u8>popcnt(mask))
}
