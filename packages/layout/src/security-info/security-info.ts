import { DecodeError, InputError } from '@kart/codec'
import { type DerNode, decodeDer, derOctets, derOid, derSequence, derSmallInteger, derTag } from '../asn1/der.ts'
import { encodeInteger, encodeOctets, encodeOid, encodeSequence } from '../asn1/der-encode.ts'
import type { ActiveAuthenticationInfo, OtherSecurityInfo, SecurityInfo } from '../lds/dg14.ts'
import { type SecurityProtocolUse, securityProtocols } from './protocol-oid.ts'

interface Common {
  /** Protocol, dotted. */
  readonly oid: string
  /** The SecurityInfo's own DER; undefined in one made by hand. */
  readonly raw?: Uint8Array
}

/** PACEInfo: a variant of PACE that the card offers (Doc 9303-11, 8th ed., 9.2.1). */
export interface PaceInfo extends Common {
  readonly kind: 'pace'
  /** 2 by the standard; what stands there is kept. */
  readonly version: number
  /** Standardized (0..31) or the card's own domain parameters; undefined = absent. With CAM it also names the chip authentication key. */
  readonly parameterId: number | undefined
}

/** PACEDomainParameterInfo: domain parameters spelled out (Doc 9303-11, 8th ed., 9.2.2). */
export interface PaceDomainParameterInfo extends Common {
  readonly kind: 'pace-domain-parameters'
  /** DER AlgorithmIdentifier. */
  readonly domainParameter: Uint8Array
  readonly parameterId: number | undefined
}

/** ChipAuthenticationInfo (Doc 9303-11, 8th ed., 9.2.3; TR-03110-3, A.1.1.2). */
export interface ChipAuthenticationInfo extends Common {
  readonly kind: 'chip-authentication'
  /** 1, 2 or 3; what stands there is kept. */
  readonly version: number
  readonly keyId: number | undefined
}

/** ChipAuthenticationDomainParameterInfo (TR-03110-3, A.1.1.2): the group of chip authentication version 2. */
export interface ChipAuthenticationDomainParameterInfo extends Common {
  readonly kind: 'chip-authentication-domain-parameters'
  /** DER AlgorithmIdentifier. */
  readonly domainParameter: Uint8Array
  readonly keyId: number | undefined
}

/** ChipAuthenticationPublicKeyInfo (Doc 9303-11, 8th ed., 9.2.4). */
export interface ChipAuthenticationPublicKeyInfo extends Common {
  readonly kind: 'chip-authentication-public-key'
  /** DER SubjectPublicKeyInfo as it came. */
  readonly subjectPublicKeyInfo: Uint8Array
  readonly keyId: number | undefined
}

/** Where the card keeps the references of its certification authorities (TR-03110-3, A.1.1.3). */
export interface EfCvcaReference {
  /** File identifier, 16 bits. */
  readonly fid: number
  /** Short file identifier, a byte; undefined = absent. */
  readonly sfi: number | undefined
}

/** TerminalAuthenticationInfo (TR-03110-3, A.1.1.3). */
export interface TerminalAuthenticationInfo extends Common {
  readonly kind: 'terminal-authentication'
  /** 1 or 2; what stands there is kept. */
  readonly version: number
  /** EF.CVCA, for version 1 only. */
  readonly efCvca: EfCvcaReference | undefined
}

/** A SecurityInfo opened as far as Kart acts on it. */
export type OpenedSecurityInfo =
  | PaceInfo
  | PaceDomainParameterInfo
  | ChipAuthenticationInfo
  | ChipAuthenticationDomainParameterInfo
  | ChipAuthenticationPublicKeyInfo
  | TerminalAuthenticationInfo
  | ActiveAuthenticationInfo
  | OtherSecurityInfo

const uses = new Map(securityProtocols.map((row) => [row.oid, row]))

/**
 * Opens a SecurityInfo of a protocol that we know (Doc 9303-11, 8th ed., 9.2; TR-03110-3, A.1.1); others come back as they are. The raw bytes are kept: they are
 * what EF.CardAccess, DG14 and EF.CardSecurity are compared by. Throws DecodeError for one that does not have its protocol's form.
 */
export function openSecurityInfo(info: SecurityInfo): OpenedSecurityInfo {
  if (info.kind !== 'other') return info
  const row = uses.get(info.oid)
  if (row === undefined) return info
  const items = derSequence(decodeDer(info.raw, row.name), row.name, 2, 3)
  derOid(items[0], row.name)
  return openers[row.use]({ oid: info.oid, raw: info.raw.slice() }, items, row.name)
}

type Opener = (common: { oid: string; raw: Uint8Array }, items: readonly DerNode[], what: string) => OpenedSecurityInfo

