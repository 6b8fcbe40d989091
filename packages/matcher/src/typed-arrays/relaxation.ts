import { divRound, turn } from '../fixed.ts'
import { consistency } from '../parameters.ts'
import { cos1024, sin1024 } from '../tables.ts'
import type { Side } from './side.ts'
import { pairAlike, pairI, pairJ } from './similarity.ts'

const most = consistency.pairs

/** Consistency of every two pairs, 0..256, a row of `consistency.pairs` each. */
export const consistent = new Uint16Array(most * most)
/** Value of each pair after relaxation, Q11. */
export const level = new Int32Array(most)

// What is needed of the pairs, side by side.
const ax = new Int16Array(most)
const ay = new Int16Array(most)
const bx = new Int16Array(most)
const by = new Int16Array(most)
const turns = new Int16Array(most)
const cosines = new Int16Array(most)
const sines = new Int16Array(most)
const raised = new Int32Array(most)

/** Relaxation of the chosen pairs: those whose displacements agree under one rotation lift one another. Gives `rel`, Q12. */
export function relax(a: Side, b: Side, count: number): number {
  for (let p = 0; p < count; p++) {
    const i = pairI[p]!
    const j = pairJ[p]!
    const rotation = turn(b.angle[j]! - a.angle[i]!)
    ax[p] = a.x[i]!
    ay[p] = a.y[i]!
    bx[p] = b.x[j]!
    by[p] = b.y[j]!
    turns[p] = rotation
    cosines[p] = Math.min(32767, 2 * cos1024[(4 * rotation) & 1023]!)
    sines[p] = Math.min(32767, 2 * sin1024[(4 * rotation) & 1023]!)
    level[p] = 2 * pairAlike[p]!
  }
  for (let p = 0; p < count; p++) compareDisplacements(p, count)
  const gain = divRound(consistency.gain, Math.max(consistency.best - 1, count - 1))
  for (let round = 0; round < consistency.rounds; round++) {
    for (let p = 0; p < count; p++) {
      const row = most * p
      let support = 0
      for (let q = 0; q < count; q++) support = (support + Math.imul(consistent[row + q]!, level[q]!)) | 0
      const next = ((consistency.keep * level[p]!) >> 10) + (Math.imul(support >> 8, gain) >> 10)
      raised[p] = Math.min(next, 32767)
    }
    for (let p = 0; p < count; p++) level[p] = raised[p]!
  }
  return sumOfBest(count) >> 2
}

// One row of the consistencies.
function compareDisplacements(p: number, count: number): void {
  const row = most * p
  const rotation = turns[p]!
  const fromAx = ax[p]!
  const fromAy = ay[p]!
  const fromBx = bx[p]!
  const fromBy = by[p]!
  const cos = cosines[p]!
  const sin = sines[p]!
  for (let q = 0; q < count; q++) {
    consistent[row + q] = 0
    const twist = Math.abs(turn(turns[q]! - rotation))
    if (twist >= consistency.rotation) continue
    const dax = ax[q]! - fromAx
    const day = ay[q]! - fromAy
    const dbx = bx[q]! - fromBx
    const dby = by[q]! - fromBy
    if (Math.abs(dax) + Math.abs(day) < consistency.shortest || Math.abs(dbx) + Math.abs(dby) < consistency.shortest) continue
    const square = Math.min(
      consistency.farthest,
      ((Math.imul(2 * dbx, 2 * dbx) + 16384) >> 15) + ((Math.imul(2 * dby, 2 * dby) + 16384) >> 15),
    )
    const tolerance = consistency.tolerance + consistency.toleranceStep * square
    const forth = agreement(dax, day, dbx, dby, cos, sin, tolerance)
    const back = agreement(dax, day, dbx, dby, cosines[q]!, sines[q]!, tolerance)
    // their sum where both see agreement, half of it where only one does
    const steps = forth > 0 && back > 0 ? 2 * (forth + back) : forth + back
    consistent[row + q] = (steps * (64 - ((consistency.rotationWeight * twist) >> 2))) >> 2
  }
}

// How well A's displacement, turned, agrees with B's, in steps 0..4 by the squared error against the tolerance.
function agreement(dax: number, day: number, dbx: number, dby: number, cos: number, sin: number, tolerance: number): number {
  const ex = Math.abs((((Math.imul(dax, cos) + 16384) >> 15) - ((Math.imul(day, sin) + 16384) >> 15) - dbx) >> 2)
  const ey = Math.abs((((Math.imul(dax, sin) + 16384) >> 15) + ((Math.imul(day, cos) + 16384) >> 15) - dby) >> 2)
  // the square of where errors are cut is above every tolerance
  if (ex >= consistency.clamp || ey >= consistency.clamp) return 0
  const error = ex * ex + ey * ey
  if (error >= tolerance) return 0
  const quarter = tolerance >> 2
  return 1 + Number(error < tolerance - quarter) + Number(error < tolerance >> 1) + Number(error < quarter)
}

// Sum of the eight largest levels, each taken out in turn.
function sumOfBest(count: number): number {
  for (let p = 0; p < count; p++) raised[p] = level[p]!
  let sum = 0
  for (let k = Math.min(consistency.best, count); k > 0; k--) {
    let at = 0
    for (let p = 1; p < count; p++) if (raised[p]! > raised[at]!) at = p
    sum += raised[at]!
    raised[at] = 0
  }
  return sum
}
