import { accord, accordUnder } from './accord'
import { fitSeed, R_ANGLE, R_X, R_Y, refine } from './align'
import { lookCoarsely, stageRecord } from './coarse'
import { FEWEST, FULL_SEEDS, LEAN_CENTRES, LEAN_SEEDS, LOOKED, PAIRS, SEED_ANGLE, SEED_DISTANCE, UNKNOWN_QUALITY } from './constants'
import { measureInside, weigh } from './evidence'
import { choosePairs, clearGlance, gatherColumns, gatherLeaders, glance, listNearBest, markAngles } from './glance'
import {
  BLOCK,
  C_PASSED,
  CANDIDATE,
  EVIDENCE,
  M_COUNT,
  M_I,
  M_J,
  M_RESIDUAL,
  OUTCOME,
  P_LEVEL,
  P_TAKEN,
  PACKED_PROBES,
  PROBES,
  RIGID,
  S_ANGLE,
  S_BITS,
  S_COUNT,
  S_HULL,
  S_MASK,
  S_ORDER,
  S_PLANES,
  S_QUALITY,
  S_X,
  S_Y,
  SCORES,
  SEEDS,
  SIDE,
} from './layout'
import { findNeighbours, forgetNeighbours, lookAgain } from './neighbours'
import { relax } from './relax'
import { clearLists, forgetSimilar, selectPairs, similarities } from './similarity'

const LOWEST: i32 = -65536
// what stands in OUTCOME: strength, rel, pairs, whether anything was aligned, the alignment, then the pairs
const RECORD: usize = 2752
const O_STRENGTH: usize = 0
const O_REL: usize = 4
const O_COUNT: usize = 8
const O_ALIGNED: usize = 12
const O_RIGID: usize = 16
const O_EVIDENCE: usize = 64
const O_I: usize = 256
const O_J: usize = 768
const O_RESIDUAL: usize = 1280

export { describeAll } from './describe'

function probeAt(n: i32): usize {
  return PROBES + <usize>n * SIDE
}

/** Derives what the host does not write: planes of the cells' counts, and distances inside the border. */
export function finishSide(side: usize): void {
  for (let i = 0; i < load<i32>(side + S_COUNT); i++) store<u8>(side + S_ORDER + i, <u8>i)
  makePlanes(side)
  measureInside(side)
}

const CELLS: u64 = ((<u64>1) << 52) - 1

// A cell has 0..6 bits set over the sections; the planes are that number in binary, a bit a cell.
function makePlanes(side: usize): void {
  const count = load<i32>(side + S_COUNT)
  for (let i: usize = 0; i < <usize>count; i++) {
    const bits = side + S_BITS + i * 40
    const b0 = load<u64>(bits)
    const b1 = load<u64>(bits + 8)
    const b2 = load<u64>(bits + 16)
    const b3 = load<u64>(bits + 24)
    const b4 = load<u64>(bits + 32)
    const w0 = b0 & CELLS
    const w1 = ((b0 >> 52) | (b1 << 12)) & CELLS
    const w2 = ((b1 >> 40) | (b2 << 24)) & CELLS
    const w3 = ((b2 >> 28) | (b3 << 36)) & CELLS
    const w4 = ((b3 >> 16) | (b4 << 48)) & CELLS
    const w5 = (b4 >> 4) & CELLS
    const t = w0 ^ w1
    const s0 = t ^ w2
    const c0 = (w0 & w1) | (t & w2)
    const u = w3 ^ w4
    const s1 = u ^ w5
    const c1 = (w3 & w4) | (u & w5)
    const c2 = s0 & s1
    const v = c0 ^ c1
    const planes = side + S_PLANES + i * 24
    store<u64>(planes, s0 ^ s1)
    store<u64>(planes + 8, v ^ c2)
    store<u64>(planes + 16, (c0 & c1) | (v & c2))
  }
}

