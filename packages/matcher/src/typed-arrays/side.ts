import { popcount } from '../fixed.ts'
import { recordBytes, recordMinutiae } from '../packed.ts'
import { evidence, full, limits } from '../parameters.ts'
import type { Prepared } from '../prepare.ts'
import { outside } from './hull.ts'

/** One template spread out for comparing, in arrays that are taken once and filled again and again. */
export interface Side {
  count: number
  readonly x: Int16Array
  readonly y: Int16Array
  readonly angle: Uint8Array
  readonly quality: Uint8Array
  /** Descriptors as in {@link Prepared}: 10 words of bits, two of valid cells, six of planes a minutia. */
  readonly bits: Int32Array
  readonly mask: Int32Array
  readonly planes: Int32Array
  /** Cells in which any bit is set, two words a minutia; how many bits those are; and how many cells are valid. */
  readonly support: Int32Array
  readonly ones: Uint16Array
  readonly cells: Uint8Array
  readonly hull: Int16Array
  /** How far inside its own border each minutia lies, less the overlap allowed outside it. */
  readonly inside: Int16Array
  /** How many minutiae have a smaller angle, for 0..256: where the angles of a window begin and end. */
  readonly below: Uint8Array
  /** The minutiae in the order in which a search takes them. */
  readonly order: Uint8Array
  /** Neighbours as in {@link Prepared.neighbours}. */
  readonly near: Uint8Array
  readonly u: Int16Array
  readonly v: Int16Array
  readonly twist: Uint8Array
  readonly distance: Int16Array
  /** Code words for the coarse look; a record's only. */
  readonly codes: Uint32Array
}

/** Most minutiae of a side. */
export const sideMinutiae = full.centres

export function makeSide(): Side {
  const n = sideMinutiae
  return {
    count: 0,
    x: new Int16Array(n),
    y: new Int16Array(n),
    angle: new Uint8Array(n),
    quality: new Uint8Array(n),
    bits: new Int32Array(10 * n),
    mask: new Int32Array(2 * n),
    planes: new Int32Array(6 * n),
    support: new Int32Array(2 * n),
    ones: new Uint16Array(n),
    cells: new Uint8Array(n),
    hull: new Int16Array(16),
    inside: new Int16Array(n),
    below: new Uint8Array(257),
    order: new Uint8Array(n),
    near: new Uint8Array(n),
    u: new Int16Array(8 * n),
    v: new Int16Array(8 * n),
    twist: new Uint8Array(8 * n),
    distance: new Int16Array(8 * n),
    codes: new Uint32Array(recordMinutiae),
  }
}

/** Fills a side from a prepared template. */
export function spreadPrepared(side: Side, p: Prepared): void {
  side.count = p.count
  side.x.set(p.x)
  side.y.set(p.y)
  side.angle.set(p.angle)
  side.quality.set(p.quality)
  side.bits.set(p.bits)
  side.mask.set(p.mask)
  side.planes.set(p.planes)
  side.hull.set(p.hull)
  side.near.set(p.neighbours.count)
  side.u.set(p.neighbours.u)
  side.v.set(p.neighbours.v)
  side.twist.set(p.neighbours.angle)
  side.distance.set(p.neighbours.distance)
  for (let i = 0; i < p.count; i++) side.order[i] = i
  sumUp(side)
  measureInside(side)
}

/** Fills in what the coarse look reads of a packed record, whatever its bytes. */
export function spreadPlaces(side: Side, record: DataView, from: number): void {
  const count = Math.min(record.getUint8(from + 32), recordMinutiae)
  side.count = count
  for (let i = 0; i < count; i++) {
    side.x[i] = record.getInt16(from + 64 + 2 * i, true)
    side.y[i] = record.getInt16(from + 160 + 2 * i, true)
    side.angle[i] = record.getUint8(from + 256 + 40 * i + 39)
    side.codes[i] = record.getUint32(from + 2560 + 4 * i, true)
  }
}

