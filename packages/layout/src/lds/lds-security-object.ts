import { DecodeError, encodeAscii, encodeTlv, InputError } from '@kart/codec'
import { type AlgorithmIdentifier, encodeHashAlgorithm, type HashName, hashLength, hashOfOid, readAlgorithm } from '../asn1/algorithm.ts'
import { DerFields, decodeDer, derOctets, derSequence, derSmallInteger, derTag, derText } from '../asn1/der.ts'
import { encodeInteger, encodeOctets, encodeSequence } from '../asn1/der-encode.ts'

/** id-icao-mrtd-security-ldsSecurityObject. */
export const ldsSecurityObjectOid = '2.23.136.1.1.1'

/** Digest of one data group. */
export interface DataGroupHash {
  /** 1..16. */
  readonly dataGroup: number
  readonly hash: Uint8Array
}

/** LDSSecurityObject (Doc 9303-10, 8th ed., 4.6.2.3). */
export interface LdsSecurityObject {
  /** 0, or 1 when version information is there. */
  readonly version: 0 | 1
  readonly hashAlgorithm: AlgorithmIdentifier
  /** The digest; undefined when we do not know the algorithm. */
  readonly hash: HashName | undefined
  /** In the order of the file; no data group twice. */
  readonly dataGroupHashes: readonly DataGroupHash[]
  readonly ldsVersionInfo: { readonly ldsVersion: string; readonly unicodeVersion: string } | undefined
}

/** What {@link encodeLdsSecurityObject} needs; with version information it becomes version 1. */
export interface LdsSecurityObjectInput {
  readonly hash: HashName
  readonly dataGroupHashes: readonly DataGroupHash[]
  readonly ldsVersionInfo?: { readonly ldsVersion: string; readonly unicodeVersion: string }
}

const what = 'LDS security object'

/** Reads an LDSSecurityObject; throws DecodeError or LimitError. */
export function decodeLdsSecurityObject(bytes: Uint8Array): LdsSecurityObject {
  const fields = new DerFields(derSequence(decodeDer(bytes, what), what, 3, 4), what)
  const version = derSmallInteger(fields.any('version'), what)
  if (version !== 0 && version !== 1) throw new DecodeError(what, `version ${version} is none`)
  const hashAlgorithm = readAlgorithm(fields.any('hashAlgorithm'), what)
  const hash = hashOfOid(hashAlgorithm.oid)
  const dataGroupHashes = derSequence(fields.any('dataGroupHashValues'), what, 1, 16).map((entry): DataGroupHash => {
    const [number, value] = derSequence(entry, what, 2, 2)
    const dataGroup = derSmallInteger(number, what)
    if (dataGroup < 1 || dataGroup > 16) throw new DecodeError(what, `data group ${dataGroup} is none`)
    const digest = derOctets(value, what)
    if (hash !== undefined && digest.length !== hashLength(hash))
      throw new DecodeError(what, `a digest of ${digest.length} bytes`, { offset: entry.offset })
    return { dataGroup, hash: digest }
  })
  if (new Set(dataGroupHashes.map((one) => one.dataGroup)).size !== dataGroupHashes.length)
    throw new DecodeError(what, 'a data group that is listed twice')
  const info = fields.optional(derTag.sequence)
  fields.end()
  if ((info !== undefined) !== (version === 1)) throw new DecodeError(what, 'version and version information do not go together')
  let ldsVersionInfo: { ldsVersion: string; unicodeVersion: string } | undefined
  if (info !== undefined) {
    const [lds, unicode] = derSequence(info, what, 2, 2)
    const ldsVersion = derText(lds!, what)
    const unicodeVersion = derText(unicode!, what)
    if (ldsVersion === undefined || unicodeVersion === undefined) throw new DecodeError(what, 'version information that is not text')
    ldsVersionInfo = { ldsVersion, unicodeVersion }
  }
  return { version, hashAlgorithm, hash, dataGroupHashes, ldsVersionInfo }
}

/** Codes an LDSSecurityObject, data groups in ascending order; throws InputError. */
export function encodeLdsSecurityObject(value: LdsSecurityObjectInput): Uint8Array {
  const sorted = [...value.dataGroupHashes].sort((a, b) => a.dataGroup - b.dataGroup)
  if (sorted.length < 1 || sorted.length > 16) throw new InputError('dataGroupHashes', 'not 1..16 data groups')
  sorted.forEach((one, i) => {
    if (!Number.isInteger(one.dataGroup) || one.dataGroup < 1 || one.dataGroup > 16)
      throw new InputError('dataGroupHashes', 'a data group outside 1..16')
    if (one.dataGroup === sorted[i - 1]?.dataGroup) throw new InputError('dataGroupHashes', 'a data group that is listed twice')
    if (one.hash.length !== hashLength(value.hash)) throw new InputError('dataGroupHashes', `a digest of ${one.hash.length} bytes`)
  })
  const info = value.ldsVersionInfo
  return encodeSequence(
    encodeInteger(info === undefined ? 0 : 1),
    encodeHashAlgorithm(value.hash),
    encodeSequence(...sorted.map((one) => encodeSequence(encodeInteger(one.dataGroup), encodeOctets(one.hash)))),
    ...(info === undefined ? [] : [encodeSequence(encodePrintable(info.ldsVersion), encodePrintable(info.unicodeVersion))]),
  )
}

function encodePrintable(text: string): Uint8Array {
  return encodeTlv(derTag.printableString, encodeAscii(text))
}
