import { carry, inverse, type Rigid } from './alignment.ts'
import { type Comparison, compareStages } from './compare.ts'
import { isqrt } from './fixed.ts'
import type { Matcher, MatchResult } from './matcher.ts'
import { type Prepared, prepare } from './prepare.ts'
import { comesAfter, degrees, resultOf, tooFew } from './result.ts'
import { lowestStrength } from './strength.ts'
import type { MatchTrace } from './trace.ts'

export type { Alignment, MatchedPair, Matcher, MatchResult } from './matcher.ts'
export type { Prepared } from './prepare.ts'
export { type ThresholdName, thresholds } from './thresholds.ts'
export type { MatchTrace, TraceCluster, TraceStage } from './trace.ts'

/** The matcher in plain TypeScript: integers throughout, the same result to the bit on every machine. Faster kernels are proved equal to it. */
export const referenceMatcher: Matcher = { prepare, compare }

/** Prepares a template with the reference matcher. */
export { prepare }

/** Compares two prepared templates with the reference matcher; see {@link Matcher.compare}. */
export function compare(probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult {
  if (tooFew(probe, candidate)) {
    trace?.stages.push(descriptorStage(probe, candidate))
    return resultOf({ strength: lowestStrength }, probe, candidate, false)
  }
  const swap = comesAfter(probe, candidate)
  const found = compareStages(swap ? candidate : probe, swap ? probe : candidate)
  const best = found.tried[found.best]
  if (best === undefined) {
    trace?.stages.push(descriptorStage(probe, candidate))
    return resultOf({ strength: lowestStrength }, probe, candidate, swap)
  }
  const { rigid, pairing } = best.aligned
  const result = resultOf(
    { strength: best.fused, aligned: { rigid, i: pairing.i, j: pairing.j, residual: pairing.residual } },
    probe,
    candidate,
    swap,
  )
  if (trace !== undefined) traceStages(trace, probe, candidate, found, swap, result.score)
  return result
}

const thousandths = (value: number, one: number) => Math.round((1000 * value) / one)

function descriptorStage(probe: Prepared, candidate: Prepared) {
  const sum = (cells: Uint8Array) => cells.reduce((total, count) => total + count, 0)
  const stage = 'descriptors' as const
  return { stage, probe: probe.count, candidate: candidate.count, probeCells: sum(probe.cells), candidateCells: sum(candidate.cells) }
}

function traceStages(trace: MatchTrace, probe: Prepared, candidate: Prepared, found: Comparison, swap: boolean, score: number): void {
  const a = swap ? candidate : probe
  const b = swap ? probe : candidate
  const named = (i: number, j: number) =>
    swap ? { probe: b.index[j]!, candidate: a.index[i]! } : { probe: a.index[i]!, candidate: b.index[j]! }
  const forward = (rigid: Rigid) => (swap ? inverse(rigid) : rigid)
  const { pairs, tried } = found
  const { aligned, evidence, fused } = tried[found.best]!
  const [shiftX, shiftY] = carry(forward(aligned.rigid), 0, 0)
  const matched = aligned.pairing.i.map((i, k) => ({
    ...named(i, aligned.pairing.j[k]!),
    residual: isqrt(aligned.pairing.residual[k]!),
    value: thousandths(aligned.pairing.value[k]!, 1024),
  }))
  const missing = (all: Prepared, used: readonly number[]) => [...all.index].filter((index) => !used.includes(index)).sort((p, q) => p - q)
  trace.stages.push(
    descriptorStage(probe, candidate),
    {
      stage: 'pairs',
      pairs: Array.from({ length: pairs.count }, (_, p) => ({
        ...named(pairs.i[p]!, pairs.j[p]!),
        similarity: thousandths(pairs.alike[p]!, 1024),
        level: thousandths(pairs.level[p]!, 2048),
      })),
      rel: thousandths(pairs.rel, 4096),
    },
    {
      stage: 'clusters',
      clusters: tried.map((one) => ({
        seed: named(pairs.i[one.aligned.seed]!, pairs.j[one.aligned.seed]!),
        rotationDegrees: degrees(forward(one.aligned.rigid)),
        matched: one.aligned.pairing.i.length,
        fused: thousandths(one.fused, 1024),
      })),
    },
    { stage: 'transform', rotationDegrees: degrees(forward(aligned.rigid)), shift: [shiftX, -shiftY] },
    { stage: 'matched', pairs: matched },
    {
      stage: 'unmatched',
      probe: missing(
        probe,
        matched.map((pair) => pair.probe),
      ),
      candidate: missing(
        candidate,
        matched.map((pair) => pair.candidate),
      ),
    },
    {
      stage: 'score',
      parts: {
        f: thousandths(evidence.f, 1024),
        rel: thousandths(pairs.rel, 4096),
        qualityEvidence: thousandths(evidence.lu, 1024),
        edges: evidence.edges,
        edgeDensity: thousandths(evidence.density, 1024),
      },
      overlap: thousandths(evidence.overlap, 1024),
      fused: thousandths(fused, 1024),
      score,
    },
  )
}
