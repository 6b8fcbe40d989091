import { coarseWeights } from './coarse-weights.ts'
import { turn } from './fixed.ts'
import { coarse, similarity } from './parameters.ts'
import type { Searchable } from './prepare.ts'
import { cos1024, sin1024 } from './tables.ts'

// The first look of a cascade: every minutia's descriptor is projected on 16 directions in which mated minutiae agree best, and those are kept as 8 code words
// of 4 bits. For a probe's minutia a code word is worth a log likelihood ratio, read from a table; alike pairs vote for the shift and rotation that they speak
// for, and a candidate of which no cell of that histogram is full enough is a stranger. After Cappelli, Ferrara, Maltoni, "Fingerprint indexing based on minutia
// cylinder-code" (IEEE PAMI 2011) in its use of hashed descriptors; learned codes and votes are ours.

const directions = 16
const planes = 8
const words = 16
const cells = 52
const sections = 6

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
const bitWeight = new Int8Array(bytesOf(coarseWeights.bits).buffer)
const cellBytes = new DataView(bytesOf(coarseWeights.cells).buffer)
const cellWeight = Int16Array.from({ length: cells * directions }, (_, k) => cellBytes.getInt16(2 * k, true))
const { scale, product, square, constant } = coarseWeights
const word: readonly number[] = coarseWeights.words

/** A descriptor along the 16 directions, Q5 of their standard deviations. */
function project(side: Pick<Searchable, 'bits' | 'mask'>, i: number, into: Int32Array): void {
  into.fill(0)
  for (let cell = 0; cell < cells; cell++) {
    if (((side.mask[2 * i + (cell >> 5)]! >>> (cell & 31)) & 1) === 0) continue
    for (let k = 0; k < directions; k++) into[k]! -= cellWeight[directions * cell + k]!
  }
  for (let at = 0; at < sections * cells; at++) {
    if (((side.bits[10 * i + (at >> 5)]! >>> (at & 31)) & 1) === 0) continue
    for (let k = 0; k < directions; k++) into[k]! += bitWeight[directions * at + k]!
  }
  for (let k = 0; k < directions; k++) into[k] = Math.floor((into[k]! * scale[k]! + 2048) / 4096)
}

const along = new Int32Array(directions)

/** The code words of every minutia: 8 of 4 bits, the first in the lowest bits. */
export function coarseCodes(side: Pick<Searchable, 'count' | 'bits' | 'mask'>): Uint32Array {
  return Uint32Array.from({ length: side.count }, (_, i) => {
    project(side, i, along)
    let code = 0
    for (let plane = planes - 1; plane >= 0; plane--) {
      let nearest = 0
      let least = Number.POSITIVE_INFINITY
      for (let w = 0; w < words; w++) {
        const dx = along[plane]! - word[2 * (words * plane + w)]!
        const dy = along[plane + planes]! - word[2 * (words * plane + w) + 1]!
        const distance = product[plane]! * dx * dx + product[plane + planes]! * dy * dy
        if (distance >= least) continue
        least = distance
        nearest = w
      }
      code = (code << 4) | nearest
    }
    return code >>> 0
  })
}

/**
 * What a probe is looked up in; every kernel reads the same bytes, little-endian, {@link coarseTableBytes} of them. The probe's minutiae are rows in order of
 * angle, so that those in the angle window of an angle follow each other, from the last one on to the first.
 */
export const coarseTable = {
  /** Log likelihood ratios in quarters, int8: the 32 rows, twice, for each of the 16 words of each of the 8 planes. */
  ratios: 0,
  /** The rows in the angle window of each of the 256 angles: the first, and how many, a byte each. */
  window: 8192,
  /** The probe minutiae's places, turned by -60, -52 .. 60 of 1/256 turn: int16 x and y, 16 rotations to a minutia. */
  turned: 8704,
  /** Their angles, a byte each. */
  angle: 10752,
  /** How many there are, uint32. */
  count: 10784,
} as const
/** Bytes of a probe's tables. */
export const coarseTableBytes = 12288
/** Most of a probe's minutiae in its tables. */
export const coarseMinutiae = 32

const rowsTwice = 2 * coarseMinutiae

/** Makes a probe's tables of its minutiae `leading`, at most 32, in order of angle. */
export function makeCoarseTable(probe: Searchable, leading: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(coarseTableBytes)
  const view = new DataView(bytes.buffer)
  const chosen = leading.slice(0, coarseMinutiae)
  // rows that the probe has no minutia for are unlike everything
  bytes.fill(-lowestRatio & 0xff, coarseTable.ratios, coarseTable.window)
  for (const [row, i] of chosen.entries()) {
    project(probe, i, along)
    for (let plane = 0; plane < planes; plane++)
      for (let w = 0; w < words; w++) {
        const at = words * plane + w
        const ratio = ratioOf(plane, along[plane]!, word[2 * at]!) + ratioOf(plane + planes, along[plane + planes]!, word[2 * at + 1]!)
        const quarters = Math.max(-lowestRatio, Math.min(lowestRatio, Math.floor((ratio + (1 << 19)) / (1 << 20))))
        view.setInt8(coarseTable.ratios + rowsTwice * at + row, quarters)
        view.setInt8(coarseTable.ratios + rowsTwice * at + row + coarseMinutiae, quarters)
      }
    for (let rotation = 0; rotation < 16; rotation++) {
      const by = (4 * (8 * (rotation - 8) + 4)) & 1023
      const [x, y] = [probe.x[i]!, probe.y[i]!]
      view.setInt16(coarseTable.turned + 64 * row + 4 * rotation, (x * cos1024[by]! - y * sin1024[by]! + 8192) >> 14, true)
      view.setInt16(coarseTable.turned + 64 * row + 4 * rotation + 2, (x * sin1024[by]! + y * cos1024[by]! + 8192) >> 14, true)
    }
    bytes[coarseTable.angle + row] = probe.angle[i]!
  }
  view.setUint32(coarseTable.count, chosen.length, true)
  const angles = chosen.map((i) => probe.angle[i]!)
  for (let angle = 0; angle < 256; angle++) bytes.set(rowsInWindow(angles, angle), coarseTable.window + 2 * angle)
  return bytes
}

