import { type CommandApdu, encodeCommand } from '@kart/apdu/host'
import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { desEde3CbcEncrypt, keyCheckValue, padMethod2, useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuthenticationError, SecureMessagingError, secureMessagingLayer } from '../index.ts'
import { command, commandHex, hexField, scriptedChannel, vectorGroups } from '../testing/vector-file.ts'
import { scp02CardChallenge, scp02Cryptogram, scp02Mac, scp02SessionKeys } from './derivation.ts'
import { openScp02 } from './open-scp02.ts'
import { Scp02Session } from './scp02-session.ts'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

const [group] = vectorGroups('scp03/scp02.json')
if (group === undefined) throw new Error('no SCP02 vectors')
const [update, authenticate, ...others] = group.tests
const commands = others.filter(({ input }) => input.plain !== undefined)
const keys = { version: Number(group.kvn), enc: hexField(group.keyEnc), mac: hexField(group.keyMac), dek: hexField(group.keyDek) }
const hostChallenge = hexField(update?.input.hostChallenge)
const sequenceCounter = hexField(update?.expected.sequenceCounter)
const cardChallenge = hexField(update?.expected.cardChallenge)
const answer = `${update?.expected.response}9000`
// The published session was opened with key version 20 asked for, and the card answered with its version 70.
const asked = { ...keys, version: 0x20 }
const opening = [
  [`${update?.expected.command}`.replace('805020', '805000'), answer],
  [authenticate?.expected.command, '9000'],
] as const
const first = { ...keys, version: 0 }
const policy = { allowScp02: true, i: 0x15, securityLevel: 0x01, hostChallenge } as const

describe('third-party session', () => {
  test('session keys and cryptograms', () => {
    const session = scp02SessionKeys(keys, sequenceCounter)
    expect(toHex(session.sEnc)).toBe(update?.expected.sEnc)
    expect(toHex(session.sMac)).toBe(update?.expected.cMacKey)
    expect(toHex(session.sDek)).toBe(update?.expected.dataEncKey)
    const challenges = { hostChallenge, sequenceCounter, cardChallenge }
    expect(toHex(scp02Cryptogram('card', session.sEnc, challenges))).toBe(update?.expected.cardCryptogram)
    expect(toHex(scp02Cryptogram('host', session.sEnc, challenges))).toBe(authenticate?.expected.hostCryptogram)
    const message = concatBytes(fromHex('8482010010'), hexField(authenticate?.expected.hostCryptogram))
    expect(toHex(scp02Mac(session.sMac, undefined, message))).toBe(authenticate?.expected.mac)
  })

  test('the terminal alone opens it and sends all four cases as published, the chaining value encrypted', async () => {
    const { session, card } = await openScp02(scriptedChannel(opening), first, policy)
    expect(card.scpId).toBe(2)
    expect(commands).toHaveLength(4)
    for (const row of commands) {
      expect(commandHex(session.protect(command(row.input.plain)))).toBe(row.expected.command)
      session.open({ data: new Uint8Array(0), sw: 0x9000 })
    }
  })

  test.each(others.filter(({ result }) => result === 'invalid'))('$comment', async ({ input }) => {
    const channel = scriptedChannel([[opening[0][0], `${input.response}9000`]])
    await expect(openScp02(channel, first, policy)).rejects.toBeInstanceOf(AuthenticationError)
    expect(channel.left()).toBe(0)
  })
})

test('derivation and key wrap of another publisher', () => {
  const rows = vectorGroups('kdf/diversification.json')
  const find = (name: string) => rows.find((candidate) => candidate.name === name)?.tests ?? []
  const test4041 = hexField(find('scp02-session')[0]?.input.key)
  const session = scp02SessionKeys({ version: 1, enc: test4041, mac: test4041, dek: test4041 }, fromHex('0000'))
  const byConstant = { '0182': session.sEnc, '0101': session.sMac, '0181': session.sDek } as Record<string, Uint8Array>
  let checked = 0
  for (const { input, expected } of find('scp02-session')) {
    if (input.counter !== '0000' || byConstant[`${input.constant}`] === undefined) continue
    expect(toHex(byConstant[`${input.constant}`]!)).toBe(expected.key)
    expect(toHex(keyCheckValue(byConstant[`${input.constant}`]!, 'desede'))).toBe(expected.kcv)
    checked++
  }
  expect(checked).toBe(3)
  const [wrap] = find('key-wrap')
  const open = new Scp02Session({ keys: session, securityLevel: 0x01, mac: new Uint8Array(8) })
  expect(toHex(open.encryptWithDek(hexField(wrap?.input.key)))).toBe(wrap?.expected.wrapped)
  expect(() => open.encryptWithDek(new Uint8Array(7))).toThrow(InputError)
  open.destroy()
  expect(() => open.encryptWithDek(new Uint8Array(8))).toThrow(SecureMessagingError)
})

