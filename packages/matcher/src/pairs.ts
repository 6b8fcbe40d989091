import { divRound, turn } from './fixed.ts'
import { agreeingNeighbours } from './neighbours.ts'
import { consistency, neighbourhood } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { cos1024, sin1024 } from './tables.ts'

/** Candidate pairs: a minutia of each side, how alike their descriptors are, and how well the pairs support one another. */
export interface CandidatePairs {
  readonly count: number
  readonly i: Uint8Array
  readonly j: Uint8Array
  /** Similarity, Q10. */
  readonly alike: Int16Array
  /** Consistency of every two pairs, Q8, `count` to a row. */
  readonly consistent: Uint16Array
  /** Value after relaxation, Q12. */
  readonly level: Int32Array
  /** Mean of the eight largest levels (fewer count as 0), Q12: the gate value of the study. */
  readonly rel: number
}

/** Pairs chosen one to one. */
export type ChosenPairs = Pick<CandidatePairs, 'i' | 'j' | 'alike'>

const buckets = 2048

/** Greedy one-to-one selection by similarity, best first; ties go by row, then column. Linear in the number of similarities. */
export function selectPairs(similar: Int16Array, rows: number, columns: number, most: number): ChosenPairs {
  const starts = new Int32Array(buckets + 1)
  const size = rows * columns
  for (let at = 0; at < size; at++) if (similar[at]! > 0) starts[buckets - similar[at]!]!++
  let sum = 0
  for (let k = 0; k <= buckets; k++) {
    const here = starts[k]!
    starts[k] = sum
    sum += here
  }
  const sorted = new Int32Array(sum)
  for (let at = 0; at < size; at++) if (similar[at]! > 0) sorted[starts[buckets - similar[at]!]!++] = at
  const usedRow = new Uint8Array(rows)
  const usedColumn = new Uint8Array(columns)
  const chosen: number[] = []
  for (let k = 0; k < sum && chosen.length < most; k++) {
    const row = Math.floor(sorted[k]! / columns)
    const column = sorted[k]! - row * columns
    if (usedRow[row] || usedColumn[column]) continue
    usedRow[row] = 1
    usedColumn[column] = 1
    chosen.push(sorted[k]!)
  }
  return {
    i: Uint8Array.from(chosen, (at) => Math.floor(at / columns)),
    j: Uint8Array.from(chosen, (at) => at % columns),
    alike: Int16Array.from(chosen, (at) => similar[at]!),
  }
}

/** Looks again at chosen pairs, by their neighbours, and keeps the best. Ties keep the order of the first choice. */
export function lookAgain(a: Prepared, b: Prepared, first: ChosenPairs): ChosenPairs {
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
export function relax(a: Prepared, b: Prepared, chosen: ChosenPairs): CandidatePairs {
  const { i, j, alike } = chosen
  const count = i.length
  const oneWay = new Uint16Array(count * count)
  for (let p = 0; p < count; p++)
    for (let q = 0; q < count; q++) if (p !== q) oneWay[p * count + q] = agreement(a, b, i[p]!, j[p]!, i[q]!, j[q]!)
  const consistent = new Uint16Array(count * count)
  for (let p = 0; p < count; p++)
    for (let q = 0; q < count; q++) {
      const forth = oneWay[p * count + q]!
      const back = oneWay[q * count + p]!
      // the mean, halved where only one of the two sees agreement
      consistent[p * count + q] = forth === 0 || back === 0 ? (forth + back) >> 2 : (forth + back) >> 1
    }
  let level = Int32Array.from(alike, (s) => 4 * s)
  const gain = divRound(consistency.gain, Math.max(consistency.best - 1, count - 1))
  for (let round = 0; round < consistency.rounds; round++) {
    const next = new Int32Array(count)
    for (let p = 0; p < count; p++) {
      let support = 0
      for (let q = 0; q < count; q++) support += consistent[p * count + q]! * level[q]!
      next[p] = ((consistency.keep * level[p]!) >> 10) + Math.floor(((support >> 8) * gain) / 1024)
    }
    level = next
  }
  let rel = 0
  const best = Array.from(level).sort((p, q) => q - p)
  for (let k = 0; k < Math.min(consistency.best, count); k++) rel += best[k]!
  return { count, i, j, alike, consistent, level, rel: Math.floor(rel / consistency.best) }
}

// How well the displacement from pair p to pair q agrees once A's is turned by p's own rotation, Q8.
function agreement(a: Prepared, b: Prepared, ip: number, jp: number, iq: number, jq: number): number {
  const rotation = turn(b.angle[jp]! - a.angle[ip]!)
  const twist = Math.abs(turn(turn(b.angle[jq]! - a.angle[iq]!) - rotation))
  if (twist >= consistency.rotation) return 0
  const ax = a.x[iq]! - a.x[ip]!
  const ay = a.y[iq]! - a.y[ip]!
  const bx = b.x[jq]! - b.x[jp]!
  const by = b.y[jq]! - b.y[jp]!
  const squareB = bx * bx + by * by
  if (squareB < consistency.shortest || ax * ax + ay * ay < consistency.shortest) return 0
  const cos = cos1024[(4 * rotation) & 1023]!
  const sin = sin1024[(4 * rotation) & 1023]!
  const ex = ((ax * cos - ay * sin + 8192) >> 14) - bx
  const ey = ((ax * sin + ay * cos + 8192) >> 14) - by
  const error = ex * ex + ey * ey
  const tolerance = consistency.tolerance + Math.floor((squareB * consistency.toleranceShare) / 1024)
  if (error >= tolerance) return 0
  const near = Math.floor((256 * (tolerance - error)) / tolerance)
  return (near * (1024 - Math.floor((consistency.rotationWeight * twist) / consistency.rotation))) >> 10
}
