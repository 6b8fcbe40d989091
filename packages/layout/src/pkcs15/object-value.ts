import { DecodeError, encodeTlv, InputError } from '@kart/codec'
import { DerFields, type DerNode, derOctets, derSmallInteger, derTag } from '../asn1/der.ts'
import { encodeInteger, encodeOctets, encodeSequence } from '../asn1/der-encode.ts'

/** Where a file, or a part of one, is on the card (ISO/IEC 7816-15:2016, 8.2.5, Path). */
export interface CardPath {
  readonly kind: 'path'
  /** File identifiers of two bytes each, from the MF (3F00 first) or from the application's DF; empty = no file. */
  readonly path: Uint8Array
  /** First byte of a part of a transparent file, or a record number. */
  readonly index?: number
  /** Length of that part in bytes. */
  readonly length?: number
}

/** The value of an object: in a file, in the directory itself, or in a form that we do not open (ISO/IEC 7816-15:2016, 8.2.6, ObjectValue). */
export type ObjectValue =
  | CardPath
  /** `content`: the DER value inside [0]. */
  | { readonly kind: 'direct'; readonly content: Uint8Array }
  /** A URL, a tag reference, a protected value: the whole DER value as it came. */
  | { readonly kind: 'other'; readonly raw: Uint8Array }

const directTag = 0xa0
const lengthTag = 0x80

/** A path of file identifiers, 16 bits each: `filePath(0x3f00, 0x5015, 0x4401)`. */
export function filePath(...fids: readonly number[]): CardPath {
  if (fids.some((fid) => !Number.isInteger(fid) || fid < 0 || fid > 0xffff)) throw new InputError('path', 'not file identifiers of 16 bits')
  return { kind: 'path', path: Uint8Array.from(fids.flatMap((fid) => [fid >> 8, fid & 0xff])) }
}

/** Reads a Path whose first field is a file path; DecodeError for any other. */
export function readPath(node: DerNode | undefined, what: string): CardPath {
  const value = readObjectValue(node, what)
  if (value.kind !== 'path') throw new DecodeError(what, 'not a path of file identifiers', node && { offset: node.offset })
  return value
}

/** Reads an ObjectValue. Throws DecodeError. */
export function readObjectValue(node: DerNode | undefined, what: string): ObjectValue {
  if (node === undefined) throw new DecodeError(what, 'is missing')
  if (node.tag === directTag) return { kind: 'direct', content: node.content.slice() }
  if (node.tag !== derTag.sequence || node.children[0]?.tag !== derTag.octetString) return { kind: 'other', raw: node.raw.slice() }
  const fields = new DerFields(node.children, what)
  const path = derOctets(fields.any('path'), what)
  const index = fields.optional(derTag.integer)
  const length = fields.optional(lengthTag)
  fields.end()
  return {
    kind: 'path',
    path,
    ...(index && { index: derSmallInteger(index, `${what}, index`) }),
    ...(length && { length: implicitInteger(length, `${what}, length`) }),
  }
}

/** Whether this value can start an ObjectValue: what decides where a CHOICE is optional. */
export function isObjectValue(node: DerNode | undefined): boolean {
  return node?.tag === directTag || node?.tag === derTag.sequence
}

/** DER of an ObjectValue. Throws InputError. */
export function encodeObjectValue(value: ObjectValue): Uint8Array {
  if (value.kind === 'other') return value.raw
  if (value.kind === 'direct') return encodeTlv(directTag, value.content)
  const { path, index, length } = value
  return encodeSequence(
    encodeOctets(path),
    ...(index === undefined ? [] : [encodeInteger(index)]),
    ...(length === undefined ? [] : [encodeImplicitInteger(lengthTag, length)]),
  )
}

/** An INTEGER under an implicit context tag. */
export function implicitInteger(node: DerNode, what: string): number {
  return derSmallInteger({ ...node, tag: derTag.integer }, what)
}

/** Codes a non-negative INTEGER under an implicit context tag. */
export function encodeImplicitInteger(tag: number, value: number): Uint8Array {
  const whole = encodeInteger(value)
  return encodeTlv(tag, whole.subarray(2))
}
