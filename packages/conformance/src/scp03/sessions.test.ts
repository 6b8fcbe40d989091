import {
  type CardChannel,
  decodeKeyInformation,
  deleteKey,
  encodeDgi,
  getCardData,
  getStatus,
  installForPersonalization,
  StatusWordError,
  send,
  setCardStatus,
  storeData,
} from '@kart/apdu/host'
import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { EmulatedCard } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { AuthenticationError, openScp03, putKeySet, readCardRecognition, type Scp03SecurityLevel } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { decodeImage } from '../../../emulator/src/memory/card-image.ts'
import { domainCard, domainChannel, keySet, profileWith, secured, securityDomainAid } from './domain-card.ts'

const parameters = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x01, 0x11, 0x21, 0x31, 0x61, 0x71]
const levels: readonly Scp03SecurityLevel[] = [0x00, 0x01, 0x03, 0x11, 0x13, 0x33]
const offers = (i: number, level: number): boolean => {
  const asked = level & 0x20 ? 0x60 : level & 0x10 ? 0x20 : 0
  return (i & asked) === asked
}
const hex = (value: number) => value.toString(16).padStart(2, '0')
const refusal = (sw: number) => expect.objectContaining({ sw })
const emrtd = fromHex('A0000002471001')
const content = Uint8Array.from({ length: 2000 }, (_, i) => (i === 0 ? 0x75 : i & 0xff))

const rows = parameters.flatMap((i) => ([16, 24, 32] as const).map((length) => [hex(i), i, length] as const))

describe.each(rows)('i = %s (%i), keys of %i bytes', (_name, i, length) => {
  const s16 = (i & 0x01) !== 0
  const keys = keySet(0x30, length)
  const next = keySet(0x31, length === 16 ? 32 : 16, 5)

  it.each(levels)('level %s: a session, data in both directions, a key set put and used', async (level) => {
    const { card, channel, memory } = await domainCard(keys, profileWith(i))
    if (!offers(i, level)) {
      await expect(openScp03(channel, keys, { securityLevel: level, s16 })).rejects.toBeInstanceOf(AuthenticationError)
      return
    }
    const { session, inside } = await secured(channel, keys, level, { s16 })
    const { entries } = await send(inside, getStatus('card'))
    expect(entries.map(({ aid, lifeCycle }) => [toHex(aid), lifeCycle])).toEqual([[toHex(securityDomainAid), 0x07]])
    if (level === 0) {
      // Authenticated, and no more: whatever changes the card wants a C-MAC.
      for (const command of [
        putKeySet(session, next),
        installForPersonalization(emrtd),
        setCardStatus('SECURED'),
        deleteKey(0x30),
      ] as const)
        await expect(send(inside, command as never)).rejects.toThrow(refusal(0x6982))
      expect(toHex(await send(inside, getCardData(0x66)))).toMatch(/^66/)
      return
    }
    await send(inside, installForPersonalization(emrtd))
    await send(inside, storeData(encodeDgi(0x0102, content), { blockNumber: 0, last: true }))
    expect(decodeImage(memory.load()!).files.get('emrtd')?.get(0x0102)).toEqual(content)
    await send(inside, putKeySet(session, next))
    const information = decodeKeyInformation(await send(inside, getCardData(0xe0)))
    expect(information).toEqual([
      ...[1, 2, 3].map((identifier) => ({ identifier, version: 0x30, type: 0x88, length })),
      ...[1, 2, 3].map((identifier) => ({ identifier, version: 0x31, type: 0x88, length: next.enc.length })),
    ])
    const again = await domainChannel(card)
    await secured(again, next, level, { s16 })
    await expect(openScp03(again, { ...keys, version: 0x32 }, { s16 })).rejects.toThrow(refusal(0x6a88))
  })

  it('challenges do not come twice; only pseudo-random ones count', async () => {
    const { channel, memory } = await domainCard(keys, profileWith(i))
    const seen = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const { card } = await openScp03(channel, keys, { securityLevel: 0x01, s16, aid: securityDomainAid })
      expect([card.i, card.cardChallenge.length, card.sequenceCounter && toHex(card.sequenceCounter)]).toEqual([
        i,
        s16 ? 16 : 8,
        i & 0x10 ? hex(round).padStart(6, '0') : undefined,
      ])
      seen.add(toHex(card.cardChallenge))
    }
    expect(seen.size).toBe(3)
    expect(decodeImage(memory.load()!).keySets[0]?.sequence).toBe(i & 0x10 ? 3 : 0)
  })

  it('the card says its i before the session too, and the policy holds it to that', async () => {
    const { channel } = await domainCard(keys, profileWith(i))
    const recognition = await readCardRecognition(channel)
    expect(recognition).toEqual({ specification: '2.3.1', protocols: [{ scp: 3, i }] })
    await openScp03(channel, keys, {
      securityLevel: 0x01,
      s16,
      policy: { recognition: recognition!, requires: i, minimumKeyLength: length },
    })
    for (const policy of [
      { recognition: { specification: undefined, protocols: [{ scp: 3, i: i ^ 0x20 }] } },
      { recognition: { specification: undefined, protocols: [{ scp: 2, i }] } },
      { requires: i | 0x80 },
    ])
      await expect(openScp03(channel, keys, { securityLevel: 0x01, s16, policy })).rejects.toBeInstanceOf(AuthenticationError)
    if (length < 32)
      await expect(openScp03(channel, keys, { securityLevel: 0x01, s16, policy: { minimumKeyLength: 32 } })).rejects.toBeInstanceOf(
        InputError,
      )
  })
})

