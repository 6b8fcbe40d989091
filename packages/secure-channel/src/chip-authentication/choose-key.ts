import type { ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, OpenedSecurityInfo } from '@kart/layout'
import {
  agreementOfKey,
  type ChipAuthenticationProtocol,
  chipAuthenticationProtocolOf,
  chipAuthenticationProtocols,
} from './chip-authentication-protocol.ts'

/** One way to do chip authentication with a card. */
export interface ChipAuthenticationChoice {
  readonly protocol: ChipAuthenticationProtocol
  readonly version: 1 | 2
  /** The card's number of its key; undefined when it has only one. */
  readonly keyId: number | undefined
  readonly publicKey: ChipAuthenticationPublicKeyInfo
}

const strength = ['desede', 'aes128', 'aes192', 'aes256']

function tripleDes(key: ChipAuthenticationPublicKeyInfo): ChipAuthenticationProtocol | undefined {
  const agreement = agreementOfKey(key.oid)
  return chipAuthenticationProtocols.find((row) => row.agreement === agreement && row.cipher === 'desede')
}

/**
 * Every way that a card's SecurityInfos offer (BSI TR-03110-3 v2.21, A.1.1.2; Doc 9303-11, 8th ed., 9.2.3 and 9.2.4), the strongest cipher first: each
 * ChipAuthenticationInfo of the version with the key of its number. An info whose key is missing or of the other kind, or whose number two keys have, is no
 * way. House rule for old cards that publish a key and no info at all: version 1 with triple DES.
 */
export function chipAuthenticationChoices(infos: readonly OpenedSecurityInfo[], version: 1 | 2): readonly ChipAuthenticationChoice[] {
  const offers = infos.filter((info): info is ChipAuthenticationInfo => info.kind === 'chip-authentication')
  const publicKeys = infos.filter((info): info is ChipAuthenticationPublicKeyInfo => info.kind === 'chip-authentication-public-key')
  const ways = offers.flatMap((info) => {
    const { keyId } = info
    const protocol = chipAuthenticationProtocolOf(info.oid)
    if (protocol === undefined || info.version !== version) return []
    const keys = publicKeys.filter((key) => key.keyId === keyId && agreementOfKey(key.oid) === protocol.agreement)
    return keys.length === 1 ? [{ protocol, version, keyId, publicKey: keys[0]! }] : []
  })
  const silent = version === 1 && offers.length === 0
  const implied = (silent ? publicKeys : []).flatMap((publicKey) => {
    const protocol = tripleDes(publicKey)
    return protocol === undefined ? [] : [{ protocol, version, keyId: publicKey.keyId, publicKey }]
  })
  return [...ways, ...implied].sort((a, b) => strength.indexOf(b.protocol.cipher) - strength.indexOf(a.protocol.cipher))
}