/** Orders a side's minutiae: the `most` ones of best quality first, then the others, each part by angle. */
function orderSide(side: usize, most: i32): void {
  const count = load<i32>(side + S_COUNT)
  const chosen = min<i32>(most, count)
  // keys of quality (falling), distance from the middle and index
  let taken: u64 = 0
  for (let k = 0; k < chosen; k++) {
    let best: i64 = -1
    let at = 0
    for (let i = 0; i < count; i++) {
      if ((taken >> i) & 1) continue
      const q = <i32>load<u8>(side + S_QUALITY + i)
      const x = <i32>load<i16>(side + S_X + 2 * i)
      const y = <i32>load<i16>(side + S_Y + 2 * i)
      const key = ((<i64>(q === 0 ? UNKNOWN_QUALITY : q)) << 40) | <i64>(0x7fffffff - x * x - y * y)
      if (key > best) {
        best = key
        at = i
      }
    }
    taken |= (<u64>1) << at
  }
  let first = 0
  let rest = chosen
  for (let i = 0; i < count; i++) {
    if ((taken >> i) & 1) store<u8>(side + S_ORDER + first++, <u8>i)
    else store<u8>(side + S_ORDER + rest++, <u8>i)
  }
}

/** Spreads a packed record out, without planes; gives its number of minutiae. */
function unpack(record: usize, side: usize): i32 {
  const count = min<i32>(<i32>load<u8>(record, 32), LEAN_CENTRES)
  store<i32>(side + S_COUNT, count)
  v128.store(side + S_HULL, v128.load(record))
  v128.store(side + S_HULL + 16, v128.load(record, 16))
  for (let k: usize = 0; k < 6; k++) {
    v128.store(side + S_X + 16 * k, v128.load(record + 64 + 16 * k))
    v128.store(side + S_Y + 16 * k, v128.load(record + 160 + 16 * k))
  }
  for (let i: usize = 0; i < <usize>count; i++) {
    const from = record + 256 + i * 40
    const to = side + S_BITS + i * 40
    v128.store(to, v128.load(from))
    v128.store(to + 16, v128.load(from + 16))
    const last = load<u64>(from + 32)
    store<u64>(to + 32, (last << 8) >> 8)
    store<i16>(side + S_ANGLE + 2 * i, <i16>(last >> 56))
    const mask = load<u64>(record + 2176 + 8 * i)
    store<u64>(side + S_MASK + 8 * i, mask & CELLS)
    store<u8>(side + S_QUALITY + i, <u8>(mask >> 52))
  }
  return count
}

// A search's mode: how many leading minutiae look first, how many pairs they choose, and the gates.
let leading: i32 = LEAN_CENTRES
let firstPairs: i32 = PAIRS
let firstGate: i32 = 0
let firstAccordGate: i32 = 0
let exactGate: i32 = 0
let accordGate: i32 = 0
let lastGate: i32 = 0
// Votes that the coarse look asks for; 0: it is left out.
let coarseGate: i32 = 0

/** Sets the mode of the searches that follow; load the probes again after it. */
export function setMode(
  leadingMinutiae: i32,
  pairs: i32,
  gate: i32,
  gateOfFirstAccord: i32,
  gateOfExact: i32,
  gateOfAccord: i32,
  gateOfNeighbours: i32,
  coarse: i32,
): void {
  leading = leadingMinutiae
  firstPairs = pairs
  firstGate = gate
  firstAccordGate = gateOfFirstAccord
  exactGate = gateOfExact
  accordGate = gateOfAccord
  lastGate = gateOfNeighbours
  coarseGate = coarse
}

/** One to one with nothing left out: the sides stand in probe 0 and candidate; the outcome goes to OUTCOME. */
export function compareFull(): i32 {
  const a = PROBES
  const b = CANDIDATE
  store<i32>(OUTCOME, LOWEST, O_STRENGTH)
  store<i32>(OUTCOME, 0, O_COUNT)
  store<i32>(OUTCOME, 0, O_ALIGNED)
  markAngles(b)
  forgetNeighbours(0)
  clearLists()
  similarities(a, b, 0, load<i32>(a + S_COUNT))
  const count = lookAgain(a, b, selectPairs(LOOKED))
  if (count === 0) return LOWEST
  return judge(a, b, count, relax(a, b, count), true)
}

