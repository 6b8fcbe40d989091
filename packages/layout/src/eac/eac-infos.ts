import { DecodeError } from '@kart/codec'
import { decodeDer, derBitString, derOid, derSequence, derSmallInteger, derTag } from '../asn1/der.ts'
import { encodeBitString, encodeOid, encodeSequence } from '../asn1/der-encode.ts'
import type { SecurityInfo } from '../lds/dg14.ts'

/** Chip authentication protocols: key agreement and the cipher of the secure messaging that follows. */
export const chipAuthenticationProtocols = [
  { oid: '0.4.0.127.0.7.2.2.3.1.1', agreement: 'dh', cipher: 'desede', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.1.2', agreement: 'dh', cipher: 'aes128', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.1.3', agreement: 'dh', cipher: 'aes192', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.1.4', agreement: 'dh', cipher: 'aes256', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.2.1', agreement: 'ecdh', cipher: 'desede', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.2.2', agreement: 'ecdh', cipher: 'aes128', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.2.3', agreement: 'ecdh', cipher: 'aes192', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
  { oid: '0.4.0.127.0.7.2.2.3.2.4', agreement: 'ecdh', cipher: 'aes256', clause: 'TR-03110-3 v2.21, A.4; Doc 9303-11, 8th ed., 6.2.4' },
] as const

export type ChipAuthenticationProtocol = (typeof chipAuthenticationProtocols)[number]

/** ChipAuthenticationInfo: a protocol that the card offers, and with which of its keys. */
export interface ChipAuthenticationInfo {
  readonly protocol: ChipAuthenticationProtocol
  /** 1 or 2; 3 is passed over. */
  readonly version: 1 | 2
  /** Undefined when the card has only one key for this version. */
  readonly keyId: number | undefined
}

/** ChipAuthenticationPublicKeyInfo: a static key of the card. */
export interface ChipAuthenticationPublicKey {
  readonly agreement: 'dh' | 'ecdh'
  /** DER SubjectPublicKeyInfo as it came; standardized domain parameters are opened by {@link withNamedCurve}. */
  readonly spki: Uint8Array
  readonly keyId: number | undefined
}

/** TerminalAuthenticationInfo. */
export interface TerminalAuthenticationInfo {
  readonly version: 1 | 2
}

/** What a card says of extended access control in its SecurityInfos. */
export interface EacInfos {
  readonly chipAuthentication: readonly ChipAuthenticationInfo[]
  readonly publicKeys: readonly ChipAuthenticationPublicKey[]
  readonly terminalAuthentication: readonly TerminalAuthenticationInfo[]
}

const terminalAuthenticationOid = '0.4.0.127.0.7.2.2.2'
const publicKeyOids: Readonly<Record<string, 'dh' | 'ecdh'>> = { '0.4.0.127.0.7.2.2.1.1': 'dh', '0.4.0.127.0.7.2.2.1.2': 'ecdh' }

/**
 * Opens the SecurityInfos of chip and terminal authentication (BSI TR-03110-3 v2.21, A.1.1.2 to A.1.1.4; Doc 9303-11, 8th ed., 9.2.6 to 9.2.8); all others,
 * and versions above 2, are passed over. Throws DecodeError or LimitError.
 */
export function decodeEacInfos(infos: readonly SecurityInfo[]): EacInfos {
  const chipAuthentication: ChipAuthenticationInfo[] = []
  const publicKeys: ChipAuthenticationPublicKey[] = []
  const terminalAuthentication: TerminalAuthenticationInfo[] = []
  for (const { oid, raw } of infos) {
    if (raw === undefined) continue
    const protocol = chipAuthenticationProtocols.find((row) => row.oid === oid)
    const agreement = publicKeyOids[oid]
    if (protocol !== undefined) {
      const items = derSequence(decodeDer(raw, 'ChipAuthenticationInfo'), 'ChipAuthenticationInfo', 2, 3)
      const version = knownVersion(derSmallInteger(items[1], 'ChipAuthenticationInfo version'), 'ChipAuthenticationInfo')
      if (version !== undefined)
        chipAuthentication.push({ protocol, version, keyId: optionalInteger(items[2], 'ChipAuthenticationInfo keyId') })
    } else if (agreement !== undefined) {
      const items = derSequence(decodeDer(raw, 'ChipAuthenticationPublicKeyInfo'), 'ChipAuthenticationPublicKeyInfo', 2, 3)
      const spki = derSequence(items[1], 'chip authentication public key', 2, 2) && items[1]!.raw.slice()
      publicKeys.push({ agreement, spki, keyId: optionalInteger(items[2], 'ChipAuthenticationPublicKeyInfo keyId') })
    } else if (oid === terminalAuthenticationOid) {
      const items = derSequence(decodeDer(raw, 'TerminalAuthenticationInfo'), 'TerminalAuthenticationInfo', 2, 3)
      const version = knownVersion(derSmallInteger(items[1], 'TerminalAuthenticationInfo version'), 'TerminalAuthenticationInfo')
      if (version !== undefined) terminalAuthentication.push({ version })
    }
  }
  return { chipAuthentication, publicKeys, terminalAuthentication }
}

function knownVersion(version: number, what: string): 1 | 2 | undefined {
  if (version === 0) throw new DecodeError(what, 'version 0')
  return version === 1 || version === 2 ? version : undefined
}

function optionalInteger(node: Parameters<typeof derSmallInteger>[0], what: string): number | undefined {
  return node && derSmallInteger(node, what)
}

const standardizedParametersOid = '0.4.0.127.0.7.1.2'
const ecPublicKeyOid = '1.2.840.10045.2.1'

/** Standardized domain parameters on curves (BSI TR-03110-3 v2.21, A.2.1.1; Doc 9303-11, 8th ed., 9.5.1), by their identifier. */
const standardizedCurves: Readonly<Record<number, string>> = {
  10: '1.3.132.0.33', // P-224
  11: '1.3.36.3.3.2.8.1.1.5', // brainpoolP224r1
  12: '1.2.840.10045.3.1.7', // P-256
  13: '1.3.36.3.3.2.8.1.1.7', // brainpoolP256r1
  14: '1.3.36.3.3.2.8.1.1.9', // brainpoolP320r1
  15: '1.3.132.0.34', // P-384
  16: '1.3.36.3.3.2.8.1.1.11', // brainpoolP384r1
  17: '1.3.36.3.3.2.8.1.1.13', // brainpoolP512r1
  18: '1.3.132.0.35', // P-521
}

/**
 * A SubjectPublicKeyInfo whose algorithm is "standardized domain parameters" with a curve's number, written again with the curve's own name; any other comes
 * back as it is. Throws DecodeError, also for the number of no curve in our table.
 */
export function withNamedCurve(spki: Uint8Array): Uint8Array {
  const what = 'chip authentication public key'
  const items = derSequence(decodeDer(spki, what), what, 2, 2)
  const algorithm = derSequence(items[0], `${what}, algorithm`, 1, 2)
  if (derOid(algorithm[0], `${what}, algorithm`) !== standardizedParametersOid) return spki.slice()
  if (algorithm[1]?.tag !== derTag.integer) throw new DecodeError(what, 'standardized domain parameters without their number')
  const curve = standardizedCurves[derSmallInteger(algorithm[1], `${what}, domain parameters`)]
  if (curve === undefined) throw new DecodeError(what, 'standardized domain parameters that are on no known curve')
  const { bytes, unused } = derBitString(items[1], what)
  if (unused !== 0) throw new DecodeError(what, 'a key that is not whole bytes')
  return encodeSequence(encodeSequence(encodeOid(ecPublicKeyOid), encodeOid(curve)), encodeBitString(bytes))
}
