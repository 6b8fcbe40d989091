import { isqrt, turn } from '../fixed.ts'
import { consistency, evidence, neighbourhood } from '../parameters.ts'
import { cos1024, sin1024 } from '../tables.ts'
import { outside } from './hull.ts'
import type { Side } from './side.ts'
import { pairAlike, pairI, pairJ } from './similarity.ts'

const most = neighbourhood.count

// How well the neighbours of two minutiae agree, Q10.
function agreeing(a: Side, i: number, b: Side, j: number): number {
  const countA = a.near[i]!
  const countB = b.near[j]!
  if (countA === 0 || countB === 0) return 0
  let matchedA = 0
  let matchedB = 0
  let sum = 0
  for (let k = 0; k < countA; k++) {
    const own = most * i + k
    const distance = a.distance[own]!
    const twistOwn = a.twist[own]!
    const u = a.u[own]!
    const v = a.v[own]!
    const tolerance = neighbourhood.tolerance + ((distance * distance * neighbourhood.toleranceShare + 512) >> 10)
    let best = 0
    let bestAt = -1
    for (let l = 0; l < countB; l++) {
      const other = most * j + l
      const dv = b.v[other]! - v
      const du = b.u[other]! - u
      const error = du * du + dv * dv
      if (error >= tolerance || (matchedB >> l) & 1) continue
      const twist = Math.abs(turn(b.twist[other]! - twistOwn))
      if (twist >= neighbourhood.angle) continue
      const near = ((1024 * (tolerance - error)) / tolerance) | 0
      const value = (near * (1024 - (((512 * twist) / neighbourhood.angle) | 0))) >> 10
      if (value > best) {
        best = value
        bestAt = l
      }
    }
    if (bestAt < 0) continue
    matchedA |= 1 << k
    matchedB |= 1 << bestAt
    sum += best
  }
  const outer = Math.min(a.distance[most * i + countA - 1]!, b.distance[most * j + countB - 1]!)
  const reach = (outer * neighbourhood.reach + 512) >> 10
  const expected = expectedNeighbours(a, i, matchedA, reach, b, j) + expectedNeighbours(b, j, matchedB, reach, a, i)
  return ((2 * sum) / (expected + 2)) | 0
}

// Neighbours near enough to count: the matched, and the others that fall inside the other print.
function expectedNeighbours(own: Side, i: number, matched: number, reach: number, other: Side, j: number): number {
  const cos = cos1024[4 * other.angle[j]!]!
  const sin = sin1024[4 * other.angle[j]!]!
  const count = own.near[i]!
  // a neighbour that is nearer than the border needs no look; 5 are more than all roundings add up to
  const sure = neighbourhood.margin - (evidence.overlapOutside - other.inside[j]!) - 5
  let expected = 0
  for (let k = 0; k < count; k++) {
    const at = most * i + k
    const distance = own.distance[at]!
    if (distance >= reach) break
    if (distance > sure && !((matched >> k) & 1)) {
      const x = other.x[j]! + ((own.u[at]! * cos - own.v[at]! * sin + 8192) >> 14)
      const y = other.y[j]! + ((own.u[at]! * sin + own.v[at]! * cos + 8192) >> 14)
      if (outside(other.hull, x, y) > neighbourhood.margin) continue
    }
    expected++
  }
  return expected
}

// Pairs by their new similarity (falling) and place, one integer each.
const keys = new Int32Array(neighbourhood.pairs)
const againI = new Uint8Array(consistency.pairs)
const againJ = new Uint8Array(consistency.pairs)

/** Looks again at `count` chosen pairs by their neighbours and keeps the best; ties keep the order of the first choice. Gives how many are left. */
export function lookAgain(a: Side, b: Side, count: number): number {
  for (let k = 0; k < count; k++) {
    const found = agreeing(a, pairI[k]!, b, pairJ[k]!)
    const alike = (pairAlike[k]! * (1024 - neighbourhood.share) + found * neighbourhood.share) >> 10
    const key = ((4095 - alike) << 6) | k
    let place = k
    while (place > 0 && keys[place - 1]! > key) {
      keys[place] = keys[place - 1]!
      place--
    }
    keys[place] = key
  }
  const kept = Math.min(count, consistency.pairs)
  for (let k = 0; k < kept; k++) {
    againI[k] = pairI[keys[k]! & 63]!
    againJ[k] = pairJ[keys[k]! & 63]!
  }
  for (let k = 0; k < kept; k++) {
    pairI[k] = againI[k]!
    pairJ[k] = againJ[k]!
    pairAlike[k] = 4095 - (keys[k]! >> 6)
  }
  return kept
}

// The nearest so far, nearest first, and one place for who drops out.
const found = new Uint8Array(most + 1)
const squares = new Int32Array(most + 1)

/** Finds the neighbours of a side's minutiae among themselves: a packed template carries none. */
export function findNeighbours(side: Side): void {
  const { count, x, y, angle } = side
  for (let centre = 0; centre < count; centre++) {
    const ownX = x[centre]!
    const ownY = y[centre]!
    let kept = 0
    for (let other = 0; other < count; other++) {
      const dx = x[other]! - ownX
      const dy = y[other]! - ownY
      const square = dx * dx + dy * dy
      if (square <= neighbourhood.nearest || square >= neighbourhood.farthest) continue
      if (kept === most && square > squares[most - 1]!) continue
      let place = kept
      while (place > 0 && comesBefore(side, other, square, place - 1)) place--
      if (place === most) continue
      for (let k = kept; k > place; k--) {
        found[k] = found[k - 1]!
        squares[k] = squares[k - 1]!
      }
      found[place] = other
      squares[place] = square
      if (kept < most) kept++
    }
    side.near[centre] = kept
    const cos = cos1024[4 * angle[centre]!]!
    const sin = sin1024[4 * angle[centre]!]!
    for (let k = 0; k < kept; k++) {
      const other = found[k]!
      const dx = x[other]! - ownX
      const dy = y[other]! - ownY
      const at = most * centre + k
      side.u[at] = (dx * cos + dy * sin + 8192) >> 14
      side.v[at] = (dy * cos - dx * sin + 8192) >> 14
      side.twist[at] = angle[other]! - angle[centre]!
      side.distance[at] = isqrt(squares[k]!)
    }
  }
}

// Whether a minutia goes before the one that stands at a place: nearer, or as near and first by angle, then x, then y.
function comesBefore({ x, y, angle }: Side, other: number, square: number, place: number): boolean {
  if (squares[place] !== square) return squares[place]! > square
  const standing = found[place]!
  return (angle[standing]! - angle[other]! || x[standing]! - x[other]! || y[standing]! - y[other]!) > 0
}
