import { divRound, turn } from './fixed.ts'
import { agreeingNeighbours } from './neighbours.ts'
import { consistency, limits, neighbourhood } from './parameters.ts'
import type { Neighboured, Searchable } from './prepare.ts'
import { cos1024, sin1024 } from './tables.ts'

/** Candidate pairs: a minutia of each side, how alike their descriptors are, and how well the pairs support one another. */
export interface CandidatePairs {
  readonly count: number
  readonly i: Uint8Array
  readonly j: Uint8Array
  /** Similarity, Q10. */
  readonly alike: Int16Array
  /** Consistency of every two pairs, 0..256, `count` to a row. */
  readonly consistent: Uint16Array
  /** Value after relaxation, Q11, at most 32767. */
  readonly level: Int32Array
  /** Mean of the eight largest levels (fewer count as 0), Q12: the gate value of the study. */
  readonly rel: number
}

/** Pairs chosen one to one. */
export type ChosenPairs = Pick<CandidatePairs, 'i' | 'j' | 'alike'>

/**
 * Greedy one-to-one selection by similarity in steps of 1/256, best first; of equal ones the row that stands last in `rows`, and there the last column, goes
 * first.
 */
export function selectPairs(similar: Int16Array, rows: readonly number[], columns: number, most: number): ChosenPairs {
  const order: { at: number; level: number; row: number }[] = []
  for (const [row, i] of rows.entries())
    for (let at = i * columns; at < (i + 1) * columns; at++) if (similar[at]! > 0) order.push({ at, level: similar[at]! >> 2, row })
  order.sort((p, q) => q.level - p.level || q.row - p.row || q.at - p.at)
  const usedRow = new Uint8Array(limits.minutiae)
  const usedColumn = new Uint8Array(columns)
  const chosen: number[] = []
  for (const { at } of order) {
    if (chosen.length === most) break
    const row = Math.floor(at / columns)
    const column = at - row * columns
    if (usedRow[row] || usedColumn[column]) continue
    usedRow[row] = 1
    usedColumn[column] = 1
    chosen.push(at)
  }
  return {
    i: Uint8Array.from(chosen, (at) => Math.floor(at / columns)),
    j: Uint8Array.from(chosen, (at) => at % columns),
    alike: Int16Array.from(chosen, (at) => similar[at]!),
  }
}

/** Looks again at chosen pairs, by their neighbours, and keeps the best. Ties keep the order of the first choice. */
export function lookAgain(a: Neighboured, b: Neighboured, first: ChosenPairs): ChosenPairs {
  const again = Array.from(first.alike, (alike, k) => {
    const agreeing = agreeingNeighbours(a, first.i[k]!, b, first.j[k]!)
    return { k, alike: (alike * (1024 - neighbourhood.share) + agreeing * neighbourhood.share) >> 10 }
  })
  again.sort((p, q) => q.alike - p.alike || p.k - q.k)
  const kept = again.slice(0, consistency.pairs)
  return {
    i: Uint8Array.from(kept, ({ k }) => first.i[k]!),
    j: Uint8Array.from(kept, ({ k }) => first.j[k]!),
    alike: Int16Array.from(kept, ({ alike }) => alike),
  }
}

/** Relaxation: pairs whose displacements agree under one rotation lift one another, chance pairs sink. */
export function relax(a: Searchable, b: Searchable, chosen: ChosenPairs): CandidatePairs {
  const { i, j, alike } = chosen
  const count = i.length
  const turns = Array.from(i, (_, p) => turn(b.angle[j[p]!]! - a.angle[i[p]!]!))
  const consistent = new Uint16Array(count * count)
  for (let p = 0; p < count; p++)
    for (let q = 0; q < count; q++) {
      const twist = Math.abs(turn(turns[q]! - turns[p]!))
      if (twist >= consistency.rotation) continue
      const ax = a.x[i[q]!]! - a.x[i[p]!]!
      const ay = a.y[i[q]!]! - a.y[i[p]!]!
      const bx = b.x[j[q]!]! - b.x[j[p]!]!
      const by = b.y[j[q]!]! - b.y[j[p]!]!
      if (Math.abs(ax) + Math.abs(ay) < consistency.shortest || Math.abs(bx) + Math.abs(by) < consistency.shortest) continue
      const square = Math.min(consistency.farthest, timesQ15(2 * bx, 2 * bx) + timesQ15(2 * by, 2 * by))
      const tolerance = consistency.tolerance + consistency.toleranceStep * square
      const forth = agreement(ax, ay, bx, by, turns[p]!, tolerance)
      const back = agreement(ax, ay, bx, by, turns[q]!, tolerance)
      // their sum where both see agreement, half of it where only one does
      const steps = forth > 0 && back > 0 ? 2 * (forth + back) : forth + back
      consistent[p * count + q] = (steps * (64 - ((consistency.rotationWeight * twist) >> 2))) >> 2
    }
  let level = Int32Array.from(alike, (s) => 2 * s)
  const gain = divRound(consistency.gain, Math.max(consistency.best - 1, count - 1))
  for (let round = 0; round < consistency.rounds; round++) {
    const next = new Int32Array(count)
    for (let p = 0; p < count; p++) {
      let support = 0
      for (let q = 0; q < count; q++) support += consistent[p * count + q]! * level[q]!
      next[p] = Math.min(highestLevel, ((consistency.keep * level[p]!) >> 10) + (((support >> 8) * gain) >> 10))
    }
    level = next
  }
  let sum = 0
  const best = Array.from(level).sort((p, q) => q - p)
  for (let k = 0; k < Math.min(consistency.best, count); k++) sum += best[k]!
  return { count, i, j, alike, consistent, level, rel: sum >> 2 }
}

// Levels are kept in 16 bits.
const highestLevel = 32767

// Product of a length and a Q15 number, to the nearest, halves up.
function timesQ15(p: number, q: number): number {
  return (p * q + 16384) >> 15
}

// How well A's displacement, turned, agrees with B's, in steps 0..4 by the squared error against the tolerance. In 4/100 mm.
function agreement(ax: number, ay: number, bx: number, by: number, rotation: number, tolerance: number): number {
  const cos = Math.min(32767, 2 * cos1024[(4 * rotation) & 1023]!)
  const sin = Math.min(32767, 2 * sin1024[(4 * rotation) & 1023]!)
  const ex = Math.min(consistency.clamp, Math.abs((timesQ15(ax, cos) - timesQ15(ay, sin) - bx) >> 2))
  const ey = Math.min(consistency.clamp, Math.abs((timesQ15(ax, sin) + timesQ15(ay, cos) - by) >> 2))
  const error = ex * ex + ey * ey
  const quarter = tolerance >> 2
  return Number(error < tolerance) + Number(error < tolerance - quarter) + Number(error < tolerance >> 1) + Number(error < quarter)
}
