import { StatusWordError } from '@kart/apdu/host'
import { concatBytes, DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { aesCbcDecrypt, keyCheckValue } from '@kart/crypto'
import { describe, expect, test } from 'vitest'
import { AuthenticationError, SecureMessagingError } from '../index.ts'
import { hexField, vectorGroups } from '../testing/vector-file.ts'
import { decodeCardRecognition, readCardRecognition } from './card-recognition.ts'
import type { Scp03Keys } from './derivation.ts'
import { putKeySet } from './put-key-set.ts'
import { Scp03Session } from './scp03-session.ts'

const dek = fromHex('404142434445464748494a4b4c4d4e4f')
const session = () => {
  const none = new Uint8Array(16)
  return new Scp03Session({ keys: { sEnc: none, sMac: none, sRmac: none }, dek, securityLevel: 0x33, chainingValue: none, macLength: 8 })
}
const set = (length: number, version = 0x31): Scp03Keys => {
  const key = (first: number) => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff)
  return { version, enc: key(0x00), mac: key(0x10), dek: key(0x20) }
}

describe('PUT KEY of a set', () => {
  test('the third-party key wrap and the published check values', () => {
    const wrap = vectorGroups('kdf/diversification.json')
      .find(({ name }) => name === 'key-wrap')
      ?.tests.find(({ input }) => input.dek !== undefined)
    expect(toHex(session().encryptWithDek(hexField(wrap?.input.key)))).toBe(wrap?.expected.wrapped)
    const { data } = putKeySet(session(), set(16)).apdu
    // Check values of scp03.json for these three keys.
    expect([data.slice(21, 24), data.slice(44, 47), data.slice(67, 70)].map(toHex)).toEqual(['c35280', '013808', '840de5'])
  })

  test.each([16, 24, 32])('keys of %i bytes: opened with the DEK each is itself, then padding that differs each time', (length) => {
    const keys = set(length)
    const blocks = Math.ceil(length / 16) * 16
    const { apdu, name } = putKeySet(session(), keys, { replaces: 0x30 })
    expect([name, apdu.p1, apdu.p2, apdu.data[0]]).toEqual(['PUT KEY', 0x30, 0x81, 0x31])
    const padding = new Set<string>()
    for (const [i, key] of [keys.enc, keys.mac, keys.dek].entries()) {
      const at = 1 + i * (3 + blocks + 4)
      const plain = aesCbcDecrypt(dek, new Uint8Array(16), apdu.data.slice(at + 3, at + 3 + blocks))
      expect([...apdu.data.slice(at, at + 3)]).toEqual([0x88, blocks + 1, length])
      expect(toHex(plain.slice(0, length))).toBe(toHex(key))
      padding.add(toHex(plain.slice(length)))
    }
    expect(padding.size).toBe(length === 24 ? 3 : 1)
  })

  test('the card must answer with the version and the check values that were sent', () => {
    const keys = set(16)
    const command = putKeySet(session(), keys)
    const right = concatBytes(Uint8Array.of(0x31), ...[keys.enc, keys.mac, keys.dek].map((key) => keyCheckValue(key)))
    expect(command.parse({ data: right, sw: 0x9000 }).version).toBe(0x31)
    for (let at = 0; at < right.length; at++) {
      const data = right.slice()
      data[at]! ^= 1
      expect(() => command.parse({ data, sw: 0x9000 })).toThrow(AuthenticationError)
    }
    expect(() => command.parse({ data: right.slice(1), sw: 0x9000 })).toThrow(DecodeError)
  })

  test('refuses keys of different lengths, version 0, and a session that is over', () => {
    expect(() => putKeySet(session(), { ...set(16), mac: new Uint8Array(32) })).toThrow(InputError)
    expect(() => putKeySet(session(), set(16, 0))).toThrow(InputError)
    const over = session()
    over.destroy()
    expect(() => putKeySet(over, set(16))).toThrow(SecureMessagingError)
  })
})

describe('card recognition data', () => {
  // GlobalPlatform Card Specification 2.3.1, H.3: a card of specification 2.2 with SCP02 i = 15 and SCP03 i = 10.
  const two =
    '733706072a864886fc6b01600b06092a864886fc6b020202' +
    '63090607' +
    '2a864886fc6b03' +
    '640b06092a864886fc6b040215' +
    '640b06092a864886fc6b040310'

  test('specification and every protocol, in DO 66 or bare', () => {
    const expected = {
      specification: '2.2',
      protocols: [
        { scp: 2, i: 0x15 },
        { scp: 3, i: 0x10 },
      ],
    }
    const bytes = fromHex(two.replace(/^7337/, `73${((two.length - 4) / 2).toString(16)}`))
    expect(decodeCardRecognition(bytes)).toEqual(expected)
    expect(decodeCardRecognition(concatBytes(Uint8Array.of(0x66, bytes.length), bytes))).toEqual(expected)
  })

  test('an i above 7F stands in two bytes; what is not known is passed over', () => {
    const data = fromHex('731f' + '06072a864886fc6b01' + '640c060a2a864886fc6b04038170' + '65060604deadbeef')
    expect(decodeCardRecognition(data)).toEqual({ specification: undefined, protocols: [{ scp: 3, i: 0xf0 }] })
  })

  test.each(['', '66', '6600', '660273', '7300', '730906072a864886fc6b02', '731306072a864886fc6b0164080606112233445566', '7f00'])(
    'refuses %s',
    (hex) => {
      expect(() => decodeCardRecognition(fromHex(hex))).toThrow(DecodeError)
    },
  )

  test('a card that has none, and one that refuses', async () => {
    const answering = (sw: number) => ({ transmit: async () => ({ data: new Uint8Array(0), sw }) })
    await expect(readCardRecognition(answering(0x6a88))).resolves.toBeUndefined()
    await expect(readCardRecognition(answering(0x6982))).rejects.toBeInstanceOf(StatusWordError)
  })
})
