import { COARSE_CHANCE, COARSE_LEAST, COARSE_MOST_VOTES, LEAN_CENTRES } from './constants'
import { C_BEST, C_CHOICE, C_PASSED, C_RECORDS, C_TABLES, C_VOTES } from './layout'

// The coarse look of a cascade; src/coarse.ts describes it and makes the tables.

// a probe's tables
const TABLE: usize = 12288
const T_WINDOW: usize = 8192
const T_TURNED: usize = 8704
const T_ANGLE: usize = 10752
const T_COUNT: usize = 10784

// a record as it is read here: count, where its code words stand in each plane's table (8 x uint16 a minutia), x and y together, angles
const STAGED: usize = 1024
const G_AT: usize = 16
const G_XY: usize = 784
const G_ANGLE: usize = 976

/** Puts what the coarse look reads of a packed record side by side. */
export function stageRecord(record: usize, r: i32): void {
  const to = C_RECORDS + <usize>r * STAGED
  const count = min<i32>(<i32>load<u8>(record, 32), LEAN_CENTRES)
  store<i32>(to, count)
  const planes = i16x8(0, 1024, 2048, 3072, 4096, 5120, 6144, 7168)
  for (let i: usize = 0; i < <usize>count; i++) {
    const code = <u64>load<u32>(record + 2560 + (i << 2))
    // the 8 words of 4 bits a half of a vector each, times the 64 bytes of a word's rows
    const pairs = i64x2.splat(code)
    const low = v128.and(pairs, i8x16.splat(15))
    const high = v128.and(i16x8.shr_u(pairs, 4), i8x16.splat(15))
    const words = i16x8.extend_low_i8x16_u(i8x16.shuffle(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23))
    v128.store(to + G_AT + (i << 4), i16x8.add(i16x8.shl(words, 6), planes))
    store<u8>(to + G_ANGLE + i, load<u8>(record + 256 + 40 * i, 39))
  }
  for (let k: usize = 0; k < 6; k++) {
    const x = v128.load(record + 64 + 16 * k)
    const y = v128.load(record + 160 + 16 * k)
    v128.store(to + G_XY + 32 * k, v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11))
    v128.store(to + G_XY + 32 * k + 16, v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15))
  }
}

/** Looks at every record for every probe: bit p of a record's 16 in C_PASSED says whether it passed. */
export function lookCoarsely(probes: i32, records: i32, gate: i32): void {
  for (let r = 0; r < records; r++) store<u16>(C_PASSED + ((<usize>r) << 1), 0)
  for (let p = 0; p < probes; p++) {
    const table = C_TABLES + <usize>p * TABLE
    for (let r = 0; r < records; r++) {
      if (!passes(table, C_RECORDS + <usize>r * STAGED, gate)) continue
      const at = C_PASSED + ((<usize>r) << 1)
      store<u16>(at, <u16>(<u32>load<u16>(at) | (1 << p)))
    }
  }
}

// What 16 rows are worth: the sum over the eight planes.
function worth(rows: usize, at: usize): v128 {
  return i8x16.add(
    i8x16.add(
      i8x16.add(v128.load(rows + <usize>load<u16>(at)), v128.load(rows + <usize>load<u16>(at, 2))),
      i8x16.add(v128.load(rows + <usize>load<u16>(at, 4)), v128.load(rows + <usize>load<u16>(at, 6))),
    ),
    i8x16.add(
      i8x16.add(v128.load(rows + <usize>load<u16>(at, 8)), v128.load(rows + <usize>load<u16>(at, 10))),
      i8x16.add(v128.load(rows + <usize>load<u16>(at, 12)), v128.load(rows + <usize>load<u16>(at, 14))),
    ),
  )
}