/**
 * A search's comparison: a first look by the probe's leading minutiae, then one by all with exact similarities, each with a glance at the alignment that it
 * leads to, then the pairs' neighbours, and alignments behind the last of the gates.
 */
function compareLean(probe: i32, b: usize): i32 {
  const a = probeAt(probe)
  const rows = load<i32>(a + S_COUNT)
  if (rows < FEWEST || load<i32>(b + S_COUNT) < FEWEST) return LOWEST
  const first = min<i32>(leading, rows)
  clearGlance()
  glance(probe, 0, first)
  let count = choosePairs(probe, firstPairs)
  if (count === 0) return LOWEST
  const early = relax(a, b, count)
  if (early < firstGate || accord(a, b, count, early) < firstAccordGate) return LOWEST
  glance(probe, first, rows)
  if (!candidatePlanes) {
    makePlanes(b)
    candidatePlanes = true
  }
  clearLists()
  listNearBest(probe, a, b)
  count = selectPairs(PAIRS)
  const exact = relax(a, b, count)
  if (exact < exactGate || accord(a, b, count, exact) < accordGate) return LOWEST
  count = lookAgain(a, b, count)
  const rel = relax(a, b, count)
  if (rel < lastGate) return LOWEST
  if (!candidateMeasured) {
    measureInside(b)
    candidateMeasured = true
  }
  forgetSimilar()
  return judge(a, b, count, rel, false)
}

let candidateMeasured: bool = false
let candidatePlanes: bool = false

// Tries alignments from the pairs of highest level; gives the best.
function judge(a: usize, b: usize, count: i32, rel: i32, full: bool): i32 {
  const most = full ? FULL_SEEDS : LEAN_SEEDS
  let best = LOWEST
  let tried = 0
  v128.store(P_TAKEN, i32x4.splat(0))
  v128.store(P_TAKEN, i32x4.splat(0), 16)
  for (let k = 0; k < count && tried < most; k++) {
    const seed = nextSeed(count)
    if (!fitSeed(count, seed)) continue
    if (!differs(tried)) continue
    const at = SEEDS + <usize>tried * 12
    store<i32>(at, load<i32>(RIGID, R_X))
    store<i32>(at, load<i32>(RIGID, R_Y), 4)
    store<i32>(at, load<i32>(RIGID, R_ANGLE), 8)
    tried++
    if (!full && accordUnder(a, b, rel) < accordGate) continue
    refine(a, b, full)
    const fused = weigh(a, b, rel, full ? 0 : 1)
    if (fused <= best && load<i32>(OUTCOME, O_ALIGNED) !== 0) continue
    best = fused
    keep(rel, fused)
  }
  return best
}

// The pair of highest level not yet taken; ties go to the first.
function nextSeed(count: i32): i32 {
  let best = -1
  let at = 0
  for (let p = 0; p < count; p++) {
    const level = <i32>load<i16>(P_LEVEL + ((<usize>p) << 1))
    if (load<u8>(P_TAKEN + p) === 0 && level > best) {
      best = level
      at = p
    }
  }
  store<u8>(P_TAKEN + at, 1)
  return at
}

function differs(tried: i32): bool {
  const x = load<i32>(RIGID, R_X)
  const y = load<i32>(RIGID, R_Y)
  const angle = load<i32>(RIGID, R_ANGLE)
  for (let k = 0; k < tried; k++) {
    const at = SEEDS + <usize>k * 12
    const moved = abs<i32>(x - load<i32>(at)) + abs<i32>(y - load<i32>(at, 4))
    const turned = abs<i32>(((angle - load<i32>(at, 8) + 512) & 1023) - 512)
    if (moved <= 16384 * SEED_DISTANCE && turned <= SEED_ANGLE) return false
  }
  return true
}

