import { DecodeError } from '@kart/codec'
import {
  DerFields,
  type DerNode,
  decodeDer,
  derBitString,
  derBoolean,
  derOctets,
  derOid,
  derSequence,
  derSet,
  derSmallInteger,
  derTag,
  derText,
  derTime,
} from '../asn1/der.ts'

/** Bits of keyUsage by their position (RFC 5280, 4.2.1.3). */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

export type KeyUsage = (typeof keyUsageNames)[number]

/** One extension as it came. */
export interface CertificateExtension {
  readonly oid: string
  readonly critical: boolean
  /** Contents of extnValue. */
  readonly value: Uint8Array
}

/** What the extensions we know say; a field is undefined when its extension is absent. */
export interface KnownExtensions {
  readonly keyUsage: readonly KeyUsage[] | undefined
  /** Dotted key purposes. */
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined
  readonly subjectKeyId: Uint8Array | undefined
  /** keyIdentifier of the authority key identifier. */
  readonly authorityKeyId: Uint8Array | undefined
  readonly privateKeyUsagePeriod: { readonly notBefore: Date | undefined; readonly notAfter: Date | undefined } | undefined
  /** Document codes that a document signer may sign for, one or two letters; a single letter stands for every code that begins with it (Doc 9303-12, 8th ed., 7.1.1.6). */
  readonly documentTypes: readonly string[] | undefined
  /** Dotted identifiers of critical extensions whose meaning we do not know: a verifier must refuse the certificate (RFC 5280, 4.2). */
  readonly unknownCritical: readonly string[]
}

const oids = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  privateKeyUsagePeriod: '2.5.29.16',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  documentTypeList: '2.23.136.1.1.6.2',
} as const

/** Reads Extensions (RFC 5280, 4.2); throws DecodeError, also when one extension stands there twice. */
export function readExtensions(node: DerNode): CertificateExtension[] {
  const what = 'certificate extensions'
  const extensions = derSequence(node, what, 1, 64).map((entry): CertificateExtension => {
    const fields = new DerFields(derSequence(entry, what, 2, 3), what)
    const oid = derOid(fields.any('extnID'), what)
    const flag = fields.optional(derTag.boolean)
    const value = derOctets(fields.any('extnValue'), what)
    fields.end()
    return { oid, critical: flag === undefined ? false : derBoolean(flag, what), value }
  })
  if (new Set(extensions.map((extension) => extension.oid)).size !== extensions.length)
    throw new DecodeError(what, 'an extension that stands there twice')
  return extensions
}

/** Takes the known extensions apart; throws DecodeError for a known one that is malformed. */
export function knownExtensions(extensions: readonly CertificateExtension[]): KnownExtensions {
  const read = <T>(oid: string, what: string, parse: (node: DerNode, what: string) => T): T | undefined => {
    const found = extensions.find((extension) => extension.oid === oid)
    return found === undefined ? undefined : parse(decodeDer(found.value, what), what)
  }
  const known: readonly string[] = Object.values(oids)
  return {
    keyUsage: read(oids.keyUsage, 'keyUsage', readKeyUsage),
    extendedKeyUsage: read(oids.extendedKeyUsage, 'extKeyUsage', (node, what) =>
      derSequence(node, what, 1, 32).map((one) => derOid(one, what)),
    ),
    basicConstraints: read(oids.basicConstraints, 'basicConstraints', readBasicConstraints),
    subjectKeyId: read(oids.subjectKeyId, 'subjectKeyIdentifier', derOctets),
    authorityKeyId: read(oids.authorityKeyId, 'authorityKeyIdentifier', (node, what) =>
      derSequence(node, what)
        .find((field) => field.tag === 0x80)
        ?.content.slice(),
    ),
    privateKeyUsagePeriod: read(oids.privateKeyUsagePeriod, 'privateKeyUsagePeriod', readUsagePeriod),
    documentTypes: read(oids.documentTypeList, 'documentTypeList', readDocumentTypes),
    unknownCritical: extensions
      .filter((extension) => extension.critical && !known.includes(extension.oid))
      .map((extension) => extension.oid),
  }
}

function readKeyUsage(node: DerNode, what: string): KeyUsage[] {
  const { bytes } = derBitString(node, what)
  if (bytes.length === 0 || bytes.length > 2) throw new DecodeError(what, `${bytes.length} bytes of bits`)
  const set = keyUsageNames.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
  if (set.length === 0) throw new DecodeError(what, 'no bit is set')
  return set
}

function readBasicConstraints(node: DerNode, what: string): { ca: boolean; pathLength: number | undefined } {
  const fields = new DerFields(derSequence(node, what, 0, 2), what)
  const ca = fields.optional(derTag.boolean)
  const pathLength = fields.optional(derTag.integer)
  fields.end()
  return {
    ca: ca === undefined ? false : derBoolean(ca, what),
    pathLength: pathLength === undefined ? undefined : derSmallInteger(pathLength, what),
  }
}

function readDocumentTypes(node: DerNode, what: string): string[] {
  const fields = new DerFields(derSequence(node, what, 2, 2), what)
  const version = derSmallInteger(fields.required(derTag.integer, 'version'), what)
  if (version !== 0) throw new DecodeError(what, `version ${version} where 0 is expected`)
  const types = derSet(fields.required(derTag.set, 'docTypeList'), what, 1, 64).map((one) => {
    const type = one.tag === derTag.printableString ? derText(one, what) : undefined
    if (type === undefined || !/^[A-Z]{1,2}$/.test(type)) throw new DecodeError(what, 'a document type that is not one or two letters')
    return type
  })
  fields.end()
  return types
}

function readUsagePeriod(node: DerNode, what: string): { notBefore: Date | undefined; notAfter: Date | undefined } {
  const fields = new DerFields(derSequence(node, what, 1, 2), what)
  const time = (field: DerNode | undefined) =>
    field === undefined
      ? undefined
      : // [0] and [1] are IMPLICIT GeneralizedTime: the same contents under another tag.
        derTime({ ...field, tag: derTag.generalizedTime, raw: Uint8Array.of(derTag.generalizedTime, ...field.raw.subarray(1)) }, what)
  const notBefore = time(fields.optional(0x80))
  const notAfter = time(fields.optional(0x81))
  fields.end()
  return { notBefore, notAfter }
}

/**
 * Whether a document type list covers a document code (two MRZ characters, `I<`): no list covers every code, and a single letter every code that begins with it
 * (Doc 9303-12, 8th ed., 7.1.1.6).
 */
export function coversDocumentCode(documentTypes: readonly string[] | undefined, documentCode: string): boolean {
  const code = documentCode.replace(/<+$/, '')
  return documentTypes === undefined || documentTypes.some((type) => type === code || (type.length === 1 && code.startsWith(type)))
}
