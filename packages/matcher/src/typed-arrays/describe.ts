import { cylinder } from '../parameters.ts'
import { cellAt, cellNumber, cellReach, cellU, cellV, type Describe, type Descriptors } from '../prepare.ts'
import { cellWeight, cos1024, sectionWeight, sin1024 } from '../tables.ts'
import { outside } from './hull.ts'

const cellCount = cellU.length
const reachSquare = cylinder.reach * cylinder.reach

// Eight words a cell, of which six are sections: what the other minutiae give to it.
const sums = new Int32Array(8 * cellCount)
// The number of the cell at a row and column, or -1: not in the circle, or outside the print, where nothing need be summed.
const valid = new Int8Array(64)
const placeAt = Uint8Array.from({ length: cellCount }, (_, place) => cellNumber.indexOf(place))

// Shares of the sections by relative direction, six of eight words.
const shares = new Int16Array(8 * 256)
for (let direction = 0; direction < 256; direction++)
  for (let k = 0; k < 6; k++) {
    const e = (3 * direction - 64 - 128 * k + 1536) % 768
    shares[8 * direction + k] = sectionWeight[e > 384 ? 768 - e : e]!
  }

// The first row or column within reach of a place along an axis, and the first beyond it.
const { farthest, reach } = cylinder
const reachedFrom = new Uint8Array(2 * farthest + 1)
const reachedTo = new Uint8Array(2 * farthest + 1)
for (let along = -farthest; along <= farthest; along++) {
  reachedFrom[along + farthest] = cellAt.filter((cell) => cell < along - reach).length
  reachedTo[along + farthest] = cellAt.filter((cell) => cell <= along + reach).length
}

/** The descriptors of some minutiae of a print: as `describeAll` of src/prepare.ts, but only valid cells are summed. */
export const describeOnArrays: Describe = (order, x, y, angle, hull) => {
  const count = order.length
  const into = {
    bits: new Int32Array(10 * count),
    mask: new Int32Array(2 * count),
    planes: new Int32Array(6 * count),
    cells: new Uint8Array(count),
  }
  for (let at = 0; at < count; at++) {
    const centre = order[at]!
    into.cells[at] = findValid(x[centre]!, y[centre]!, 4 * angle[centre]!, hull)
    gather(centre, x, y, angle)
    setBits(at, into)
  }
  return into
}

// Finds the valid cells around a minutia, and gives their number.
function findValid(x: number, y: number, direction: number, hull: Int16Array): number {
  const cos = cos1024[direction]!
  const sin = sin1024[direction]!
  const ownOutside = outside(hull, x, y)
  let count = 0
  valid.fill(-1)
  for (let place = 0; place < cellCount; place++) {
    if (ownOutside + cellReach[place]! > cylinder.margin) {
      const u = cellU[place]!
      const v = cellV[place]!
      const cellX = x + ((u * cos - v * sin + 8192) >> 14)
      const cellY = y + ((u * sin + v * cos + 8192) >> 14)
      if (outside(hull, cellX, cellY) > cylinder.margin) continue
    }
    valid[placeAt[place]!] = place
    count++
  }
  return count
}

// Sums what the other minutiae give to the valid cells of one.
function gather(centre: number, x: Int16Array, y: Int16Array, angle: Uint8Array): void {
  sums.fill(0)
  const own = angle[centre]!
  const ownX = x[centre]!
  const ownY = y[centre]!
  const cos = cos1024[4 * own]!
  const sin = sin1024[4 * own]!
  for (let other = 0; other < x.length; other++) {
    if (other === centre) continue
    const dx = x[other]! - ownX
    const dy = y[other]! - ownY
    const u = (dx * cos + dy * sin + 8192) >> 14
    if (u > farthest || u < -farthest) continue
    const v = (dy * cos - dx * sin + 8192) >> 14
    if (v > farthest || v < -farthest) continue
    const relative = 8 * ((angle[other]! - own) & 0xff)
    const share0 = shares[relative]!
    const share1 = shares[relative + 1]!
    const share2 = shares[relative + 2]!
    const share3 = shares[relative + 3]!
    const share4 = shares[relative + 4]!
    const share5 = shares[relative + 5]!
    const lastRow = reachedTo[u + farthest]!
    const firstColumn = reachedFrom[v + farthest]!
    const lastColumn = reachedTo[v + farthest]!
    for (let row = reachedFrom[u + farthest]!; row < lastRow; row++) {
      const du = u - cellAt[row]!
      for (let column = firstColumn; column < lastColumn; column++) {
        const place = valid[8 * row + column]!
        if (place < 0) continue
        const dv = v - cellAt[column]!
        const d2 = Math.imul(du, du) + Math.imul(dv, dv)
        if (d2 > reachSquare) continue
        const weight = cellWeight[d2 >> 5]!
        const to = 8 * place
        sums[to]! += Math.imul(weight, share0) >> 12
        sums[to + 1]! += Math.imul(weight, share1) >> 12
        sums[to + 2]! += Math.imul(weight, share2) >> 12
        sums[to + 3]! += Math.imul(weight, share3) >> 12
        sums[to + 4]! += Math.imul(weight, share4) >> 12
        sums[to + 5]! += Math.imul(weight, share5) >> 12
      }
    }
  }
}

function setBits(at: number, { bits, mask, planes }: Descriptors): void {
  for (let place = 0; place < cellCount; place++) {
    if (valid[placeAt[place]!]! < 0) continue
    const word = place >> 5
    const bit = 1 << (place & 31)
    mask[2 * at + word]! |= bit
    let set = 0
    for (let k = 0; k < 6; k++) {
      // 1 where the sum is above the threshold, else 0
      const above = (cylinder.threshold - sums[8 * place + k]!) >>> 31
      const to = cellCount * k + place
      bits[10 * at + (to >> 5)]! |= above << (to & 31)
      set += above
    }
    for (let plane = 0; plane < 3; plane++) planes[6 * at + 2 * plane + word]! |= (set >> plane) & 1 ? bit : 0
  }
}
