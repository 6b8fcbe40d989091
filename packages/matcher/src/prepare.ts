import { checkTemplate, type MinutiaeTemplate } from '@kart/minutiae'
import { isqrt } from './fixed.ts'
import { type Neighbours, nearest } from './neighbours.ts'
import { cylinder, full, limits } from './parameters.ts'
import { cellWeight, cos1024, hullX, hullY, sectionWeight, sin1024 } from './tables.ts'

/** A template made ready for comparison. Everything is in integers: 1/100 mm from the print's middle, x right, y up, angles 1/256 turn. */
export interface Prepared {
  /** Minutiae in the template it was made from. */
  readonly total: number
  /** Minutiae that take part, sorted by angle. */
  readonly count: number
  readonly x: Int16Array
  readonly y: Int16Array
  readonly angle: Uint8Array
  /** As reported, 0 for all = not; see {@link gradesOf} for scales of the extractor's own. */
  readonly quality: Uint8Array
  /** Index of each in the template. */
  readonly index: Uint8Array
  /** Descriptor bits, 10 words a minutia: 52 cells of each of six angle sections, one after the other. */
  readonly bits: Int32Array
  /** Valid cells, two words a minutia, the same for every section. */
  readonly mask: Int32Array
  /** How many sections of a cell are set, in binary: three planes of two words a minutia, the lowest bit first. */
  readonly planes: Int32Array
  /** Number of valid cells. */
  readonly cells: Uint8Array
  readonly neighbours: Neighbours
  /** Support values of the hull in 16 directions. */
  readonly hull: Int16Array
  /** The print's middle in the template's coordinates. */
  readonly middle: readonly [number, number]
}

/** What a search reads of a prepared template, and a packed one holds. */
export type Searchable = Pick<Prepared, 'count' | 'x' | 'y' | 'angle' | 'quality' | 'bits' | 'mask' | 'planes' | 'hull'>

/** What the second look reads. */
export type Neighboured = Searchable & Pick<Prepared, 'neighbours'>

/** Signed distance outside a hull, negative inside, 1/100 mm. */
export function outside(hull: Int16Array, x: number, y: number): number {
  let most = -32768
  for (let k = 0; k < 8; k++) {
    const along = (hullX[k]! * x + hullY[k]! * y + 8192) >> 14
    const forth = along - hull[k]!
    const back = -along - hull[k + 8]!
    if (forth > most) most = forth
    if (back > most) most = back
  }
  return most
}

/** Descriptors of some minutiae of a print. */
export type Descriptors = Pick<Prepared, 'bits' | 'mask' | 'planes' | 'cells'>

/** Makes the descriptors of the minutiae `order` among all those of a print. */
export type Describe = (order: readonly number[], x: Int16Array, y: Int16Array, angle: Uint8Array, hull: Int16Array) => Descriptors

/**
 * Makes a template ready for comparison; throws InputError when its arrays do not agree. Work is bounded by {@link limits}, whatever the template. `centres`:
 * the most minutiae to compare.
 */
export function prepare(template: MinutiaeTemplate, centres: number = full.centres): Prepared {
  return prepareWith(describeAll, template, centres)
}

/** As {@link prepare}, the descriptors made by `describe`. */
export function prepareWith(describe: Describe, template: MinutiaeTemplate, centres: number): Prepared {
  checkTemplate(template)
  const grades = gradesOf(template.quality)
  const kept = bestMinutiae(template, grades, centres)
  const used = kept.length
  let sumX = 0
  let sumY = 0
  for (const i of kept) {
    sumX += template.x[i]!
    sumY += template.y[i]!
  }
  const middle = used === 0 ? ([0, 0] as const) : ([Math.round(sumX / used), Math.round(sumY / used)] as const)
  const allX = Int16Array.from(kept, (i) => clampCoordinate(template.x[i]! - middle[0]))
  const allY = Int16Array.from(kept, (i) => clampCoordinate(middle[1] - template.y[i]!))
  const allAngle = Uint8Array.from(kept, (i) => template.angle[i]!)
  const hull = hullOf(allX, allY)
  const order = Array.from({ length: Math.min(used, centres) }, (_, i) => i)
  order.sort((a, b) => allAngle[a]! - allAngle[b]! || allX[a]! - allX[b]! || allY[a]! - allY[b]! || a - b)
  return {
    total: template.count,
    count: order.length,
    x: Int16Array.from(order, (i) => allX[i]!),
    y: Int16Array.from(order, (i) => allY[i]!),
    angle: Uint8Array.from(order, (i) => allAngle[i]!),
    quality: Uint8Array.from(order, (i) => grades[kept[i]!]!),
    index: Uint8Array.from(order, (i) => kept[i]!),
    ...describe(order, allX, allY, allAngle, hull),
    neighbours: nearest(order, allX, allY, allAngle),
    hull,
    middle,
  }
}

