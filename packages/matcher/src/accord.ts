import { fitSeed, move, type Rigid } from './alignment.ts'
import type { CandidatePairs } from './pairs.ts'
import { accord, alignment, evidence } from './parameters.ts'
import { outside, type Searchable } from './prepare.ts'
import { lowestStrength } from './strength.ts'
import { lnQ12 } from './tables.ts'

/**
 * How well two prints agree with the alignment that the strongest of their pairs and those that agree with it speak for, before any pairing: twice the logarithm of
 * `rel`, Q7, and for each of `a`'s minutiae how near the nearest of `b`'s comes that points the same way, less what chance brings for each that overlaps.
 */
export function accordOf(a: Searchable, b: Searchable, pairs: CandidatePairs): number {
  let seed = 0
  for (let p = 1; p < pairs.count; p++) if (pairs.level[p]! > pairs.level[seed]!) seed = p
  const rigid = pairs.count === 0 ? undefined : fitSeed(a, b, pairs, seed)
  return rigid === undefined ? lowestStrength : accordUnder(a, b, pairs.rel, rigid)
}

/** The same under a given alignment. */
export function accordUnder(a: Searchable, b: Searchable, rel: number, rigid: Rigid): number {
  const x = new Int16Array(a.count)
  const y = new Int16Array(a.count)
  move(a, rigid, x, y)
  let sum = (2 * lnQ12(rel + accord.relAdded)) >> 5
  for (let i = 0; i < a.count; i++) {
    let nearest = 0
    for (let j = 0; j < b.count; j++) {
      const turned = Math.abs(((4 * (b.angle[j]! - a.angle[i]!) - rigid.angle + 512) & 1023) - 512)
      if (turned >= alignment.angleUnits) continue
      nearest = Math.max(nearest, accord.reach - Math.abs(b.x[j]! - x[i]!) - Math.abs(b.y[j]! - y[i]!))
    }
    sum += nearest
    if (outside(b.hull, x[i]!, y[i]!) < evidence.overlapOutside) sum -= accord.chance
  }
  return sum
}
