import { type Aligned, carry, inverse } from './alignment.ts'
import { turn } from './fixed.ts'
import { evidence } from './parameters.ts'
import { outside, type Searchable } from './prepare.ts'
import { matchedWeight, unmatchedWeight } from './weights.ts'

/** What an alignment's pairing says for and against one finger. */
export interface Evidence {
  /** Summed pair values squared over the overlap, Q10. */
  readonly f: number
  /** Matched and unmatched minutiae by quality and place, natural logarithm, Q10. */
  readonly lu: number
  /** Matched pairs of pairs that agree in distance and angle. */
  readonly edges: number
  /** Their share, Q10. */
  readonly density: number
  /** Overlapping minutiae, mean of both sides, Q10. */
  readonly overlap: number
  /** Minutiae matched and unmatched in the overlap, by quality bin and border bin (4 to a row): what the weights were counted from. */
  readonly matched: Uint8Array
  readonly unmatched: Uint8Array
}

const rows = evidence.qualityBins.length + 2

/** Weighs an alignment. */
export function weigh(a: Searchable, b: Searchable, aligned: Aligned): Evidence {
  const { pairing, rigid } = aligned
  const n = pairing.i.length
  const back = inverse(rigid)
  const matched = new Uint8Array(4 * rows)
  const unmatched = new Uint8Array(4 * rows)
  const usedA = new Uint8Array(a.count)
  const usedB = new Uint8Array(b.count)
  let sum = 0
  for (let k = 0; k < n; k++) {
    usedA[pairing.i[k]!] = 1
    usedB[pairing.j[k]!] = 1
    sum += pairing.value[k]!
  }
  let overlap = 0
  for (let i = 0; i < a.count; i++) {
    const out = outside(b.hull, aligned.x[i]!, aligned.y[i]!)
    overlap += overlapShare(out, usedA[i]!)
    if (usedA[i] === 1 || out <= evidence.overlapOutside) count(a, i, out, usedA[i] === 1 ? matched : unmatched)
  }
  for (let j = 0; j < b.count; j++) {
    const [x, y] = carry(back, b.x[j]!, b.y[j]!)
    const out = outside(a.hull, x, y)
    overlap += overlapShare(out, usedB[j]!)
    if (usedB[j] === 1 || out <= evidence.overlapOutside) count(b, j, out, usedB[j] === 1 ? matched : unmatched)
  }
  overlap >>= 1
  let lu = 0
  for (let bin = 0; bin < 4 * rows; bin++) lu += matched[bin]! * matchedWeight[bin]! + unmatched[bin]! * unmatchedWeight[bin]!
  const edges = countEdges(a, b, aligned)
  return {
    f: Math.floor((sum * sum) / (Math.max(evidence.leastOverlap, overlap) + evidence.overlapAdded)),
    lu: Math.floor(lu / 20),
    edges,
    density: Math.floor((1024 * edges) / Math.max(3, (n * (n - 1)) / 2)),
    overlap,
    matched,
    unmatched,
  }
}

// 1 for a matched minutia; else falling from 1 well inside the other hull to 0 outside it. Q10.
function overlapShare(out: number, used: number): number {
  if (used === 1 || out <= -evidence.overlapInside) return 1024
  if (out >= evidence.overlapOutside) return 0
  return Math.floor((1024 * (evidence.overlapOutside - out)) / (evidence.overlapOutside + evidence.overlapInside))
}

function count(p: Searchable, i: number, outsideOther: number, into: Uint8Array): void {
  const inside = Math.min(-outsideOther, evidence.overlapOutside - outside(p.hull, p.x[i]!, p.y[i]!))
  let border = 0
  while (border < 3 && inside >= evidence.borderBins[border]!) border++
  let row = 0
  const quality = p.quality[i]!
  if (quality === 0) row = rows - 1
  else while (row < rows - 2 && quality >= evidence.qualityBins[row]!) row++
  into[4 * row + border]!++
}

function countEdges(a: Searchable, b: Searchable, { pairing }: Aligned): number {
  const { i, j } = pairing
  let edges = 0
  for (let p = 1; p < i.length; p++)
    for (let q = 0; q < p; q++) {
      const turnA = a.angle[i[p]!]! - a.angle[i[q]!]!
      const turnB = b.angle[j[p]!]! - b.angle[j[q]!]!
      if (Math.abs(turn(turnA - turnB)) >= evidence.edgeAngle) continue
      const ax = a.x[i[p]!]! - a.x[i[q]!]!
      const ay = a.y[i[p]!]! - a.y[i[q]!]!
      const bx = b.x[j[p]!]! - b.x[j[q]!]!
      const by = b.y[j[p]!]! - b.y[j[q]!]!
      // (lA - lB)(lA + lB) against (15 + l / 20)(2 l), so that no root is drawn; the length is the larger component and 3/8 of the smaller, 8 % off at most
      const squareA = ax * ax + ay * ay
      const squareB = bx * bx + by * by
      const length = Math.max(Math.abs(bx), Math.abs(by)) + ((3 * Math.min(Math.abs(bx), Math.abs(by))) >> 3)
      const share = ((Math.max(squareA, squareB) >> 4) * evidence.edgeShare) >> 5
      if (Math.abs(squareA - squareB) < 2 * evidence.edgeDistance * length + share) edges++
    }
  return edges
}
