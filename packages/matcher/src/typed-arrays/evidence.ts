import { divRound } from '../fixed.ts'
import { evidence } from '../parameters.ts'
import { fuse } from '../score.ts'
import { matchedWeight, unmatchedWeight } from '../weights.ts'
import { matched, movedX, movedY, rigid, usedA, usedB } from './alignment.ts'
import { outside } from './hull.ts'
import { type Side, sideMinutiae } from './side.ts'

const [quality0, quality1, quality2, quality3, quality4] = evidence.qualityBins
const [border0, border1, border2] = evidence.borderBins

// What is found for and against one finger; as in `Evidence` of src/evidence.ts.
const found = { f: 0, lu: 0, edges: 0, density: 0 }

/** Weighs the pairing in hand; gives the logistic's argument, Q10. */
export function weigh(a: Side, b: Side, rel: number, form: 'full' | 'lean'): number {
  const n = matched.count
  let sum = 0
  for (let k = 0; k < n; k++) sum += matched.value[k]!
  const { cos, sin } = rigid
  // the alignment that undoes this one
  const backX = divRound(rigid.shiftX, 16384)
  const backY = divRound(rigid.shiftY, 16384)
  const shiftX = -(cos * backX + sin * backY)
  const shiftY = sin * backX - cos * backY
  let overlap = 0
  let lu = 0
  for (let i = 0; i < a.count; i++) {
    const out = outside(b.hull, movedX[i]!, movedY[i]!)
    const used = usedA[i]!
    overlap += share(out, used)
    if (used === 1) lu += matchedWeight[bin(a, i, out)]!
    else if (out <= evidence.overlapOutside) lu += unmatchedWeight[bin(a, i, out)]!
  }
  for (let j = 0; j < b.count; j++) {
    const x = (Math.imul(cos, b.x[j]!) + Math.imul(sin, b.y[j]!) + shiftX + 8192) >> 14
    const y = (Math.imul(cos, b.y[j]!) - Math.imul(sin, b.x[j]!) + shiftY + 8192) >> 14
    const out = outside(a.hull, x, y)
    const used = usedB[j]!
    overlap += share(out, used)
    if (used === 1) lu += matchedWeight[bin(b, j, out)]!
    else if (out <= evidence.overlapOutside) lu += unmatchedWeight[bin(b, j, out)]!
  }
  overlap >>= 1
  found.f = Math.floor((sum * sum) / (Math.max(evidence.leastOverlap, overlap) + evidence.overlapAdded))
  found.lu = Math.floor(lu / 20)
  found.edges = countEdges(a, b, n)
  found.density = Math.floor((1024 * found.edges) / Math.max(3, (n * (n - 1)) / 2))
  return fuse(rel, found, form)
}

// 1 for a matched minutia; else falling from 1 well inside the other hull to 0 outside it. Q10.
function share(out: number, used: number): number {
  if (used === 1 || out <= -evidence.overlapInside) return 1024
  if (out >= evidence.overlapOutside) return 0
  return ((1024 * (evidence.overlapOutside - out)) / (evidence.overlapOutside + evidence.overlapInside)) | 0
}

function bin(side: Side, i: number, out: number): number {
  const inside = Math.min(-out, side.inside[i]!)
  const border = Number(inside >= border0) + Number(inside >= border1) + Number(inside >= border2)
  const quality = side.quality[i]!
  if (quality === 0) return 24 + border
  const row =
    Number(quality >= quality0) +
    Number(quality >= quality1) +
    Number(quality >= quality2) +
    Number(quality >= quality3) +
    Number(quality >= quality4)
  return 4 * row + border
}

const ax = new Int16Array(sideMinutiae)
const ay = new Int16Array(sideMinutiae)
const bx = new Int16Array(sideMinutiae)
const by = new Int16Array(sideMinutiae)
const turns = new Int16Array(sideMinutiae)

// Pairs of matched pairs that agree in distance and angle.
function countEdges(a: Side, b: Side, n: number): number {
  for (let k = 0; k < n; k++) {
    const i = matched.i[k]!
    const j = matched.j[k]!
    ax[k] = a.x[i]!
    ay[k] = a.y[i]!
    bx[k] = b.x[j]!
    by[k] = b.y[j]!
    turns[k] = a.angle[i]! - b.angle[j]!
  }
  let edges = 0
  for (let p = 1; p < n; p++) {
    const turnP = turns[p]!
    const pax = ax[p]!
    const pay = ay[p]!
    const pbx = bx[p]!
    const pby = by[p]!
    for (let q = 0; q < p; q++) {
      const twist = ((turnP - turns[q]! + 128) & 0xff) - 128
      if (twist >= evidence.edgeAngle || twist <= -evidence.edgeAngle) continue
      const dax = pax - ax[q]!
      const day = pay - ay[q]!
      const dbx = Math.abs(pbx - bx[q]!)
      const dby = Math.abs(pby - by[q]!)
      const squareA = Math.imul(dax, dax) + Math.imul(day, day)
      const squareB = Math.imul(dbx, dbx) + Math.imul(dby, dby)
      // the length within 8 %: the larger component and three eighths of the smaller
      const length = dbx > dby ? dbx + ((3 * dby) >> 3) : dby + ((3 * dbx) >> 3)
      const longer = Math.max(squareA, squareB)
      const tolerance = 2 * evidence.edgeDistance * length + (Math.imul(longer >> 4, evidence.edgeShare) >> 5)
      if (Math.abs(squareA - squareB) < tolerance) edges++
    }
  }
  return edges
}
