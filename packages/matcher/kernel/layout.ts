// Where everything lies in the kernel's memory. The host writes tables, sides and blocks here and reads the outcome; src/wasm/memory.ts has the same map.

// Tables, written once by the host from src/tables.ts and src/weights.ts.
export const SIN: usize = 0x0400
export const COS: usize = 0x0c00
export const ROOT: usize = 0x1400
export const BITS_INVERSE: usize = 0x1900
export const LN: usize = 0x1a00
export const HULL: usize = 0x1e10
export const MATCHED: usize = 0x1e40
export const UNMATCHED: usize = 0x1ec0
export const LOGISTIC: usize = 0x1f40

// A side: one template spread out for comparing. Offsets from its start.
export const SIDE: usize = 0x3000
export const S_COUNT: usize = 0
export const S_HULL: usize = 16
export const S_X: usize = 128
export const S_Y: usize = 320
export const S_ANGLE: usize = 512
export const S_QUALITY: usize = 704
export const S_INSIDE: usize = 800
export const S_BITS: usize = 1024
export const S_MASK: usize = 4224
export const S_PLANES: usize = 4864
export const S_NEIGHBOURS: usize = 6784
export const S_U: usize = 6912
export const S_V: usize = 8192
export const S_TWIST: usize = 9472
export const S_DISTANCE: usize = 10752
export const S_ORDER: usize = 12032

export const PROBES: usize = 0x10000
export const CANDIDATE: usize = 0x40000

// Work areas.
export const SIMILAR: usize = 0x70000
export const NEXT: usize = 0x75000
export const HEAD: usize = 0x4c000
// entries of a row in the areas that have one a pair of minutiae: a power of two, so that row and column are read off
export const ROW_SHIFT: i32 = 7

export const P_I: usize = 0x4c800
export const P_J: usize = 0x4ca00
export const P_ALIKE: usize = 0x4cc00
export const P_AX: usize = 0x4ce00
export const P_AY: usize = 0x4ce80
export const P_BX: usize = 0x4cf00
export const P_BY: usize = 0x4cf80
export const P_TURN: usize = 0x4d000
export const P_COS: usize = 0x4d080
export const P_SIN: usize = 0x4d100
export const P_LEVEL: usize = 0x4d180
export const P_NEXT: usize = 0x4d200
export const P_TAKEN: usize = 0x4d280
export const P_CONSISTENT: usize = 0x4d400
export const P_WEIGHT: usize = 0x4e000

// The alignment in hand, and the best so far with what it leads to.
export const RIGID: usize = 0x4e200
export const SEEDS: usize = 0x4e240
export const BEST: usize = 0x4e300
export const MOVED_X: usize = 0x4e400
export const MOVED_Y: usize = 0x4e500
export const BENT_X: usize = 0x4e600
export const BENT_Y: usize = 0x4e700
export const USED_A: usize = 0x4e800
export const USED_B: usize = 0x4e880
export const M_COUNT: usize = 0x4e900
export const M_I: usize = 0x4ea00
export const M_J: usize = 0x4ec00
export const M_VALUE: usize = 0x4ee00
export const M_RESIDUAL: usize = 0x4f000
export const E_X: usize = 0x4f200
export const E_Y: usize = 0x4f400
export const E_LEFT_X: usize = 0x4f600
export const E_LEFT_Y: usize = 0x4f800
export const EVIDENCE: usize = 0x4fa00
export const OUTSIDE: usize = 0x4fc00
export const V_VALUE: usize = 0x50000
export const V_SQUARE: usize = 0x55000

// The first look: leading minutiae of each probe, what it needs of the candidate's, and its own work.
export const LEADERS: usize = 0xb0000
export const COLUMN_START: usize = 0x7a000
export const COLUMN_ONES: usize = 0x7a180
export const COLUMN_ROOT: usize = 0x7a280
export const COLUMN_PLACE: usize = 0x7a380
export const COLUMN_BITS: usize = 0x7a480
export const G_BOTH: usize = 0x7b400
export const G_BEST: usize = 0x7b540
// how near the probe's minutiae come to the candidate's under an alignment
export const A_NEAR: usize = 0x7b600
// pairs of minutiae to be compared exactly
export const LISTED: usize = 0x7d800
// which similarities of a search are found, a bit a pair
export const KNOWN: usize = 0x7b700
// a row a leading minutia: what it found of the candidate's, in the order of its window, then the best
export const ROWS: usize = 0x7c000
export const ROW_SPAN: usize = 7
export const ROW_TOP: usize = 96

export const OUTCOME: usize = 0x60000
export const PACKED_PROBES: usize = 0x80000
export const BLOCK: usize = 0x100000
export const SCORES: usize = 0x140000

// The coarse look: votes, who passed (16 bits a record), the block's records as it reads them, and the probes' tables, which the host makes (src/coarse.ts).
export const C_VOTES: usize = 0x142000
export const C_PASSED: usize = 0x142900
export const C_BEST: usize = 0x142a00
export const C_CHOICE: usize = 0x142a40
export const C_RECORDS: usize = 0x190000
export const C_TABLES: usize = 0x150000

// Descriptors: tables, then what the host writes (all minutiae, the hull, which of them to describe), then what comes of it.
export const CELL_WEIGHT: usize = 0xa0800
export const SECTION_WEIGHT: usize = 0xa1000
export const CELL_AT: usize = 0xa1400
export const CELL_NUMBER: usize = 0xa1440
export const CELL_UV: usize = 0xa1500
export const CELL_REACH: usize = 0xa15e0
export const D_X: usize = 0xa0000
export const D_Y: usize = 0xa0100
export const D_ANGLE: usize = 0xa0200
export const D_HULL: usize = 0xa0300
export const D_ORDER: usize = 0xa0340
export const D_SUMS: usize = 0xa1800
export const D_BITS: usize = 0xa2000
export const D_MASK: usize = 0xa3400
export const D_PLANES: usize = 0xa3800
export const D_CELLS: usize = 0xa4400
