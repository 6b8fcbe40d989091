import { divRound, isqrt } from '../fixed.ts'
import { alignment, consistency, similarity } from '../parameters.ts'
import { cos1024, sin1024 } from '../tables.ts'
import { consistent } from './relaxation.ts'
import { type Side, sideMinutiae } from './side.ts'
import { pairAlike, pairI, pairJ, rowShift, similar } from './similarity.ts'

/** The alignment in hand, as in `Rigid` of src/alignment.ts. */
export const rigid = { cos: 0, sin: 0, shiftX: 0, shiftY: 0, angle: 0 }

/** The pairing in hand: how many, and of each pair the minutiae, its value (Q10) and the squared distance left. */
export const matched = {
  count: 0,
  i: new Uint8Array(sideMinutiae),
  j: new Uint8Array(sideMinutiae),
  value: new Int32Array(sideMinutiae),
  residual: new Int32Array(sideMinutiae),
}
/** Which minutiae are in it. */
export const usedA = new Uint8Array(sideMinutiae)
export const usedB = new Uint8Array(sideMinutiae)

/** A's minutiae in B's coordinates, elastic correction included. */
export const movedX = new Int16Array(sideMinutiae)
export const movedY = new Int16Array(sideMinutiae)

const weights = new Int32Array(consistency.pairs)

/** The alignment that a seed pair and those that agree with it lead to, into {@link rigid}; false when there is none. */
export function fitSeed(a: Side, b: Side, count: number, seed: number): boolean {
  const row = consistency.pairs * seed
  for (let q = 0; q < count; q++) weights[q] = q === seed ? pairAlike[q]! : (consistent[row + q]! * pairAlike[q]!) >> 8
  return fitRigid(a, b, count, pairI, pairJ, weights, alignment.directionFirst)
}

// Least-squares rotation and shift over weighted pairs.
function fitRigid(a: Side, b: Side, count: number, is: Uint8Array, js: Uint8Array, weight: Int32Array, direction: number): boolean {
  let total = 0
  let sumAx = 0
  let sumAy = 0
  let sumBx = 0
  let sumBy = 0
  for (let k = 0; k < count; k++) {
    const w = weight[k]!
    total += w
    sumAx += w * a.x[is[k]!]!
    sumAy += w * a.y[is[k]!]!
    sumBx += w * b.x[js[k]!]!
    sumBy += w * b.y[js[k]!]!
  }
  if (total === 0) return false
  const centreAx = divRound(sumAx, total)
  const centreAy = divRound(sumAy, total)
  const centreBx = divRound(sumBx, total)
  const centreBy = divRound(sumBy, total)
  // beyond 32 bits: these two are exact as floating point
  let along = 0
  let across = 0
  for (let k = 0; k < count; k++) {
    const w = weight[k]!
    const i = is[k]!
    const j = js[k]!
    const dax = (a.x[i]! - centreAx) | 0
    const day = (a.y[i]! - centreAy) | 0
    const dbx = (b.x[j]! - centreBx) | 0
    const dby = (b.y[j]! - centreBy) | 0
    const difference = (4 * (b.angle[j]! - a.angle[i]!)) & 1023
    along += w * (Math.imul(dax, dbx) + Math.imul(day, dby) + ((direction * cos1024[difference]!) >> 14))
    across += w * (Math.imul(dax, dby) - Math.imul(day, dbx) + ((direction * sin1024[difference]!) >> 14))
  }
  const larger = Math.max(Math.abs(along), Math.abs(across))
  let scale = 1
  while (larger >= 32768 * scale) scale *= 2
  const c = Math.floor(along / scale)
  const s = Math.floor(across / scale)
  const length = isqrt(c * c + s * s)
  if (length === 0) return false
  const cos = divRound(16384 * c, length)
  const sin = divRound(16384 * s, length)
  rigid.cos = cos
  rigid.sin = sin
  rigid.shiftX = 16384 * centreBx - (cos * centreAx - sin * centreAy)
  rigid.shiftY = 16384 * centreBy - (sin * centreAx + cos * centreAy)
  rigid.angle = angleOf(cos, sin)
  return true
}

// The angle of a unit vector in 1/1024 turn: the nearest of the table, by bisection over the first quarter.
function angleOf(cos: number, sin: number): number {
  const target = Math.abs(sin)
  let low = 0
  let high = 256
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (sin1024[middle]! <= target) low = middle
    else high = middle
  }
  const quarter = target - sin1024[low]! <= sin1024[high]! - target ? low : high
  if (cos >= 0) return sin >= 0 ? quarter : (1024 - quarter) & 1023
  return sin >= 0 ? 512 - quarter : 512 + quarter
}

/** Pairs, fits again and pairs again: two passes at the wide radius, one at the narrow. */
export function refine(a: Side, b: Side): void {
  move(a)
  pairUp(a, b, alignment.radius)
  for (let pass = 0; pass < 2; pass++) {
    if (!fitRigid(a, b, matched.count, matched.i, matched.j, matched.value, alignment.direction)) break
    move(a)
    bend(a, b)
    pairUp(a, b, pass === 0 ? alignment.radius : alignment.lastRadius)
  }
}

/** Carries the minutiae of a side as {@link rigid} says. */
export function move({ count, x, y }: Side): void {
  const { cos, sin } = rigid
  const addX = rigid.shiftX + 8192
  const addY = rigid.shiftY + 8192
  for (let i = 0; i < count; i++) {
    const mx = (Math.imul(cos, x[i]!) - Math.imul(sin, y[i]!) + addX) >> 14
    const my = (Math.imul(sin, x[i]!) + Math.imul(cos, y[i]!) + addY) >> 14
    movedX[i] = mx < -16384 ? -16384 : Math.min(mx, 16383)
    movedY[i] = my < -16384 ? -16384 : Math.min(my, 16383)
  }
}

