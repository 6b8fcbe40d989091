import { concatBytes, encodeAscii, fromHex, toHex } from '@kart/codec'
import { agreementGroup, type GroupName } from '@kart/crypto'
import { describe, expect, test } from 'vitest'
import { AuthenticationError, canPassword, choosePace, performPace, secureMessagingLayer } from '../index.ts'
import { answeringCard } from '../testing/pace-example.ts'
import { integerGroup, nistGroup, type SecondCipher, type SecondGroup, secondMac, secondPaceCard } from '../testing/second-pace-card.ts'
import { protocolOidBytes } from './pace-protocol.ts'

const generatorOf = (name: GroupName) => agreementGroup(name).generator
const p256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n
const p521 = 2n ** 521n - 1n
/** RFC 5114, 2.3. */
const modp2048 = BigInt(
  '0x87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00e00df8f1d61957d4faf7df4561b2aa3016c3d91134096faa3bf4296d830e9a7c' +
    '209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76' +
    'b63acae1caa6b7902d52526735488a0ef13c6d9a51bfa4ab3ad8347796524d8ef6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026' +
    'c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103a4b54330c198af126116d2276e11715f693877fad7ef09cadb094ae91e1a1597',
)
const order256 = 0x8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3n

const groups: Readonly<Record<string, { id: number; name: GroupName; group: SecondGroup }>> = {
  'P-256': { id: 12, name: 'P-256', group: nistGroup(p256, generatorOf('P-256')) },
  'P-384': { id: 15, name: 'P-384', group: nistGroup(p384, generatorOf('P-384')) },
  'P-521': { id: 18, name: 'P-521', group: nistGroup(p521, generatorOf('P-521')) },
  'MODP-2048-256': { id: 2, name: 'MODP-2048-256', group: integerGroup(modp2048, order256, generatorOf('MODP-2048-256')) },
}
const ciphers: readonly SecondCipher[] = ['desede', 'aes128', 'aes192', 'aes256']
const sample: Readonly<Record<string, readonly SecondCipher[]>> = { 'P-384': ['aes192'], 'P-521': ['aes256'] }
const rows = Object.keys(groups).flatMap((name) =>
  (sample[name] ?? ciphers).flatMap((cipher) => (['gm', 'im'] as const).map((mapping) => [name, cipher, mapping] as const)),
)

/** The variant, and a card of its own that offers nothing else. */
function meet(name: string, cipher: SecondCipher, mapping: 'gm' | 'im', nonceLength: number, can = '500540') {
  const { id, group } = groups[name]!
  const arc = (mapping === 'gm' ? 1 : 3) + (name.startsWith('MODP') ? 0 : 1)
  const offer = { kind: 'pace', oid: `0.4.0.127.0.7.2.2.4.${arc}.${ciphers.indexOf(cipher) + 1}`, version: 2, parameterId: id } as const
  const selection = choosePace([offer]).selection!
  const oid = protocolOidBytes(selection.protocol)
  return { selection, card: secondPaceCard({ group, cipher, mapping, oid, password: encodeAscii(can), nonceLength }) }
}

describe('against a second implementation of the card: big integers and node:crypto', () => {
  test.each(rows)('%s, %s, %s: both sides hold the same keys', async (name, cipher, mapping) => {
    const nonceLength = mapping === 'im' && (cipher === 'aes192' || cipher === 'aes256') ? 32 : 16
    const { selection, card } = meet(name, cipher, mapping, nonceLength)
    const { session } = await performPace(card, { selection, password: canPassword('500540') })
    // The terminal's first protected command carries the MAC that the card's own keys give: SSC 1, header, DO'97'.
    const block = cipher === 'desede' ? 8 : 16
    const padded = (hex: string) => fromHex(hex.padEnd(2 * block, '0'))
    const counter = fromHex('1'.padStart(2 * block, '0'))
    // The retail MAC pads by itself, CMAC is given whole blocks.
    const mac = secondMac(
      cipher,
      card.keys!.mac,
      concatBytes(counter, padded('0cb0810080'), cipher === 'desede' ? fromHex('970104') : padded('97010480')),
    )
    const sent = answeringCard(['6988'])
    await secureMessagingLayer(session)(sent)
      .transmit({ cla: 0, ins: 0xb0, p1: 0x81, p2: 0, data: new Uint8Array(0), ne: 4 })
      .catch(() => undefined)
    expect(sent.commands).toEqual([`9701048e08${toHex(mac)}`])
    const long = name === 'MODP-2048-256'
    expect(card.sizes).toEqual([0, 256, long && mapping === 'gm' ? 65536 : 256, long ? 65536 : 256, 256])
  })

  test.each([8, 24, 32])('a nonce of %d bytes with the generic mapping', async (nonceLength) => {
    const { selection, card } = meet('P-256', 'desede', 'gm', nonceLength)
    await performPace(card, { selection, password: canPassword('500540') })
    expect(card.keys).toBeDefined()
  })

  test.each(['gm', 'im'] as const)('P07 another CAN, %s: refused by the card, and no keys', async (mapping) => {
    for (const name of ['P-256', 'MODP-2048-256']) {
      const { selection, card } = meet(name, 'aes128', mapping, 16, '500541')
      await expect(performPace(card, { selection, password: canPassword('500540') })).rejects.toBeInstanceOf(AuthenticationError)
      expect(card.keys).toBeUndefined()
    }
  })
})
