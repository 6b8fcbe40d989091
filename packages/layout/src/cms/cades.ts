import { InputError } from '@kart/codec'
import type { HashName, SignatureScheme } from '../asn1/algorithm.ts'
import { encodeOctets, encodeOid, encodeSetOf, encodeTime, sortSetOf } from '../asn1/der-encode.ts'
import { decodeCertificate } from '../pki/certificate.ts'
import { attribute, buildSigner } from './build-signer.ts'
import { contentTypeOid, encodeSignedData, messageDigestOid, signingTimeOid } from './signed-data.ts'
import { encodeSigningCertificateV2, signingCertificateV2Oid } from './signing-certificate.ts'

/** Content type of a plain file (RFC 5652, 4). */
export const dataOid = '1.2.840.113549.1.7.1'

/** What a CAdES baseline B-B signature is made from. */
export interface CadesSigning {
  /** Digest of the file with {@link SignatureScheme.hash}. */
  readonly messageDigest: Uint8Array
  /** The signer's certificate, X.509 in DER; it goes into the signature. */
  readonly certificate: Uint8Array
  /** Certificates above it that go in too, in DER. */
  readonly chain?: readonly Uint8Array[]
  /** How {@link CadesSigning.sign} signs; its hash is also that of the file and of the certificate reference. */
  readonly scheme: SignatureScheme
  /** When the signer says that it was signed; whole seconds are kept. */
  readonly signingTime: Date
  /** Digest of bytes, with the hash of the scheme. */
  readonly digest: (hash: HashName, bytes: Uint8Array) => Uint8Array
  /** Signs the digest of `bytes`: ECDSA gives the DER of (r, s), RSA a block as long as the modulus. Called once. */
  readonly sign: (digest: Uint8Array, bytes: Uint8Array) => Promise<Uint8Array>
}

/**
 * Makes a detached CMS SignedData of the CAdES baseline level B-B (ETSI EN 319 122-1 v1.3.1, 6.3): one signer, signed attributes content-type (id-data),
 * message-digest, signing-time and signing-certificate-v2 (RFC 5652, 5.3 and 11; RFC 5035, 3), the certificates inside. Version 1, as the content is id-data
 * and the signer named by issuer and serial number (RFC 5652, 5.1). Gives DER. Throws InputError, DecodeError for a certificate that is none, and what `sign` throws.
 */
export async function signCades(signing: CadesSigning): Promise<Uint8Array> {
  const { scheme, messageDigest } = signing
  if (scheme.hash === 'md5' || scheme.hash === 'sha1') throw new InputError('scheme', 'MD5 and SHA-1 sign nothing here')
  const certificate = decodeCertificate(signing.certificate)
  const signedAttributes = encodeSetOf(
    attribute(contentTypeOid, encodeOid(dataOid)),
    attribute(signingTimeOid, encodeTime(signing.signingTime)),
    attribute(messageDigestOid, encodeOctets(messageDigest)),
    attribute(signingCertificateV2Oid, encodeSigningCertificateV2(scheme.hash, signing.digest(scheme.hash, certificate.raw))),
  )
  const signature = await signing.sign(signing.digest(scheme.hash, signedAttributes), signedAttributes.slice())
  const { digestAlgorithm, signer } = buildSigner(certificate, scheme, signedAttributes, signature)
  const certificates = sortSetOf([certificate.raw, ...(signing.chain ?? [])])
  return encodeSignedData({
    ...{ version: 1, digestAlgorithms: [digestAlgorithm], contentType: dataOid, content: undefined },
    ...{ certificates, crls: [], signers: [signer] },
  })
}