const pairX = new Int16Array(sideMinutiae)
const pairY = new Int16Array(sideMinutiae)
const leftX = new Int16Array(sideMinutiae)
const leftY = new Int16Array(sideMinutiae)
const bentX = new Int16Array(sideMinutiae)
const bentY = new Int16Array(sideMinutiae)

// Moves each minutia by the mean residual of the other pairs near it.
function bend(a: Side, b: Side): void {
  const n = matched.count
  for (let k = 0; k < n; k++) {
    const i = matched.i[k]!
    const j = matched.j[k]!
    pairX[k] = movedX[i]!
    pairY[k] = movedY[i]!
    leftX[k] = b.x[j]! - movedX[i]!
    leftY[k] = b.y[j]! - movedY[i]!
  }
  const { value, i: members } = matched
  for (let i = 0; i < a.count; i++) {
    const x = movedX[i]!
    const y = movedY[i]!
    let total = 1024
    let sumX = 0
    let sumY = 0
    for (let k = 0; k < n; k++) {
      const dx = pairX[k]! - x
      const dy = pairY[k]! - y
      const d2 = Math.imul(dx, dx) + Math.imul(dy, dy)
      if (d2 >= alignment.elasticSquare || members[k] === i) continue
      const near = 1024 - (Math.imul(d2, alignment.elasticFactor) >> 14)
      const weight = Math.imul(Math.imul(near, near) >> 10, value[k]!) >> 10
      total = (total + weight) | 0
      sumX = (sumX + Math.imul(weight, leftX[k]!)) | 0
      sumY = (sumY + Math.imul(weight, leftY[k]!)) | 0
    }
    bentX[i] = divRound(sumX, total)
    bentY[i] = divRound(sumY, total)
  }
  for (let i = 0; i < a.count; i++) {
    movedX[i]! += bentX[i]!
    movedY[i]! += bentY[i]!
  }
}

// Candidates are kept in lists by their value in steps of 8, last one first: the order in which the pairing takes them.
const highest = 224
const head = new Uint16Array(highest + 1)
const next = new Uint16Array(sideMinutiae << rowShift)
const values = new Uint16Array(sideMinutiae << rowShift)
const squares = new Uint16Array(sideMinutiae << rowShift)

// One-to-one pairing within a radius, best value first; ties go by row, then column, last first.
function pairUp(a: Side, b: Side, radius: number): void {
  head.fill(0)
  const { below, count } = b
  const units = alignment.angleUnits
  for (let i = 0; i < a.count; i++) {
    const angle = (4 * a.angle[i]! + rigid.angle) & 1023
    // the directions nearer than the limit are a stretch of b's minutiae, which are sorted by angle; it may reach around
    const low = (angle - units + 4) >> 2
    const high = (angle + units + 3) >> 2
    if (low < 0) {
      candidates(a, b, i, angle, radius, 0, below[high]!)
      candidates(a, b, i, angle, radius, below[low + 256]!, count)
    } else if (high > 256) {
      candidates(a, b, i, angle, radius, 0, below[high - 256]!)
      candidates(a, b, i, angle, radius, below[low]!, count)
    } else candidates(a, b, i, angle, radius, below[low]!, below[high]!)
  }
  take()
}

function candidates(a: Side, b: Side, i: number, angle: number, radius: number, from: number, to: number): void {
  const square = radius * radius
  const own = a.angle[i]!
  const x = movedX[i]!
  const y = movedY[i]!
  for (let j = from; j < to; j++) {
    const dx = x - b.x[j]!
    if (dx > radius || dx < -radius) continue
    const dy = y - b.y[j]!
    // unsigned: the squares of 17-bit differences, of which one is small, stay below 2^32
    const d2 = (Math.imul(dx, dx) + Math.imul(dy, dy)) >>> 0
    if (d2 >= square) continue
    const other = b.angle[j]!
    const off = Math.abs(((4 * other - angle + 512) & 1023) - 512)
    const near = 1024 - (((alignment.distanceWeight * d2) / square) | 0)
    const alike = 1024 - (((alignment.angleWeight * off) / alignment.angleUnits) | 0)
    const at = (i << rowShift) + j
    const seen = ((other - own + 128) & 0xff) - 128
    const alikeBefore = seen > similarity.window || seen < -similarity.window ? 0 : similar[at]!
    const value = (((near * alike) >> 10) * (alignment.plainPair + alikeBefore)) >> 10
    values[at] = value
    squares[at] = d2
    next[at] = head[value >> 3]!
    head[value >> 3] = at + 1
  }
}

function take(): void {
  usedA.fill(0)
  usedB.fill(0)
  let found = 0
  for (let level = highest; level >= 0; level--) {
    let at = head[level]!
    while (at !== 0) {
      at--
      const i = at >> rowShift
      const j = at & ((1 << rowShift) - 1)
      if ((usedA[i]! | usedB[j]!) === 0) {
        usedA[i] = 1
        usedB[j] = 1
        matched.i[found] = i
        matched.j[found] = j
        matched.value[found] = values[at]!
        matched.residual[found] = squares[at]!
        found++
      }
      at = next[at]!
    }
  }
  matched.count = found
}
