import { decodeCommand, encodeResponse } from '@kart/apdu/card'
import { decodeTlvList, fromHex, toHex } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import { deriveKey } from '../../../emulator/src/emrtd/key-derivation.ts'
import { SecureMessagingSession } from '../../../emulator/src/emrtd/secure-messaging.ts'
import { messagingVectors } from './both-sides.ts'
import type { EacExample } from './eac-example.ts'
import { type Group, hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

/** The samples of TR-03110: a cryptogram at counter 1, the MAC of an empty answer at counter 2. */
function samples({ expected }: EacExample): void {
  const { encrypt, mac } = expected.secureMessaging
  const session = new SecureMessagingSession('AES-128', hexOf(expected.pace.ksEnc), hexOf(expected.pace.ksMac))
  const { data } = session.protect({ data: fromHex(encrypt.plain), sw: 0x9000 }, 0xb0)
  const values = decodeTlvList(data, { constructed: false }).map(({ value }) => toHex(value))
  if (!values.includes(`01${encrypt.cipher}`)) throw new Error('cryptogram')
  same('MAC', toHex(session.protect({ data: new Uint8Array(0), sw: 0x9000 }, 0xb0).data), `${mac.data}8e08${mac.mac}`)
}

const isResponse = ({ comment }: Row): boolean => /^(response|warning)/.test(comment)

function ownRow(group: Group, row: Row): void {
  const { cipher, ksEnc, ksMac } = group
  const session = new SecureMessagingSession(cipher as MessagingCipher, hexOf(ksEnc), hexOf(ksMac), hexOf(row.input.sscBefore))
  const plain = hexOf(row.input.plain)
  if (isResponse(row)) {
    const sw = (plain.at(-2)! << 8) | plain.at(-1)!
    same(row.comment, toHex(encodeResponse(session.protect({ data: plain.slice(0, -2), sw }, 0xb0))), row.expected.protected)
    return
  }
  const command = decodeCommand(plain)
  const opened = session.open(decodeCommand(hexOf(row.expected.protected)))
  same(row.comment, `${toHex(opened.data)} ${opened.ne}`, `${toHex(command.data)} ${command.ne}`)
}

const ciphers: Readonly<Record<string, MessagingCipher>> = { '3des': '3DES', aes128: 'AES-128', aes192: 'AES-192', aes256: 'AES-256' }

function passwordKeys({ expected }: Row): void {
  for (const [name, key] of Object.entries(expected.kPi as unknown as Record<string, string>))
    same(`K_pi ${name}`, toHex(deriveKey(ciphers[name]!, hexOf(expected.k), 3)), key)
}

/** Secure messaging with AES and the derivation of its keys, the card alone. */
export const cardMessagingVectors = (load: Load): readonly Vector[] => messagingVectors(load, { samples, ownRow, passwordKeys })
