import { DecodeError, isConstructed, LimitError, readTlvHeader, tagHex } from '@kart/codec'
import {
  BmpString,
  fromBER,
  GeneralizedTime,
  IA5String,
  ObjectIdentifier,
  PrintableString,
  TeletexString,
  UTCTime,
  Utf8String,
} from 'asn1js'

/**
 * One ASN.1 value in DER. The structure is read by the codec's own TLV header reader, so that the exact bytes stay at hand (hashes and signatures run over
 * them), and lengths, depth and count are bounded; asn1js reads the contents of the simple types.
 */
export interface DerNode {
  /** Identifier octets read as a big-endian number (30 = SEQUENCE, A0 = [0] constructed). */
  readonly tag: number
  /** The whole value as it came: identifier, length, contents. */
  readonly raw: Uint8Array
  /** Contents octets. */
  readonly content: Uint8Array
  /** Values inside a constructed value, in order; empty for a primitive one. */
  readonly children: readonly DerNode[]
  /** Offset of the identifier octets in the outermost input. */
  readonly offset: number
}

/** Identifier octets of the universal types used in certificates and CMS (ISO/IEC 8824-1:2021, table 1). */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

const maxDepth = 24
const maxNodes = 4000

/**
 * Reads exactly one DER value that fills `bytes` (ISO/IEC 8825-1:2021, 10). `what` names it in errors. Throws DecodeError (malformed, indefinite or
 * non-minimal lengths) or LimitError (deeper than 24, more than `mostValues`, 4000 unless told).
 */
export function decodeDer(bytes: Uint8Array, what: string, mostValues = maxNodes): DerNode {
  const copy = bytes.slice()
  const nodes = readNodes(copy, 0, copy.length, 0, what, { left: mostValues, most: mostValues })
  const only = nodes[0]
  if (only === undefined || nodes.length > 1) throw new DecodeError(what, `${nodes.length} ASN.1 values where one is expected`)
  return only
}

function readNodes(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  what: string,
  budget: { left: number; readonly most: number },
): DerNode[] {
  if (depth > maxDepth) throw new LimitError(`${what}: ASN.1 nesting`, maxDepth)
  const nodes: DerNode[] = []
  let offset = start
  while (offset < end) {
    if (budget.left-- <= 0) throw new LimitError(`${what}: ASN.1 values`, budget.most)
    const header = readTlvHeader(bytes, offset, { minimalLength: true })
    if (header === undefined || offset + header.headerLength > end)
      throw new DecodeError(what, 'ends inside an identifier or length', { offset })
    const contentStart = offset + header.headerLength
    const contentEnd = contentStart + header.valueLength
    if (contentEnd > end)
      throw new DecodeError(what, `tag ${tagHex(header.tag)} claims ${header.valueLength} bytes, ${end - contentStart} left`, { offset })
    nodes.push({
      tag: header.tag,
      raw: bytes.subarray(offset, contentEnd),
      content: bytes.subarray(contentStart, contentEnd),
      children: isConstructed(header.tag) ? readNodes(bytes, contentStart, contentEnd, depth + 1, what, budget) : [],
      offset,
    })
    offset = contentEnd
  }
  return nodes
}

/** The node itself when it has this tag; otherwise a DecodeError naming `what`. */
export function expectTag(node: DerNode | undefined, tag: number, what: string): DerNode {
  if (node === undefined) throw new DecodeError(what, 'is missing')
  if (node.tag !== tag) throw new DecodeError(what, `tag ${tagHex(node.tag)} where ${tagHex(tag)} is expected`, { offset: node.offset })
  return node
}

/** The values inside a SEQUENCE; DecodeError when it is no SEQUENCE or holds fewer than `min` or more than `max`. */
export function derSequence(node: DerNode | undefined, what: string, min = 0, max = Number.POSITIVE_INFINITY): readonly DerNode[] {
  return bounded(expectTag(node, derTag.sequence, what), what, min, max)
}

