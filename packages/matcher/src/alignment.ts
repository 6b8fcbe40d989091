import { divRound, isqrt } from './fixed.ts'
import type { CandidatePairs } from './pairs.ts'
import { alignment, full } from './parameters.ts'
import type { Searchable } from './prepare.ts'
import { cos1024, sin1024 } from './tables.ts'

/** A rotation and a shift that carry A's coordinates to B's: x' = (cos x - sin y + shiftX) >> 14, y' = (sin x + cos y + shiftY) >> 14. */
export interface Rigid {
  /** Q14. */
  readonly cos: number
  readonly sin: number
  /** 1/100 mm, Q14. */
  readonly shiftX: number
  readonly shiftY: number
  /** Rotation, 1/1024 turn, 0..1023. */
  readonly angle: number
}

/** Minutiae paired under an alignment. */
export interface Pairing {
  readonly i: number[]
  readonly j: number[]
  /** Value of each pair, Q10. */
  readonly value: number[]
  /** Squared distance left, (1/100 mm)^2. */
  readonly residual: number[]
}

/** An alignment with what it leads to. */
export interface Aligned {
  readonly seed: number
  readonly rigid: Rigid
  readonly pairing: Pairing
  /** A's minutiae in B's coordinates, elastic correction included. */
  readonly x: Int16Array
  readonly y: Int16Array
}

/** Applies an alignment to a point. */
export function carry(rigid: Rigid, x: number, y: number): readonly [number, number] {
  return [(rigid.cos * x - rigid.sin * y + rigid.shiftX + 8192) >> 14, (rigid.sin * x + rigid.cos * y + rigid.shiftY + 8192) >> 14]
}

/** The alignment that undoes another. */
export function inverse({ cos, sin, shiftX, shiftY, angle }: Rigid): Rigid {
  const x = divRound(shiftX, 16384)
  const y = divRound(shiftY, 16384)
  return { cos, sin: -sin, shiftX: -(cos * x + sin * y), shiftY: sin * x - cos * y, angle: (1024 - angle) & 1023 }
}

