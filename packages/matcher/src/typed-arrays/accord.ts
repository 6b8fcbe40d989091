import { accord, alignment, evidence } from '../parameters.ts'
import { lowestStrength } from '../strength.ts'
import { lnQ12 } from '../tables.ts'
import { fitSeed, move, movedX, movedY, rigid } from './alignment.ts'
import { outside } from './hull.ts'
import { level } from './relaxation.ts'
import type { Side } from './side.ts'

/** How well two prints agree with the alignment that the strongest pair speaks for; as src/accord.ts. */
export function accordOf(a: Side, b: Side, count: number, rel: number): number {
  let seed = 0
  for (let p = 1; p < count; p++) if (level[p]! > level[seed]!) seed = p
  if (count === 0 || !fitSeed(a, b, count, seed)) return lowestStrength
  return accordUnder(a, b, rel)
}

/** The same under the alignment in hand. */
export function accordUnder(a: Side, b: Side, rel: number): number {
  move(a)
  let sum = (2 * lnQ12(rel + accord.relAdded)) >> 5
  for (let i = 0; i < a.count; i++) {
    const x = movedX[i]!
    const y = movedY[i]!
    // shifted so that the first of the two angles is 0
    const from = (4 * a.angle[i]! + rigid.angle - alignment.angleUnits + 1) & 1023
    let nearest = 0
    for (let j = 0; j < b.count; j++) {
      if (((4 * b.angle[j]! - from) & 1023) >= 2 * alignment.angleUnits - 1) continue
      const near = accord.reach - Math.abs(b.x[j]! - x) - Math.abs(b.y[j]! - y)
      if (near > nearest) nearest = near
    }
    sum += nearest
    if (outside(b.hull, x, y) < evidence.overlapOutside) sum -= accord.chance
  }
  return sum
}
