import { concatBytes, DecodeError, encodeTlv } from '@kart/codec'
import {
  type AlgorithmIdentifier,
  type HashName,
  hashOfOid,
  readAlgorithm,
  type SignatureScheme,
  signatureSchemeOf,
} from '../asn1/algorithm.ts'
import {
  DerFields,
  type DerNode,
  decodeDer,
  derExplicit,
  derIntegerBytes,
  derOctets,
  derOid,
  derSequence,
  derSet,
  derSmallInteger,
  derTag,
  derTime,
} from '../asn1/der.ts'
import { encodeInteger, encodeOctets, encodeOid, encodeSequence } from '../asn1/der-encode.ts'
import { type DistinguishedName, readName } from '../pki/distinguished-name.ts'

/** Which certificate signed: by issuer and serial number, or by subject key identifier (RFC 5652, 5.3). */
export type SignerId =
  | {
      readonly kind: 'issuer-and-serial'
      readonly issuer: DistinguishedName /** Contents of the INTEGER. */
      readonly serialNumber: Uint8Array
    }
  | { readonly kind: 'subject-key-id'; readonly keyId: Uint8Array }

/** One attribute of a SignerInfo, its values in DER. */
export interface SignedAttribute {
  readonly oid: string
  readonly values: readonly Uint8Array[]
}

/** One SignerInfo (RFC 5652, 5.3). */
export interface SignerInfo {
  readonly version: number
  readonly signerId: SignerId
  readonly digestAlgorithm: AlgorithmIdentifier
  /** The digest; undefined when we do not know the algorithm. */
  readonly digest: HashName | undefined
  /**
   * The signed attributes as they were signed: the bytes of the file with the tag of a SET in place of [0] (RFC 5652, 5.4), never coded again. Undefined when
   * there are none, which RFC 5652, 5.3 forbids for a content type other than id-data.
   */
  readonly signedAttributes: Uint8Array | undefined
  readonly attributes: readonly SignedAttribute[]
  /** The content-type attribute; undefined when missing. */
  readonly contentType: string | undefined
  /** The message-digest attribute; undefined when missing. */
  readonly messageDigest: Uint8Array | undefined
  /** The signing-time attribute; undefined when missing. It is the signer's word, not a proof. */
  readonly signingTime: Date | undefined
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** What the algorithm means; undefined when we do not know it. */
  readonly signatureScheme: SignatureScheme | undefined
  readonly signature: Uint8Array
  /** unsignedAttrs in DER, as they came. */
  readonly unsignedAttributes: Uint8Array | undefined
}

/** CMS SignedData (RFC 5652, 5.1) whose content may be elsewhere, every part as it came: nothing in it is verified here. */
export interface DetachedSignedData {
  /** SignedData version; 3 by Doc 9303-10, table 38. */
  readonly version: number
  readonly digestAlgorithms: readonly AlgorithmIdentifier[]
  /** eContentType, dotted. */
  readonly contentType: string
  /** Contents of eContent; undefined where the signature is detached (RFC 5652, 5.2). */
  readonly content: Uint8Array | undefined
  /** Embedded certificates in DER, as they came; nobody vouches for them here. */
  readonly certificates: readonly Uint8Array[]
  /** Embedded revocation lists in DER, as they came. */
  readonly crls: readonly Uint8Array[]
  /** One or more; Doc 9303-10 recommends exactly one. */
  readonly signers: readonly SignerInfo[]
}

/** CMS SignedData with its content inside. */
export interface SignedData extends DetachedSignedData {
  /** Contents of eContent: the bytes that the message digest runs over. */
  readonly content: Uint8Array
}

const signedDataOid = '1.2.840.113549.1.7.2'
export const contentTypeOid = '1.2.840.113549.1.9.3'
export const messageDigestOid = '1.2.840.113549.1.9.4'
export const signingTimeOid = '1.2.840.113549.1.9.5'

/** Reads a ContentInfo in DER that holds SignedData (RFC 5652, 3 and 5.1). `what` names the file in errors. Throws DecodeError or LimitError. */
export function decodeSignedData(bytes: Uint8Array, what: string): SignedData {
  const data = decodeDetachedSignedData(bytes, what)
  if (data.content === undefined) throw new DecodeError(what, 'the signed content is not in it')
  return { ...data, content: data.content }
}

/** Reads a ContentInfo in DER that holds SignedData with or without its content. `what` names the file in errors. Throws DecodeError or LimitError. */
export function decodeDetachedSignedData(bytes: Uint8Array, what: string): DetachedSignedData {
  const [oid, explicit] = derSequence(decodeDer(bytes, what), what, 2, 2)
  const outerType = derOid(oid, what)
  if (outerType !== signedDataOid) throw new DecodeError(what, 'content that is not CMS SignedData')

  const fields = new DerFields(derSequence(derExplicit(explicit, 0xa0, what), 'SignedData'), 'SignedData')
  const version = derSmallInteger(fields.any('version'), 'SignedData version')
  const digestAlgorithms = derSet(fields.any('digestAlgorithms'), 'digestAlgorithms', 0, 8).map((one) =>
    readAlgorithm(one, 'digestAlgorithms'),
  )
  const [contentTypeNode, contentNode] = derSequence(fields.any('encapContentInfo'), 'encapContentInfo', 1, 2)
  const content = contentNode && derOctets(derExplicit(contentNode, 0xa0, 'eContent'), 'eContent')
  const certificates = (fields.optional(0xa0)?.children ?? []).map((one) => {
    if (one.tag !== derTag.sequence) throw new DecodeError(what, 'an embedded certificate that is not X.509', { offset: one.offset })
    return one.raw.slice()
  })
  if (certificates.length > 8) throw new DecodeError(what, `${certificates.length} embedded certificates`)
  const crls = (fields.optional(0xa1)?.children ?? []).map((one) => one.raw.slice())
  const signers = derSet(fields.any('signerInfos'), 'signerInfos', 1, 4).map(readSigner)
  fields.end()
  return {
    version,
    digestAlgorithms,
    contentType: derOid(contentTypeNode, 'eContentType'),
    content,
    certificates,
    crls,
    signers,
  }
}