function describeAll(order: readonly number[], x: Int16Array, y: Int16Array, angle: Uint8Array, hull: Int16Array): Descriptors {
  const count = order.length
  const into = {
    bits: new Int32Array(10 * count),
    mask: new Int32Array(2 * count),
    planes: new Int32Array(6 * count),
    cells: new Uint8Array(count),
  }
  for (const [at, centre] of order.entries()) describeOne(centre, at, x, y, angle, hull, into)
  return into
}

function clampCoordinate(value: number): number {
  return Math.max(-limits.coordinate, Math.min(limits.coordinate, value))
}

/**
 * Qualities as they rank and weigh. The standards leave it open how good a minutia of 50 is: where even a template's best is lower than that of any template that the weights were fitted on, all are raised in
 * proportion, and where all are the same they say nothing and count as not reported. So does what is above 100. A minutia without a quality among others that have one counts as a poor one.
 */
function gradesOf(reported: ArrayLike<number>): Uint8Array {
  const quality = Uint8Array.from(reported, (value) => (value > 100 ? 0 : value))
  let least = 255
  let most = 0
  for (const value of quality) {
    if (value < least) least = value
    if (value > most) most = value
  }
  if (least === most) return quality.fill(0)
  const [times, by] = most < limits.leastBest ? [limits.leastBest, most] : [1, 1]
  return quality.map((value) => Math.max(1, Math.floor((value * times) / by)))
}

// Which minutiae lie so near another one that they are often false: the two ends of a broken ridge, or of a scar's edge.
function crowdedIn({ count, x, y }: MinutiaeTemplate): Uint8Array {
  const crowded = new Uint8Array(count)
  for (let i = 1; i < count; i++)
    for (let j = 0; j < i; j++) {
      const squared = (x[i]! - x[j]!) ** 2 + (y[i]! - y[j]!) ** 2
      if (squared === 0 || squared >= limits.crowded * limits.crowded) continue
      crowded[i] = 1
      crowded[j] = 1
    }
  return crowded
}

// Best quality first, of those without one the crowded last, then nearest to the middle of all, then by angle and place, so that the order in the template never counts; of duplicates of a position
// and angle only the best stays, because they would vote twice.
function bestMinutiae(template: MinutiaeTemplate, quality: Uint8Array, centres: number): number[] {
  let sumX = 0
  let sumY = 0
  for (let i = 0; i < template.count; i++) {
    sumX += template.x[i]!
    sumY += template.y[i]!
  }
  const middleX = Math.round(sumX / Math.max(1, template.count))
  const middleY = Math.round(sumY / Math.max(1, template.count))
  // Without qualities; but where all take part their rank does not matter.
  const crowded = quality[0] === 0 && template.count > centres ? crowdedIn(template) : undefined
  const rank = (i: number) => quality[i]! - (crowded?.[i] ?? 0)
  const distance = (i: number) => (template.x[i]! - middleX) ** 2 + (template.y[i]! - middleY) ** 2
  const { x, y, angle } = template
  const indices = Array.from({ length: template.count }, (_, i) => i)
  const byPlace = (a: number, b: number) => angle[a]! - angle[b]! || x[a]! - x[b]! || y[a]! - y[b]! || quality[b]! - quality[a]! || a - b
  indices.sort((a, b) => rank(b) - rank(a) || distance(a) - distance(b) || byPlace(a, b))
  const seen = new Set<number>()
  const kept: number[] = []
  for (const i of indices) {
    const key = ((x[i]! & 0xffff) * 65536 + (y[i]! & 0xffff)) * 256 + angle[i]!
    if (!seen.has(key)) kept.push(i)
    seen.add(key)
  }
  return kept.slice(0, limits.minutiae)
}

function hullOf(x: Int16Array, y: Int16Array): Int16Array {
  const hull = new Int16Array(16).fill(-limits.coordinate)
  for (let i = 0; i < x.length; i++)
    for (let k = 0; k < 8; k++) {
      const along = (hullX[k]! * x[i]! + hullY[k]! * y[i]! + 8192) >> 14
      hull[k] = Math.max(hull[k]!, along)
      hull[k + 8] = Math.max(hull[k + 8]!, -along)
    }
  return hull
}

