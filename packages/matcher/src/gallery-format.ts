import { DecodeError } from '@kart/codec'
import { sumBytes } from './checksum.ts'
import { blockRecords } from './kernel.ts'
import { recordBytes } from './packed.ts'

// A gallery, in memory and in a file alike, little-endian: a header of 4,096 bytes, then blocks of 64 records, each with its sums behind it.
//   0 "KARTGAL" 0   8 version   12 bytes of a record   16 records of a block   20 bytes of the header
//  24 slots, 8 bytes   32 records in use, 8 bytes   40 flags (1: synthetic)   44 FNV-1a of bytes 0..43

/** Version written and read. Version 1 had records of 2,560 bytes, without code words. */
export const galleryVersion = 2
/** Bytes before the first block. */
export const headerBytes = 4096
/** Bytes of a block's records, and from one block to the next. */
export const blockBytes = blockRecords * recordBytes
export const blockStride = blockBytes + sumBytes

/** What the header says. */
export interface GalleryHeader {
  /** Records written, removed ones included. */
  slots: number
  /** Records in use. */
  live: number
  synthetic: boolean
}

const magic = [0x4b, 0x41, 0x52, 0x54, 0x47, 0x41, 0x4c, 0]

/** Writes a header. */
export function encodeHeader({ slots, live, synthetic }: GalleryHeader): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  const view = new DataView(bytes.buffer)
  bytes.set(magic)
  view.setUint32(8, galleryVersion, true)
  view.setUint32(12, recordBytes, true)
  view.setUint32(16, blockRecords, true)
  view.setUint32(20, headerBytes, true)
  view.setBigUint64(24, BigInt(slots), true)
  view.setBigUint64(32, BigInt(live), true)
  view.setUint32(40, synthetic ? 1 : 0, true)
  view.setUint32(44, sumOf(bytes), true)
  return bytes
}

/** Reads a header; `bytesPresent` is the size of all. Throws DecodeError for what is no gallery, another version, a damaged header or missing blocks. */
export function decodeHeader(bytes: Uint8Array, bytesPresent: number): GalleryHeader {
  const refuse = (found: string, offset: number) => new DecodeError('gallery', found, { offset })
  if (bytes.length < headerBytes) throw refuse('shorter than its header', 0)
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  if (magic.some((byte, k) => bytes[k] !== byte)) throw refuse('does not begin with KARTGAL', 0)
  if (view.getUint32(8, true) !== galleryVersion)
    throw refuse(`version ${view.getUint32(8, true)}, not ${galleryVersion}: build the gallery again from its templates`, 8)
  if (view.getUint32(44, true) !== sumOf(bytes)) throw refuse('the header is damaged: its sum does not hold', 44)
  const layout = [view.getUint32(12, true), view.getUint32(16, true), view.getUint32(20, true)]
  if (layout.join() !== [recordBytes, blockRecords, headerBytes].join()) throw refuse(`layout ${layout.join(', ')} is not known`, 12)
  const slots = Number(view.getBigUint64(24, true))
  const live = Number(view.getBigUint64(32, true))
  if (live > slots) throw refuse(`${live} records in use of ${slots}`, 32)
  const needed = sizeOf(slots)
  if (!Number.isSafeInteger(needed) || bytesPresent < needed)
    throw refuse(`${slots} records need ${needed} bytes, ${bytesPresent} are present`, 24)
  return { slots, live, synthetic: (view.getUint32(40, true) & 1) === 1 }
}

/** Bytes of a gallery with this many slots. */
export function sizeOf(slots: number): number {
  return headerBytes + Math.ceil(slots / blockRecords) * blockStride
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c9dc5
  for (let k = 0; k < 44; k++) sum = Math.imul(sum ^ bytes[k]!, 0x01000193)
  return sum >>> 0
}
