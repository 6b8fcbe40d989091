/** One comparison of a protocol: what it scored, and which two fingers were compared, by small numbers from 0 (the same one twice for a genuine pair). */
export interface ScoredPair {
  readonly score: number
  readonly fingers: readonly [number, number]
}

/** A rate with its 95 % band, all as shares 0..1. */
export interface Banded {
  readonly rate: number
  readonly low: number
  readonly high: number
}

/** The error rates of one protocol run. Each is a share 0..1, not a percentage. */
export interface ErrorRates {
  /** Equal error rate: the mean of its low and its high value where the two errors cross. */
  readonly eer: Banded
  /** False non-match rate where the false match rate is at most 1 in 100, 1,000 and 10,000; the last only for 10,000 impostor pairs and more. */
  readonly fmr100: Banded
  readonly fmr1000: Banded
  readonly fmr10000: Banded | undefined
  /** False non-match rate where no impostor pair matches. */
  readonly zeroFmr: Banded
}

/** One threshold of a detection error trade-off curve. */
export interface DetPoint {
  /** Scores at or above it match. */
  readonly threshold: number
  /** Share of impostor pairs that match, and of genuine pairs that do not. */
  readonly fmr: number
  readonly fnmr: number
}

/** Pairs in rising order of score, each with the indices of its two fingers. */
interface Sorted {
  readonly score: Float64Array
  readonly finger: Int32Array
  readonly other: Int32Array
}

function sorted(pairs: readonly ScoredPair[]): Sorted {
  const rising = [...pairs].sort((a, b) => a.score - b.score)
  return {
    score: Float64Array.from(rising, ({ score }) => score),
    finger: Int32Array.from(rising, ({ fingers }) => fingers[0]),
    other: Int32Array.from(rising, ({ fingers }) => fingers[1]),
  }
}

// A pair of two fingers stands for all pairs of their copies; one of a finger with itself for as many pairs as the finger has copies.
function weigh(list: Sorted, at: number, copies: Float64Array): number {
  const own = copies[list.finger[at]!]!
  return list.finger[at] === list.other[at] ? own : own * copies[list.other[at]!]!
}

type Visit = (threshold: number, fmr: number, fnmr: number) => void

/**
 * Visits every threshold that tells scores apart, from the lowest score, where all match, to above the highest, where none does: FMR(t) is the share of impostor scores
 * >= t, FNMR(t) that of genuine scores < t. `copies` weighs the fingers. False when there are no pairs of one kind.
 */
function visitThresholds(genuine: Sorted, impostor: Sorted, copies: Float64Array, visit: Visit): boolean {
  let allGenuine = 0
  let allImpostor = 0
  for (let k = 0; k < genuine.score.length; k++) allGenuine += weigh(genuine, k, copies)
  for (let k = 0; k < impostor.score.length; k++) allImpostor += weigh(impostor, k, copies)
  if (allGenuine === 0 || allImpostor === 0) return false
  let refused = 0
  let kept = 0
  let g = 0
  let i = 0
  while (g < genuine.score.length || i < impostor.score.length) {
    const threshold = Math.min(genuine.score[g] ?? Number.POSITIVE_INFINITY, impostor.score[i] ?? Number.POSITIVE_INFINITY)
    visit(threshold, (allImpostor - kept) / allImpostor, refused / allGenuine)
    while (genuine.score[g] === threshold) refused += weigh(genuine, g++, copies)
    while (impostor.score[i] === threshold) kept += weigh(impostor, i++, copies)
  }
  visit(Number.POSITIVE_INFINITY, 0, 1)
  return true
}

function fingersIn(...lists: readonly Sorted[]): number {
  return 1 + lists.reduce((most, { finger, other }) => Math.max(most, maximum(finger), maximum(other)), -1)
}

function maximum(values: Int32Array): number {
  return values.reduce((most, value) => Math.max(most, value), -1)
}

/**
 * Both errors at every threshold, as in the FVC competitions (Maio, Maltoni, Cappelli, Wayman and Jain, 2002): a score at the threshold matches. So whatever threshold keeps an
 * impostor out refuses every genuine pair of the same score with it: ties count against the matcher. Empty when there are no pairs of one kind.
 */
