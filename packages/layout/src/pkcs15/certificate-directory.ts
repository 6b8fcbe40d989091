import { type Codec, concatBytes, DecodeError, encodeTlv } from '@kart/codec'
import { DerFields, type DerNode, derBoolean, derIntegerBytes, derOctets, derSequence, derTag } from '../asn1/der.ts'
import { encodeSequence } from '../asn1/der-encode.ts'
import { type CommonObject, encodeIdentifier, encodeParts, raws, readObjects, readParts, type UnknownObject } from './object.ts'
import { encodeObjectValue, type ObjectValue, readObjectValue } from './object-value.ts'

/** An X.509 certificate of EF.CDF (ISO/IEC 7816-15:2016, 8.7). */
export interface CertificateObject extends CommonObject {
  readonly kind: 'x509'
  /** That of its key, where the card has it. */
  readonly id: Uint8Array
  /** Whether it is the certificate of an authority. */
  readonly authority?: boolean
  /** Fields of CommonCertificateAttributes behind those (key identifiers, hash, trusted usage), each in DER. */
  readonly classOther?: readonly Uint8Array[]
  readonly value: ObjectValue
  /** Name in DER. */
  readonly subject?: Uint8Array
  /** Name in DER. */
  readonly issuer?: Uint8Array
  /** Contents of the INTEGER, big-endian. */
  readonly serialNumber?: Uint8Array
  /** Fields of X509CertificateAttributes behind those, each in DER. */
  readonly other?: readonly Uint8Array[]
}

export type DirectoryCertificate = CertificateObject | UnknownObject

const what = 'EF.CDF'
const issuerTag = 0xa0

/** EF.CDF (ISO/IEC 7816-15:2016, 8.7): X.509 certificates; other types, and fields that we do not know, are kept as they came. */
export const cdfCodec: Codec<readonly DirectoryCertificate[]> = {
  encode: (certificates) => concatBytes(...certificates.map(encodeCertificate)),
  decode: (bytes) => readObjects(bytes, what).map(readCertificate),
}

function readCertificate(node: DerNode): DirectoryCertificate {
  if (node.tag !== derTag.sequence) return { kind: 'other', raw: node.raw.slice() }
  const { common, classFields, subClass, type } = readParts(node, what)
  if (subClass !== undefined) throw new DecodeError(what, 'sub-class attributes, which certificates do not have')
  const id = derOctets(classFields.any('identifier'), `${what}, identifier`)
  const authority = classFields.optional(derTag.boolean)
  const classOther = raws(classFields)
  const fields = new DerFields(derSequence(type, `${what}, certificate`), what)
  const value = readObjectValue(fields.any('value'), `${what}, value`)
  const subject = fields.optional(derTag.sequence)
  const issuer = fields.optional(issuerTag)
  const serialNumber = fields.optional(derTag.integer)
  const other = raws(fields)
  return {
    kind: 'x509',
    ...common,
    id,
    ...(authority && { authority: derBoolean(authority, `${what}, authority`) }),
    ...(classOther && { classOther }),
    value,
    ...(subject && { subject: subject.raw.slice() }),
    // [0] around a CHOICE is explicit (ISO/IEC 8824-1:2021, 31.2.7): the Name is whole inside.
    ...(issuer && { issuer: issuer.content.slice() }),
    ...(serialNumber && { serialNumber: derIntegerBytes(serialNumber, `${what}, serial number`).slice() }),
    ...(other && { other }),
  }
}

function encodeCertificate(certificate: DirectoryCertificate): Uint8Array {
  if (certificate.kind === 'other') return certificate.raw
  const { id, authority, value, subject, issuer, serialNumber } = certificate
  const classFields = [
    encodeIdentifier(id, 'id'),
    ...(authority === true ? [encodeTlv(derTag.boolean, Uint8Array.of(0xff))] : []),
    ...(certificate.classOther ?? []),
  ]
  const type = encodeSequence(
    encodeObjectValue(value),
    ...(subject === undefined ? [] : [subject]),
    ...(issuer === undefined ? [] : [encodeTlv(issuerTag, issuer)]),
    ...(serialNumber === undefined ? [] : [encodeTlv(derTag.integer, serialNumber)]),
    ...(certificate.other ?? []),
  )
  return encodeParts(derTag.sequence, certificate, classFields, [], type)
}
