import { inspect } from 'node:util'
import { type CommandApdu, encodeCommand, type ResponseApdu, StatusWordError } from '@kart/apdu/host'
import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { aesCbcEncrypt, aesCmac, aesEcbEncrypt, keyCheckValue, padMethod2, useBackend } from '@kart/crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuthenticationError, SecureMessagingError, secureMessagingLayer } from '../index.ts'
import {
  command,
  commandHex,
  hexField,
  response,
  responseHex,
  scriptedChannel,
  type VectorGroup,
  vectorGroups,
} from '../testing/vector-file.ts'
import { externalAuthenticateMac, type Scp03Keys, scp03CardChallenge, scp03Cryptogram, scp03SessionKeys } from './derivation.ts'
import { openScp03 } from './open-scp03.ts'
import { type Scp03SecurityLevel, Scp03Session } from './scp03-session.ts'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

const outside = vectorGroups('scp03/scp03.json')
const selfMade = vectorGroups('scp03/scp03-self.json')

const keysOf = (group: VectorGroup): Scp03Keys => ({
  version: Number(group.kvn),
  enc: hexField(group.keyEnc),
  mac: hexField(group.keyMac),
  dek: hexField(group.keyDek),
})
const levelOf = (group: VectorGroup) => Number.parseInt(`${group.tests[1]?.input.securityLevel}`, 16) as Scp03SecurityLevel
const aidOf = (group: VectorGroup) => hexField(group.isdAid ?? group.tests[0]?.input.isdAid)
/** The third-party file leaves the status word off the answer to INITIALIZE UPDATE. */
const initializeAnswer = (hex: unknown) => (`${hex}`.endsWith('9000') ? hex : `${hex}9000`)

/** The two exchanges that open the group's session. */
function opening(group: VectorGroup): [unknown, unknown][] {
  const [update, authenticate] = group.tests
  return [
    [update?.expected.command, initializeAnswer(update?.expected.response)],
    [authenticate?.expected.command, '9000'],
  ]
}

function open(group: VectorGroup, more: readonly (readonly [unknown, unknown])[] = []) {
  const channel = scriptedChannel([...opening(group), ...more])
  const options = { securityLevel: levelOf(group), hostChallenge: hexField(group.tests[0]?.input.hostChallenge), aid: aidOf(group) }
  return { channel, opened: openScp03(channel, keysOf(group), options) }
}

describe.each(outside.map((group) => [`${group.name}`, group] as const))('third-party session %s', (_name, group) => {
  const [update, authenticate] = group.tests
  const hostChallenge = hexField(update?.input.hostChallenge)
  const cardChallenge = hexField(update?.expected.cardChallenge)

  test('session keys, cryptograms, pseudo-random challenge, first C-MAC, key check values', () => {
    const keys = keysOf(group)
    const session = scp03SessionKeys(keys, hostChallenge, cardChallenge)
    expect(toHex(concatBytes(hostChallenge, cardChallenge))).toBe(update?.expected.context)
    expect(toHex(session.sEnc)).toBe(update?.expected.sEnc)
    expect(toHex(session.sMac)).toBe(update?.expected.sMac)
    expect(toHex(session.sRmac)).toBe(update?.expected.sRmac)
    expect(toHex(scp03Cryptogram('card', session.sMac, hostChallenge, cardChallenge))).toBe(update?.expected.cardCryptogram)
    const hostCryptogram = scp03Cryptogram('host', session.sMac, hostChallenge, cardChallenge)
    expect(toHex(hostCryptogram)).toBe(authenticate?.expected.hostCryptogram)
    expect(toHex(scp03CardChallenge(keys.enc, hexField(update?.expected.sequenceCounter), aidOf(group), 8))).toBe(
      update?.expected.cardChallenge,
    )
    expect(toHex(externalAuthenticateMac(session.sMac, levelOf(group), hostCryptogram))).toBe(authenticate?.expected.cMacFull)
    expect({ enc: keyCheckValue(keys.enc), mac: keyCheckValue(keys.mac), dek: keyCheckValue(keys.dek) }).toEqual(
      Object.fromEntries(Object.entries(group.kcv as Record<string, string>).map(([name, value]) => [name, fromHex(value)])),
    )
  })

  test('the terminal alone: opens the session, sends every command as published, opens the response', async () => {
    const commands = group.tests.slice(2).filter(({ input }) => input.plain !== undefined)
    const answer = group.tests.find(
      ({ input, result }) => input.response !== undefined && result === 'valid' && input.hostChallenge === undefined,
    )
    const { opened } = open(group)
    const { session, card } = await opened
    expect(card.i).toBe(update?.expected.iParameter)
    expect(toHex(card.keyDiversificationData)).toBe(update?.expected.keyDiversificationData)
    expect(commands.length).toBeGreaterThanOrEqual(5)
    commands.forEach((row, i) => {
      const sent = session.protect(command(row.input.plain))
      expect(commandHex(sent)).toBe(row.expected.command)
      if (i > 0 || answer === undefined) session.open(unprotectedOk(session, group, row.expected.cMacFull))
      else expect(toHex(session.open(response(answer.input.response)).data)).toBe(answer.expected.plainData)
    })
  })

  test.each(group.tests.filter(({ result }) => result === 'invalid'))('$comment', async (row) => {
    if (row.input.hostChallenge !== undefined) {
      const channel = scriptedChannel([[update?.expected.command, initializeAnswer(row.input.response)]])
      const failed = openScp03(channel, keysOf(group), { securityLevel: levelOf(group), hostChallenge })
      await expect(failed).rejects.toBeInstanceOf(AuthenticationError)
    } else {
      const { session } = await open(group).opened
      session.protect(command(group.tests[2]?.input.plain))
      expect(() => session.open(response(row.input.response))).toThrow(SecureMessagingError)
      expect(session.isOver).toBe(true)
    }
  })
})

