import { DecodeError } from '@kart/codec'
import { encodeHashAlgorithm, type HashName, hashOfOid, readAlgorithm } from '../asn1/algorithm.ts'
import { DerFields, decodeDer, derIntegerBytes, derOctets, derSequence, derTag } from '../asn1/der.ts'
import { encodeOctets, encodeSequence } from '../asn1/der-encode.ts'
import { type DistinguishedName, readName } from '../pki/distinguished-name.ts'

/** Attribute types of the signing certificate (RFC 5035, 3 and 4): the newer names its hash, the older has SHA-1. */
export const signingCertificateV2Oid = '1.2.840.113549.1.9.16.2.47'
export const signingCertificateOid = '1.2.840.113549.1.9.16.2.12'

/** One certificate that a signing-certificate attribute names (RFC 5035, 3 and 4). */
export interface CertificateReference {
  /** Digest of the whole certificate; undefined = one that we do not know. */
  readonly hash: HashName | undefined
  readonly certificateHash: Uint8Array
  /** Issuer and serial number where the reference has them with a directory name. */
  readonly issuer: DistinguishedName | undefined
  readonly serialNumber: Uint8Array | undefined
}

const what = 'signing-certificate attribute'

/**
 * The value of a signing-certificate-v2 attribute that names one certificate by its digest (RFC 5035, 3; ETSI EN 319 122-1 v1.3.1, 5.2.2.3). issuerSerial, which
 * may be left out, is; and so is SHA-256, the default, as DER asks.
 */
export function encodeSigningCertificateV2(hash: HashName, certificateHash: Uint8Array): Uint8Array {
  const reference = encodeSequence(...(hash === 'sha256' ? [] : [encodeHashAlgorithm(hash)]), encodeOctets(certificateHash))
  return encodeSequence(encodeSequence(reference))
}

/** Reads the value of a signing-certificate-v2 attribute, or of the older one with SHA-1. Throws DecodeError. */
export function decodeSigningCertificate(value: Uint8Array, version: 1 | 2): readonly CertificateReference[] {
  const [certificates] = derSequence(decodeDer(value, what), what, 1, 2)
  return derSequence(certificates, what, 1, 16).map((node) => {
    const fields = new DerFields(derSequence(node, what, 1, 3), what)
    const peek = node.children[0]
    const algorithm = version === 2 && peek?.tag === derTag.sequence ? readAlgorithm(fields.any('hashAlgorithm'), what) : undefined
    const certificateHash = derOctets(fields.any('certHash'), what)
    const issuerSerial = fields.optional(derTag.sequence)
    fields.end()
    const hash = version === 1 ? 'sha1' : algorithm === undefined ? 'sha256' : hashOfOid(algorithm.oid)
    if (issuerSerial === undefined) return { hash, certificateHash, issuer: undefined, serialNumber: undefined }
    const [names, serial] = derSequence(issuerSerial, what, 2, 2)
    // GeneralName, directoryName: an explicit tag, as Name is a CHOICE.
    const directory = derSequence(names, what, 1, 8).find(({ tag }) => tag === 0xa4)?.children[0]
    if (serial === undefined) throw new DecodeError(what, 'an issuer without a serial number')
    return { hash, certificateHash, issuer: directory && readName(directory), serialNumber: derIntegerBytes(serial, what).slice() }
  })
}
