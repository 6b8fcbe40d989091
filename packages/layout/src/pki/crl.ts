import { DecodeError, equalBytes, LimitError } from '@kart/codec'
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
import { readExtensions } from './extensions.ts'

/** One certificate that is no longer to be trusted. */
export interface RevokedCertificate {
  /** Contents of the serialNumber INTEGER, big-endian. */
  readonly serialNumber: Uint8Array
  readonly revokedAt: Date
}

/** A certificate revocation list (RFC 5280, 5.1; profile: Doc 9303-12, 8th ed., 7.1.4), with the bytes that were signed. */
export interface CertificateRevocationList {
  /** The list in DER, as it came. */
  readonly raw: Uint8Array
  /** tbsCertList in DER, as it came: what the issuer signed. */
  readonly tbs: Uint8Array
  readonly issuer: DistinguishedName
  readonly thisUpdate: Date
  /** When a newer list is there at the latest; undefined = the issuer does not say. */
  readonly nextUpdate: Date | undefined
  readonly revoked: readonly RevokedCertificate[]
  readonly signatureAlgorithm: AlgorithmIdentifier
  /** What the algorithm means; undefined when we do not know it. */
  readonly signatureScheme: SignatureScheme | undefined
  readonly signature: Uint8Array
  /** Critical extensions, of the list or of an entry, whose meaning we do not know: the list must not be used to judge then (RFC 5280, 5.2). */
  readonly unknownCritical: readonly string[]
}

const what = 'revocation list'
/** Longest list that is read, and most entries (house rule). */
const maxLength = 1024 * 1024
const maxEntries = 16_384

/**
 * Reads one certificate revocation list in DER that fills `der`. Nothing is verified: signature and times are for the caller to judge. Throws DecodeError or LimitError.
 */
export function decodeRevocationList(der: Uint8Array): CertificateRevocationList {
  if (der.length > maxLength) throw new LimitError(what, maxLength)
  const node = decodeDer(der, what, 8 * maxEntries)
  const [tbs, outerAlgorithm, signature] = derSequence(node, what, 3, 3)
  const signatureAlgorithm = readAlgorithm(outerAlgorithm, `${what}, signatureAlgorithm`)
  const fields = new DerFields(derSequence(tbs, 'tbsCertList'), 'tbsCertList')
  const version = fields.optional(derTag.integer)
  if (version !== undefined && derSmallInteger(version, `${what}, version`) !== 1) throw new DecodeError(what, 'a version other than 2')
  if (!equalBytes(fields.required(derTag.sequence, 'signature').raw, signatureAlgorithm.raw))
    throw new DecodeError(what, 'the signature algorithms inside and outside the signed part differ')
  const issuer = readName(fields.any('issuer'))
  const thisUpdate = derTime(fields.any('thisUpdate'), `${what}, thisUpdate`)
  const next = fields.optional(derTag.utcTime) ?? fields.optional(derTag.generalizedTime)
  const list = fields.optional(derTag.sequence)
  const extensions = fields.optional(0xa0)
  fields.end()
  const unknown: string[] = []
  const revoked = (list === undefined ? [] : derSequence(list, what, 1, maxEntries)).map((entry): RevokedCertificate => {
    const inner = new DerFields(derSequence(entry, what, 2, 3), what)
    const serialNumber = derIntegerBytes(inner.required(derTag.integer, 'serialNumber'), `${what}, serial number`).slice()
    const revokedAt = derTime(inner.any('revocationDate'), `${what}, revocation date`)
    const own = inner.optional(derTag.sequence)
    inner.end()
    if (own !== undefined) unknown.push(...criticalIn(readExtensions(own)))
    return { serialNumber, revokedAt }
  })
  if (extensions !== undefined) unknown.push(...criticalIn(readExtensions(derExplicit(extensions, 0xa0, `${what}, extensions`))))
  const bits = derBitString(signature, `${what}, signature`)
  if (bits.unused !== 0) throw new DecodeError(`${what}, signature`, 'not whole bytes')
  return {
    raw: node.raw.slice(),
    tbs: tbs!.raw.slice(),
    issuer,
    thisUpdate,
    nextUpdate: next && derTime(next, `${what}, nextUpdate`),
    revoked,
    signatureAlgorithm,
    signatureScheme: signatureSchemeOf(signatureAlgorithm),
    signature: bits.bytes,
    unknownCritical: [...new Set(unknown)],
  }
}

/** A critical extension changes what the list means (a delta, a scope, another issuer of an entry): none is known here. */
function criticalIn(extensions: ReturnType<typeof readExtensions>): string[] {
  return extensions.filter(({ critical }) => critical).map(({ oid }) => oid)
}
