import { type Aligned, refine, seedAlignments } from './alignment.ts'
import { type Evidence, weigh } from './evidence.ts'
import { type CandidatePairs, lookAgain, relax, selectPairs } from './pairs.ts'
import { limits, neighbourhood } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { fuse } from './score.ts'
import { similarities } from './similarity.ts'

/** Everything that a comparison found, in the prepared sides' own numbering. */
export interface Comparison {
  readonly pairs: CandidatePairs
  /** Every alignment tried, and the index of the best. */
  readonly tried: readonly { readonly aligned: Aligned; readonly evidence: Evidence; readonly fused: number }[]
  readonly best: number
}

const similar = new Int16Array(limits.centres * limits.centres)

/** Runs all stages; `best` is -1 when no two minutiae are alike. */
export function compareStages(a: Prepared, b: Prepared): Comparison {
  similarities(a, b, similar)
  const pairs = relax(a, b, lookAgain(a, b, selectPairs(similar, a.count, b.count, neighbourhood.pairs)))
  let best = -1
  const tried = seedAlignments(a, b, pairs).map(({ seed, rigid }) => {
    const aligned = refine(a, b, similar, seed, rigid)
    const found = weigh(a, b, aligned)
    return { aligned, evidence: found, fused: fuse(pairs.rel, found) }
  })
  for (const [k, { fused }] of tried.entries()) if (best < 0 || fused > tried[best]!.fused) best = k
  return { pairs, tried, best }
}
