import { coarseCodes } from './coarse.ts'
import type { Prepared, Searchable } from './prepare.ts'

// A packed template: one fixed-size record of a gallery, little-endian, laid out so that a kernel reads it as it stands.
//   0  hull, 16 x int16          32  minutiae, 1 byte      33  finger position (ISO/IEC 19794-2:2005, 7.4.2.1), 1 byte
//  34  1 = in use, 0 = removed   35  minutiae of the template it was made from      36  person, 24 bytes of UTF-8, zero-filled
//  60  fingers that the person was enrolled with, 1 byte
//  64  x, 48 x int16            160  y, 48 x int16
// 256  descriptor bits, 48 x 40 bytes; the highest byte of each is the minutia's angle
// 2176 valid cells, 48 x uint64: bits 0..51 the cells, 52..58 the quality
// 2560 code words for the coarse look of a cascade, 48 x uint32

/** Bytes of a packed template. */
export const recordBytes = 2752
/** Most minutiae of a packed template. */
export const recordMinutiae = 48
/** Most bytes of a person's name in a record. */
export const personBytes = 24

const at = {
  count: 32,
  position: 33,
  live: 34,
  total: 35,
  person: 36,
  fingers: 60,
  x: 64,
  y: 160,
  bits: 256,
  mask: 2176,
  codes: 2560,
} as const

/** Places of the fields that are not the matcher's. */
export const recordFields = { position: at.position, live: at.live, person: at.person, fingers: at.fingers } as const

/** Writes a template prepared with at most {@link recordMinutiae} centres into a record of zeros. */
export function packTemplate(prepared: Prepared, into: Uint8Array): void {
  const view = new DataView(into.buffer, into.byteOffset, recordBytes)
  for (let k = 0; k < 16; k++) view.setInt16(2 * k, prepared.hull[k]!, true)
  into[at.count] = prepared.count
  into[at.total] = prepared.total
  const codes = coarseCodes(prepared)
  for (let i = 0; i < prepared.count; i++) {
    view.setUint32(at.codes + 4 * i, codes[i]!, true)
    view.setInt16(at.x + 2 * i, prepared.x[i]!, true)
    view.setInt16(at.y + 2 * i, prepared.y[i]!, true)
    for (let k = 0; k < 10; k++) view.setInt32(at.bits + 40 * i + 4 * k, prepared.bits[10 * i + k]!, true)
    into[at.bits + 40 * i + 39] = prepared.angle[i]!
    view.setInt32(at.mask + 8 * i, prepared.mask[2 * i]!, true)
    view.setInt32(at.mask + 8 * i + 4, prepared.mask[2 * i + 1]! | (prepared.quality[i]! << 20), true)
  }
}

/** What a record holds of a template. */
export type Unpacked = Searchable & { readonly codes: Uint32Array }

/** Reads a record; whatever its bytes, the outcome is safe to compare. */
export function unpackTemplate(from: Uint8Array): Unpacked {
  const view = new DataView(from.buffer, from.byteOffset, recordBytes)
  const count = Math.min(from[at.count]!, recordMinutiae)
  const bits = new Int32Array(10 * count)
  const mask = new Int32Array(2 * count)
  const quality = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < 10; k++) bits[10 * i + k] = view.getInt32(at.bits + 40 * i + 4 * k, true)
    bits[10 * i + 9]! &= 0x00ffffff
    const high = view.getInt32(at.mask + 8 * i + 4, true)
    mask[2 * i] = view.getInt32(at.mask + 8 * i, true)
    mask[2 * i + 1] = high & 0xfffff
    quality[i] = (high >>> 20) & 0xff
  }
  return {
    count,
    x: Int16Array.from({ length: count }, (_, i) => view.getInt16(at.x + 2 * i, true)),
    y: Int16Array.from({ length: count }, (_, i) => view.getInt16(at.y + 2 * i, true)),
    angle: Uint8Array.from({ length: count }, (_, i) => from[at.bits + 40 * i + 39]!),
    quality,
    bits,
    mask,
    planes: planesOf(bits, count),
    codes: Uint32Array.from({ length: count }, (_, i) => view.getUint32(at.codes + 4 * i, true)),
    hull: Int16Array.from({ length: 16 }, (_, k) => view.getInt16(2 * k, true)),
  }
}

const cellCount = 52

function planesOf(bits: Int32Array, count: number): Int32Array {
  const planes = new Int32Array(6 * count)
  for (let i = 0; i < count; i++)
    for (let cell = 0; cell < cellCount; cell++) {
      let set = 0
      for (let k = 0; k < 6; k++) {
        const place = cellCount * k + cell
        set += (bits[10 * i + (place >> 5)]! >>> (place & 31)) & 1
      }
      for (let plane = 0; plane < 3; plane++) if ((set >> plane) & 1) planes[6 * i + 2 * plane + (cell >> 5)]! |= 1 << (cell & 31)
    }
  return planes
}