const openers: Record<SecurityProtocolUse, Opener> = {
  pace: (common, items, what) => ({
    ...common,
    kind: 'pace',
    version: derSmallInteger(items[1], `${what} version`),
    parameterId: optionalInteger(items[2], `${what} parameterId`),
  }),
  'pace-domain': (common, items, what) => ({
    ...common,
    kind: 'pace-domain-parameters',
    domainParameter: algorithmIdentifier(items[1], `${what} domain parameters`),
    parameterId: optionalInteger(items[2], `${what} parameterId`),
  }),
  ca: (common, items, what) => ({
    ...common,
    kind: 'chip-authentication',
    version: derSmallInteger(items[1], `${what} version`),
    keyId: optionalInteger(items[2], `${what} keyId`),
  }),
  'ca-domain': (common, items, what) => ({
    ...common,
    kind: 'chip-authentication-domain-parameters',
    domainParameter: algorithmIdentifier(items[1], `${what} domain parameters`),
    keyId: optionalInteger(items[2], `${what} keyId`),
  }),
  'ca-key': (common, items, what) => ({
    ...common,
    kind: 'chip-authentication-public-key',
    subjectPublicKeyInfo: publicKeyInfo(items[1], `${what} public key`),
    keyId: optionalInteger(items[2], `${what} keyId`),
  }),
  ta: (common, items, what) => ({
    ...common,
    kind: 'terminal-authentication',
    version: derSmallInteger(items[1], `${what} version`),
    efCvca: items[2] && fileId(items[2], `${what} EF.CVCA`),
  }),
}

function optionalInteger(node: DerNode | undefined, what: string): number | undefined {
  return node && derSmallInteger(node, what)
}

function algorithmIdentifier(node: DerNode | undefined, what: string): Uint8Array {
  derOid(derSequence(node, what, 1, 2)[0], what)
  return node!.raw.slice()
}

function publicKeyInfo(node: DerNode | undefined, what: string): Uint8Array {
  const [algorithm, key] = derSequence(node, what, 2, 2)
  algorithmIdentifier(algorithm, what)
  if (key?.tag !== derTag.bitString) throw new DecodeError(what, 'no BIT STRING', { offset: node!.offset })
  return node!.raw.slice()
}

function fileId(node: DerNode, what: string): EfCvcaReference {
  const [fid, sfi] = derSequence(node, what, 1, 2)
  const identifier = derOctets(fid, what)
  const short = sfi && derOctets(sfi, what)
  if (identifier.length !== 2 || (short !== undefined && short.length !== 1))
    throw new DecodeError(what, 'not a file identifier of two bytes and a short one of one', { offset: node.offset })
  return { fid: identifier[0]! * 256 + identifier[1]!, sfi: short?.[0] }
}

/** DER of an opened SecurityInfo: its raw bytes where it has them. Throws InputError. */
export function encodeSecurityInfo(info: OpenedSecurityInfo): Uint8Array {
  if (info.kind === 'other') return info.raw
  if (info.raw !== undefined) return info.raw
  if (info.kind === 'active-authentication')
    return encodeSequence(encodeOid(info.oid), encodeInteger(info.version), encodeOid(info.signatureAlgorithm))
  if (uses.get(info.oid)?.use !== useOfKind[info.kind]) throw new InputError('oid', `not a protocol of a SecurityInfo ${info.kind}`)
  switch (info.kind) {
    case 'pace':
      return sequence(info.oid, encodeInteger(info.version), integerOrNothing(info.parameterId))
    case 'pace-domain-parameters':
      return sequence(info.oid, info.domainParameter, integerOrNothing(info.parameterId))
    case 'chip-authentication':
      return sequence(info.oid, encodeInteger(info.version), integerOrNothing(info.keyId))
    case 'chip-authentication-domain-parameters':
      return sequence(info.oid, info.domainParameter, integerOrNothing(info.keyId))
    case 'chip-authentication-public-key':
      return sequence(info.oid, info.subjectPublicKeyInfo, integerOrNothing(info.keyId))
    case 'terminal-authentication':
      return sequence(info.oid, encodeInteger(info.version), info.efCvca && encodeFileId(info.efCvca))
  }
}

const useOfKind = {
  pace: 'pace',
  'pace-domain-parameters': 'pace-domain',
  'chip-authentication': 'ca',
  'chip-authentication-domain-parameters': 'ca-domain',
  'chip-authentication-public-key': 'ca-key',
  'terminal-authentication': 'ta',
} as const satisfies Record<Exclude<OpenedSecurityInfo['kind'], 'active-authentication' | 'other'>, SecurityProtocolUse>

function sequence(oid: string, required: Uint8Array, optional: Uint8Array | undefined): Uint8Array {
  return optional === undefined ? encodeSequence(encodeOid(oid), required) : encodeSequence(encodeOid(oid), required, optional)
}

function integerOrNothing(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : encodeInteger(value)
}

function encodeFileId({ fid, sfi }: EfCvcaReference): Uint8Array {
  if (!Number.isInteger(fid) || fid < 0 || fid > 0xffff) throw new InputError('efCvca.fid', 'not in 0..65535')
  if (sfi !== undefined && (!Number.isInteger(sfi) || sfi < 0 || sfi > 0xff)) throw new InputError('efCvca.sfi', 'not a byte')
  const identifier = encodeOctets(Uint8Array.of(fid >> 8, fid & 0xff))
  return sfi === undefined ? encodeSequence(identifier) : encodeSequence(identifier, encodeOctets(Uint8Array.of(sfi)))
}