export function detCurve(genuine: readonly ScoredPair[], impostor: readonly ScoredPair[]): DetPoint[] {
  const [own, others] = [sorted(genuine), sorted(impostor)]
  const points: DetPoint[] = []
  visitThresholds(own, others, new Float64Array(fingersIn(own, others)).fill(1), (threshold, fmr, fnmr) => {
    points.push({ threshold, fmr, fnmr })
  })
  return points
}

/** False match rates at which the false non-match rate is read. */
const readAt = [0.01, 0.001, 0.0001, 0] as const

/**
 * The equal error rate, then the false non-match rate at each of {@link readAt}: that of the lowest threshold whose false match rate is no higher.
 *
 * Equal error: t1 is the highest threshold with FNMR <= FMR, t2 the lowest with FNMR >= FMR; low and high are the two errors of whichever has the smaller sum, and the rate is
 * their mean (FVC2000, Maio et al., 2002).
 */
function readRates(genuine: Sorted, impostor: Sorted, copies: Float64Array): readonly number[] | undefined {
  let t1 = 2
  let t2 = -1
  const missed = [-1, -1, -1, -1]
  const found = visitThresholds(genuine, impostor, copies, (_, fmr, fnmr) => {
    if (fnmr <= fmr) t1 = fmr + fnmr
    if (t2 < 0 && fnmr >= fmr) t2 = fmr + fnmr
    for (let k = 0; k < readAt.length; k++) if (missed[k]! < 0 && fmr <= readAt[k]!) missed[k] = fnmr
  })
  return found ? [Math.min(t1, t2) / 2, ...missed] : undefined
}

/** Fewest impostor pairs for a rate at FMR 1/10,000. */
const enoughForF10000 = 10_000

/**
 * Every error rate with its 95 % band: 2.5 % to 97.5 % of `samples` bootstrap samples that draw whole fingers with replacement, because the pairs of a finger are not independent
 * (the same samples each time). Where nothing failed the samples cannot either, so there the upper end is Wilson's for as many genuine pairs, which is too low if anything. Undefined when
 * there are no pairs of one kind.
 */
export function errorRates(genuine: readonly ScoredPair[], impostor: readonly ScoredPair[], samples = 1000): ErrorRates | undefined {
  const [own, others] = [sorted(genuine), sorted(impostor)]
  const fingers = fingersIn(own, others)
  const copies = new Float64Array(fingers).fill(1)
  const rates = readRates(own, others, copies)
  if (rates === undefined) return undefined
  const drawn = rates.map((): number[] => [])
  const random = randomSource()
  for (let sample = 0; sample < samples; sample++) {
    copies.fill(0)
    for (let k = 0; k < fingers; k++) copies[Math.floor(random() * fingers)]!++
    // a sample of few fingers may hold no impostor pair at all
    for (const [k, rate] of (readRates(own, others, copies) ?? []).entries()) drawn[k]!.push(rate)
  }
  const banded = (k: number): Banded => {
    const rising = drawn[k]!.sort((a, b) => a - b)
    const rate = rates[k]!
    const at = (part: number) => rising[Math.floor(part * rising.length)] ?? rate
    const high = rate === 0 ? Math.max(at(0.975), wilsonHigh(genuine.length)) : Math.max(rate, at(0.975))
    return { rate, low: Math.min(rate, at(0.025)), high }
  }
  const fmr10000 = impostor.length >= enoughForF10000 ? banded(3) : undefined
  return { eer: banded(0), fmr100: banded(1), fmr1000: banded(2), fmr10000, zeroFmr: banded(4) }
}

/** Upper end of Wilson's 95 % interval for no failure in `count` trials (Wilson, 1927). */
export function wilsonHigh(count: number): number {
  const z2 = 1.959964 ** 2
  return count === 0 ? 0 : z2 / (count + z2)
}

// mulberry32, so that a run can be repeated
function randomSource(): () => number {
  let state = 0x4b415254
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
