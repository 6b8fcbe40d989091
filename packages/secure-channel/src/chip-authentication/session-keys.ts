import { concatBytes, encodeTlv } from '@kart/codec'
import { aesCmac, kdf9303, retailMac, wipe } from '@kart/crypto'
import { encodeOid } from '@kart/layout'
import { type EmrtdSession, type SessionKeys, start3desSession, startAesSession } from '../secure-messaging/emrtd-session.ts'
import type { ChipAuthenticationProtocol } from './chip-authentication-protocol.ts'

const none = new Uint8Array(0)

/**
 * Keys of the secure messaging that follows chip authentication (BSI TR-03110-3 v2.21, A.2.3.1; Doc 9303-11, 8th ed., 6.2.2 and 9.7.1): KDF over the shared
 * secret, and in version 2 the card's nonce behind it; the counter starts at zero.
 */
export function chipAuthenticationKeys(protocol: ChipAuthenticationProtocol, secret: Uint8Array, nonce: Uint8Array = none): SessionKeys {
  const seed = concatBytes(secret, nonce)
  const keys = { ksEnc: kdf9303(seed, 1, protocol.cipher), ksMac: kdf9303(seed, 2, protocol.cipher) }
  wipe(seed)
  return { ...keys, ssc: new Uint8Array(protocol.cipher === 'desede' ? 8 : 16) }
}

/**
 * T_PICC of chip authentication version 2 (BSI TR-03110-3 v2.21, A.2.4): the MAC, 8 bytes, over the terminal's ephemeral public key as DO'7F49' with the
 * protocol's object identifier.
 */
export function chipAuthenticationToken(protocol: ChipAuthenticationProtocol, ksMac: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const input = chipAuthenticationTokenInput(protocol, publicKey)
  return protocol.cipher === 'desede' ? retailMac(ksMac, input) : aesCmac(ksMac, input).slice(0, 8)
}

/** What the token is over: DO'7F49' { DO'06', DO'86' for a point, DO'84' for DH's value }, without domain parameters. */
export function chipAuthenticationTokenInput(protocol: ChipAuthenticationProtocol, publicKey: Uint8Array): Uint8Array {
  return encodeTlv(0x7f49, [encodeOid(protocol.oid), encodeTlv(protocol.agreement === 'ecdh' ? 0x86 : 0x84, publicKey)])
}

/** Starts secure messaging anew with these keys, which the caller erases. */
export function startChipAuthenticationSession(protocol: ChipAuthenticationProtocol, keys: SessionKeys): EmrtdSession {
  return protocol.cipher === 'desede' ? start3desSession(keys) : startAesSession(keys)
}
