import { type Codec, Cursor, concatBytes, equalBytes, InputError, uintToBytes } from '@kart/codec'
import { expectLength, type FingerRecord, readImageAndViews, writeImageAndViews } from './record.ts'
import { recordTraits } from './record-traits.ts'

const { what, magic } = recordTraits['iso-19794-2-2005']

/**
 * The finger minutiae record of ISO/IEC 19794-2:2005, clause 7, in full: every view, extended data kept raw. Decoding is strict about the lengths, the
 * reserved bits and the ranges, and lenient about view numbers, which some writers start at 1.
 */
export const fmrCodec: Codec<FingerRecord> = { encode, decode }

function decode(bytes: Uint8Array): FingerRecord {
  const cursor = new Cursor(bytes, what)
  if (!equalBytes(cursor.bytes(8, 'format identifier and version'), magic)) throw cursor.error('does not begin with "FMR", 0, " 20", 0')
  expectLength(what, cursor.u32('the record length'), bytes.length)
  return { format: 'iso-19794-2-2005', ...readImageAndViews(cursor, 'iso-19794-2-2005') }
}

function encode(record: FingerRecord): Uint8Array {
  if (record.format !== 'iso-19794-2-2005') throw new InputError('record format', 'not ISO/IEC 19794-2:2005')
  const body = writeImageAndViews(record)
  return concatBytes(magic, uintToBytes(magic.length + 4 + body.length, 4), body)
}