function passes(table: usize, staged: usize, least: i32): bool {
  const none = i32x4.splat(0)
  for (let at: usize = 0; at < 1024; at += 64) {
    v128.store(C_VOTES + at, none)
    v128.store(C_VOTES + at, none, 16)
    v128.store(C_VOTES + at, none, 32)
    v128.store(C_VOTES + at, none, 48)
  }
  const count = <usize>load<i32>(staged)
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  const lowest = i8x16.splat(-128)
  // each row's most alike minutia, the first among equals: what it is worth, and which it is
  const worthless = i8x16.splat(COARSE_LEAST - 1)
  for (let at: usize = 0; at < 64; at += 16) {
    v128.store(C_BEST + at, worthless)
    v128.store(C_CHOICE + at, none)
  }
  for (let j: usize = 0; j < count; j++) {
    const window = <i32>load<u16>(table + ((<usize>load<u8>(staged + j, G_ANGLE)) << 1), T_WINDOW)
    const many = window >> 8
    const at = staged + (j << 4) + G_AT
    for (let from = 0; from < many; from += 16) {
      const row = <usize>((window & 255) + from)
      const open = i8x16.gt_s(i8x16.splat(<i8>(many - from)), lanes)
      const ratios = v128.bitselect(worth(table + row, at), lowest, open)
      const best = v128.load(C_BEST + row)
      v128.store(C_CHOICE + row, v128.bitselect(i8x16.splat(<i8>j), v128.load(C_CHOICE + row), i8x16.gt_s(ratios, best)))
      v128.store(C_BEST + row, i8x16.max_s(best, ratios))
    }
  }
  // a row stands twice
  let alike: u32 = 0
  for (let at: usize = 0; at < 32; at += 16) {
    const once = v128.load(C_BEST + at)
    const again = v128.load(C_BEST + at, 32)
    const first = v128.load(C_CHOICE + at)
    const second = v128.load(C_CHOICE + at, 32)
    const later = v128.or(i8x16.gt_s(again, once), v128.and(i8x16.eq(again, once), i8x16.lt_s(second, first)))
    const best = i8x16.max_s(once, again)
    v128.store(C_BEST + at, best)
    v128.store(C_CHOICE + at, v128.bitselect(second, first, later))
    alike |= (<u32>i8x16.bitmask(i8x16.gt_s(best, worthless))) << (<u32>at)
  }
  const gate = least + ((load<i32>(table, T_COUNT) * <i32>count) >> COARSE_CHANCE)
  const seven = i16x8.splat(7)
  while (alike !== 0) {
    const i = <usize>ctz(alike)
    alike &= alike - 1
    const j = <usize>load<u8>(C_CHOICE + i)
    const vote = min<i32>(COARSE_MOST_VOTES, 1 + ((<i32>load<i8>(C_BEST + i) - COARSE_LEAST) >> 3))
    // three rotations, a lane each: the cell of x in the low half, that of y in the high one
    const rotation = <usize>((<i32>(<i8>(load<u8>(staged + j, G_ANGLE) - load<u8>(table + i, T_ANGLE))) >> 3) + 7)
    const here = v128.load32_splat(staged + (j << 2), G_XY)
    const bins = v128.and(i16x8.shr_u(i16x8.sub(here, v128.load(table + (i << 6) + (rotation << 2), T_TURNED)), 8), seven)
    const cells = v128.or(bins, i32x4.shr_u(bins, 13))
    const votes = C_VOTES + (rotation << 6)
    const at0 = votes + <usize>(i32x4.extract_lane(cells, 0) & 63)
    const at1 = votes + <usize>(i32x4.extract_lane(cells, 1) & 63)
    const at2 = votes + <usize>(i32x4.extract_lane(cells, 2) & 63)
    const v0 = <i32>load<u8>(at0) + vote
    const v1 = <i32>load<u8>(at1, 64) + vote
    const v2 = <i32>load<u8>(at2, 128) + vote
    if (max<i32>(v0, max<i32>(v1, v2)) >= gate) return true
    store<u8>(at0, <u8>v0)
    store<u8>(at1, <u8>v1, 64)
    store<u8>(at2, <u8>v2, 128)
  }
  return false
}
