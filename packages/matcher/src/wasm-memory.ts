import type { Prepared } from './prepare.ts'
import { bitsInverse, cos1024, hullX, hullY, lnTable, rootInverse, sin1024 } from './tables.ts'
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
} as const

const side = { count: 0, hull: 16, x: 128, y: 320, angle: 512, quality: 704, bits: 1024, mask: 4224, planes: 4864 } as const
const near = { count: 6784, u: 6912, v: 8192, twist: 9472, distance: 10752 } as const

/** Writes every table once. */
export function writeTables(memory: ArrayBuffer): void {
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