describe('opening', () => {
  test('nothing is sent unless the policy allows', async () => {
    const channel = scriptedChannel(opening)
    await expect(openScp02(channel, first, { ...policy, allowScp02: false })).rejects.toThrow(/policy does not allow/)
    expect(channel.left()).toBe(2)
  })

  test('another key version, another protocol, a card that refuses', async () => {
    await expect(openScp02(scriptedChannel([[update?.expected.command, answer]]), asked, policy)).rejects.toThrow(/another key version/)
    const scp03 = `${'00'.repeat(10)}300370${'11'.repeat(16)}0000019000`
    await expect(openScp02(scriptedChannel([[opening[0][0], scp03]]), first, policy)).rejects.toThrow(/protocol 3/)
    const refusing = scriptedChannel([opening[0], [authenticate?.expected.command, '6300']])
    await expect(openScp02(refusing, first, policy)).rejects.toThrow(expect.objectContaining({ protocol: 'SCP02', sw: 0x6300 }))
  })

  test('i = 55: the challenge must follow from the counter where the AID is known', async () => {
    const aid = fromHex('a000000151000000')
    await expect(openScp02(scriptedChannel([opening[0]]), first, { ...policy, i: 0x55, aid })).rejects.toThrow(/does not follow/)
    // A card that makes it as E.4.2.3 has it, up to EXTERNAL AUTHENTICATE.
    const session = scp02SessionKeys(keys, sequenceCounter)
    const made = scp02CardChallenge(session.sMac, aid)
    const cryptogram = scp02Cryptogram('card', session.sEnc, { hostChallenge, sequenceCounter, cardChallenge: made })
    const told = `${answer.slice(0, 28)}${toHex(made)}${toHex(cryptogram)}9000`
    const sent: CommandApdu[] = []
    const channel = {
      transmit: async (apdu: CommandApdu) => {
        sent.push(apdu)
        return sent.length === 1 ? { data: fromHex(told.slice(0, -4)), sw: 0x9000 } : { data: new Uint8Array(0), sw: 0x9000 }
      },
    }
    await openScp02(channel, first, { ...policy, i: 0x55, aid })
    expect(sent.map(({ ins }) => ins)).toEqual([0x50, 0x82])
  })

  test('malformed input', async () => {
    for (const wrong of [{ securityLevel: 0x33 as never }, { i: 0x1a as never }, { hostChallenge: new Uint8Array(16) }])
      await expect(openScp02(scriptedChannel(opening), first, { ...policy, ...wrong })).rejects.toBeInstanceOf(InputError)
    await expect(openScp02(scriptedChannel(opening), { ...first, dek: new Uint8Array(8) }, policy)).rejects.toBeInstanceOf(InputError)
  })
})

describe('the session', () => {
  const start = (securityLevel: 0x01 | 0x03) =>
    new Scp02Session({ keys: scp02SessionKeys(keys, sequenceCounter), securityLevel, mac: new Uint8Array(8).fill(1) })
  const apdu = (length: number, ne = 0, cla = 0x80): CommandApdu => ({
    cla,
    ins: 0xe2,
    p1: 0,
    p2: 0,
    data: new Uint8Array(length).fill(7),
    ne,
  })

  test('C-DECRYPTION: the MAC is over the plain command, the data go out encrypted', () => {
    const { sEnc, sMac } = scp02SessionKeys(keys, sequenceCounter)
    const sent = start(0x03).protect(apdu(20))
    expect(toHex(sent.data.slice(0, -8))).toBe(toHex(desEde3CbcEncrypt(sEnc, new Uint8Array(8), padMethod2(apdu(20).data, 8))))
    const message = concatBytes(fromHex('84e200001c'), apdu(20).data)
    expect(toHex(sent.data.slice(-8))).toBe(toHex(scp02Mac(sMac, new Uint8Array(8).fill(1), message)))
  })

  test('short length fields only; the largest that fit', () => {
    for (const [level, most] of [
      [0x01, 247],
      [0x03, 239],
    ] as const) {
      expect(encodeCommand(start(level).protect(apdu(most, 256))).length).toBeLessThanOrEqual(261)
      expect(() => start(level).protect(apdu(most + 1))).toThrow(InputError)
    }
    expect(() => start(0x01).protect(apdu(1, 65536))).toThrow(InputError)
  })

  test('out of turn, over, and 6988 through the layer', async () => {
    const session = start(0x01)
    expect(() => session.open({ data: new Uint8Array(0), sw: 0x9000 })).toThrow(SecureMessagingError)
    expect(session.isOver).toBe(true)
    expect(() => session.protect(apdu(1))).toThrow(SecureMessagingError)
    for (const cla of [0x84, 0x0c, 0xc0]) expect(() => start(0x01).protect(apdu(1, 0, cla))).toThrow(InputError)
    const layered = secureMessagingLayer(start(0x01))({ transmit: async () => ({ data: new Uint8Array(0), sw: 0x6988 }) })
    await expect(layered.transmit(apdu(1))).rejects.toBeInstanceOf(SecureMessagingError)
    expect(() => new Scp02Session({ keys: scp02SessionKeys(keys, sequenceCounter), securityLevel: 0x01, mac: new Uint8Array(7) })).toThrow(
      InputError,
    )
  })
})
