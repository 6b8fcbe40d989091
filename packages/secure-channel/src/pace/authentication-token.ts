import { encodeTlv } from '@kart/codec'
import { type KeyAlgorithm, kdf9303 } from '@kart/crypto'
import type { SessionKeys } from '../secure-messaging/emrtd-session.ts'
import { paceCiphers } from './pace-cipher.ts'
import { type PaceProtocol, protocolOidBytes } from './pace-protocol.ts'

/** Session keys from the shared secret, and a send sequence counter of zero (Doc 9303-11, 8th ed., 4.4.3.4, 9.7.1, 9.8.2). The caller erases them. */
export function paceSessionKeys(cipher: KeyAlgorithm, sharedSecret: Uint8Array): SessionKeys {
  return {
    ksEnc: kdf9303(sharedSecret, 1, cipher),
    ksMac: kdf9303(sharedSecret, 2, cipher),
    ssc: new Uint8Array(paceCiphers[cipher].blockLength),
  }
}

/** What a token is computed over: DO'7F49' with the protocol and the other side's ephemeral public key, 86 for a point, 84 for an integer (Doc 9303-11, 8th ed., 9.4.5). */
export function tokenInput(protocol: PaceProtocol, publicKey: Uint8Array): Uint8Array {
  const tag = protocol.agreement === 'ecdh' ? 0x86 : 0x84
  return encodeTlv(0x7f49, [encodeTlv(0x06, protocolOidBytes(protocol)), encodeTlv(tag, publicKey)])
}

/** T = MAC(KS_MAC, DO'7F49'), 8 bytes (Doc 9303-11, 8th ed., 4.4.3.4). */
export function authenticationToken(protocol: PaceProtocol, ksMac: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return paceCiphers[protocol.cipher].mac(ksMac, tokenInput(protocol, publicKey))
}