// Centres of the cells' rows and columns, -3.5 .. 3.5 cells of 17.5 pixels.
export const cellAt = Int16Array.from({ length: 8 }, (_, i) => Math.round(((2 * i - 7) * cylinder.radius) / 8))
// The cells whose centre is in the circle, row by row: the row and column of each, and the number of the one at a row and column, or -1.
const usedCells = Array.from({ length: 64 }, (_, cell) => ({ u: cellAt[cell >> 3]!, v: cellAt[cell & 7]!, cell })).filter(
  ({ u, v }) => u * u + v * v <= cylinder.radius * cylinder.radius,
)
const cellCount = usedCells.length
export const cellU = Int16Array.from(usedCells, ({ u }) => u)
export const cellV = Int16Array.from(usedCells, ({ v }) => v)
export const cellReach = Int16Array.from(usedCells, ({ u, v }) => isqrt(u * u + v * v) + 4)
export const cellNumber = new Int8Array(64).fill(-1)
for (const [place, { cell }] of usedCells.entries()) cellNumber[cell] = place

const reachSquare = cylinder.reach * cylinder.reach
const sums = new Int32Array(6 * cellCount)
const sectionShare = new Int32Array(6)

// Sums what the other minutiae give to the cells of one: six sections to a cell.
function gather(centre: number, x: Int16Array, y: Int16Array, angle: Uint8Array): void {
  const cos = cos1024[4 * angle[centre]!]!
  const sin = sin1024[4 * angle[centre]!]!
  sums.fill(0)
  for (let other = 0; other < x.length; other++) {
    if (other === centre) continue
    const dx = x[other]! - x[centre]!
    const dy = y[other]! - y[centre]!
    const u = (dx * cos + dy * sin + 8192) >> 14
    const v = (dy * cos - dx * sin + 8192) >> 14
    if (u > cylinder.farthest || u < -cylinder.farthest || v > cylinder.farthest || v < -cylinder.farthest) continue
    const relative = 3 * ((angle[other]! - angle[centre]!) & 0xff)
    for (let k = 0; k < 6; k++) {
      const e = (relative - 64 - 128 * k + 1536) % 768
      sectionShare[k] = sectionWeight[e > 384 ? 768 - e : e]!
    }
    for (let row = 0; row < 8; row++) {
      const du = u - cellAt[row]!
      if (du > cylinder.reach || du < -cylinder.reach) continue
      for (let column = 0; column < 8; column++) {
        const dv = v - cellAt[column]!
        const d2 = du * du + dv * dv
        if (d2 > reachSquare) continue
        const place = cellNumber[8 * row + column]!
        if (place < 0) continue
        const weight = cellWeight[d2 >> 5]!
        for (let k = 0; k < 6; k++) sums[6 * place + k]! += (weight * sectionShare[k]!) >> 12
      }
    }
  }
}

function describeOne(
  centre: number,
  at: number,
  x: Int16Array,
  y: Int16Array,
  angle: Uint8Array,
  hull: Int16Array,
  into: Descriptors,
): void {
  const { bits, mask, planes, cells } = into
  const cos = cos1024[4 * angle[centre]!]!
  const sin = sin1024[4 * angle[centre]!]!
  gather(centre, x, y, angle)
  const ownOutside = outside(hull, x[centre]!, y[centre]!)
  for (let place = 0; place < cellCount; place++) {
    // a cell that is nearer than the border needs no look; the 4 in its reach is for the rounding of both
    if (ownOutside + cellReach[place]! > cylinder.margin) {
      const u = cellU[place]!
      const v = cellV[place]!
      const cellX = x[centre]! + ((u * cos - v * sin + 8192) >> 14)
      const cellY = y[centre]! + ((u * sin + v * cos + 8192) >> 14)
      if (outside(hull, cellX, cellY) > cylinder.margin) continue
    }
    cells[at]!++
    const bit = 1 << (place & 31)
    mask[2 * at + (place >> 5)]! |= bit
    let set = 0
    for (let k = 0; k < 6; k++) {
      if (sums[6 * place + k]! <= cylinder.threshold) continue
      const to = cellCount * k + place
      bits[10 * at + (to >> 5)]! |= 1 << (to & 31)
      set++
    }
    for (let plane = 0; plane < 3; plane++) if ((set >> plane) & 1) planes[6 * at + 2 * plane + (place >> 5)]! |= bit
  }
}
