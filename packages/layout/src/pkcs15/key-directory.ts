import { type Codec, concatBytes, encodeTlv } from '@kart/codec'
import { DerFields, type DerNode, derBoolean, derOctets, derSequence, derSmallInteger, derTag } from '../asn1/der.ts'
import { encodeInteger, encodeSequence } from '../asn1/der-encode.ts'
import { encodeFlags, type KeyAccessFlag, type KeyUsageFlag, keyAccessFlagNames, keyUsageFlagNames, readFlags } from './flags.ts'
import { type CommonObject, encodeIdentifier, encodeParts, raws, readObjects, readParts, type UnknownObject } from './object.ts'
import { encodeObjectValue, type ObjectValue, readObjectValue } from './object-value.ts'

/** A key of EF.PrKDF or EF.PuKDF (ISO/IEC 7816-15:2016, 8.4 and 8.5). */
export interface KeyObject extends CommonObject {
  readonly kind: 'rsa' | 'ec'
  /** Shared by a private key, its public key and its certificate. */
  readonly id: Uint8Array
  readonly usage: readonly KeyUsageFlag[]
  /** False: the card cannot use the key itself. */
  readonly native?: boolean
  readonly access?: readonly KeyAccessFlag[]
  /** Reference that MSE SET names the key by, 0..2^31-1. */
  readonly keyReference?: number
  /** Fields of CommonKeyAttributes behind those (validity, algorithm references), each in DER. */
  readonly classOther?: readonly Uint8Array[]
  /** Subject of the key's certificate: a Name in DER. */
  readonly subject?: Uint8Array
  /** Fields of the sub-class attributes behind the subject, each in DER. */
  readonly subClassOther?: readonly Uint8Array[]
  readonly value: ObjectValue
  /**
   * Bits of the RSA modulus; for a private EC key, bits of the field. ISO/IEC 7816-15 has no field size: OpenSC reads the first INTEGER of the attributes as one,
   * and the standard as a reference into the algorithms of EF.CIAInfo.
   */
  readonly bits?: number
  /** Fields of the type attributes behind those (key information), each in DER. */
  readonly other?: readonly Uint8Array[]
}

export type DirectoryKey = KeyObject | UnknownObject

const ecTag = 0xa0

/** EF.PrKDF (ISO/IEC 7816-15:2016, 8.4): private RSA and EC keys; other types, and fields that we do not know, are kept as they came. */
export const prkdfCodec: Codec<readonly DirectoryKey[]> = keyCodec('EF.PrKDF')

/** EF.PuKDF (ISO/IEC 7816-15:2016, 8.5): public RSA and EC keys, kept as those of {@link prkdfCodec}. */
export const pukdfCodec: Codec<readonly DirectoryKey[]> = keyCodec('EF.PuKDF')

function keyCodec(what: string): Codec<readonly DirectoryKey[]> {
  return {
    encode: (keys) => concatBytes(...keys.map(encodeKey)),
    decode: (bytes) => readObjects(bytes, what).map((node) => readKey(node, what)),
  }
}

function readKey(node: DerNode, what: string): DirectoryKey {
  const kind = node.tag === derTag.sequence ? 'rsa' : node.tag === ecTag ? 'ec' : undefined
  if (kind === undefined) return { kind: 'other', raw: node.raw.slice() }
  const { common, classFields, subClass, type } = readParts(node, what)
  return { kind, ...common, ...readClass(classFields, what), ...readSubClass(subClass), ...readType(type, kind, what) }
}

function readClass(fields: DerFields, what: string): Pick<KeyObject, 'id' | 'usage' | 'native' | 'access' | 'keyReference' | 'classOther'> {
  const id = derOctets(fields.any('identifier'), `${what}, identifier`)
  const usage = readFlags(fields.any('usage'), keyUsageFlagNames, `${what}, usage`)
  const native = fields.optional(derTag.boolean)
  const access = fields.optional(derTag.bitString)
  const keyReference = fields.optional(derTag.integer)
  const classOther = raws(fields)
  return {
    id,
    usage,
    ...(native && { native: derBoolean(native, `${what}, native`) }),
    ...(access && { access: readFlags(access, keyAccessFlagNames, `${what}, access flags`) }),
    ...(keyReference && { keyReference: derSmallInteger(keyReference, `${what}, key reference`) }),
    ...(classOther && { classOther }),
  }
}

function readSubClass(fields: DerFields | undefined): Pick<KeyObject, 'subject' | 'subClassOther'> {
  const subject = fields?.optional(derTag.sequence)
  const subClassOther = fields && raws(fields)
  return { ...(subject && { subject: subject.raw.slice() }), ...(subClassOther && { subClassOther }) }
}

function readType(node: DerNode, kind: 'rsa' | 'ec', what: string): Pick<KeyObject, 'value' | 'bits' | 'other'> {
  const fields = new DerFields(derSequence(node, `${what}, key`), what)
  const value = readObjectValue(fields.any('value'), `${what}, value`)
  const bits = kind === 'rsa' ? fields.required(derTag.integer, 'modulus length') : fields.optional(derTag.integer)
  const other = raws(fields)
  return { value, ...(bits && { bits: derSmallInteger(bits, `${what}, key length`) }), ...(other && { other }) }
}

function encodeKey(key: DirectoryKey): Uint8Array {
  if (key.kind === 'other') return key.raw
  const { native, access, keyReference, subject, bits } = key
  const classFields = [
    encodeIdentifier(key.id, 'id'),
    encodeFlags(key.usage, keyUsageFlagNames, 'usage'),
    // DER leaves a value out that is the default, TRUE (ISO/IEC 8825-1:2021, 11.5).
    ...(native === false ? [encodeTlv(derTag.boolean, Uint8Array.of(0))] : []),
    ...(access === undefined ? [] : [encodeFlags(access, keyAccessFlagNames, 'access')]),
    ...(keyReference === undefined ? [] : [encodeInteger(keyReference)]),
    ...(key.classOther ?? []),
  ]
  const subClass = [...(subject === undefined ? [] : [subject]), ...(key.subClassOther ?? [])]
  const type = encodeSequence(encodeObjectValue(key.value), ...(bits === undefined ? [] : [encodeInteger(bits)]), ...(key.other ?? []))
  return encodeParts(key.kind === 'rsa' ? derTag.sequence : ecTag, key, classFields, subClass, type)
}
