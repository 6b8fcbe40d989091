import { type CommandApdu, StatusWordError } from '@kart/apdu/host'
import { fromHex, InputError, toHex } from '@kart/codec'
import { useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuthenticationError } from '../index.ts'
import { keysOf, opening, outside, selfMade } from '../testing/scp03-sessions.ts'
import { commandHex, hexField, response, scriptedChannel } from '../testing/vector-file.ts'
import { openScp03 } from './open-scp03.ts'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

describe('opening', () => {
  const group = outside.find(({ name }) => name === 'AES128 level 33')!
  const [update, authenticate] = group.tests
  const hostChallenge = hexField(update?.input.hostChallenge)
  const answered = (change: (bytes: Uint8Array) => void) => {
    const bytes = hexField(update?.expected.response)
    change(bytes)
    return scriptedChannel([[update?.expected.command, `${toHex(bytes)}9000`]])
  }
  const refused = (channel: ReturnType<typeof scriptedChannel>, options = {}) =>
    expect(openScp03(channel, keysOf(group), { hostChallenge, ...options })).rejects.toBeInstanceOf(AuthenticationError)

  test('level 33 unless told; the challenge is fresh each time', async () => {
    const channel = scriptedChannel(opening(group))
    const { session } = await openScp03(channel, keysOf(group), { hostChallenge })
    expect(session.securityLevel).toBe(0x33)
    const sent: string[] = []
    const spy = {
      transmit: async (apdu: CommandApdu) => {
        sent.push(toHex(apdu.data))
        return { data: new Uint8Array(0), sw: 0x6a88 }
      },
    }
    for (let i = 0; i < 3; i++) await expect(openScp03(spy, keysOf(group))).rejects.toBeInstanceOf(StatusWordError)
    expect(new Set(sent).size).toBe(3)
  })

  test('keys may be found by what the card says', async () => {
    const channel = scriptedChannel(opening(group))
    const find = (card: { keyVersion: number; keyDiversificationData: Uint8Array }) => {
      expect(card.keyVersion).toBe(48)
      expect(card.keyDiversificationData).toEqual(new Uint8Array(10))
      return keysOf(group)
    }
    const { session } = await openScp03(channel, { version: 48, find }, { hostChallenge })
    expect(session.isOver).toBe(false)
  })

  test('a wrong key, another key version, another protocol, unknown parameter bits, the other mode, no response protection', async () => {
    const wrong = keysOf(group)
    wrong.mac[0]! ^= 1
    const channel = scriptedChannel([opening(group)[0]!])
    await expect(openScp03(channel, wrong, { hostChallenge })).rejects.toBeInstanceOf(AuthenticationError)
    expect(channel.left()).toBe(0)
    await refused(answered((bytes) => (bytes[10] = 1)))
    await refused(answered((bytes) => (bytes[12] = 0x78)))
    await refused(answered((bytes) => (bytes[12] = 0x30)))
    await refused(
      answered((bytes) => (bytes[12] = 0x10)),
      { securityLevel: 0x11 },
    )
    await refused(scriptedChannel([[update?.expected.command, `${'00'.repeat(10)}3002000102030405060708010203040506079000`]]))
    const sixteen = selfMade.find(({ name }) => name === 'S16 level 33')?.tests[0]?.expected.response
    await expect(
      openScp03({ transmit: async () => response(sixteen) }, { ...keysOf(group), version: 1 }, { hostChallenge }),
    ).rejects.toBeInstanceOf(AuthenticationError)
  })

  test('a challenge that does not follow from the counter is refused where the AID is known', async () => {
    await refused(scriptedChannel([opening(group)[0]!]), { aid: fromHex('a000000151000000') })
  })

  test('a card that refuses the terminal', async () => {
    const channel = scriptedChannel([opening(group)[0]!, [authenticate?.expected.command, '6300']])
    await expect(openScp03(channel, keysOf(group), { hostChallenge })).rejects.toThrow(
      expect.objectContaining({ code: 'authentication', protocol: 'SCP03', sw: 0x6300 }),
    )
  })

  test('key identifier in P2, and the mode by its name', async () => {
    const sent: string[] = []
    const spy = {
      transmit: async (apdu: CommandApdu) => {
        sent.push(commandHex(apdu))
        return { data: new Uint8Array(0), sw: 0x6a88 }
      },
    }
    const refusedBySpy = (options: object) => expect(openScp03(spy, keysOf(group), options)).rejects.toBeInstanceOf(StatusWordError)
    await refusedBySpy({ keyIdentifier: 1 })
    await refusedBySpy({ s16: true })
    await refusedBySpy({ s16: false })
    expect(sent.map((hex) => hex.slice(0, 10))).toEqual(['8050300108', '8050300010', '8050300008'])
    await expect(openScp03(spy, keysOf(group), { s16: true, hostChallenge })).rejects.toBeInstanceOf(InputError)
    await expect(openScp03(spy, keysOf(group), { keyIdentifier: 128 })).rejects.toBeInstanceOf(InputError)
    expect(sent).toHaveLength(3)
  })

  test('a policy is refused its due before the terminal has authenticated itself', async () => {
    const announced = (i: number) => ({ specification: '2.3.1', protocols: [{ scp: 3, i }] })
    const channel = scriptedChannel(opening(group))
    await openScp03(channel, keysOf(group), {
      hostChallenge,
      policy: { requires: 0x70, recognition: announced(0x70), minimumKeyLength: 16 },
    })
    for (const policy of [
      { requires: 0x01 },
      { recognition: announced(0x60) },
      { recognition: { specification: undefined, protocols: [] } },
    ])
      await refused(scriptedChannel([opening(group)[0]!]), { policy })
    const short = openScp03(scriptedChannel([opening(group)[0]!]), keysOf(group), { hostChallenge, policy: { minimumKeyLength: 24 } })
    await expect(short).rejects.toBeInstanceOf(InputError)
  })

  test('malformed input', async () => {
    const channel = scriptedChannel([opening(group)[0]!])
    await expect(openScp03(channel, keysOf(group), { securityLevel: 0x32 as never, hostChallenge })).rejects.toBeInstanceOf(InputError)
    await expect(openScp03(channel, keysOf(group), { hostChallenge: new Uint8Array(7) })).rejects.toBeInstanceOf(InputError)
    await expect(openScp03(channel, { ...keysOf(group), dek: new Uint8Array(8) }, { hostChallenge })).rejects.toBeInstanceOf(InputError)
  })
})