/** An answer 9000 without data that the session's level accepts, made from the published session keys: the vectors publish one response a session. */
function unprotectedOk(session: Scp03Session, group: VectorGroup, chainingValue: unknown): ResponseApdu {
  if ((session.securityLevel & 0x10) === 0) return { data: new Uint8Array(0), sw: 0x9000 }
  const mac = aesCmac(hexField(group.tests[0]?.expected.sRmac), concatBytes(hexField(chainingValue), fromHex('9000')))
  return { data: mac.slice(0, session.macLength), sw: 0x9000 }
}

test('all nine third-party sessions are there', () => {
  expect(outside.map(({ name }) => name)).toHaveLength(9)
})

describe.each(selfMade.map((group) => [`${group.name}`, group] as const))('self-made session %s', (_name, group) => {
  const [update] = group.tests
  const commands = group.tests.slice(2).filter(({ input }) => input.plain !== undefined)
  const answers = group.tests.filter(({ expected }) => expected.response !== undefined).slice(1)

  test('commands as published', async () => {
    const { opened } = open(group)
    const { session } = await opened
    for (const row of commands) {
      expect(commandHex(session.protect(command(row.input.plain)))).toBe(row.expected.command)
      session.open(withMac(group, session, row.expected.cMacFull))
    }
    expect(
      toHex(scp03SessionKeys(keysOf(group), hexField(update?.input.hostChallenge), hexField(update?.expected.cardChallenge)).sRmac),
    ).toBe(update?.expected.sRmac)
  })

  const withMac = (g: VectorGroup, session: Scp03Session, chain: unknown) => unprotectedOk(session, g, chain)

  test.each(answers)('the answer to the last command: $comment', async (row) => {
    const { session } = await open(group).opened
    for (const [i, sent] of commands.entries()) {
      session.protect(command(sent.input.plain))
      if (i < commands.length - 1) session.open(unprotectedOk(session, group, sent.expected.cMacFull))
    }
    expect(responseHex(session.open(response(row.expected.response)))).toBe(`${row.input.plainData}${row.input.sw}`)
  })
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

describe('P02 P03 P04 answers that do not hold', () => {
  const group = outside.find(({ name }) => name === 'AES128 level 33')!
  const sEnc = hexField(group.tests[0]?.expected.sEnc)
  const sRmac = hexField(group.tests[0]?.expected.sRmac)
  const sent = group.tests[2]!
  const genuine = response(group.tests[3]?.input.response)
  const chain = hexField(sent.expected.cMacFull)

  const waiting = async () => {
    const { session } = await open(group).opened
    session.protect(command(sent.input.plain))
    return session
  }
  const sealed = (body: Uint8Array, sw = 0x9000): ResponseApdu => ({
    data: concatBytes(body, aesCmac(sRmac, concatBytes(chain, body, Uint8Array.of(sw >> 8, sw & 0xff))).slice(0, 8)),
    sw,
  })
  const iv = aesEcbEncrypt(sEnc, fromHex('80000000000000000000000000000001'))
  const message = async (answer: ResponseApdu) => {
    const session = await waiting()
    try {
      session.open(answer)
    } catch (error) {
      expect(error).toBeInstanceOf(SecureMessagingError)
      expect((error as Error).cause).toBeUndefined()
      expect(session.isOver).toBe(true)
      expect(() => session.protect(command('80ca006600'))).toThrow(SecureMessagingError)
      expect(() => session.encryptWithDek(new Uint8Array(16))).toThrow(SecureMessagingError)
      return (error as Error).message
    }
    return 'opened'
  }
  const changed = (offset: number) => {
    const data = genuine.data.slice()
    data[offset]! ^= 1
    return { data, sw: 0x9000 }
  }

  const rows: [string, ResponseApdu][] = [
    ['P01 9000 with neither data nor MAC', { data: new Uint8Array(0), sw: 0x9000 }],
    ['P01 a warning with neither data nor MAC', { data: new Uint8Array(0), sw: 0x6282 }],
    ['P01 plain data', { data: hexField(group.tests[3]?.expected.plainData), sw: 0x9000 }],
    ['P02 MAC cut to seven bytes', { data: genuine.data.slice(0, -1), sw: 0x9000 }],
    ['P02 MAC changed', changed(genuine.data.length - 1)],
    ['P02 MAC alone, of the whole', { data: genuine.data.slice(-8), sw: 0x9000 }],
    ['P02 cryptogram changed', changed(0)],
    ['P02 status word changed to a warning', { data: genuine.data, sw: 0x6310 }],
    ['P02 data with an error status word', { data: genuine.data, sw: 0x6a80 }],
    ['P04 cryptogram of half a block, valid MAC', sealed(new Uint8Array(8))],
    ['P04 bad padding, valid MAC', sealed(aesCbcEncrypt(sEnc, iv, new Uint8Array(16)))],
    ['P04 bad padding, wrong MAC', { data: concatBytes(aesCbcEncrypt(sEnc, iv, new Uint8Array(16)), new Uint8Array(8)), sw: 0x9000 }],
  ]

  test.each(rows)('%s', async (_name, answer) => {
    expect(await message(answer)).not.toBe('opened')
  })

  test('P04 all of them say the same words', async () => {
    expect(new Set(await Promise.all(rows.map(([, answer]) => message(answer)))).size).toBe(1)
  })

  test('P04 what the test seals itself opens, so that each row fails for what it names', async () => {
    const session = await waiting()
    const body = aesCbcEncrypt(sEnc, iv, padMethod2(fromHex('aabb'), 16))
    expect(responseHex(session.open(sealed(body, 0x6310)))).toBe('aabb6310')
  })

  test('P03 a replayed response, a response nobody asked for, a command before the response', async () => {
    const session = await waiting()
    session.open(genuine)
    session.protect(command(group.tests[4]?.input.plain))
    expect(() => session.open(genuine)).toThrow(SecureMessagingError)
    const idle = (await open(group).opened).session
    expect(() => idle.open(genuine)).toThrow(SecureMessagingError)
    const early = await waiting()
    expect(() => early.protect(command('80ca006600'))).toThrow(SecureMessagingError)
    expect(() => early.open(genuine)).toThrow(SecureMessagingError)
  })

  test('P03 responses of two commands swapped', async () => {
    const row = outside.find(({ name }) => name === 'AES128 level 11')!
    const [first, second] = [row.tests[2]!, row.tests[4]!]
    const { session } = await open(row).opened
    session.protect(command(first.input.plain))
    expect(() => session.open(unprotectedOk(session, row, second.expected.cMacFull))).toThrow(SecureMessagingError)
    expect(session.isOver).toBe(true)
  })

  test('an error status word comes bare and the session goes on', async () => {
    const session = await waiting()
    expect(session.open({ data: new Uint8Array(0), sw: 0x6a80 })).toEqual({ data: new Uint8Array(0), sw: 0x6a80 })
    expect(commandHex(session.protect(command(group.tests[4]?.input.plain)))).toBe(group.tests[4]?.expected.command)
  })

  test('the layer ends the session on 6988', async () => {
    const { channel, opened } = open(group, [[sent.expected.command, '6988']])
    const { session } = await opened
    const secured = secureMessagingLayer(session)(channel)
    await expect(secured.transmit(command(sent.input.plain))).rejects.toThrow(
      expect.objectContaining({ code: 'secure-messaging', sw: 0x6988 }),
    )
    await expect(secured.transmit(command(sent.input.plain))).rejects.toBeInstanceOf(SecureMessagingError)
  })
})

describe('shapes of commands', () => {
  const start = (securityLevel: Scp03SecurityLevel, macLength: 8 | 16 = 8) => {
    const group = outside[0]!
    const keys = scp03SessionKeys(keysOf(group), new Uint8Array(8), new Uint8Array(8))
    return {
      keys,
      session: new Scp03Session({ keys, dek: keysOf(group).dek, securityLevel, chainingValue: new Uint8Array(16), macLength }),
    }
  }
  const apdu = (length: number, ne: number, cla = 0x80): CommandApdu => ({
    cla,
    ins: 0xe2,
    p1: 0x88,
    p2: 0,
    data: new Uint8Array(length).fill(7),
    ne,
  })

  test('extended length: the three Lc bytes as sent are in the MAC; the boundary is where the coding turns', () => {
    for (const [length, ne, lc] of [
      [247, 0, 'ff'],
      [248, 0, '000100'],
      [1000, 0, '0003f0'],
      [1000, 65536, '0003f0'],
      [4, 65536, '00000c'],
      [4, 256, '0c'],
    ] as const) {
      const { keys, session } = start(0x01)
      const sent = session.protect(apdu(length, ne))
      const wire = toHex(encodeCommand(sent))
      expect(wire.slice(8, 8 + lc.length)).toBe(lc)
      const input = concatBytes(new Uint8Array(16), fromHex(`84e28800${lc}`), new Uint8Array(length).fill(7))
      expect(toHex(sent.data.slice(-8))).toBe(toHex(aesCmac(keys.sMac, input).slice(0, 8)))
    }
  })

  test('C-DECRYPTION in extended length, and the next counter', () => {
    const { keys, session } = start(0x03)
    const sent = session.protect(apdu(1000, 0))
    const iv = (counter: string) => aesEcbEncrypt(keys.sEnc, fromHex(counter.padStart(32, '0')))
    expect(toHex(sent.data.slice(0, -8))).toBe(toHex(aesCbcEncrypt(keys.sEnc, iv('1'), padMethod2(apdu(1000, 0).data, 16))))
    session.open({ data: new Uint8Array(0), sw: 0x9000 })
    session.protect(apdu(0, 0))
    session.open({ data: new Uint8Array(0), sw: 0x9000 })
    expect(toHex(session.protect(apdu(16, 0)).data.slice(0, -8))).toBe(
      toHex(aesCbcEncrypt(keys.sEnc, iv('3'), padMethod2(apdu(16, 0).data, 16))),
    )
  })

  test('Le: kept without R-MAC; opened wide with it, since the answer grows', () => {
    const wire = (level: Scp03SecurityLevel, ne: number) => start(level).session.protect(apdu(0, ne)).ne
    expect([0, 1, 256, 300, 65536].map((ne) => wire(0x03, ne))).toEqual([0, 1, 256, 300, 65536])
    expect([0, 1, 256, 300, 65536].map((ne) => wire(0x13, ne))).toEqual([0, 256, 256, 65536, 65536])
  })

  test('class byte: 84, 04; the logical channel is sent and not in the MAC; protected classes are refused', () => {
    const mac = (cla: number) => {
      const sent = start(0x01).session.protect(apdu(4, 0, cla))
      return [sent.cla, toHex(sent.data.slice(-8))]
    }
    expect(mac(0x80)[0]).toBe(0x84)
    expect(mac(0x00)[0]).toBe(0x04)
    expect(mac(0x82)[0]).toBe(0x86)
    expect(mac(0x82)[1]).toBe(mac(0x80)[1])
    expect(mac(0x00)[1]).not.toBe(mac(0x80)[1])
    for (const cla of [0x84, 0x0c, 0xc0, 0x40]) expect(() => mac(cla)).toThrow(InputError)
  })

  test('level 00: authenticated, and everything after goes as it is, in turn all the same', () => {
    const { session } = start(0x00)
    const sent = session.protect(apdu(300, 256))
    expect(commandHex(sent)).toBe(commandHex(apdu(300, 256)))
    expect(session.open({ data: Uint8Array.of(1), sw: 0x6a80 })).toEqual({ data: Uint8Array.of(1), sw: 0x6a80 })
    expect([session.maxCommandData(261), session.maxResponseData(258)]).toEqual([255, 256])
    expect(() => session.open({ data: new Uint8Array(0), sw: 0x9000 })).toThrow(SecureMessagingError)
    expect(session.isOver).toBe(true)
    expect(() => session.protect(apdu(1, 0))).toThrow(SecureMessagingError)
  })

  test('too long for any coding', () => {
    const { session } = start(0x33)
    expect(() => session.protect(apdu(65535, 0))).toThrow(InputError)
    expect(session.isOver).toBe(true)
  })

  test('the largest plain data fit, one byte more does not', () => {
    for (const level of [0x01, 0x03, 0x11, 0x33] as const) {
      for (const macLength of [8, 16] as const) {
        for (const limit of [261, 2048, 65544]) {
          const most = start(level, macLength).session.maxCommandData(limit)
          const ne = limit > 261 ? 65536 : 256
          const coded = (length: number) => encodeCommand(start(level, macLength).session.protect(apdu(length, ne))).length
          expect(coded(most)).toBeLessThanOrEqual(limit)
          if (limit < 65544) expect(coded(most + 1)).toBeGreaterThan(limit)
          else expect(() => coded(most + 1)).toThrow(InputError)
        }
      }
    }
    expect(start(0x33).session.maxCommandData(261)).toBe(239)
    expect(start(0x01).session.maxCommandData(261)).toBe(247)
    expect(start(0x33).session.maxResponseData(258)).toBe(239)
    expect(start(0x11).session.maxResponseData(258)).toBe(248)
    expect(start(0x01).session.maxResponseData(258)).toBe(256)
  })

  test('P02 no bytes make an answer throw anything but SecureMessagingError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        const { session } = start(0x33)
        session.protect(apdu(1, 256))
        expect(() => session.open({ data, sw: 0x9000 })).toThrow(SecureMessagingError)
      }),
    )
  })
})

