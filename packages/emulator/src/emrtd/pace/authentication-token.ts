import { concatBytes, encodeTlv } from '@kart/codec'
import { encryptAesBlock, encryptAesCbc } from '../../card-crypto/aes.ts'
import { pad } from '../../card-crypto/padding.ts'
import { paceCiphers } from './pace-cipher.ts'
import type { PaceProtocol } from './pace-protocol.ts'

/** What a token is the MAC of: DO'7F49' { DO'06' protocol, DO'86' point or DO'84' integer } (Doc 9303-11, 8th ed., 4.4.3.4, 9.4.1 and 9.4.2). */
export function tokenInput(protocol: PaceProtocol, publicKey: Uint8Array): Uint8Array {
  const tag = protocol.agreement === 'ECDH' ? 0x86 : 0x84
  return encodeTlv(0x7f49, concatBytes(encodeTlv(0x06, protocol.oid), encodeTlv(tag, publicKey)))
}

/** T = MAC(KS_MAC, the other side's ephemeral public key), 8 bytes (Doc 9303-11, 8th ed., 4.4.3.4). */
export function authenticationToken(protocol: PaceProtocol, macKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return paceCiphers[protocol.cipher].mac(macKey, tokenInput(protocol, publicKey))
}

/** A_IC: the chip authentication data, padded, in CBC with IV = E(KS_ENC, -1) (Doc 9303-11, 8th ed., 4.4.3.5). */
export function encryptChipAuthenticationData(encryptionKey: Uint8Array, data: Uint8Array): Uint8Array {
  const iv = encryptAesBlock(encryptionKey, new Uint8Array(16).fill(0xff))
  return encryptAesCbc(encryptionKey, iv, pad(data, 16))
}
