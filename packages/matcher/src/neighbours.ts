import { divRound, isqrt, turn } from './fixed.ts'
import { neighbourhood } from './parameters.ts'
import { type Neighboured, outside } from './prepare.ts'
import { cos1024, sin1024 } from './tables.ts'

/** The nearest other minutiae of each minutia, seen from it: its own direction is the first axis. Nearest first. */
export interface Neighbours {
  /** How many each minutia has, at most eight. */
  readonly count: Uint8Array
  /** Eight a minutia: place along and across its direction, 1/100 mm. */
  readonly u: Int16Array
  readonly v: Int16Array
  /** Direction relative to its own, 1/256 turn. */
  readonly angle: Uint8Array
  /** Distance, 1/100 mm. */
  readonly distance: Int16Array
}

const most = neighbourhood.count

// The nearest so far, nearest first, and one place for who drops out.
const found = new Int32Array(most + 1)
const squares = new Int32Array(most + 1)

/** Finds the neighbours of `centres` among all minutiae; equally near ones by angle, then place. */
export function nearest(centres: readonly number[], x: Int16Array, y: Int16Array, angle: Uint8Array): Neighbours {
  const size = most * centres.length
  const count = new Uint8Array(centres.length)
  const [u, v, distance] = [new Int16Array(size), new Int16Array(size), new Int16Array(size)]
  const relative = new Uint8Array(size)
  const before = (p: number, q: number) => angle[p]! - angle[q]! || x[p]! - x[q]! || y[p]! - y[q]!
  for (let at = 0; at < centres.length; at++) {
    const centre = centres[at]!
    let kept = 0
    for (let other = 0; other < x.length; other++) {
      const dx = x[other]! - x[centre]!
      const dy = y[other]! - y[centre]!
      const d2 = dx * dx + dy * dy
      if (d2 <= neighbourhood.nearest || d2 >= neighbourhood.farthest) continue
      if (kept === most && d2 > squares[most - 1]!) continue
      let place = kept
      while (place > 0 && (squares[place - 1]! > d2 || (squares[place - 1] === d2 && before(found[place - 1]!, other) > 0))) place--
      if (place === most) continue
      for (let k = kept; k > place; k--) {
        found[k] = found[k - 1]!
        squares[k] = squares[k - 1]!
      }
      found[place] = other
      squares[place] = d2
      if (kept < most) kept++
    }
    count[at] = kept
    const cos = cos1024[4 * angle[centre]!]!
    const sin = sin1024[4 * angle[centre]!]!
    for (let k = 0; k < kept; k++) {
      const other = found[k]!
      const dx = x[other]! - x[centre]!
      const dy = y[other]! - y[centre]!
      u[most * at + k] = (dx * cos + dy * sin + 8192) >> 14
      v[most * at + k] = (dy * cos - dx * sin + 8192) >> 14
      relative[most * at + k] = angle[other]! - angle[centre]!
      distance[most * at + k] = isqrt(squares[k]!)
    }
  }
  return { count, u, v, angle: relative, distance }
}

/**
 * How well the neighbours of two minutiae agree, Q10, 0..1024: each of A's takes the best of B's still free; a neighbour left over counts against the pair
 * only where the other side could have seen it. Finer than the cylinder, so it mends what coarse angles spoil.
 */
export function agreeingNeighbours(a: Neighboured, i: number, b: Neighboured, j: number): number {
  const p = a.neighbours
  const q = b.neighbours
  const countA = p.count[i]!
  const countB = q.count[j]!
  if (countA === 0 || countB === 0) return 0
  let usedA = 0
  let usedB = 0
  let sum = 0
  for (let k = 0; k < countA; k++) {
    const own = most * i + k
    const tolerance = neighbourhood.tolerance + divRound(p.distance[own]! * p.distance[own]! * neighbourhood.toleranceShare, 1024)
    let best = 0
    let bestAt = -1
    for (let l = 0; l < countB; l++) {
      if ((usedB >> l) & 1) continue
      const other = most * j + l
      const twist = Math.abs(turn(q.angle[other]! - p.angle[own]!))
      if (twist >= neighbourhood.angle) continue
      const du = q.u[other]! - p.u[own]!
      const dv = q.v[other]! - p.v[own]!
      const error = du * du + dv * dv
      if (error >= tolerance) continue
      const near = Math.floor((1024 * (tolerance - error)) / tolerance)
      const value = (near * (1024 - Math.floor((512 * twist) / neighbourhood.angle))) >> 10
      if (value > best) {
        best = value
        bestAt = l
      }
    }
    if (bestAt < 0) continue
    usedA |= 1 << k
    usedB |= 1 << bestAt
    sum += best
  }
  const outer = Math.min(p.distance[most * i + countA - 1]!, q.distance[most * j + countB - 1]!)
  const reach = divRound(outer * neighbourhood.reach, 1024)
  const expected = expectedNeighbours(a, i, usedA, reach, b, j) + expectedNeighbours(b, j, usedB, reach, a, i)
  return Math.floor((2 * sum) / (expected + 2))
}

// Neighbours of a minutia near enough to count: the matched, and the others that fall inside the other print.
function expectedNeighbours(own: Neighboured, i: number, used: number, reach: number, other: Neighboured, j: number): number {
  const { count, u, v, distance } = own.neighbours
  const cos = cos1024[4 * other.angle[j]!]!
  const sin = sin1024[4 * other.angle[j]!]!
  let expected = 0
  for (let k = 0; k < count[i]!; k++) {
    const at = most * i + k
    if (distance[at]! >= reach) break
    if (!((used >> k) & 1)) {
      const x = other.x[j]! + ((u[at]! * cos - v[at]! * sin + 8192) >> 14)
      const y = other.y[j]! + ((u[at]! * sin + v[at]! * cos + 8192) >> 14)
      if (outside(other.hull, x, y) > neighbourhood.margin) continue
    }
    expected++
  }
  return expected
}
