import { COARSE_LEAST, COARSE_MOST_VOTES, LEAN_CENTRES } from './constants'
import { C_PASSED, C_RECORDS, C_ROW, C_TABLES, C_VOTES } from './layout'

// The coarse look of a cascade; src/coarse.ts describes it and makes the tables.

// a probe's tables
const TABLE_SHIFT: usize = 13
const T_WINDOW: usize = 4096
const T_TURNED: usize = 5120
const T_ANGLE: usize = 7232

// a record as it is read here: count, code words, x and y together, angles
const STAGED: usize = 448
const G_CODES: usize = 4
const G_XY: usize = 196
const G_ANGLE: usize = 388

/** Puts what the coarse look reads of a packed record side by side. */
export function stageRecord(record: usize, r: i32): void {
  const to = C_RECORDS + <usize>r * STAGED
  const count = min<i32>(<i32>load<u8>(record, 32), LEAN_CENTRES)
  store<i32>(to, count)
  memory.copy(to + G_CODES, record + 2560, 192)
  for (let k: usize = 0; k < 6; k++) {
    const x = v128.load(record + 64 + 16 * k)
    const y = v128.load(record + 160 + 16 * k)
    v128.store(to + G_XY + 32 * k, v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11))
    v128.store(to + G_XY + 32 * k + 16, v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15))
  }
  for (let i: usize = 0; i < <usize>count; i++) store<u8>(to + G_ANGLE + i, load<u8>(record + 256 + 40 * i, 39))
}

/** Looks at every record for every probe: bit p of a record's 16 in C_PASSED says whether it passed. */
export function lookCoarsely(probes: i32, records: i32, gate: i32): void {
  for (let r = 0; r < records; r++) store<u16>(C_PASSED + ((<usize>r) << 1), 0)
  for (let p = 0; p < probes; p++) {
    const table = C_TABLES + ((<usize>p) << TABLE_SHIFT)
    for (let r = 0; r < records; r++) {
      if (!passes(table, C_RECORDS + <usize>r * STAGED, gate)) continue
      const at = C_PASSED + ((<usize>r) << 1)
      store<u16>(at, <u16>(<u32>load<u16>(at) | (1 << p)))
    }
  }
}

function passes(table: usize, staged: usize, gate: i32): bool {
  const none = i32x4.splat(0)
  for (let at: usize = 0; at < 1024; at += 64) {
    v128.store(C_VOTES + at, none)
    v128.store(C_VOTES + at, none, 16)
    v128.store(C_VOTES + at, none, 32)
    v128.store(C_VOTES + at, none, 48)
  }
  const count = <usize>load<i32>(staged)
  const below = i8x16.splat(<i8>(COARSE_LEAST - 1))
  const seven = i16x8.splat(7)
  for (let j: usize = 0; j < count; j++) {
    const code = load<u32>(staged + (j << 2), G_CODES)
    const angle = <i32>load<u8>(staged + j, G_ANGLE)
    const window = load<u32>(table + ((<usize>angle) << 2), T_WINDOW)
    const p0 = table + ((code & 15) << 5)
    const p1 = table + (((code >> 4) & 15) << 5)
    const p2 = table + (((code >> 8) & 15) << 5)
    const p3 = table + (((code >> 12) & 15) << 5)
    const p4 = table + (((code >> 16) & 15) << 5)
    const p5 = table + (((code >> 20) & 15) << 5)
    const p6 = table + (((code >> 24) & 15) << 5)
    const p7 = table + ((code >> 28) << 5)
    const low = i8x16.add(
      i8x16.add(i8x16.add(v128.load(p0), v128.load(p1, 512)), i8x16.add(v128.load(p2, 1024), v128.load(p3, 1536))),
      i8x16.add(i8x16.add(v128.load(p4, 2048), v128.load(p5, 2560)), i8x16.add(v128.load(p6, 3072), v128.load(p7, 3584))),
    )
    const high = i8x16.add(
      i8x16.add(i8x16.add(v128.load(p0, 16), v128.load(p1, 528)), i8x16.add(v128.load(p2, 1040), v128.load(p3, 1552))),
      i8x16.add(i8x16.add(v128.load(p4, 2064), v128.load(p5, 2576)), i8x16.add(v128.load(p6, 3088), v128.load(p7, 3600))),
    )
    let alike = (<u32>i8x16.bitmask(i8x16.gt_s(low, below)) | ((<u32>i8x16.bitmask(i8x16.gt_s(high, below))) << 16)) & window
    if (alike === 0) continue
    v128.store(C_ROW, low)
    v128.store(C_ROW, high, 16)
    const here = i32x4.splat(load<i32>(staged + (j << 2), G_XY))
    while (alike !== 0) {
      const i = <usize>ctz(alike)
      alike &= alike - 1
      const vote = min<i32>(COARSE_MOST_VOTES, 1 + ((<i32>load<i8>(C_ROW + i) - COARSE_LEAST) >> 2))
      // three rotations, a lane each: the cell of x in the low half, that of y in the high one
      const first = <usize>((<i32>(<i8>(angle - <i32>load<u8>(table + i, T_ANGLE))) >> 3) + 7)
      const bins = v128.and(i16x8.shr_u(i16x8.sub(here, v128.load(table + (i << 6) + (first << 2), T_TURNED)), 8), seven)
      const cells = v128.or(bins, i32x4.shr_u(bins, 13))
      const votes = C_VOTES + (first << 6)
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
  }
  return false
}
