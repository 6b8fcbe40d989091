import { encodeTlv, InputError } from '@kart/codec'
import { encodeAgreementKey, type GroupName, standardizedGroup } from '@kart/crypto'
import {
  activeAuthenticationInfo,
  type CardProfile,
  type ChipAuthenticationKeySpec,
  ecdsaPlainOids,
  encodeOid,
  findFile,
  type MessagingCipher,
  type OpenedSecurityInfo,
  type PaceOfferSpec,
  type SecurityInfo,
  securityProtocolOids,
  securityProtocols,
} from '@kart/layout'

/** A chip authentication key as the card gave it. */
export interface ChipPublicKey {
  readonly keyId: number
  /** 04 || x || y, or the public value of DH. */
  readonly publicKey: Uint8Array
}

const cipherNames = {
  '3DES': '3DES-CBC-CBC',
  'AES-128': 'AES-CBC-CMAC-128',
  'AES-192': 'AES-CBC-CMAC-192',
  'AES-256': 'AES-CBC-CMAC-256',
} as const satisfies Record<MessagingCipher, string>

function oidNamed(name: string): string {
  const row = securityProtocols.find((each) => each.name === name)
  if (row === undefined) throw new InputError('profile', `${name} is no protocol that there is`)
  return row.oid
}

function paceInfos(offer: PaceOfferSpec): OpenedSecurityInfo[] {
  const family = `id-PACE-${offer.agreement}-${offer.mapping}`
  const { parameterId, domainParameter } = offer
  return [
    { kind: 'pace', oid: oidNamed(`${family}-${cipherNames[offer.cipher]}`), version: 2, parameterId },
    ...(domainParameter === undefined
      ? []
      : [{ kind: 'pace-domain-parameters', oid: oidNamed(family), domainParameter, parameterId } as const]),
  ]
}

function groupOf({ parameterId, agreement }: ChipAuthenticationKeySpec): GroupName {
  const group = standardizedGroup(parameterId)
  if (group === undefined) throw new InputError('profile', `${agreement} parameterId ${parameterId} is no group for chip authentication`)
  return group
}

const chipInfos = (key: ChipAuthenticationKeySpec, version: 1 | 2): OpenedSecurityInfo[] =>
  key.ciphers.map((cipher) => ({
    kind: 'chip-authentication',
    oid: oidNamed(`id-CA-${key.agreement}-${cipherNames[cipher]}`),
    version,
    keyId: key.keyId,
  }))

/** AlgorithmIdentifier standardizedDomainParameters (Doc 9303-11, 8th ed., 9.5.1). */
const standardized = (id: number): Uint8Array => encodeTlv(0x30, [encodeOid('0.4.0.127.0.7.1.2'), encodeTlv(0x02, Uint8Array.of(id))])

const chipDomain = (key: ChipAuthenticationKeySpec): OpenedSecurityInfo => ({
  kind: 'chip-authentication-domain-parameters',
  oid: oidNamed(`id-CA-${key.agreement}`),
  domainParameter: standardized(key.parameterId),
  keyId: key.keyId,
})

function chipKeyInfo(key: ChipAuthenticationKeySpec, keys: readonly ChipPublicKey[]): OpenedSecurityInfo {
  const found = keys.find(({ keyId }) => keyId === key.keyId)
  if (found === undefined) throw new InputError('keys', `the card gave no chip authentication key ${key.keyId}`)
  return {
    kind: 'chip-authentication-public-key',
    oid: oidNamed(`id-PK-${key.agreement}`),
    subjectPublicKeyInfo: encodeAgreementKey(groupOf(key), found.publicKey),
    keyId: key.keyId,
  }
}

const chipKeys = (profile: CardProfile): readonly ChipAuthenticationKeySpec[] => profile.chipAuthentication?.keys ?? []

/** Whether an offer of PACE with chip authentication mapping goes by this key: its parameterId is the key's number (BSI TR-03110-3 v2.21, A.1.1.1). */
const servesMapping = (profile: CardProfile, key: ChipAuthenticationKeySpec): boolean =>
  profile.pace?.offers.some((offer) => offer.mapping === 'CAM' && offer.parameterId === key.keyId) ?? false

/** Version 2 of terminal and chip authentication, where the card has a trust point for it. */
function secondVersion(profile: CardProfile, hasTrustPoint: boolean): OpenedSecurityInfo[] {
  const keys = chipKeys(profile).filter((key) => key.versions.includes(2))
  const terminal = hasTrustPoint && profile.terminalAuthentication?.versions.includes(2)
  return [
    ...keys.flatMap((key) => [...chipInfos(key, 2), chipDomain(key)]),
    ...(terminal ? [{ kind: 'terminal-authentication', oid: securityProtocolOids.ta, version: 2, efCvca: undefined } as const] : []),
  ]
}

/** What EF.CardAccess says (Doc 9303-11, 8th ed., 9.2; BSI TR-03110-3 v2.21, A.1.2.1): the offers of PACE in the profile's order, and version 2 of the extended access. */
export function cardAccessInfos(profile: CardProfile, hasTrustPoint: boolean): readonly OpenedSecurityInfo[] {
  const offers = profile.pace?.offers ?? []
  const lost = offers.find((offer) => offer.mapping === 'CAM' && !chipKeys(profile).some((key) => key.keyId === offer.parameterId))
  if (lost !== undefined)
    throw new InputError('profile', `offers PACE with chip authentication mapping by key ${lost.parameterId}, which it does not have`)
  return [...offers.flatMap(paceInfos), ...secondVersion(profile, hasTrustPoint)]
}

/** What EF.DG14 says: everything of EF.CardAccess (P09, J_03), the algorithm of active authentication, chip and terminal authentication version 1. */
export function dg14Infos(profile: CardProfile, keys: readonly ChipPublicKey[], hasTrustPoint: boolean): readonly OpenedSecurityInfo[] {
  const first = chipKeys(profile).filter((key) => key.versions.includes(1))
  const cvca = findFile(profile, 'emrtd', 'EF.CVCA')
  const terminal = hasTrustPoint && profile.terminalAuthentication?.versions.includes(1)
  return [
    ...cardAccessInfos(profile, hasTrustPoint),
    ...activeAuthenticationInfos(profile),
    ...first.flatMap((key) => [...chipInfos(key, 1), chipKeyInfo(key, keys)]),
    ...(terminal
      ? [
          {
            kind: 'terminal-authentication',
            oid: securityProtocolOids.ta,
            version: 1,
            efCvca: cvca && { fid: cvca.fid, sfi: cvca.sfi },
          } as const,
        ]
      : []),
  ]
}

/** The ActiveAuthenticationInfo, which only a key of elliptic curves has (Doc 9303-11, 8th ed., 9.2.5). */
export function activeAuthenticationInfos(profile: CardProfile): SecurityInfo[] {
  const { activeAuthentication: spec } = profile
  return spec.algorithm === 'ecdsa' ? [activeAuthenticationInfo(ecdsaPlainOids[spec.hash])] : []
}

/** What EF.CardSecurity says: everything of EF.CardAccess, and the keys of chip authentication mapping and of version 2. */
export function cardSecurityInfos(
  profile: CardProfile,
  keys: readonly ChipPublicKey[],
  hasTrustPoint: boolean,
): readonly OpenedSecurityInfo[] {
  const second = chipKeys(profile).filter((key) => key.versions.includes(2) || servesMapping(profile, key))
  return [...cardAccessInfos(profile, hasTrustPoint), ...second.map((key) => chipKeyInfo(key, keys))]
}