function readSigner(node: DerNode): SignerInfo {
  const fields = new DerFields(derSequence(node, 'SignerInfo'), 'SignerInfo')
  const version = derSmallInteger(fields.any('version'), 'SignerInfo version')
  const signerId = readSignerId(fields.any('sid'))
  const digestAlgorithm = readAlgorithm(fields.any('digestAlgorithm'), 'SignerInfo digestAlgorithm')
  const digest = hashOfOid(digestAlgorithm.oid)
  const signed = fields.optional(0xa0)
  const signatureAlgorithm = readAlgorithm(fields.any('signatureAlgorithm'), 'SignerInfo signatureAlgorithm')
  const signature = derOctets(fields.any('signature'), 'SignerInfo signature')
  const unsignedAttributes = fields.optional(0xa1)?.raw.slice()
  fields.end()

  const attributes = (signed?.children ?? []).map(readAttribute)
  if (attributes.length > 32) throw new DecodeError('SignerInfo', `${attributes.length} signed attributes`)
  if (new Set(attributes.map((one) => one.oid)).size !== attributes.length)
    throw new DecodeError('SignerInfo', 'a signed attribute that stands there twice')
  const single = (oid: string, name: string): DerNode | undefined => {
    const attribute = attributes.find((one) => one.oid === oid)
    if (attribute === undefined) return undefined
    const value = attribute.values[0]
    if (value === undefined || attribute.values.length !== 1)
      throw new DecodeError(name, `${attribute.values.length} values where one is expected`)
    return decodeDer(value, name)
  }
  const contentType = single(contentTypeOid, 'content-type attribute')
  const messageDigest = single(messageDigestOid, 'message-digest attribute')
  const signingTime = single(signingTimeOid, 'signing-time attribute')
  return {
    version,
    signerId,
    digestAlgorithm,
    digest,
    signedAttributes: signed === undefined ? undefined : concatBytes(Uint8Array.of(derTag.set), signed.raw.subarray(1)),
    attributes,
    contentType: contentType && derOid(contentType, 'content-type attribute'),
    messageDigest: messageDigest && derOctets(messageDigest, 'message-digest attribute'),
    signingTime: signingTime && derTime(signingTime, 'signing-time attribute'),
    signatureAlgorithm,
    signatureScheme: signatureSchemeOf(signatureAlgorithm, digest),
    signature,
    unsignedAttributes,
  }
}

function readSignerId(node: DerNode): SignerId {
  if (node.tag === 0x80) return { kind: 'subject-key-id', keyId: node.content.slice() }
  const [issuer, serial] = derSequence(node, 'issuerAndSerialNumber', 2, 2)
  return { kind: 'issuer-and-serial', issuer: readName(issuer), serialNumber: derIntegerBytes(serial, 'issuerAndSerialNumber').slice() }
}

function readAttribute(node: DerNode): SignedAttribute {
  const [type, values] = derSequence(node, 'signed attribute', 2, 2)
  return { oid: derOid(type, 'signed attribute'), values: derSet(values, 'signed attribute', 0, 8).map((one) => one.raw.slice()) }
}

/** Puts the parts together to a ContentInfo again: what was signed stays as signed. */
export function encodeSignedData(data: DetachedSignedData): Uint8Array {
  const signedData = encodeSequence(
    encodeInteger(data.version),
    encodeTlv(
      derTag.set,
      data.digestAlgorithms.map((one) => one.raw),
    ),
    encodeSequence(encodeOid(data.contentType), ...(data.content === undefined ? [] : [encodeTlv(0xa0, encodeOctets(data.content))])),
    ...(data.certificates.length === 0 ? [] : [encodeTlv(0xa0, data.certificates)]),
    ...(data.crls.length === 0 ? [] : [encodeTlv(0xa1, data.crls)]),
    encodeTlv(derTag.set, data.signers.map(encodeSigner)),
  )
  return encodeSequence(encodeOid(signedDataOid), encodeTlv(0xa0, signedData))
}

function encodeSigner(signer: SignerInfo): Uint8Array {
  const id = signer.signerId
  return encodeSequence(
    encodeInteger(signer.version),
    id.kind === 'subject-key-id' ? encodeTlv(0x80, id.keyId) : encodeSequence(id.issuer.raw, encodeTlv(derTag.integer, id.serialNumber)),
    signer.digestAlgorithm.raw,
    ...(signer.signedAttributes === undefined ? [] : [concatBytes(Uint8Array.of(0xa0), signer.signedAttributes.subarray(1))]),
    signer.signatureAlgorithm.raw,
    encodeOctets(signer.signature),
    ...(signer.unsignedAttributes === undefined ? [] : [signer.unsignedAttributes]),
  )
}
