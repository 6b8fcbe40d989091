import { InputError } from '@kart/codec'
import {
  type AlgorithmIdentifier,
  encodeHashAlgorithm,
  encodeSignatureAlgorithm,
  type HashName,
  readAlgorithm,
  type SignatureScheme,
} from '../asn1/algorithm.ts'
import { decodeDer } from '../asn1/der.ts'
import { encodeOctets, encodeOid, encodeSequence, encodeSetOf, encodeTime } from '../asn1/der-encode.ts'
import { decodeCertificate } from '../pki/certificate.ts'
import { contentTypeOid, efSodCodec, messageDigestOid, signingTimeOid } from './ef-sod.ts'
import {
  decodeLdsSecurityObject,
  encodeLdsSecurityObject,
  type LdsSecurityObjectInput,
  ldsSecurityObjectOid,
} from './lds-security-object.ts'

/** What {@link encodeSod} needs. */
export interface SodInput {
  readonly ldsSecurityObject: LdsSecurityObjectInput
  readonly signer: {
    /** Document signer certificate, X.509 in DER; it is embedded. */
    readonly certificateDer: Uint8Array
    /** How `sign` signs. */
    readonly signatureAlgorithm: SignatureScheme
  }
  /** Signs the DER of the signed attributes: hashing is part of it; ECDSA gives the DER of (r, s). */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>
  /** Digest of a byte string; called with the hash of the signature scheme. */
  readonly digest: (hash: HashName, bytes: Uint8Array) => Uint8Array
  /** Signed as signing-time attribute when given. */
  readonly signingTime?: Date
}

/**
 * Builds and signs EF.SOD: SignedData version 3, one SignerInfo by issuer and serial number, signed attributes content-type, message-digest and, when given,
 * signing-time, the document signer's certificate inside (Doc 9303-10, 8th ed., 4.6.2.2; RFC 5652, 5). Throws InputError, DecodeError for a certificate that
 * is none, and whatever `sign` throws.
 */
export async function encodeSod(input: SodInput): Promise<Uint8Array> {
  const certificate = decodeCertificate(input.signer.certificateDer)
  const scheme = input.signer.signatureAlgorithm
  const content = encodeLdsSecurityObject(input.ldsSecurityObject)
  const signedAttributes = encodeSetOf(
    attribute(contentTypeOid, encodeOid(ldsSecurityObjectOid)),
    attribute(messageDigestOid, encodeOctets(input.digest(scheme.hash, content))),
    ...(input.signingTime === undefined ? [] : [attribute(signingTimeOid, encodeTime(input.signingTime))]),
  )
  const signature = await input.sign(signedAttributes.slice())
  if (signature.length === 0) throw new InputError('sign', 'gave an empty signature')
  const digestAlgorithm = algorithm(encodeHashAlgorithm(scheme.hash))
  return efSodCodec.encode({
    raw: new Uint8Array(0),
    version: 3,
    digestAlgorithms: [digestAlgorithm],
    contentType: ldsSecurityObjectOid,
    content,
    ldsSecurityObject: decodeLdsSecurityObject(content),
    certificates: [certificate.raw],
    crls: [],
    signers: [
      {
        version: 1,
        signerId: { kind: 'issuer-and-serial', issuer: certificate.issuer, serialNumber: certificate.serialNumber },
        digestAlgorithm,
        digest: scheme.hash,
        signedAttributes,
        attributes: [],
        contentType: undefined,
        messageDigest: undefined,
        signingTime: undefined,
        signatureAlgorithm: algorithm(encodeSignatureAlgorithm(scheme)),
        signatureScheme: scheme,
        signature,
        unsignedAttributes: undefined,
      },
    ],
  })
}

function attribute(oid: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(oid), encodeSetOf(value))
}

function algorithm(der: Uint8Array): AlgorithmIdentifier {
  return readAlgorithm(decodeDer(der, 'AlgorithmIdentifier'), 'AlgorithmIdentifier')
}