describe('key sets on the card', () => {
  const transport = keySet(0x30, 16)
  const issuer = keySet(0x31, 32, 1)

  it('a set is replaced in place, by the same or another version, and the old keys are gone', async () => {
    const { card, channel } = await domainCard(transport)
    const { session, inside } = await secured(channel, transport, 0x33)
    await send(inside, putKeySet(session, issuer, { replaces: 0x30 }))
    const second = keySet(0x31, 24, 2)
    await send(inside, putKeySet(session, second, { replaces: 0x31 }))
    const again = await domainChannel(card)
    await expect(openScp03(again, transport)).rejects.toThrow(refusal(0x6a88))
    await expect(openScp03(again, issuer)).rejects.toBeInstanceOf(AuthenticationError)
    await secured(again, second, 0x33)
  })

  it('failed tries count for each version alone', async () => {
    const { card, channel } = await domainCard(transport)
    const { session, inside } = await secured(channel, transport, 0x33)
    await send(inside, putKeySet(session, issuer))
    const again = await domainChannel(card)
    const blind = { ...issuer, find: undefined }
    // A terminal that does not look at the card's cryptogram: EXTERNAL AUTHENTICATE with a cryptogram of zeros.
    for (let tries = 0; tries < 10; tries++) {
      await again.transmit({ cla: 0x80, ins: 0x50, p1: blind.version, p2: 0, data: new Uint8Array(8), ne: 256 })
      const { sw } = await again.transmit({ cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: new Uint8Array(16), ne: 0 })
      expect(sw).toBe(0x6300)
    }
    await expect(openScp03(again, issuer)).rejects.toThrow(refusal(0x6983))
    await secured(again, transport, 0x33)
  })

  it('C17 SECURED erases the transport keys; the issuer’s set locks, unlocks and terminates, and personalizes no more', async () => {
    const { card, channel, memory } = await domainCard(transport)
    const first = await secured(channel, transport, 0x33)
    await send(first.inside, putKeySet(first.session, issuer))
    await send(first.inside, setCardStatus('SECURED'))
    expect(decodeImage(memory.load()!).keySets.map(({ version, transport: of }) => [version, of])).toEqual([[0x31, false]])
    expect(toHex(memory.load()!)).not.toContain(toHex(transport.enc))
    const powered = new EmulatedCard({ memory })
    card.close()
    const channelAgain = await domainChannel(powered)
    await expect(openScp03(channelAgain, transport)).rejects.toThrow(refusal(0x6a88))
    const { session, inside } = await secured(channelAgain, issuer, 0x33)
    for (const command of [
      installForPersonalization(emrtd),
      storeData(encodeDgi(0x2f00, Uint8Array.of(0x61, 0)), { blockNumber: 0, last: true }),
      putKeySet(session, keySet(0x32, 16)),
      deleteKey(0x31),
      setCardStatus('INITIALIZED'),
      setCardStatus('OP_READY'),
    ] as const)
      await expect(send(inside, command as never)).rejects.toThrow(refusal(0x6985))
    await send(inside, setCardStatus('CARD_LOCKED'))
    await send(inside, setCardStatus('SECURED'))
    await send(inside, setCardStatus('CARD_LOCKED'))
    const raw = powered.transport()
    expect(toHex(await raw.transceive(fromHex('00a4040c07A0000002471001')))).toBe('6a82')
    expect(toHex(await raw.transceive(fromHex('00a4040000'))).slice(-4)).toBe('6283')
    const locked = await openScp03({ transmit: async (command) => channelAgain.transmit(command) }, issuer, { aid: securityDomainAid })
    expect(locked.session.isOver).toBe(false)
  })

  it('C17 TERMINATED is final and leaves no key', async () => {
    const { channel, memory } = await domainCard(transport)
    const { session, inside } = await secured(channel, transport, 0x33)
    await send(inside, putKeySet(session, issuer))
    await send(inside, setCardStatus('TERMINATED'))
    expect(decodeImage(memory.load()!)).toMatchObject({ lifeCycle: 'TERMINATED', keySets: [] })
    await expect(send(inside, setCardStatus('SECURED'))).rejects.toThrow(refusal(0x6985))
  })
})

it('extended Lc is in the C-MAC, and the counter steps on commands without data, over many commands', async () => {
  const keys = keySet(0x30, 16)
  const { channel, memory } = await domainCard(keys, profileWith(0x71))
  const { inside } = await secured(channel, keys, 0x33, { s16: true })
  const dg2 = concatBytes(fromHex('75'), new Uint8Array(20_000).fill(0x5c))
  for (let round = 0; round < 3; round++) {
    await send(inside, getCardData(0x66))
    await send(inside, installForPersonalization(emrtd))
    await send(inside, storeData(encodeDgi(0x0102, dg2), { blockNumber: 0, last: true }))
  }
  expect(decodeImage(memory.load()!).files.get('emrtd')?.get(0x0102)).toEqual(dg2)
})

it('a card of the other mode, or of a lower i than the level needs, is refused before the terminal has shown anything', async () => {
  const keys = keySet(0x30, 16)
  const { channel } = await domainCard(keys, profileWith(0x71))
  await expect(openScp03(channel, keys)).rejects.toBeInstanceOf(StatusWordError)
  const low = await domainCard(keys, profileWith(0x10))
  const sent: number[] = []
  const spy: CardChannel = {
    transmit: (command) => {
      sent.push(command.ins)
      return low.channel.transmit(command)
    },
  }
  await expect(openScp03(spy, keys)).rejects.toBeInstanceOf(AuthenticationError)
  expect(sent).toEqual([0x50])
  expect(nationalId.scp03.i).toBe(0x70)
})
