import { decodeCommand, encodeResponse } from '@kart/apdu/card'
import { fromHex, toHex } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { loadGroups } from '../testing/vectors.ts'
import { deriveKey } from './key-derivation.ts'
import { blockCipherOf } from './messaging-cipher.ts'
import { SecureMessagingSession } from './secure-messaging.ts'

const groups = loadGroups('pace/sm-aes.json')
const isResponse = (comment: string): boolean => /^(response|warning)/.test(comment)

interface EacExample {
  readonly expected: {
    readonly pace: Record<'ksEnc' | 'ksMac', string>
    readonly secureMessaging: {
      readonly encrypt: { readonly ssc: number } & Record<'plain' | 'cipher', string>
      readonly mac: { readonly ssc: number } & Record<'data' | 'mac', string>
    }
  }
}

const counterOf = (ssc: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? ssc : 0))

describe('secure messaging with AES, the card alone', () => {
  it.each(groups.flatMap((group) => group.tests.map((test) => ({ group, test, name: `${group.cipher}: ${test.comment}` }))))(
    '$name',
    ({ group, test }) => {
      const session = new SecureMessagingSession(
        group.cipher as MessagingCipher,
        fromHex(group.ksEnc!),
        fromHex(group.ksMac!),
        fromHex(test.input.sscBefore!),
      )
      if (isResponse(test.comment)) {
        const plain = fromHex(test.input.plain!)
        const response = session.protect({ data: plain.slice(0, -2), sw: (plain.at(-2)! << 8) | plain.at(-1)! }, 0xb0)
        expect(toHex(encodeResponse(response))).toBe(test.expected.protected)
        return
      }
      const { extended: _, ...plain } = decodeCommand(fromHex(test.input.plain!))
      expect(session.open(decodeCommand(fromHex(test.expected.protected!)))).toEqual(plain)
    },
  )

  it.each(['eac/eac-ecdh.json', 'eac/eac-dh.json'])('samples of TR-03110 (%s)', (file) => {
    const { expected } = loadGroups(file)[0]!.tests[0]! as unknown as EacExample
    const cipher = blockCipherOf('AES-128')
    const { encrypt, mac } = expected.secureMessaging
    const padded = (hex: string): Uint8Array => fromHex(`${hex}80`.padEnd(Math.ceil((hex.length + 2) / 32) * 32, '0'))
    const keys = { enc: fromHex(expected.pace.ksEnc), mac: fromHex(expected.pace.ksMac) }
    expect(toHex(cipher.encrypt(keys.enc, counterOf(encrypt.ssc), padded(encrypt.plain)))).toBe(encrypt.cipher)
    expect(toHex(cipher.decrypt(keys.enc, counterOf(encrypt.ssc), fromHex(encrypt.cipher)))).toBe(toHex(padded(encrypt.plain)))
    expect(toHex(cipher.mac(keys.mac, fromHex(toHex(counterOf(mac.ssc)) + toHex(padded(mac.data)))))).toBe(mac.mac)
  })
})

describe('key derivation, the card alone', () => {
  const ciphers = { '3des': '3DES', aes128: 'AES-128', aes192: 'AES-192', aes256: 'AES-256' } as const
  const rows = loadGroups('pace/password-key.json')[0]!.tests.flatMap((test) =>
    Object.entries(ciphers).map(([name, cipher]) => ({ test, name, cipher })),
  )
  it.each(rows)('K_pi $test.input.type $cipher', ({ test, name, cipher }) => {
    expect(toHex(deriveKey(cipher, fromHex(test.expected.k!), 3))).toBe(
      (test.expected as unknown as { kPi: Record<string, string> }).kPi[name],
    )
  })
})

describe('C20 a fault in the derivation of a key', () => {
  const group = groups[0]!
  const command = decodeCommand(fromHex(group.tests[0]!.expected.protected!))
  const flipped = (hex: string): Uint8Array => fromHex(hex).map((byte, i) => (i === 7 ? byte ^ 0x10 : byte))

  it('C20 in the MAC key: no command is authentic', () => {
    const session = new SecureMessagingSession('AES-128', fromHex(group.ksEnc!), flipped(group.ksMac!))
    expect(() => session.open(command)).toThrowError(expect.objectContaining({ sw: 0x6988 }))
  })

  it('C20 in the encryption key: the command is authentic, its padding is not there, and the answer is that of a wrong MAC', () => {
    const session = new SecureMessagingSession('AES-128', flipped(group.ksEnc!), fromHex(group.ksMac!))
    expect(() => session.open(command)).toThrowError(expect.objectContaining({ sw: 0x6988 }))
  })
})
