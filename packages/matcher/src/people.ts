import { lnQ12 } from './tables.ts'

/** A finger of the probe against a finger of the gallery. */
export interface FingerHit {
  /** Which of the probe's fingers, from 0. */
  readonly probe: number
  readonly slot: number
  /** Positions as stated, 0 unknown. */
  readonly probePosition: number
  readonly position: number
  readonly score: number
  readonly strength: number
}

/** What a person's fingers come to together. */
export interface Fused {
  /** -10 log10 of the false match rate of the whole, an integer; see {@link fuseFingers}. */
  readonly score: number
  /** Sum of the strengths of the fingers that count. */
  readonly strength: number
  /** The fingers that count, strongest first, one to one. */
  readonly fingers: readonly FingerHit[]
  /** Whether fingers were matched to others than their stated positions. */
  readonly swapped: boolean
}

const highestScore = 100
// tenths of 10 log10, from a natural logarithm in Q12: 100 / ln 10 / 4096
const tenthsOfLn = (ln: number) => Math.ceil((ln * 43429) / (4096 * 1000))

/**
 * One score for several fingers: m independent fingers of strangers reach a sum S of scores with probability 10^(-S/10) times the first m terms of the series of
 * e^s, s = S ln 10 / 10 (the tail of a gamma distribution), and every way in which the fingers could have been paired is another try (Bonferroni; house rule).
 * Fingers in their stated positions are one way; pairing them freely finds swapped fingers and unknown positions, and pays for all ways. `probeFingers` and
 * `enrolled`: how many fingers there are on each side. Missing fingers count neither way.
 */
export function fuseFingers(hits: readonly FingerHit[], probeFingers: number, enrolled: number): Fused {
  const stated = hits.filter(({ probePosition, position }) => probePosition !== 0 && probePosition === position)
  const straight = best(oneToOne(stated), () => 1)
  const free = best(oneToOne(hits), (m) => ways(probeFingers, enrolled, m))
  const swapped = free.score > straight.score || straight.fingers.length === 0
  const chosen = swapped ? free : straight
  return { ...chosen, score: Math.min(highestScore, chosen.score), swapped: swapped && chosen.fingers.some(differs) }
}

function differs({ probePosition, position }: FingerHit): boolean {
  return probePosition !== 0 && position !== 0 && probePosition !== position
}

function oneToOne(hits: readonly FingerHit[]): FingerHit[] {
  const sorted = [...hits].sort((p, q) => q.strength - p.strength || p.probe - q.probe || p.slot - q.slot)
  const usedProbe = new Set<number>()
  const usedSlot = new Set<number>()
  return sorted.filter(({ probe, slot }) => {
    if (usedProbe.has(probe) || usedSlot.has(slot)) return false
    usedProbe.add(probe)
    usedSlot.add(slot)
    return true
  })
}

// The first m fingers for the m that says most.
function best(fingers: readonly FingerHit[], tries: (m: number) => number): Omit<Fused, 'swapped'> {
  let found: Omit<Fused, 'swapped'> = { score: 0, strength: 0, fingers: [] }
  let sum = 0
  let strength = 0
  for (const [k, finger] of fingers.entries()) {
    sum += finger.score
    strength += finger.strength
    const score = Math.floor((10 * sum - seriesTenths(sum, k + 1) - tenthsOfLn(lnOf(tries(k + 1)))) / 10)
    if (found.fingers.length === 0 || score > found.score) found = { score: Math.max(0, score), strength, fingers: fingers.slice(0, k + 1) }
  }
  return found
}

// Tenths that the first m terms of the series of e^s take off. Only the four operations, which every machine rounds alike.
function seriesTenths(sum: number, m: number): number {
  const s = (sum * Math.LN10) / 10
  let term = 1
  let total = 1
  for (let k = 1; k < m; k++) {
    term *= s / k
    total += term
  }
  return tenthsOfLn(lnOf(total))
}

function lnOf(value: number): number {
  // up to 2^31 with 8 binary places where there is room
  return value < 1 << 22 ? lnQ12(Math.max(1, Math.ceil(value * 256))) - lnQ12(256) : lnQ12(Math.min(0x7fffffff, Math.ceil(value)))
}

// In how many ways m of p fingers go one to one with m of q.
function ways(p: number, q: number, m: number): number {
  let count = 1
  for (let k = 0; k < m; k++) count *= ((p - k) * (q - k)) / (k + 1)
  return Math.max(1, count)
}