// The most that a code word of a plane says for or against two minutiae, quarters: eight of them stay inside a byte.
const lowestRatio = 15

// The first of the rows whose angles are in the window of an angle, and how many there are; where they go on from the last row to the first, the rows without a
// minutia between these count.
function rowsInWindow(angles: readonly number[], angle: number): [number, number] {
  const inside = angles.map((own) => Math.abs(turn(angle - own)) <= similarity.window)
  const many = inside.filter(Boolean).length
  if (many === 0) return [0, 0]
  if (many === angles.length) return [0, many]
  const first = inside.findIndex((here, row) => here && !inside.at(row - 1))
  return [first, first + many > angles.length ? many + coarseMinutiae - angles.length : many]
}

// Log likelihood ratio of two values, Q5, along a direction: of normal ones with correlation rho against independent ones; quarters in Q20.
function ratioOf(direction: number, a: number, b: number): number {
  return product[direction]! * a * b - square[direction]! * (a * a + b * b) + constant[direction]!
}

// each row's most alike minutia: what it is worth, and which it is
const best = new Int8Array(coarseMinutiae)
const choice = new Uint8Array(coarseMinutiae)
const votes = new Uint8Array(16 * 64)

/** A probe's tables as they are read here. */
export interface CoarseTable {
  readonly ratios: Int8Array
  readonly window: Uint8Array
  readonly turned: Int16Array
  readonly angle: Uint8Array
  readonly count: number
}

/** Opens the bytes of {@link makeCoarseTable}; they are little-endian, as every machine that this runs on. */
export function openCoarseTable(bytes: Uint8Array): CoarseTable {
  return {
    ratios: new Int8Array(bytes.buffer, bytes.byteOffset + coarseTable.ratios, words * planes * rowsTwice),
    window: bytes.subarray(coarseTable.window, coarseTable.window + 512),
    turned: new Int16Array(bytes.buffer, bytes.byteOffset + coarseTable.turned, 32 * coarseMinutiae),
    angle: bytes.subarray(coarseTable.angle, coarseTable.angle + coarseMinutiae),
    count: bytes[coarseTable.count]!,
  }
}

/** Whether some shift and rotation gets at least `least` votes and what chance brings; `candidate.codes`: its code words. */
export function passesCoarse(
  { ratios, window, turned, angle, count }: CoarseTable,
  candidate: Pick<Searchable, 'count' | 'x' | 'y' | 'angle'> & { readonly codes: Uint32Array },
  least: number,
): boolean {
  const gate = least + ((count * candidate.count) >> coarse.chance)
  best.fill(coarse.least - 1)
  for (let j = 0; j < candidate.count; j++) {
    // where its word stands in each plane's table
    const codes = candidate.codes[j]!
    const [a, b] = [(codes & 15) << 6, (16 + ((codes >>> 4) & 15)) << 6]
    const [c, d] = [(32 + ((codes >>> 8) & 15)) << 6, (48 + ((codes >>> 12) & 15)) << 6]
    const [e, f] = [(64 + ((codes >>> 16) & 15)) << 6, (80 + ((codes >>> 20) & 15)) << 6]
    const [g, h] = [(96 + ((codes >>> 24) & 15)) << 6, (112 + (codes >>> 28)) << 6]
    const first = window[2 * candidate.angle[j]!]!
    const end = first + window[2 * candidate.angle[j]! + 1]!
    for (let at = first; at < end; at++) {
      const four = ratios[a + at]! + ratios[b + at]! + ratios[c + at]! + ratios[d + at]!
      const ratio = four + ratios[e + at]! + ratios[f + at]! + ratios[g + at]! + ratios[h + at]!
      const row = at & (coarseMinutiae - 1)
      if (ratio <= best[row]!) continue
      best[row] = ratio
      choice[row] = j
    }
  }
  votes.fill(0)
  for (let row = 0; row < count; row++) {
    if (best[row]! < coarse.least) continue
    const j = choice[row]!
    const vote = Math.min(coarse.mostVotes, 1 + ((best[row]! - coarse.least) >> 3))
    // the rotation that the two angles speak for, and the ones beside it; cells of 2.56 mm, the eighth again the first
    const lowest = (turn(candidate.angle[j]! - angle[row]!) >> 3) + 7
    for (let rotation = lowest; rotation < lowest + 3; rotation++) {
      const shiftX = candidate.x[j]! - turned[32 * row + 2 * rotation]!
      const shiftY = candidate.y[j]! - turned[32 * row + 2 * rotation + 1]!
      const cell = 64 * rotation + 8 * ((shiftY >> 8) & 7) + ((shiftX >> 8) & 7)
      votes[cell]! += vote
      if (votes[cell]! >= gate) return true
    }
  }
  return false
}
