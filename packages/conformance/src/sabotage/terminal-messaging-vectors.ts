import { decodeCommand } from '@kart/apdu/card'
import { decodeResponse, encodeCommand } from '@kart/apdu/host'
import { concatBytes, decodeTlvList, fromHex, toHex, uintToBytes } from '@kart/codec'
import { type KeyAlgorithm, kdf9303 } from '@kart/crypto'
import { paceProtocolOf, paceSessionKeys, startAesSession } from '@kart/secure-channel'
import { messagingVectors } from './both-sides.ts'
import type { EacExample } from './eac-example.ts'
import { type Group, hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

/** The samples of TR-03110: a cryptogram at counter 1, the MAC of an empty answer at counter 2. */
function samples({ kind, expected }: EacExample): void {
  const { encrypt, mac } = expected.secureMessaging
  const { cipher } = paceProtocolOf(kind === 'ecdh' ? '0.4.0.127.0.7.2.2.4.2.2' : '0.4.0.127.0.7.2.2.4.1.2')!
  const { ssc } = paceSessionKeys(cipher, fromHex('00'))
  const session = startAesSession({ ksEnc: hexOf(expected.pace.ksEnc), ksMac: hexOf(expected.pace.ksMac), ssc })
  const { data } = session.protect({ cla: 0, ins: 0x22, p1: 0x81, p2: 0xb6, data: fromHex(encrypt.plain), ne: 0 })
  same('cryptogram', toHex(decodeTlvList(data, { constructed: false })[0]!.value), `01${encrypt.cipher}`)
  same('MAC', session.open(decodeResponse(fromHex(`${mac.data}8e08${mac.mac}9000`))).sw.toString(16), '9000')
}

const isResponse = ({ comment }: Row): boolean => /^(response|warning)/.test(comment)

function ownRow({ ksEnc, ksMac }: Group, { comment, flags, input, expected, result }: Row): void {
  const keys = { ksEnc: hexOf(ksEnc), ksMac: hexOf(ksMac) }
  if (!isResponse({ comment, flags, input, expected, result })) {
    const session = startAesSession({ ...keys, ssc: hexOf(input.sscBefore) })
    same(comment, toHex(encodeCommand(session.protect(decodeCommand(hexOf(input.plain))))), expected.protected)
    return
  }
  const ssc = hexOf(input.sscBefore)
  ssc[15]! -= 1
  const session = startAesSession({ ...keys, ssc })
  session.protect(decodeCommand(fromHex('00b0000004')))
  const { data, sw } = session.open(decodeResponse(hexOf(expected.protected)))
  same(comment, toHex(concatBytes(data, uintToBytes(sw, 2))), input.plain)
}

const algorithms: Readonly<Record<string, KeyAlgorithm>> = { '3des': 'desede', aes128: 'aes128', aes192: 'aes192', aes256: 'aes256' }

function passwordKeys({ expected }: Row): void {
  for (const [name, key] of Object.entries(expected.kPi as unknown as Record<string, string>))
    same(`K_pi ${name}`, toHex(kdf9303(hexOf(expected.k), 3, algorithms[name]!)), key)
}

/** Secure messaging with AES and the derivation of its keys, the terminal alone. */
export const terminalMessagingVectors = (load: Load): readonly Vector[] => messagingVectors(load, { samples, ownRow, passwordKeys })