/** The values inside a SET; DecodeError as for {@link derSequence}. */
export function derSet(node: DerNode | undefined, what: string, min = 0, max = Number.POSITIVE_INFINITY): readonly DerNode[] {
  return bounded(expectTag(node, derTag.set, what), what, min, max)
}

function bounded(node: DerNode, what: string, min: number, max: number): readonly DerNode[] {
  const count = node.children.length
  if (count < min || count > max) throw new DecodeError(what, `${count} values inside, outside what is allowed`, { offset: node.offset })
  return node.children
}

/** The single value inside an explicitly tagged one. */
export function derExplicit(node: DerNode | undefined, tag: number, what: string): DerNode {
  const outer = expectTag(node, tag, what)
  return bounded(outer, what, 1, 1)[0]!
}

/** Walks the optional fields of a SEQUENCE: takes the next value when it has the tag asked for. */
export class DerFields {
  readonly #nodes: readonly DerNode[]
  readonly #what: string
  #next = 0

  constructor(nodes: readonly DerNode[], what: string) {
    this.#nodes = nodes
    this.#what = what
  }

  /** The next value whatever its tag; DecodeError when there is none. */
  any(field: string): DerNode {
    const node = this.#nodes[this.#next]
    if (node === undefined) throw new DecodeError(this.#what, `${field} is missing`)
    this.#next++
    return node
  }

  /** The next value, which must have this tag. */
  required(tag: number, field: string): DerNode {
    return expectTag(this.any(field), tag, `${this.#what}, ${field}`)
  }

  /** The next value if it has this tag; otherwise undefined, and nothing is taken. */
  optional(tag: number): DerNode | undefined {
    const node = this.#nodes[this.#next]
    if (node?.tag !== tag) return undefined
    this.#next++
    return node
  }

  /** All values that are left, whatever their tags. */
  rest(): readonly DerNode[] {
    const left = this.#nodes.slice(this.#next)
    this.#next = this.#nodes.length
    return left
  }

  /** Throws DecodeError when values are left. */
  end(): void {
    const node = this.#nodes[this.#next]
    if (node !== undefined) throw new DecodeError(this.#what, `unexpected tag ${tagHex(node.tag)}`, { offset: node.offset })
  }
}

/** Reads a simple type with asn1js; whatever asn1js says or throws becomes a DecodeError. */
function readSimple<T>(node: DerNode, what: string, type: abstract new (...args: never[]) => T): T {
  let result: unknown
  try {
    result = fromBER(node.raw).result
  } catch (cause) {
    throw new DecodeError(what, 'not a well-formed ASN.1 value', { offset: node.offset, cause })
  }
  if (!(result instanceof type) || (result as { error?: string }).error)
    throw new DecodeError(what, 'not a well-formed ASN.1 value', { offset: node.offset })
  return result
}

/** An OBJECT IDENTIFIER in dotted form. */
export function derOid(node: DerNode | undefined, what: string): string {
  const oid = expectTag(node, derTag.oid, what)
  const content = oid.content
  // asn1js lets an unfinished last arc and padded arcs pass.
  if (content.length === 0 || content.length > 64 || content[content.length - 1]! >= 0x80)
    throw new DecodeError(what, 'malformed object identifier', { offset: oid.offset })
  for (let i = 0; i < content.length; i++)
    if (content[i] === 0x80 && (i === 0 || content[i - 1]! < 0x80))
      throw new DecodeError(what, 'padded arc in an object identifier', { offset: oid.offset })
  const read = readSimple(oid, what, ObjectIdentifier)
  try {
    return read.valueBlock.toString()
  } catch (cause) {
    throw new DecodeError(what, 'malformed object identifier', { offset: oid.offset, cause })
  }
}

/** The contents of an INTEGER, checked to be in its shortest form (ISO/IEC 8825-1:2021, 8.3.2): two's complement, big-endian. */
export function derIntegerBytes(node: DerNode | undefined, what: string): Uint8Array {
  const integer = expectTag(node, derTag.integer, what)
  const [first, second] = integer.content
  if (first === undefined) throw new DecodeError(what, 'an INTEGER without contents', { offset: integer.offset })
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw new DecodeError(what, 'an INTEGER that is not in its shortest form', { offset: integer.offset })
  return integer.content
}

/** A non-negative INTEGER below 2^31 as a number. */
export function derSmallInteger(node: DerNode | undefined, what: string): number {
  const bytes = derIntegerBytes(node, what)
  if (bytes.length > 4 || bytes[0]! >= 0x80) throw new DecodeError(what, 'an INTEGER out of range', { offset: node!.offset })
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

/** A BOOLEAN; DER knows only 00 and FF. */
export function derBoolean(node: DerNode | undefined, what: string): boolean {
  const { content, offset } = expectTag(node, derTag.boolean, what)
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) throw new DecodeError(what, 'not a DER BOOLEAN', { offset })
  return content[0] === 0xff
}

/** A copy of the contents of a (primitive) OCTET STRING. */
export function derOctets(node: DerNode | undefined, what: string): Uint8Array {
  return expectTag(node, derTag.octetString, what).content.slice()
}

/** A BIT STRING: its bytes, and how many bits of the last byte do not count (they must be zero). */
export function derBitString(node: DerNode | undefined, what: string): { bytes: Uint8Array; unused: number } {
  const bits = expectTag(node, derTag.bitString, what)
  const unused = bits.content[0]
  if (unused === undefined || unused > 7 || (unused > 0 && bits.content.length === 1))
    throw new DecodeError(what, 'malformed BIT STRING', { offset: bits.offset })
  // Not through asn1js, which looks for ASN.1 inside a BIT STRING, and inside what it finds there.
  const bytes = bits.content.slice(1)
  if (unused > 0 && (bytes[bytes.length - 1]! & ((1 << unused) - 1)) !== 0)
    throw new DecodeError(what, 'unused bits that are not zero', { offset: bits.offset })
  return { bytes, unused }
}

const timeForms: Record<number, RegExp> = {
  [derTag.utcTime]: /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/,
  [derTag.generalizedTime]: /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/,
}

/** A UTCTime or GeneralizedTime in the form RFC 5280, 4.1.2.5 allows (seconds, Z); UTCTime years 50..99 are 19xx. */
export function derTime(node: DerNode, what: string): Date {
  const form = timeForms[node.tag]
  const match = form?.exec(asciiOf(node))
  if (!match) throw new DecodeError(what, 'not a time in UTC with seconds', { offset: node.offset })
  readSimple(node, what, node.tag === derTag.utcTime ? UTCTime : GeneralizedTime)
  const [, y, month, day, hour, minute, second] = match.map(Number) as [number, number, number, number, number, number, number]
  const year = node.tag === derTag.generalizedTime ? y : y >= 50 ? 1900 + y : 2000 + y
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  time.setUTCHours(hour, minute, second)
  // Date rolls 31 February over into March: a time that does not read back as written is none.
  if (time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59)
    throw new DecodeError(what, 'a time that does not exist', { offset: node.offset })
  return time
}

function asciiOf(node: DerNode): string {
  return String.fromCharCode(...node.content.subarray(0, 32))
}

const stringTypes = {
  [derTag.utf8String]: Utf8String,
  [derTag.printableString]: PrintableString,
  [derTag.teletexString]: TeletexString,
  [derTag.ia5String]: IA5String,
  [derTag.bmpString]: BmpString,
} as const

/** The text of a character string type; undefined when the tag is none of those that names use. */
export function derText(node: DerNode, what: string): string | undefined {
  const type = stringTypes[node.tag as keyof typeof stringTypes]
  if (type === undefined) return undefined
  // asn1js takes malformed UTF-8 as Latin-1: not here.
  if (node.tag === derTag.utf8String) return decodeStrictUtf8(node, what)
  return readSimple(node, what, type as typeof PrintableString).valueBlock.value
}

function decodeStrictUtf8(node: DerNode, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(node.content)
  } catch (cause) {
    throw new DecodeError(what, 'not well-formed UTF-8', { offset: node.offset, cause })
  }
}
