import { cellAt, cellNumber, cellReach, cellU, cellV, type Descriptors, type Prepared } from './prepare.ts'
import { bitsInverse, cellWeight, cos1024, hullX, hullY, lnTable, rootInverse, sectionWeight, sin1024 } from './tables.ts'
import { logistics, matchedWeight, unmatchedWeight } from './weights.ts'

// The kernel's map of its memory, as far as the host writes and reads it; kernel/layout.ts is the other half.
export const place = {
  sin: 0x0400,
  cos: 0x0c00,
  root: 0x1400,
  bitsInverse: 0x1900,
  ln: 0x1a00,
  hull: 0x1e10,
  matched: 0x1e40,
  unmatched: 0x1ec0,
  logistic: 0x1f40,
  probes: 0x10000,
  candidate: 0x40000,
  outcome: 0x60000,
  packedProbes: 0x80000,
  block: 0x100000,
  scores: 0x140000,
  coarse: 0x150000,
} as const

const side = { count: 0, hull: 16, x: 128, y: 320, angle: 512, quality: 704, bits: 1024, mask: 4224, planes: 4864 } as const
const near = { count: 6784, u: 6912, v: 8192, twist: 9472, distance: 10752 } as const

/** Writes every table once. */
export function writeTables(memory: ArrayBuffer): void {
  writeDescribingTables(memory)
  new Int16Array(memory, place.sin, 1024).set(sin1024)
  new Int16Array(memory, place.cos, 1024).set(cos1024)
  new Int32Array(memory, place.root, rootInverse.length).set(rootInverse)
  new Int32Array(memory, place.bitsInverse, bitsInverse.length).set(bitsInverse.map((v, cells) => (cells < 10 ? 0 : v)))
  new Int32Array(memory, place.ln, lnTable.length).set(lnTable)
  const hull = new Int16Array(memory, place.hull, 16)
  for (let k = 0; k < 8; k++) {
    hull[2 * k] = hullX[k]!
    hull[2 * k + 1] = hullY[k]!
  }
  new Int32Array(memory, place.matched, 28).set(matchedWeight)
  new Int32Array(memory, place.unmatched, 28).set(unmatchedWeight)
  for (const [k, form] of (['full', 'lean'] as const).entries()) {
    const { f, rel, lu, edges, density, constant } = logistics[form]
    new Int32Array(memory, place.logistic + 32 * k, 6).set([f, rel, lu, edges, density, constant])
  }
}

const describing = {
  x: 0xa0000,
  y: 0xa0100,
  angle: 0xa0200,
  hull: 0xa0300,
  order: 0xa0340,
  cellWeight: 0xa0800,
  sectionWeight: 0xa1000,
  cellAt: 0xa1400,
  cellNumber: 0xa1440,
  cellUV: 0xa1500,
  cellReach: 0xa15e0,
  bits: 0xa2000,
  mask: 0xa3400,
  planes: 0xa3800,
  cells: 0xa4400,
} as const

function writeDescribingTables(memory: ArrayBuffer): void {
  new Int16Array(memory, describing.cellWeight, cellWeight.length).set(cellWeight)
  new Int16Array(memory, describing.sectionWeight, sectionWeight.length).set(sectionWeight)
  new Int16Array(memory, describing.cellAt, 8).set(cellAt)
  new Int8Array(memory, describing.cellNumber, 64).set(cellNumber)
  const places = new Int16Array(memory, describing.cellUV, 2 * cellU.length)
  for (let place = 0; place < cellU.length; place++) {
    places[2 * place] = cellU[place]!
    places[2 * place + 1] = cellV[place]!
  }
  new Int16Array(memory, describing.cellReach, cellReach.length).set(cellReach)
}

/** Writes what the kernel describes. */
export function writePrint(
  memory: ArrayBuffer,
  order: readonly number[],
  x: Int16Array,
  y: Int16Array,
  angle: Uint8Array,
  hull: Int16Array,
): void {
  new Int16Array(memory, describing.x, x.length).set(x)
  new Int16Array(memory, describing.y, y.length).set(y)
  new Int16Array(memory, describing.angle, angle.length).set(angle)
  new Int16Array(memory, describing.hull, 16).set(hull)
  new Uint8Array(memory, describing.order, order.length).set(order)
}

/** Reads what it made of `count` minutiae. */
export function readDescriptors(memory: ArrayBuffer, count: number): Descriptors {
  return {
    bits: new Int32Array(memory, describing.bits, 10 * count).slice(),
    mask: new Int32Array(memory, describing.mask, 2 * count).slice(),
    planes: new Int32Array(memory, describing.planes, 6 * count).slice(),
    cells: new Uint8Array(memory, describing.cells, count).slice(),
  }
}

/** Writes a prepared template where the kernel's full comparison reads it. */
export function writeSide(memory: ArrayBuffer, at: number, p: Prepared): void {
  new Int32Array(memory, at + side.count, 1)[0] = p.count
  new Int16Array(memory, at + side.hull, 16).set(p.hull)
  new Int16Array(memory, at + side.x, p.count).set(p.x)
  new Int16Array(memory, at + side.y, p.count).set(p.y)
  new Int16Array(memory, at + side.angle, p.count).set(p.angle)
  new Uint8Array(memory, at + side.quality, p.count).set(p.quality)
  new Int32Array(memory, at + side.bits, 10 * p.count).set(p.bits)
  new Int32Array(memory, at + side.mask, 2 * p.count).set(p.mask)
  new Int32Array(memory, at + side.planes, 6 * p.count).set(p.planes)
  const { count, u, v, angle, distance } = p.neighbours
  new Uint8Array(memory, at + near.count, p.count).set(count)
  new Int16Array(memory, at + near.u, u.length).set(u)
  new Int16Array(memory, at + near.v, v.length).set(v)
  new Int16Array(memory, at + near.twist, angle.length).set(angle)
  new Int16Array(memory, at + near.distance, distance.length).set(distance)
}