/** Least-squares rotation and shift over weighted pairs, their angle differences counting as `direction` (1/100 mm)^2 each; undefined when all weights are 0. */
export function fitRigid(
  a: Searchable,
  b: Searchable,
  i: ArrayLike<number>,
  j: ArrayLike<number>,
  weight: ArrayLike<number>,
  direction: number,
): Rigid | undefined {
  let total = 0
  let sumAx = 0
  let sumAy = 0
  let sumBx = 0
  let sumBy = 0
  for (let k = 0; k < i.length; k++) {
    const w = weight[k]!
    total += w
    sumAx += w * a.x[i[k]!]!
    sumAy += w * a.y[i[k]!]!
    sumBx += w * b.x[j[k]!]!
    sumBy += w * b.y[j[k]!]!
  }
  if (total === 0) return undefined
  const centreAx = divRound(sumAx, total)
  const centreAy = divRound(sumAy, total)
  const centreBx = divRound(sumBx, total)
  const centreBy = divRound(sumBy, total)
  let along = 0
  let across = 0
  for (let k = 0; k < i.length; k++) {
    const w = weight[k]!
    const ax = a.x[i[k]!]! - centreAx
    const ay = a.y[i[k]!]! - centreAy
    const bx = b.x[j[k]!]! - centreBx
    const by = b.y[j[k]!]! - centreBy
    const difference = (4 * (b.angle[j[k]!]! - a.angle[i[k]!]!)) & 1023
    along += w * (ax * bx + ay * by + ((direction * cos1024[difference]!) >> 14))
    across += w * (ax * by - ay * bx + ((direction * sin1024[difference]!) >> 14))
  }
  let scale = 1
  while (Math.abs(along) >= 32768 * scale || Math.abs(across) >= 32768 * scale) scale *= 2
  const c = Math.floor(along / scale)
  const s = Math.floor(across / scale)
  const length = isqrt(c * c + s * s)
  if (length === 0) return undefined
  const cos = divRound(16384 * c, length)
  const sin = divRound(16384 * s, length)
  return {
    cos,
    sin,
    shiftX: 16384 * centreBx - (cos * centreAx - sin * centreAy),
    shiftY: 16384 * centreBy - (sin * centreAx + cos * centreAy),
    angle: angleOf(cos, sin),
  }
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

/** Up to `most` alignments that differ, each fitted to the pairs that agree with one of the pairs of highest level. */
export function seedAlignments(a: Searchable, b: Searchable, pairs: CandidatePairs, most: number): { seed: number; rigid: Rigid }[] {
  const order = Array.from({ length: pairs.count }, (_, p) => p).sort((p, q) => pairs.level[q]! - pairs.level[p]! || p - q)
  const seeds: { seed: number; rigid: Rigid }[] = []
  for (const seed of order) {
    if (seeds.length === most) break
    const rigid = fitSeed(a, b, pairs, seed)
    if (rigid !== undefined && seeds.every((other) => differ(other.rigid, rigid))) seeds.push({ seed, rigid })
  }
  return seeds
}

/** The alignment fitted to a seed pair and those that agree with it; undefined when there is none. */
export function fitSeed(a: Searchable, b: Searchable, pairs: CandidatePairs, seed: number): Rigid | undefined {
  const weights = Array.from({ length: pairs.count }, (_, q) =>
    q === seed ? pairs.alike[q]! : (pairs.consistent[seed * pairs.count + q]! * pairs.alike[q]!) >> 8,
  )
  return fitRigid(a, b, pairs.i, pairs.j, weights, alignment.directionFirst)
}

function differ(p: Rigid, q: Rigid): boolean {
  const moved = (Math.abs(p.shiftX - q.shiftX) + Math.abs(p.shiftY - q.shiftY)) / 16384
  const turned = Math.abs(((p.angle - q.angle + 512) & 1023) - 512)
  return moved > alignment.seedDistance || turned > alignment.seedAngle
}

/** Pairs, fits again and pairs again: two passes at the wide radius, one at the narrow. */
export function refine(a: Searchable, b: Searchable, similar: Int16Array, seed: number, first: Rigid): Aligned {
  const x = new Int16Array(a.count)
  const y = new Int16Array(a.count)
  let rigid = first
  move(a, rigid, x, y)
  let pairing = pairUp(a, b, similar, rigid, x, y, alignment.radius)
  for (const radius of [alignment.radius, alignment.lastRadius]) {
    const again = fitRigid(a, b, pairing.i, pairing.j, pairing.value, alignment.direction)
    if (again === undefined) break
    rigid = again
    move(a, rigid, x, y)
    bend(a, b, pairing, x, y)
    pairing = pairUp(a, b, similar, rigid, x, y, radius)
  }
  return { seed, rigid, pairing, x, y }
}

/** A's minutiae in B's coordinates. */
export function move(a: Searchable, rigid: Rigid, x: Int16Array, y: Int16Array): void {
  for (let i = 0; i < a.count; i++) {
    const [mx, my] = carry(rigid, a.x[i]!, a.y[i]!)
    x[i] = Math.max(-16384, Math.min(16383, mx))
    y[i] = Math.max(-16384, Math.min(16383, my))
  }
}

// Moves each minutia by the mean residual of the other pairs near it: what a rigid fit leaves of the skin's stretching.
function bend(a: Searchable, b: Searchable, pairing: Pairing, x: Int16Array, y: Int16Array): void {
  const reach = alignment.elasticSquare
  const n = pairing.i.length
  const leftX = pairing.i.map((i, k) => b.x[pairing.j[k]!]! - x[i]!)
  const leftY = pairing.i.map((i, k) => b.y[pairing.j[k]!]! - y[i]!)
  const bentX = new Int16Array(a.count)
  const bentY = new Int16Array(a.count)
  for (let i = 0; i < a.count; i++) {
    let weights = 1024
    let sumX = 0
    let sumY = 0
    for (let k = 0; k < n; k++) {
      const other = pairing.i[k]!
      if (other === i) continue
      const dx = x[other]! - x[i]!
      const dy = y[other]! - y[i]!
      const d2 = dx * dx + dy * dy
      if (d2 >= reach) continue
      const near = 1024 - ((d2 * alignment.elasticFactor) >> 14)
      const weight = (((near * near) >> 10) * pairing.value[k]!) >> 10
      weights += weight
      sumX += weight * leftX[k]!
      sumY += weight * leftY[k]!
    }
    bentX[i] = divRound(sumX, weights)
    bentY[i] = divRound(sumY, weights)
  }
  for (let i = 0; i < a.count; i++) {
    x[i]! += bentX[i]!
    y[i]! += bentY[i]!
  }
}

const side = full.centres
// One integer a candidate, so that sorting them is sorting numbers: value in steps of eight, row, column; and its squared distance and value by row and column.
const keys = new Int32Array(side * side)
const distances = new Int32Array(side * side)
const values = new Int16Array(side * side)

// One-to-one pairing within a radius, best value first in steps of 8: near, alike in direction, alike in descriptor. Ties go by row, then column, last first.
function pairUp(a: Searchable, b: Searchable, similar: Int16Array, rigid: Rigid, x: Int16Array, y: Int16Array, radius: number): Pairing {
  const square = radius * radius
  let found = 0
  for (let i = 0; i < a.count; i++) {
    const angle = a.angle[i]! * 4 + rigid.angle
    const ownX = x[i]!
    const ownY = y[i]!
    for (let j = 0; j < b.count; j++) {
      const dx = ownX - b.x[j]!
      if (dx > radius || dx < -radius) continue
      const dy = ownY - b.y[j]!
      const d2 = dx * dx + dy * dy
      if (d2 >= square) continue
      const off = Math.abs(((4 * b.angle[j]! - angle + 512) & 1023) - 512)
      if (off >= alignment.angleUnits) continue
      const near = 1024 - Math.floor((alignment.distanceWeight * d2) / square)
      const alike = 1024 - Math.floor((alignment.angleWeight * off) / alignment.angleUnits)
      const value = (((near * alike) >> 10) * (alignment.plainPair + similar[i * b.count + j]!)) >> 10
      distances[i * side + j] = d2
      values[i * side + j] = value
      keys[found++] = ((value >> 3) * side + i) * side + j
    }
  }
  keys.subarray(0, found).sort()
  const usedA = new Uint8Array(a.count)
  const usedB = new Uint8Array(b.count)
  const pairing: Pairing = { i: [], j: [], value: [], residual: [] }
  for (let k = found - 1; k >= 0; k--) {
    const key = keys[k]!
    const j = key % side
    const i = Math.floor(key / side) % side
    if (usedA[i] || usedB[j]) continue
    usedA[i] = 1
    usedB[j] = 1
    pairing.i.push(i)
    pairing.j.push(j)
    pairing.value.push(values[i * side + j]!)
    pairing.residual.push(distances[i * side + j]!)
  }
  return pairing
}
