import { InputError } from '@kart/codec'
import {
  type AlgorithmIdentifier,
  encodeHashAlgorithm,
  encodeSignatureAlgorithm,
  readAlgorithm,
  type SignatureScheme,
} from '../asn1/algorithm.ts'
import { decodeDer } from '../asn1/der.ts'
import { encodeOid, encodeSequence, encodeSetOf } from '../asn1/der-encode.ts'
import type { Certificate } from '../pki/certificate.ts'
import type { SignerInfo } from './signed-data.ts'

/** One attribute with one value (RFC 5652, 5.3), DER. */
export const attribute = (oid: string, value: Uint8Array): Uint8Array => encodeSequence(encodeOid(oid), encodeSetOf(value))

const algorithm = (der: Uint8Array): AlgorithmIdentifier => readAlgorithm(decodeDer(der, 'AlgorithmIdentifier'), 'AlgorithmIdentifier')

/**
 * The SignerInfo of a signature over signed attributes (their SET OF, DER), the signer named by issuer and serial number: version 1 (RFC 5652, 5.3); and the digest
 * algorithm that SignedData repeats. Throws InputError for an empty signature.
 */
export function buildSigner(
  certificate: Certificate,
  scheme: SignatureScheme,
  signedAttributes: Uint8Array,
  signature: Uint8Array,
): { readonly digestAlgorithm: AlgorithmIdentifier; readonly signer: SignerInfo } {
  if (signature.length === 0) throw new InputError('sign', 'gave an empty signature')
  const digestAlgorithm = algorithm(encodeHashAlgorithm(scheme.hash))
  const signer: SignerInfo = {
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
  }
  return { digestAlgorithm, signer }
}