function keep(rel: i32, fused: i32): void {
  store<i32>(OUTCOME, fused, O_STRENGTH)
  store<i32>(OUTCOME, rel, O_REL)
  store<i32>(OUTCOME, 1, O_ALIGNED)
  memory.copy(OUTCOME + O_EVIDENCE, EVIDENCE, 128)
  memory.copy(OUTCOME + O_RIGID, RIGID, 20)
  const n = load<i32>(M_COUNT)
  store<i32>(OUTCOME, n, O_COUNT)
  memory.copy(OUTCOME + O_I, M_I, (<usize>n) << 2)
  memory.copy(OUTCOME + O_J, M_J, (<usize>n) << 2)
  memory.copy(OUTCOME + O_RESIDUAL, M_RESIDUAL, (<usize>n) << 2)
}

/** Spreads out the packed probes. */
export function loadProbes(count: i32): void {
  for (let p = 0; p < count; p++) {
    const side = probeAt(p)
    unpack(PACKED_PROBES + <usize>p * RECORD, side)
    makePlanes(side)
    orderSide(side, leading)
    findNeighbours(side)
    gatherLeaders(p, side)
    measureInside(side)
  }
}

/** Compares every probe with every record of the block; strengths go to SCORES, a row of 64 a probe. */
export function compareBlock(probes: i32, records: i32): void {
  if (coarseGate > 0) {
    for (let r = 0; r < records; r++) stageRecord(BLOCK + <usize>r * RECORD, r)
    lookCoarsely(probes, records, coarseGate)
  }
  for (let r = 0; r < records; r++) {
    const passed = coarseGate > 0 ? <u32>load<u16>(C_PASSED + ((<usize>r) << 1)) : 0xffff
    candidateMeasured = false
    candidatePlanes = false
    if (passed !== 0) {
      unpack(BLOCK + <usize>r * RECORD, CANDIDATE)
      gatherColumns(CANDIDATE)
      forgetNeighbours(load<i32>(CANDIDATE + S_COUNT))
    }
    for (let p = 0; p < probes; p++) {
      store<i32>(OUTCOME, 0, O_ALIGNED)
      const strength = (passed >> p) & 1 ? compareLean(p, CANDIDATE) : LOWEST
      store<i32>(SCORES + ((<usize>p) << 8) + ((<usize>r) << 2), strength)
    }
  }
}

/** Whether the block's bytes agree with the 16 sums behind them. */
export function blockHolds(): bool {
  let h0 = i32x4(-2128831035, -2128831034, -2128831033, -2128831032)
  let h1 = i32x4(-2128831031, -2128831030, -2128831029, -2128831028)
  let h2 = i32x4(-2128831027, -2128831026, -2128831025, -2128831024)
  let h3 = i32x4(-2128831023, -2128831022, -2128831021, -2128831020)
  const prime = i32x4.splat(16777619)
  const end = BLOCK + 64 * RECORD
  for (let at = BLOCK; at < end; at += 64) {
    h0 = i32x4.mul(v128.xor(h0, v128.load(at)), prime)
    h1 = i32x4.mul(v128.xor(h1, v128.load(at, 16)), prime)
    h2 = i32x4.mul(v128.xor(h2, v128.load(at, 32)), prime)
    h3 = i32x4.mul(v128.xor(h3, v128.load(at, 48)), prime)
  }
  const wrong = v128.or(
    v128.or(v128.xor(h0, v128.load(end)), v128.xor(h1, v128.load(end, 16))),
    v128.or(v128.xor(h2, v128.load(end, 32)), v128.xor(h3, v128.load(end, 48))),
  )
  return !v128.any_true(wrong)
}

/** The similarities of probe 0 to the candidate alone: one stage, for measuring. */
export function similarityStage(): void {
  clearLists()
  similarities(PROBES, CANDIDATE, 0, load<i32>(PROBES + S_COUNT))
}
