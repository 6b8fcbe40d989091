import { DecodeError, equalBytes } from '@kart/codec'
import { type AlgorithmIdentifier, readAlgorithm, type SignatureScheme, signatureSchemeOf } from '../asn1/algorithm.ts'
import {
  DerFields,
  decodeDer,
  derBitString,
  derExplicit,
  derIntegerBytes,
  derSequence,
  derSmallInteger,
  derTag,
  derTime,
} from '../asn1/der.ts'
import { type DistinguishedName, readName } from './distinguished-name.ts'
import { type CertificateExtension, type KnownExtensions, knownExtensions, readExtensions } from './extensions.ts'

/** An X.509 certificate (RFC 5280, 4.1; profile: Doc 9303-12, 8th ed., 7.1), with the bytes that signatures and names are compared over. */
export interface Certificate extends KnownExtensions {
  /** The certificate in DER, as it came. */
  readonly raw: Uint8Array
  /** tbsCertificate in DER, as it came: what the issuer signed. */
  readonly tbs: Uint8Array
  readonly version: 1 | 2 | 3
  /** Contents of the serialNumber INTEGER, big-endian. */
  readonly serialNumber: Uint8Array
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  readonly notBefore: Date
  readonly notAfter: Date
  /** subjectPublicKeyInfo in DER, as it came. */
  readonly spki: Uint8Array
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** What the algorithm means; undefined when we do not know it. */
  readonly signatureScheme: SignatureScheme | undefined
  /** Contents of signatureValue. */
  readonly signature: Uint8Array
  readonly extensions: readonly CertificateExtension[]
}

const what = 'certificate'
const maxLength = 16_384

/**
 * Reads one X.509 certificate in DER that fills `der` (at most 16384 bytes). Nothing is verified: the signature, times and uses are for the caller to judge.
 * Throws DecodeError or LimitError.
 */
export function decodeCertificate(der: Uint8Array): Certificate {
  if (der.length > maxLength) throw new DecodeError(what, `${der.length} bytes where at most ${maxLength} are read`)
  const node = decodeDer(der, what)
  const [tbs, outerAlgorithm, signature] = derSequence(node, what, 3, 3)
  const signatureAlgorithm = readAlgorithm(outerAlgorithm, 'certificate, signatureAlgorithm')

  const fields = new DerFields(derSequence(tbs, 'tbsCertificate'), 'tbsCertificate')
  const versionField = fields.optional(0xa0)
  const version =
    versionField === undefined ? 0 : derSmallInteger(derExplicit(versionField, 0xa0, 'certificate version'), 'certificate version')
  if (version > 2) throw new DecodeError('certificate version', `${version} is none`)
  const serialNumber = derIntegerBytes(fields.any('serialNumber'), 'certificate serial number').slice()
  // RFC 5280, 4.1.1.2: the identifier inside the signed part must be the one outside, or an attacker could choose the algorithm.
  if (!equalBytes(fields.required(derTag.sequence, 'signature').raw, signatureAlgorithm.raw))
    throw new DecodeError(what, 'the signature algorithms inside and outside the signed part differ')
  const issuer = readName(fields.any('issuer'))
  const [notBefore, notAfter] = derSequence(fields.any('validity'), 'certificate validity', 2, 2)
  const subject = readName(fields.any('subject'))
  const spki = fields.required(derTag.sequence, 'subjectPublicKeyInfo')
  fields.optional(0x81) // issuerUniqueID, subjectUniqueID: not used by any profile we read
  fields.optional(0x82)
  const extensionsField = fields.optional(0xa3)
  fields.end()
  if (extensionsField !== undefined && version !== 2) throw new DecodeError(what, 'extensions in a certificate that is not version 3')
  const extensions = extensionsField === undefined ? [] : readExtensions(derExplicit(extensionsField, 0xa3, 'certificate extensions'))
  const signatureBits = derBitString(signature, 'certificate signature')
  if (signatureBits.unused !== 0) throw new DecodeError('certificate signature', 'not whole bytes')

  return {
    raw: node.raw.slice(),
    tbs: tbs!.raw.slice(),
    version: (version + 1) as 1 | 2 | 3,
    serialNumber,
    issuer,
    subject,
    notBefore: derTime(notBefore!, 'certificate notBefore'),
    notAfter: derTime(notAfter!, 'certificate notAfter'),
    spki: spki.raw.slice(),
    signatureAlgorithm,
    signatureScheme: signatureSchemeOf(signatureAlgorithm),
    signature: signatureBits.bytes,
    extensions,
    ...knownExtensions(extensions),
  }
}
