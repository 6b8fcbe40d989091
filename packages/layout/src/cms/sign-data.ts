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
import { contentTypeOid, messageDigestOid, type SignedData, signingTimeOid } from './signed-data.ts'

/** Who signs, and with what. */
export interface DataSigning {
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
 * Signs content as SignedData version 3: one SignerInfo by issuer and serial number, signed attributes content-type, message-digest and, when given,
 * signing-time, the signer's certificate inside (RFC 5652, 5; profile: Doc 9303-10, 8th ed., 4.6.2.2). Throws InputError, DecodeError for a certificate that is
 * none, and whatever `sign` throws.
 */
export async function signData(contentType: string, content: Uint8Array, signing: DataSigning): Promise<SignedData> {
  const certificate = decodeCertificate(signing.signer.certificateDer)
  const scheme = signing.signer.signatureAlgorithm
  const signedAttributes = encodeSetOf(
    attribute(contentTypeOid, encodeOid(contentType)),
    attribute(messageDigestOid, encodeOctets(signing.digest(scheme.hash, content))),
    ...(signing.signingTime === undefined ? [] : [attribute(signingTimeOid, encodeTime(signing.signingTime))]),
  )
  const signature = await signing.sign(signedAttributes.slice())
  if (signature.length === 0) throw new InputError('sign', 'gave an empty signature')
  const digestAlgorithm = algorithm(encodeHashAlgorithm(scheme.hash))
  return {
    version: 3,
    digestAlgorithms: [digestAlgorithm],
    contentType,
    content,
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
  }
}

function attribute(oid: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(oid), encodeSetOf(value))
}

function algorithm(der: Uint8Array): AlgorithmIdentifier {
  return readAlgorithm(decodeDer(der, 'AlgorithmIdentifier'), 'AlgorithmIdentifier')
}
