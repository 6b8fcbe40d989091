import { alignment, consistency, type FirstLook, type Form, full, lean, limits } from '../parameters.ts'
import { lowestStrength } from '../strength.ts'
import { accordOf, accordUnder } from './accord.ts'
import { fitSeed, matched, refine, rigid } from './alignment.ts'
import { weigh } from './evidence.ts'
import { choosePairs, clearGlance, glance, listNearBest } from './glance.ts'
import { findNeighbours, lookAgain } from './neighbours.ts'
import { level, relax } from './relaxation.ts'
import { measureInside, type Side } from './side.ts'
import { clearLists, selectPairs, similarities } from './similarity.ts'

/** The best alignment of the last comparison and the pairs that it leads to. */
export const outcome = {
  aligned: false,
  cos: 0,
  sin: 0,
  shiftX: 0,
  shiftY: 0,
  angle: 0,
  count: 0,
  i: new Uint8Array(full.centres),
  j: new Uint8Array(full.centres),
  residual: new Int32Array(full.centres),
}

/** One to one with nothing left out: gives the strength, the rest stands in {@link outcome}. */
export function compareFull(a: Side, b: Side): number {
  outcome.aligned = false
  clearLists()
  similarities(a, b, 0, a.count)
  const count = lookAgain(a, b, selectPairs(full.looked))
  if (count === 0) return lowestStrength
  return judge(a, b, count, relax(a, b, count), full)
}

/**
 * A search's comparison: a first look by the probe's leading minutiae, the same look by all, then the exact similarities, their pairs' neighbours, and
 * alignments behind the last of four gates. Gives the strength.
 */
export function compareLean(a: Side, candidate: Candidate, look: FirstLook): number {
  const b = candidate.side
  if (a.count < limits.fewest || b.count < limits.fewest) return lowestStrength
  const leading = Math.min(look.leading, a.count)
  clearGlance()
  glance(a, 0, leading, b)
  let count = choosePairs(a, b, look.pairs)
  if (count === 0) return lowestStrength
  const early = relax(a, b, count)
  if (early < look.gate || accordOf(a, b, count, early) < look.firstAccordGate) return lowestStrength
  glance(a, leading, a.count, b)
  clearLists()
  listNearBest(a, b)
  count = selectPairs(consistency.pairs)
  const exact = relax(a, b, count)
  if (exact < look.exactGate || accordOf(a, b, count, exact) < look.accordGate) return lowestStrength
  if (!candidate.complete) {
    completeSide(b)
    candidate.complete = true
  }
  count = lookAgain(a, b, count)
  const rel = relax(a, b, count)
  if (rel < look.lastGate) return lowestStrength
  similarities(a, b, 0, a.count)
  return judge(a, b, count, rel, lean, look.accordGate)
}

/** Adds to a side filled from a record what only comparisons need that pass the gates. */
export function completeSide(side: Side): void {
  measureInside(side)
  findNeighbours(side)
}

/** A record of a gallery being compared with many probes; what only few comparisons need is found for the first of them. */
export interface Candidate {
  readonly side: Side
  complete: boolean
}

const most = Math.max(full.seeds, lean.seeds)
const seedX = new Int32Array(most)
const seedY = new Int32Array(most)
const seedAngle = new Int32Array(most)
const taken = new Uint8Array(consistency.pairs)

// Tries alignments from the pairs of highest level; gives the best.
function judge(a: Side, b: Side, count: number, rel: number, form: Form, accordGate?: number): number {
  let best = lowestStrength
  let tried = 0
  taken.fill(0)
  for (let k = 0; k < count && tried < form.seeds; k++) {
    if (!fitSeed(a, b, count, nextSeed(count)) || !differs(tried)) continue
    seedX[tried] = rigid.shiftX
    seedY[tried] = rigid.shiftY
    seedAngle[tried] = rigid.angle
    tried++
    if (accordGate !== undefined && accordUnder(a, b, rel) < accordGate) continue
    refine(a, b)
    const fused = weigh(a, b, rel, form.logistic)
    if (outcome.aligned && fused <= best) continue
    best = fused
    keep()
  }
  return best
}

// The pair of highest level not yet taken; ties go to the first.
function nextSeed(count: number): number {
  let best = -1
  let at = 0
  for (let p = 0; p < count; p++)
    if (taken[p] === 0 && level[p]! > best) {
      best = level[p]!
      at = p
    }
  taken[at] = 1
  return at
}

function differs(tried: number): boolean {
  for (let k = 0; k < tried; k++) {
    const moved = Math.abs(rigid.shiftX - seedX[k]!) + Math.abs(rigid.shiftY - seedY[k]!)
    const turned = Math.abs(((rigid.angle - seedAngle[k]! + 512) & 1023) - 512)
    if (moved <= 16384 * alignment.seedDistance && turned <= alignment.seedAngle) return false
  }
  return true
}

function keep(): void {
  outcome.aligned = true
  outcome.cos = rigid.cos
  outcome.sin = rigid.sin
  outcome.shiftX = rigid.shiftX
  outcome.shiftY = rigid.shiftY
  outcome.angle = rigid.angle
  outcome.count = matched.count
  outcome.i.set(matched.i)
  outcome.j.set(matched.j)
  outcome.residual.set(matched.residual)
}
