import { type Codec, concatBytes, DecodeError, decodeUtf8 } from '@kart/codec'
import { type DerNode, derOctets, derOid, derTag } from '../asn1/der.ts'
import { encodeOid } from '../asn1/der-encode.ts'
import {
  type CommonObject,
  encodeIdentifier,
  encodeLabel,
  encodeParts,
  raws,
  readObjects,
  readParts,
  type UnknownObject,
} from './object.ts'
import { encodeObjectValue, type ObjectValue, readObjectValue } from './object-value.ts'

/** A data object whose content is its application's own affair: OpaqueDO of EF.DCOD (ISO/IEC 7816-15:2016, 8.8). */
export interface DataObject extends CommonObject {
  readonly kind: 'opaque'
  readonly applicationName?: string
  /** Dotted object identifier. */
  readonly applicationOid?: string
  readonly id?: Uint8Array
  /** Fields of CommonDataContainerObjectAttributes behind those, each in DER. */
  readonly classOther?: readonly Uint8Array[]
  readonly value: ObjectValue
}

export type DirectoryData = DataObject | UnknownObject

const what = 'EF.DODF'

/** EF.DODF, in ISO/IEC 7816-15:2016, 8.8 EF.DCOD: opaque data objects; other types, and fields that we do not know, are kept as they came. */
export const dodfCodec: Codec<readonly DirectoryData[]> = {
  encode: (objects) => concatBytes(...objects.map(encodeObject)),
  decode: (bytes) => readObjects(bytes, what).map(readObject),
}

function readObject(node: DerNode): DirectoryData {
  if (node.tag !== derTag.sequence) return { kind: 'other', raw: node.raw.slice() }
  const { common, classFields, subClass, type } = readParts(node, what)
  if (subClass !== undefined) throw new DecodeError(what, 'sub-class attributes, which data objects do not have')
  const name = classFields.optional(derTag.utf8String)
  const oid = classFields.optional(derTag.oid)
  const id = classFields.optional(derTag.octetString)
  const classOther = raws(classFields)
  return {
    kind: 'opaque',
    ...common,
    ...(name && { applicationName: decodeUtf8(name.content, `${what}, application name`) }),
    ...(oid && { applicationOid: derOid(oid, `${what}, application`) }),
    ...(id && { id: derOctets(id, what) }),
    ...(classOther && { classOther }),
    value: readObjectValue(type, `${what}, value`),
  }
}

function encodeObject(object: DirectoryData): Uint8Array {
  if (object.kind === 'other') return object.raw
  const { applicationName, applicationOid, id, classOther, value } = object
  const classFields = [
    ...(applicationName === undefined ? [] : [encodeLabel(applicationName)]),
    ...(applicationOid === undefined ? [] : [encodeOid(applicationOid)]),
    ...(id === undefined ? [] : [encodeIdentifier(id, 'id')]),
    ...(classOther ?? []),
  ]
  return encodeParts(derTag.sequence, object, classFields, [], encodeObjectValue(value))
}