/** Fills in the rest, after {@link spreadPlaces}: without neighbours and distances inside the border. */
export function spreadDescriptors(side: Side, record: DataView, from: number): void {
  for (let k = 0; k < 16; k++) side.hull[k] = record.getInt16(from + 2 * k, true)
  for (let i = 0; i < side.count; i++) {
    const descriptor = from + 256 + 40 * i
    for (let k = 0; k < 10; k++) side.bits[10 * i + k] = record.getInt32(descriptor + 4 * k, true)
    side.bits[10 * i + 9]! &= 0xffffff
    const high = record.getInt32(from + 2180 + 8 * i, true)
    side.mask[2 * i] = record.getInt32(from + 2176 + 8 * i, true)
    side.mask[2 * i + 1] = high & 0xfffff
    side.quality[i] = (high >>> 20) & 0xff
    makePlanes(side, i)
  }
  sumUp(side)
}

/** A view of one or several packed records. */
export function recordsView(records: Uint8Array): DataView {
  return new DataView(records.buffer, records.byteOffset, records.byteLength - (records.byteLength % recordBytes))
}

const sectionLow = new Int32Array(6)
const sectionHigh = new Int32Array(6)

// A cell has 0..6 bits set over the sections; the planes are that number in binary, a bit a cell: full adders on words of 32 cells and of 20.
function makePlanes({ bits, planes }: Side, i: number): void {
  for (let section = 0; section < 6; section++) {
    const first = 52 * section
    const word = 10 * i + (first >> 5)
    const shift = first & 31
    const next = bits[word + 1]!
    sectionLow[section] = shift === 0 ? bits[word]! : (bits[word]! >>> shift) | (next << (32 - shift))
    const after = shift > 12 ? bits[word + 2]! << (32 - shift) : 0
    sectionHigh[section] = ((next >>> shift) | after) & 0xfffff
  }
  addUp(sectionLow, planes, 6 * i)
  addUp(sectionHigh, planes, 6 * i + 1)
}

function addUp(s: Int32Array, planes: Int32Array, at: number): void {
  const first = s[0]! ^ s[1]!
  const second = s[3]! ^ s[4]!
  const sumA = first ^ s[2]!
  const sumB = second ^ s[5]!
  const carryA = (s[0]! & s[1]!) | (first & s[2]!)
  const carryB = (s[3]! & s[4]!) | (second & s[5]!)
  const carry = sumA & sumB
  planes[at] = sumA ^ sumB
  planes[at + 2] = carryA ^ carryB ^ carry
  planes[at + 4] = (carryA & carryB) | ((carryA ^ carryB) & carry)
}

function sumUp(side: Side): void {
  const { count, planes, support, ones, cells, mask, below, angle } = side
  for (let i = 0; i < count; i++) {
    const p = 6 * i
    support[2 * i] = planes[p]! | planes[p + 2]! | planes[p + 4]!
    support[2 * i + 1] = planes[p + 1]! | planes[p + 3]! | planes[p + 5]!
    ones[i] =
      popcount(planes[p]!) +
      popcount(planes[p + 1]!) +
      2 * (popcount(planes[p + 2]!) + popcount(planes[p + 3]!)) +
      4 * (popcount(planes[p + 4]!) + popcount(planes[p + 5]!))
    cells[i] = popcount(mask[2 * i]!) + popcount(mask[2 * i + 1]!)
  }
  below.fill(0)
  for (let i = 0; i < count; i++) below[angle[i]! + 1]!++
  for (let k = 0; k < 256; k++) below[k + 1]! += below[k]!
}

/** Finds how far inside its own border each minutia lies. */
export function measureInside({ count, x, y, hull, inside }: Side): void {
  for (let i = 0; i < count; i++) inside[i] = evidence.overlapOutside - outside(hull, x[i]!, y[i]!)
}

const taken = new Uint8Array(sideMinutiae)

/** Orders a side's minutiae: the `most` ones of best quality first, nearest to the middle, then the others, each part by angle. */
export function orderSide({ count, x, y, quality, order }: Side, most: number): void {
  const chosen = Math.min(most, count)
  taken.fill(0)
  for (let k = 0; k < chosen; k++) {
    let best = -1
    let bestSquare = 0
    let at = 0
    for (let i = 0; i < count; i++) {
      if (taken[i]) continue
      const rank = quality[i]! || limits.unknownQuality
      const square = x[i]! * x[i]! + y[i]! * y[i]!
      if (rank < best || (rank === best && square >= bestSquare)) continue
      best = rank
      bestSquare = square
      at = i
    }
    taken[at] = 1
  }
  let first = 0
  let rest = chosen
  for (let i = 0; i < count; i++) order[taken[i] ? first++ : rest++] = i
}
