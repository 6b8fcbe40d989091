import { type ChipAuthenticationProtocol, type ChipAuthenticationPublicKey, chipAuthenticationProtocols, type EacInfos } from '@kart/layout'

/** One way to do chip authentication with a card. */
export interface ChipAuthenticationChoice {
  readonly protocol: ChipAuthenticationProtocol
  readonly version: 1 | 2
  /** The card's number of its key; undefined when it has only one. */
  readonly keyId: number | undefined
  readonly publicKey: ChipAuthenticationPublicKey
}

const strength = ['desede', 'aes128', 'aes192', 'aes256']

function tripleDes(agreement: 'dh' | 'ecdh'): ChipAuthenticationProtocol {
  return chipAuthenticationProtocols.find((row) => row.agreement === agreement && row.cipher === 'desede')!
}

/**
 * Every way that a card's SecurityInfos offer (BSI TR-03110-3 v2.21, A.1.1.2; Doc 9303-11, 8th ed., 9.2.6 and 9.2.7), the strongest cipher first: each
 * ChipAuthenticationInfo of the version with the key of its number. An info whose key is missing or of the other kind, or whose number two keys have, is no
 * way. House rule for old cards that publish a key and no info at all: version 1 with triple DES.
 */
export function chipAuthenticationChoices(infos: EacInfos, version: 1 | 2): readonly ChipAuthenticationChoice[] {
  const ways = infos.chipAuthentication
    .filter((info) => info.version === version)
    .flatMap(({ protocol, keyId }) => {
      const keys = infos.publicKeys.filter((key) => key.keyId === keyId && key.agreement === protocol.agreement)
      return keys.length === 1 ? [{ protocol, version, keyId, publicKey: keys[0]! }] : []
    })
  const silent = version === 1 && infos.chipAuthentication.length === 0
  const implied = silent
    ? infos.publicKeys.map((publicKey) => ({ protocol: tripleDes(publicKey.agreement), version, keyId: publicKey.keyId, publicKey }))
    : []
  return [...ways, ...implied].sort((a, b) => strength.indexOf(b.protocol.cipher) - strength.indexOf(a.protocol.cipher))
}
