import { type Codec, DecodeError, decodeTlvList, encodeTlv, InputError } from '@kart/codec'
import { type DerNode, decodeDer, derOid, derSequence, derSet, derSmallInteger } from '../asn1/der.ts'
import { encodeInteger, encodeOid, encodeSequence, encodeSetOf } from '../asn1/der-encode.ts'

/** One SecurityInfo (Doc 9303-11, 8th ed., 9.2): what we act on is opened, everything else keeps its bytes. */
export type SecurityInfo = ActiveAuthenticationInfo | OtherSecurityInfo

/** Which signature the card's active-authentication key makes (Doc 9303-11, 8th ed., 6.1.3; for ECDSA keys only). */
export interface ActiveAuthenticationInfo {
  readonly kind: 'active-authentication'
  /** {@link activeAuthenticationOid}. */
  readonly oid: string
  /** 1. */
  readonly version: number
  /** OID of the signature algorithm (`0.4.0.127.0.7.1.1.4.1.3` = ecdsa-plain-SHA256). */
  readonly signatureAlgorithm: string
  /** The SecurityInfo's own DER; undefined in one made by hand. */
  readonly raw?: Uint8Array
}

/** A SecurityInfo of a protocol that is not opened here. */
export interface OtherSecurityInfo {
  readonly kind: 'other'
  readonly oid: string
  /** The SecurityInfo's own DER. */
  readonly raw: Uint8Array
}

/** id-AA of ICAO (Doc 9303-11, 8th ed., 9.2.5). */
export const activeAuthenticationOid = '2.23.136.1.1.5'

/** ecdsa-plain-SHA signatures (BSI TR-03111, 2.1, 5.2.1.1). */
export const ecdsaPlainOids = {
  sha224: '0.4.0.127.0.7.1.1.4.1.2',
  sha256: '0.4.0.127.0.7.1.1.4.1.3',
  sha384: '0.4.0.127.0.7.1.1.4.1.4',
  sha512: '0.4.0.127.0.7.1.1.4.1.5',
} as const

/** EF.DG14: the card's SecurityInfos, in the order in which they stand. */
export interface Dg14 {
  readonly securityInfos: readonly SecurityInfo[]
}

/** Most SecurityInfos in one set (house rule). */
const maxInfos = 64

/** The ActiveAuthenticationInfo for a signature algorithm OID. */
export function activeAuthenticationInfo(signatureAlgorithm: string): ActiveAuthenticationInfo {
  return { kind: 'active-authentication', oid: activeAuthenticationOid, version: 1, signatureAlgorithm }
}

function decodeInfo(node: DerNode): SecurityInfo {
  const items = derSequence(node, 'SecurityInfo', 2, 3)
  const oid = derOid(items[0], 'SecurityInfo protocol')
  const raw = node.raw.slice()
  if (oid !== activeAuthenticationOid) return { kind: 'other', oid, raw }
  const version = derSmallInteger(items[1], 'ActiveAuthenticationInfo version')
  if (version !== 1) throw new DecodeError('ActiveAuthenticationInfo', `version ${version} where 1 is expected`)
  return {
    kind: 'active-authentication',
    oid,
    version,
    signatureAlgorithm: derOid(items[2], 'ActiveAuthenticationInfo signature algorithm'),
    raw,
  }
}

/** Decodes SecurityInfos ::= SET OF SecurityInfo (Doc 9303-11, 8th ed., 9.2), as DG14, EF.CardAccess and EF.CardSecurity hold them; any order is accepted. Throws DecodeError or LimitError. */
export function decodeSecurityInfos(bytes: Uint8Array): readonly SecurityInfo[] {
  return derSet(decodeDer(bytes, 'SecurityInfos'), 'SecurityInfos', 0, maxInfos).map(decodeInfo)
}

function encodeInfo(info: SecurityInfo): Uint8Array {
  if (info.kind === 'other') return info.raw
  if (info.raw !== undefined) return info.raw
  return encodeSequence(encodeOid(info.oid), encodeInteger(info.version), encodeOid(info.signatureAlgorithm))
}

/** Codes SecurityInfos in DER: the set in its canonical order. Throws InputError. */
export function encodeSecurityInfos(infos: readonly SecurityInfo[]): Uint8Array {
  if (infos.length > maxInfos) throw new InputError('securityInfos', `${infos.length}; at most ${maxInfos} fit`)
  return encodeSetOf(...infos.map(encodeInfo))
}

/** EF.DG14 (Doc 9303-10, 8th ed., 4.7.14): 6E { SecurityInfos }. Decoding throws DecodeError, encoding InputError. */
export const dg14Codec: Codec<Dg14> = {
  encode: (value) => encodeTlv(0x6e, encodeSecurityInfos(value.securityInfos)),
  decode(bytes) {
    const [outer, ...beside] = decodeTlvList(bytes, { constructed: false })
    if (outer?.tag !== 0x6e || beside.length > 0) throw new DecodeError('EF.DG14', 'exactly one data object 6E is expected')
    return { securityInfos: decodeSecurityInfos(outer.value) }
  },
}
