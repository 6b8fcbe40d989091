import type { HashName, SignatureScheme } from '../asn1/algorithm.ts'
import { encodeOctets, encodeOid, encodeSetOf, encodeTime } from '../asn1/der-encode.ts'
import { decodeCertificate } from '../pki/certificate.ts'
import { attribute, buildSigner } from './build-signer.ts'
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
  const { digestAlgorithm, signer } = buildSigner(certificate, scheme, signedAttributes, signature)
  return {
    version: 3,
    digestAlgorithms: [digestAlgorithm],
    contentType,
    content,
    certificates: [certificate.raw],
    crls: [],
    signers: [signer],
  }
}