describe('the data encryption key', () => {
  test('a key under it as published, whole blocks only', async () => {
    const group = selfMade.find(({ name }) => name === 'S8 level 33')!
    const { session } = await open(group).opened
    // PUT KEY of the vectors: version, type 88, length, length, key under the DEK, check value.
    const putKey = hexField(group.tests.find(({ comment }) => comment.startsWith('PUT KEY'))?.input.plain)
    const newKey = fromHex('000102030405060708090a0b0c0d0e0f')
    expect(toHex(putKey)).toContain(toHex(session.encryptWithDek(newKey)))
    expect(toHex(putKey)).toContain(toHex(keyCheckValue(newKey)))
    expect(() => session.encryptWithDek(new Uint8Array(8))).toThrow(InputError)
    expect(() => session.encryptWithDek(new Uint8Array(0))).toThrow(InputError)
  })
})

test('keys show in no inspection, no serialization and no error', async () => {
  const group = outside[2]!
  const { session } = await open(group).opened
  session.protect(command(group.tests[2]?.input.plain))
  let shown = `${inspect(session, { showHidden: true, depth: 9 })} ${JSON.stringify(session)} ${session}`
  try {
    session.open({ data: new Uint8Array(9), sw: 0x9000 })
  } catch (error) {
    shown += inspect(error, { showHidden: true, depth: 9 })
  }
  const { sEnc, sMac, sRmac } = group.tests[0]?.expected ?? {}
  for (const secret of [sEnc, sMac, sRmac, group.keyDek].map(hexField)) {
    expect(shown).not.toContain(toHex(secret))
    expect(shown).not.toContain([...secret.slice(0, 4)].join(', '))
  }
})
