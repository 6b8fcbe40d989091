import { decodeCommand } from '@kart/apdu/card'
import { fromHex, toHex, uintToBytes } from '@kart/codec'
import { type CardProfile, nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { createBlankCard } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { decodeImage, encodeImage } from '../memory/card-image.ts'
import { inMemory } from '../memory/card-memory.ts'
import type { KeySet } from '../memory/card-state.ts'
import { sendHex } from '../testing/terminal.ts'
import { loadGroups, type VectorGroup } from '../testing/vectors.ts'
import { deriveScp03 } from './key-derivation.ts'
import { checkValue } from './key-sets.ts'
import { PendingChannel, pseudoRandomChallenge, Scp03Session } from './scp03.ts'
import { scp03Offer } from './scp03-offer.ts'

const groups = loadGroups('scp03/scp03.json')
const keysOf = (group: VectorGroup): KeySet => ({
  version: group.kvn,
  enc: fromHex(group.keyEnc!),
  mac: fromHex(group.keyMac!),
  dek: fromHex(group.keyDek!),
})

/** A card with the file's keys, security domain AID, sequence counter and parameter i. */
function vectorCard(group: VectorGroup, sequenceCounter: string, iccSerial: Uint8Array, i = 0x70): EmulatedCard {
  const aid = fromHex(group.isdAid ?? group.tests[0]!.input.isdAid!)
  const applications = nationalId.applications.map((application) => (application.name === 'isd' ? { ...application, aid } : application))
  const profile: CardProfile = { ...nationalId, applications, securityDomainAid: aid, scp03: { i } }
  const memory = inMemory()
  createBlankCard({ memory, profile, transportKeys: keysOf(group), iccSerial })
  const state = decodeImage(memory.load()!)
  const sequence = Number.parseInt(sequenceCounter, 16)
  memory.store(encodeImage({ ...state, keySets: state.keySets.map((set) => ({ ...set, sequence })) }))
  const card = new EmulatedCard({ memory, profile })
  expect(sendHex(card, '00a4040c00')).toBe('9000')
  return card
}

describe.each(groups)('SCP03 session of $name drives the card alone', (group) => {
  const [initialize, authenticate] = group.tests as [VectorGroup['tests'][0], VectorGroup['tests'][0]]
  const commands = group.tests.filter(({ expected, flags }) => expected.command && !flags.includes('self')).slice(2)

  it('answers INITIALIZE UPDATE byte for byte, opens at EXTERNAL AUTHENTICATE, and accepts every C-MAC after', () => {
    const { sequenceCounter, keyDiversificationData } = initialize.expected
    const card = vectorCard(group, sequenceCounter!, fromHex(keyDiversificationData!))
    expect(sendHex(card, initialize.expected.command!)).toBe(`${initialize.expected.response}9000`)
    expect(sendHex(card, authenticate.expected.command!)).toBe('9000')
    expect(commands.length).toBe(5)
    for (const { expected } of commands) {
      const sw = sendHex(card, expected.command!).slice(-4)
      expect(['6982', '6f00', '6700', '6e00']).not.toContain(sw)
    }
    // Sent again, the first of them is not the next one any more.
    expect(sendHex(card, commands[0]!.expected.command!)).toBe('6982')
  })

  it('takes every command apart and protects the response byte for byte', () => {
    const keys = keysOf(group)
    const sequence = Number.parseInt(initialize.expected.sequenceCounter!, 16)
    const challenge = pseudoRandomChallenge(keys.enc, sequence, fromHex(group.isdAid!), 8)
    expect(toHex(challenge)).toBe(initialize.expected.cardChallenge)
    const pending = new PendingChannel(keys, scp03Offer(nationalId), fromHex(initialize.input.hostChallenge!), challenge)
    expect(toHex(pending.cardCryptogram)).toBe(initialize.expected.cardCryptogram)
    expect(pending.isHost(fromHex(authenticate.expected.hostCryptogram!))).toBe(true)
    const session = pending.open(Number.parseInt(authenticate.input.securityLevel!, 16))
    expect(toHex(session.checkMac(decodeCommand(fromHex(authenticate.expected.command!))))).toBe(authenticate.expected.hostCryptogram)
    const [first, ...others] = commands
    const response = group.tests.find(({ comment }) => comment === 'response to the previous command')!
    const opened = (test: typeof response): string => toHex(session.open(decodeCommand(fromHex(test.expected.command!))))
    const plainData = (test: typeof response): string => toHex(decodeCommand(fromHex(test.input.plain!)).data)
    expect(opened(first!)).toBe(plainData(first!))
    const protectedResponse = session.protect({ data: fromHex(response.expected.plainData!), sw: 0x9000 })
    expect(toHex(protectedResponse.data) + toHex(uintToBytes(protectedResponse.sw, 2))).toBe(response.input.response)
    for (const test of others) expect(opened(test)).toBe(plainData(test))
  })
})

/** Made by another program of ours: the same that reproduces the nine sessions above. No S16 session was published by anyone. */
const selfMade = loadGroups('scp03/scp03-self.json')

describe.each(selfMade)('SCP03 session $name, self-made, drives the card alone', (group) => {
  const [initialize, authenticate] = group.tests as [VectorGroup['tests'][0], VectorGroup['tests'][0]]
  const i = Number.parseInt(group.iParameter!, 16)
  const commands = group.tests.filter(({ input }) => input.plain !== undefined)
  const responses = group.tests.filter(({ input }) => input.plainData !== undefined)

  it('answers INITIALIZE UPDATE byte for byte, opens, and accepts every C-MAC after', () => {
    const card = vectorCard(group, initialize.input.sequenceCounter!, new Uint8Array(10), i)
    expect(sendHex(card, initialize.expected.command!)).toBe(initialize.expected.response)
    expect(sendHex(card, authenticate.expected.command!)).toBe('9000')
    expect(commands.length).toBe(4)
    for (const { expected } of commands) expect(['6982', '6f00', '6700', '6e00']).not.toContain(sendHex(card, expected.command!).slice(-4))
    expect(sendHex(card, commands[0]!.expected.command!)).toBe('6982')
  })

  it('takes every command apart and protects each response byte for byte', () => {
    const keys = keysOf(group)
    const offer = scp03Offer({ ...nationalId, scp03: { i } })
    const challenge = fromHex(initialize.expected.cardChallenge!)
    const opened = (): Scp03Session => {
      const pending = new PendingChannel(keys, offer, fromHex(initialize.input.hostChallenge!), challenge)
      expect(toHex(pending.cardCryptogram)).toBe(initialize.expected.cardCryptogram)
      expect(pending.isHost(fromHex(authenticate.expected.hostCryptogram!))).toBe(true)
      const session = pending.open(Number.parseInt(authenticate.input.securityLevel!, 16))
      session.checkMac(decodeCommand(fromHex(authenticate.expected.command!)))
      for (const { input, expected } of commands)
        expect(toHex(session.open(decodeCommand(fromHex(expected.command!))))).toBe(toHex(decodeCommand(fromHex(input.plain!)).data))
      return session
    }
    opened()
    // Alternatives, each as the answer to the last command.
    for (const { input, expected } of responses) {
      const sent = opened().protect({ data: fromHex(input.plainData!), sw: Number.parseInt(input.sw!, 16) })
      expect(toHex(sent.data) + toHex(uintToBytes(sent.sw, 2))).toBe(expected.response)
    }
  })
})

describe('derivation of another publisher', () => {
  const rows = (name: string) => loadGroups('kdf/diversification.json').find((group) => group.name === name)!.tests

  it('session keys', () => {
    let checked = 0
    for (const { input, expected } of rows('scp03-kdf')) {
      if (input.constant === undefined) continue
      const key = deriveScp03(fromHex(input.key!), Number(input.constant), fromHex(input.context!), Number(input.bits))
      expect(toHex(key)).toBe(expected.key)
      checked++
    }
    expect(checked).toBeGreaterThanOrEqual(3)
  })

  it('check values and the key under the Key-DEK', () => {
    for (const { input, expected } of rows('kcv').slice(0, 3)) expect(toHex(checkValue(fromHex(input.key!)))).toBe(expected.kcv)
    const { input, expected } = rows('key-wrap').find(({ input: { dek } }) => dek !== undefined)!
    const nothing = new Uint8Array(16)
    const session = new Scp03Session({ sEnc: nothing, sMac: nothing, sRmac: nothing, dek: fromHex(input.dek!) }, 8, 0x01, 1)
    expect(toHex(session.decryptKey(fromHex(expected.wrapped!)))).toBe(input.key)
  })
})
