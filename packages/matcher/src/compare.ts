import { accordOf, accordUnder } from './accord.ts'
import { type Aligned, refine, seedAlignments } from './alignment.ts'
import { type Evidence, weigh } from './evidence.ts'
import { choosePairs, glance, nearBest } from './glance.ts'
import { nearest } from './neighbours.ts'
import { type CandidatePairs, lookAgain, relax, selectPairs } from './pairs.ts'
import { consistency, type FirstLook, type Form, full, lean, limits } from './parameters.ts'
import type { Neighboured, Prepared, Searchable } from './prepare.ts'
import { fuse } from './score.ts'
import { similaritiesOf } from './similarity.ts'

/** Everything that a comparison found, in the prepared sides' own numbering. */
export interface Comparison {
  readonly pairs: CandidatePairs
  /** Every alignment tried, and the index of the best. */
  readonly tried: readonly { readonly aligned: Aligned; readonly evidence: Evidence; readonly fused: number }[]
  readonly best: number
}

const similar = new Int16Array(full.centres * full.centres)

/** Runs all stages of a comparison one to one; `best` is -1 when no two minutiae are alike. */
export function compareStages(a: Prepared, b: Prepared): Comparison {
  const rows = Array.from({ length: a.count }, (_, i) => i)
  for (const i of rows) similaritiesOf(a, i, b, similar)
  const pairs = relax(a, b, lookAgain(a, b, selectPairs(similar, rows, b.count, full.looked)))
  return judge(a, b, pairs, full)
}

/** Runs the stages of a search's comparison; `best` is -1 when a gate is not passed. */
export function searchStages(a: Searchable, b: Searchable, look: FirstLook): Comparison {
  const rows = leadingFirst(a, look.leading)
  const best = new Int32Array(b.count)
  glance(a, rows, 0, look.leading, b, best)
  const first = relax(a, b, choosePairs(rows, best, look.pairs))
  if (first.count === 0 || first.rel < look.gate || accordOf(a, b, first) < look.firstAccordGate)
    return { pairs: first, tried: [], best: -1 }
  for (const i of rows) similaritiesOf(a, i, b, similar)
  const pairs = relax(a, b, selectPairs(nearBestOnly(a, b), rows, b.count, consistency.pairs))
  if (pairs.rel < look.exactGate || accordOf(a, b, pairs) < look.accordGate) return { pairs, tried: [], best: -1 }
  const again = relax(a, b, lookAgain(withNeighbours(a), withNeighbours(b), pairs))
  return again.rel < look.lastGate ? { pairs: again, tried: [], best: -1 } : judge(a, b, again, lean, look.accordGate)
}

// The exact similarities of what is nearly the best at a glance, 0 elsewhere.
function nearBestOnly(a: Searchable, b: Searchable): Int16Array {
  const some = new Int16Array(a.count * b.count)
  for (let i = 0; i < a.count; i++)
    for (const [j, near] of nearBest(a, i, b).entries()) if (near) some[i * b.count + j] = similar[i * b.count + j]!
  return some
}

// A packed template carries no neighbours: they are found among its minutiae.
function withNeighbours(side: Searchable): Neighboured {
  const all = Array.from({ length: side.count }, (_, i) => i)
  return { ...side, neighbours: nearest(all, side.x, side.y, side.angle) }
}

/** The minutiae of best quality, nearest to the middle, in order of angle; then the others, likewise. */
export function leadingFirst(a: Searchable, leading: number): number[] {
  const rank = (i: number) => a.quality[i]! || limits.unknownQuality
  const square = (i: number) => a.x[i]! * a.x[i]! + a.y[i]! * a.y[i]!
  const all = Array.from({ length: a.count }, (_, i) => i)
  const best = new Set([...all].sort((p, q) => rank(q) - rank(p) || square(p) - square(q) || p - q).slice(0, leading))
  return [...all.filter((i) => best.has(i)), ...all.filter((i) => !best.has(i))]
}

function judge(a: Searchable, b: Searchable, pairs: CandidatePairs, form: Form, accordGate?: number): Comparison {
  let best = -1
  const seeds = seedAlignments(a, b, pairs, form.seeds)
  const worth = accordGate === undefined ? seeds : seeds.filter(({ rigid }) => accordUnder(a, b, pairs.rel, rigid) >= accordGate)
  const tried = worth.map(({ seed, rigid }) => {
    const aligned = refine(a, b, similar, seed, rigid)
    const found = weigh(a, b, aligned)
    return { aligned, evidence: found, fused: fuse(pairs.rel, found, form.logistic) }
  })
  for (const [k, { fused }] of tried.entries()) if (best < 0 || fused > tried[best]!.fused) best = k
  return { pairs, tried, best }
}
