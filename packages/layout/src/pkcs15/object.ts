import { concatBytes, DecodeError, decodeUtf8, encodeTlv, encodeUtf8, InputError, LimitError, readTlvHeader } from '@kart/codec'
import { DerFields, type DerNode, decodeDer, derExplicit, derOctets, derSequence, derSmallInteger, derTag } from '../asn1/der.ts'
import { encodeInteger, encodeOctets, encodeSequence } from '../asn1/der-encode.ts'
import { encodeFlags, type ObjectFlag, objectFlagNames, readFlags } from './flags.ts'

/** What every object of a directory file has (ISO/IEC 7816-15:2016, 8.2.8, CommonObjectAttributes). */
export interface CommonObject {
  /** For people. */
  readonly label?: string
  readonly flags?: readonly ObjectFlag[]
  /** Identifier of the authentication object that guards this one. */
  readonly authId?: Uint8Array
  /** Uses allowed for each authentication; 1 = authenticate before every use. */
  readonly userConsent?: number
  /** Fields of CommonObjectAttributes behind those (access control rules and what later editions add), each in DER. */
  readonly commonOther?: readonly Uint8Array[]
}

/** An object of a type that we do not open, or one that we could not name: the whole value as it came. */
export interface UnknownObject {
  readonly kind: 'other'
  readonly raw: Uint8Array
}

/** One object split into its parts (ISO/IEC 7816-15:2016, 8.2.19: common, class, sub-class [0] and type [1] attributes). */
export interface ObjectParts {
  readonly common: CommonObject
  readonly classFields: DerFields
  /** The SEQUENCE inside [0]. */
  readonly subClass: DerFields | undefined
  /** The single value inside [1]. */
  readonly type: DerNode
}

const subClassTag = 0xa0
const typeTag = 0xa1
const maxObjects = 256

/**
 * The DER values of a directory file, one after the other; zero (or FF) bytes behind the last are room to grow, and a value whose tag was overwritten with 00
 * is one that was removed (PKCS #15 v1.1). At most 256. Throws DecodeError or LimitError.
 */
export function readObjects(bytes: Uint8Array, what: string): DerNode[] {
  const nodes: DerNode[] = []
  let offset = 0
  let left = maxObjects
  while (offset < bytes.length && !isFill(bytes, offset)) {
    if (left-- <= 0) throw new LimitError(`${what}: objects`, maxObjects)
    const removed = bytes[offset] === 0
    // The tag is gone, its length still stands: read under any tag of one byte.
    const header = removed
      ? readTlvHeader(Uint8Array.of(derTag.octetString, ...bytes.subarray(offset + 1, offset + 6)), 0, { minimalLength: true })
      : readTlvHeader(bytes, offset, { minimalLength: true })
    const end = header === undefined ? Number.POSITIVE_INFINITY : offset + header.headerLength + header.valueLength
    if (end > bytes.length) throw new DecodeError(what, 'ends inside an object', { offset })
    if (!removed) nodes.push(decodeDer(bytes.subarray(offset, end), what))
    offset = end
  }
  return nodes
}

function isFill(bytes: Uint8Array, start: number): boolean {
  const fill = bytes[start]
  return (fill === 0x00 || fill === 0xff) && bytes.subarray(start).every((byte) => byte === fill)
}

/** The content of a file made up to the file's length with zeros, so that it can grow. `length` in bytes; throws InputError when the content is longer. */
export function fillFile(content: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < content.length)
    throw new InputError('length', `the file of ${length} bytes is too short for its ${content.length} bytes of content`)
  return concatBytes(content, new Uint8Array(length - content.length))
}

/** Takes an object apart whose tag was already looked at. Throws DecodeError. */
export function readParts(node: DerNode, what: string): ObjectParts {
  const fields = new DerFields(node.children, what)
  const common = readCommon(fields.required(derTag.sequence, 'common attributes'), what)
  const classFields = new DerFields(fields.required(derTag.sequence, 'class attributes').children, what)
  const subClass = fields.optional(subClassTag)
  const type = derExplicit(fields.required(typeTag, 'type attributes'), typeTag, what)
  fields.end()
  return {
    common,
    classFields,
    subClass: subClass && new DerFields(derSequence(derExplicit(subClass, subClassTag, what), what), what),
    type,
  }
}

function readCommon(node: DerNode, what: string): CommonObject {
  const fields = new DerFields(node.children, what)
  const label = fields.optional(derTag.utf8String)
  const flags = fields.optional(derTag.bitString)
  const authId = fields.optional(derTag.octetString)
  const userConsent = fields.optional(derTag.integer)
  const commonOther = raws(fields)
  return {
    ...(label && { label: decodeUtf8(label.content, `${what}, label`) }),
    ...(flags && { flags: readFlags(flags, objectFlagNames, `${what}, flags`) }),
    ...(authId && { authId: derOctets(authId, what) }),
    ...(userConsent && { userConsent: derSmallInteger(userConsent, `${what}, userConsent`) }),
    ...(commonOther && { commonOther }),
  }
}

/** The fields left, each in DER; undefined when there are none. */
export function raws(fields: DerFields): Uint8Array[] | undefined {
  const left = fields.rest()
  return left.length === 0 ? undefined : left.map((node) => node.raw.slice())
}

/** Codes an object. `tag` 30, or the context tag of its choice. Throws InputError. */
export function encodeParts(
  tag: number,
  common: CommonObject,
  classFields: readonly Uint8Array[],
  subClass: readonly Uint8Array[],
  type: Uint8Array,
): Uint8Array {
  const { label, flags, authId, userConsent, commonOther } = common
  const commonFields = [
    ...(label === undefined ? [] : [encodeLabel(label)]),
    ...(flags === undefined ? [] : [encodeFlags(flags, objectFlagNames, 'flags')]),
    ...(authId === undefined ? [] : [encodeIdentifier(authId, 'authId')]),
    ...(userConsent === undefined ? [] : [encodeInteger(userConsent)]),
    ...(commonOther ?? []),
  ]
  return encodeTlv(tag, [
    encodeSequence(...commonFields),
    encodeSequence(...classFields),
    ...(subClass.length === 0 ? [] : [encodeTlv(subClassTag, encodeSequence(...subClass))]),
    encodeTlv(typeTag, type),
  ])
}

/** Label: UTF8String of at most 255 bytes (ISO/IEC 7816-15:2016, 8.2.3). */
export function encodeLabel(label: string, tag: number = derTag.utf8String): Uint8Array {
  const bytes = encodeUtf8(label)
  if (bytes.length > 255) throw new InputError('label', 'longer than 255 bytes of UTF-8')
  return encodeTlv(tag, bytes)
}

/** Identifier: OCTET STRING of 1..255 bytes (ISO/IEC 7816-15:2016, 8.2.1). */
export function encodeIdentifier(id: Uint8Array, field: string): Uint8Array {
  if (id.length === 0 || id.length > 255) throw new InputError(field, 'is not 1 to 255 bytes')
  return encodeOctets(id)
}
