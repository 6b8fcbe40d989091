import { createConnection } from 'node:net'
import { concatBytes, fromHex, toHex, uintToBytes } from '@kart/codec'
import type { PluggedCard } from '@kart/emulator'
import { type BackendName, openPcsc, type PcscCard, type PcscContext } from '@kart/pcsc'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { countingBytes, ScriptedCard } from './scripted-card.ts'
import { backends, failure, insert, insertCard, plugCard, type Slot, slots, takeEvents, until, waitForCard, waitForStack } from './stack.ts'

const [first, second] = slots
const select = fromHex('00A40000')
const askSelected = fromHex('00CA0000')

let backend: BackendName
let context: PcscContext
let plugged: PluggedCard[] = []
let opened: PcscContext[] = []
let cards: PcscCard[] = []

/** A context that is closed after the test. */
async function another(): Promise<PcscContext> {
  const made = await openPcsc({ backend })
  opened.push(made)
  return made
}

/** A card that is closed after the test. */
async function connect(...[reader, options]: Parameters<PcscContext['connect']>): Promise<PcscCard> {
  const card = await context.connect(reader, options)
  cards.push(card)
  return card
}

/** Inserts a scripted card and connects to it. */
async function connected(options: Partial<Parameters<PcscContext['connect']>[1]> = {}): Promise<{ card: PcscCard; script: ScriptedCard }> {
  const script = new ScriptedCard()
  plugged.push(await insertCard(context, script))
  return { script, card: await connect(first.reader, { mode: 'shared', ...options }) }
}

beforeAll(waitForStack)

describe.each(backends)('backend %s', (name) => {
  beforeAll(async () => {
    backend = name
    context = await openPcsc({ backend })
  })
  afterEach(async () => {
    for (const card of cards) await card.close()
    for (const made of opened) await made.close()
    cards = []
    opened = []
    for (const card of plugged) await card.unplug()
    plugged = []
    for (const { reader } of slots) await waitForCard(context, reader, false)
  })
  afterAll(() => context.close())

  describe('readers and cards', () => {
    it('lists the readers, empty and with a card and its ATR', async () => {
      expect(await context.listReaders()).toMatchObject(slots.map(({ reader }) => ({ name: reader, cardPresent: false, atr: undefined })))
      const script = new ScriptedCard()
      plugged.push(await insertCard(context, script, second))
      const [empty, full] = await context.listReaders()
      expect(empty).toMatchObject({ cardPresent: false })
      expect(full).toMatchObject({ name: second.reader, cardPresent: true, atr: script.atr, exclusive: false })
    })

    it('tells insertions and removals in order, and first what is there', async () => {
      const script = new ScriptedCard()
      plugged.push(await insertCard(context, script))
      const events = context.watch()
      expect(await takeEvents(events, 1 + slots.length)).toEqual([
        { kind: 'reader-added', reader: first.reader },
        { kind: 'card-inserted', reader: first.reader, atr: script.atr },
        ...slots.slice(1).map(({ reader }) => ({ kind: 'reader-added', reader })),
      ])
      await plugged.pop()?.unplug()
      expect(await takeEvents(events, 1)).toEqual([{ kind: 'card-removed', reader: first.reader }])
      const other = new ScriptedCard(fromHex('3B80800101'))
      plugged.push(await plugCard(other, second))
      expect(await takeEvents(events, 1)).toMatchObject([{ kind: 'card-inserted', reader: second.reader }])
      await events.return?.()
    })

    it('ends a loop when its signal aborts', async () => {
      const abort = new AbortController()
      const seen: string[] = []
      for await (const event of context.watch({ signal: abort.signal })) {
        seen.push(event.kind)
        if (seen.length === slots.length) abort.abort()
      }
      expect(seen).toEqual(slots.map(() => 'reader-added'))
    })

    it('T05 loses no event over repeated insertions', async () => {
      const rounds = 5
      const events = context.watch()
      await takeEvents(events, slots.length)
      for (let i = 0; i < rounds; i++) {
        const card = await insertCard(context, new ScriptedCard())
        await card.unplug()
        await waitForCard(context, first.reader, false)
      }
      const kinds = (await takeEvents(events, 2 * rounds)).map(({ kind }) => kind)
      expect(kinds).toEqual(Array.from({ length: rounds }, () => ['card-inserted', 'card-removed']).flat())
      await events.return?.()
    })
  })

  describe('connecting', () => {
    it('gives the ATR and the protocol of the card, by whole name and by a part of it', async () => {
      const { card, script } = await connected()
      expect(toHex(card.atr)).toBe(toHex(script.atr))
      expect(card.protocol).toBe('T1')
      expect(await card.status()).toMatchObject({ name: first.reader, cardPresent: true, atr: script.atr, inUse: true, protocol: 'T1' })
      await card.close()
      const again = await connect('00 00', { mode: 'exclusive' })
      expect(again.reader).toBe(first.reader)
      expect(await again.status()).toMatchObject({ exclusive: true })
      await again.close()
    })

    it('refuses an empty reader, an unknown name and a name that fits two', async () => {
      expect(await failure(context.connect(first.reader, { mode: 'shared' }))).toMatchObject({
        code: 'reader',
        pcscName: 'SCARD_E_NO_SMARTCARD',
        pcscCode: 0x8010000c,
        reached: 'no',
      })
      expect(await failure(context.connect('Nowhere', { mode: 'shared' }))).toMatchObject({
        code: 'reader',
        pcscName: 'SCARD_E_UNKNOWN_READER',
      })
      expect((await failure(context.connect(first.reader.slice(0, 4), { mode: 'shared' }))).message).toContain(
        `fits ${slots.length} readers`,
      )
    })

    it('refuses a protocol that the card does not speak', async () => {
      plugged.push(await insertCard(context, new ScriptedCard(fromHex('3B800181'))))
      expect(await failure(context.connect(first.reader, { mode: 'shared', protocol: 'T0' }))).toMatchObject({
        code: 'reader',
        pcscName: 'SCARD_E_PROTO_MISMATCH',
      })
    })

    it('keeps others out of an exclusive card, and lets two share one', async () => {
      const { card } = await connected({ mode: 'exclusive' })
      const other = await another()
      expect(await failure(other.connect(first.reader, { mode: 'shared' }))).toMatchObject({
        code: 'reader',
        pcscName: 'SCARD_E_SHARING_VIOLATION',
      })
      await card.disconnect('leave')
      const one = await connect(first.reader, { mode: 'shared' })
      const two = await other.connect(first.reader, { mode: 'shared' })
      expect(toHex(await one.transceive(select))).toBe('9000')
      expect(toHex(await two.transceive(askSelected))).toBe('9000')
      expect(await failure(other.connect(first.reader, { mode: 'exclusive' }))).toMatchObject({ pcscName: 'SCARD_E_SHARING_VIOLATION' })
      await one.close()
      await other.close()
    })
  })

  describe('exchanges', () => {
    it.each([0, 1, 254, 255, 256, 257, 4096, 32_768, 65_279, 65_533])('T04 receives %i bytes of data whole', async (length) => {
      const { card } = await connected()
      const response = await card.transceive(concatBytes(fromHex('8010'), uintToBytes(length, 2), fromHex('000000')))
      expect(toHex(response)).toBe(`${toHex(countingBytes(length))}9000`)
      await card.close()
    })

    it.each([1, 255, 256, 4096, 65_279, 65_528])('sends %i bytes of data whole', async (length) => {
      const { card, script } = await connected()
      const header = length < 256 ? uintToBytes(length, 1) : concatBytes(fromHex('00'), uintToBytes(length, 2))
      const command = concatBytes(fromHex('00D60000'), header, countingBytes(length))
      expect(toHex(await card.transceive(command))).toBe('9000')
      expect(toHex(script.lastCommand)).toBe(toHex(command))
      await card.close()
    })

    it('refuses what is no command APDU before it is sent', async () => {
      const { card, script } = await connected()
      await expect(card.transceive(fromHex('00A400'))).rejects.toMatchObject({ code: 'input' })
      await expect(card.transceive(new Uint8Array(65_545))).rejects.toMatchObject({ code: 'input' })
      expect(script.happenings).not.toContain('apdu')
      await card.close()
    })

    it('carries out calls in the order in which they are made', async () => {
      const { card } = await connected()
      const lengths = [300, 2, 40, 1000, 0]
      const responses = await Promise.all(
        lengths.map((n) => card.transceive(concatBytes(fromHex('8010'), uintToBytes(n, 2), fromHex('000000')))),
      )
      expect(responses.map((response) => response.length - 2)).toEqual(lengths)
      await card.close()
    })

    it('T01 gives a typed error when the card goes in the middle of a command, and lives on', async () => {
      const { card, script } = await connected()
      script.onCommand = () => void plugged[0]?.unplug()
      expect(await failure(card.transceive(select))).toMatchObject({ code: 'transport', operation: 'transmit', reached: 'maybe' })
      await waitForCard(context, first.reader, false)
      expect((await failure(card.transceive(select))).code).toBe('transport')
      await card.close()
      const { card: next } = await connected()
      expect(toHex(await next.transceive(select))).toBe('9000')
      await next.close()
    })

    it('T01 gives up on a card that never answers, and lives on', async () => {
      const mute = await insert(context, first, () => muteCard(first))
      try {
        const card = await connect(first.reader, { mode: 'shared' })
        const error = await failure(card.transceive(select, { timeoutMs: 300 }))
        expect(error).toMatchObject({ code: 'transport', pcscName: 'SCARD_E_TIMEOUT', reached: 'maybe' })
        // The exchange itself; on a machine with much to do a call that closed an earlier card may still be under way.
        expect(context.pendingCalls).toBeGreaterThanOrEqual(1)
        const after = await failure(card.transceive(select))
        expect(after.message).toContain('no answer in time')
        await card.close()
        expect(await context.listReaders()).toHaveLength(slots.length)
      } finally {
        // Also when something fails: a card that stays would spoil the tests behind this one.
        await mute.unplug()
      }
      await until('the hanging call to come back', async () => (context.pendingCalls === 0 ? true : undefined))
      await waitForCard(context, first.reader, false)
      const { card: next } = await connected()
      expect(toHex(await next.transceive(select))).toBe('9000')
      await next.close()
    })

    it('refuses a control code that the driver does not know', async () => {
      const { card } = await connected()
      expect(await failure(card.control(0x42000000 + 99, fromHex('00')))).toMatchObject({ code: 'transport', operation: 'control' })
      expect(toHex(await card.transceive(select))).toBe('9000')
      await card.close()
    })
  })

  describe('letting go and coming back', () => {
    it("'leave' keeps the card's state, 'reset' ends it, 'unpower' cuts the power", async () => {
      const { card, script } = await connected()
      await card.transceive(select)
      await card.disconnect('leave')
      const second = await connect(first.reader, { mode: 'shared' })
      expect(toHex(await second.transceive(askSelected))).toBe('9000')

      script.happenings.length = 0
      await second.disconnect('reset')
      await until('the reset', async () => (script.happenings.includes('reset') ? true : undefined))
      const third = await connect(first.reader, { mode: 'shared' })
      expect(toHex(await third.transceive(askSelected))).toBe('6985')

      await third.transceive(select)
      script.happenings.length = 0
      await third.disconnect('unpower')
      await until('the power to go', async () => (script.happenings.includes('off') ? true : undefined))
      const fourth = await connect(first.reader, { mode: 'shared' })
      expect(toHex(await fourth.transceive(askSelected))).toBe('6985')
      await fourth.disconnect('eject')
      expect((await failure(fourth.transceive(select))).message).toContain('disconnected')
    })

    it('close() leaves no state to the next program, and is harmless twice', async () => {
      const { card } = await connected()
      await card.transceive(select)
      await card.close()
      await card.close()
      const next = await connect(first.reader, { mode: 'shared' })
      expect(toHex(await next.transceive(askSelected))).toBe('6985')
      await next.close()
    })

    it('T03 tells that another program reset the card, and reconnects', async () => {
      const { card } = await connected()
      const other = await another()
      const rival = await other.connect(first.reader, { mode: 'shared' })
      await card.transceive(select)
      await rival.disconnect('reset')
      expect(await failure(card.transceive(askSelected))).toMatchObject({
        code: 'transport',
        pcscName: 'SCARD_W_RESET_CARD',
        sessionEnd: 'reset',
      })
      expect(await failure(card.transceive(askSelected))).toMatchObject({ sessionEnd: 'reset', mayHaveReachedCard: false })
      await card.reconnect({ mode: 'shared', disposition: 'leave' })
      expect(toHex(await card.transceive(askSelected))).toBe('6985')
      await card.reconnect({ mode: 'exclusive', disposition: 'reset' })
      expect(await failure(other.connect(first.reader, { mode: 'shared' }))).toMatchObject({ pcscName: 'SCARD_E_SHARING_VIOLATION' })
      await card.close()
      await other.close()
    })

    it('P18 a card put in another’s place gets none of its session: not by a command, not by reconnect', async () => {
      const { card } = await connected()
      await card.transceive(select)
      await plugged.pop()?.unplug()
      await waitForCard(context, first.reader, false)
      const other = new ScriptedCard()
      plugged.push(await insertCard(context, other))
      // No call in between: the exchange is noticed by whatever comes first.
      expect(await failure(card.reconnect({ mode: 'shared', disposition: 'leave' }))).toMatchObject({
        operation: 'reconnect',
        pcscName: 'SCARD_W_REMOVED_CARD',
        sessionEnd: 'removed',
        mayHaveReachedCard: false,
      })
      expect(await failure(card.transceive(select))).toMatchObject({ code: 'transport', sessionEnd: 'removed', mayHaveReachedCard: false })
      expect(await card.status()).toMatchObject({ session: 'removed', cardPresent: true })
      expect(other.happenings).not.toContain('apdu')
      await card.close()
      const next = await connect(first.reader, { mode: 'shared' })
      expect(toHex(await next.transceive(askSelected))).toBe('6985')
      await next.close()
    })
  })
})

/** A card in the slot that gives its ATR and answers nothing else. */
async function muteCard(slot: Slot): Promise<{ unplug(): Promise<void> }> {
  if ('socket' in slot) {
    return plugCard(new ScriptedCard(), slot, { fault: () => ({ kind: 'mute' }) })
  }
  const { port } = slot
  const socket = createConnection({ port, host: '127.0.0.1' })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const atr = new ScriptedCard().atr
  let received: Uint8Array = new Uint8Array()
  socket.on('data', (chunk) => {
    received = concatBytes(received, chunk)
    // A frame is two bytes of length and so many more, and vpcd sends the two apart: a chunk may end in the middle. The question for the ATR is
    // a frame of one byte, 04; any other frame stays without an answer.
    for (let end = frameEnd(received); end !== undefined; end = frameEnd(received)) {
      if (end === 3 && received[2] === 4) socket.write(concatBytes(uintToBytes(atr.length, 2), atr))
      received = received.subarray(end)
    }
  })
  socket.on('error', () => undefined)
  return { unplug: async () => void socket.destroy() }
}

/** Where the first frame of vpcd's protocol ends; undefined while it is not there whole. */
function frameEnd(bytes: Uint8Array): number | undefined {
  const end = 2 + (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  return bytes.length >= 2 && bytes.length >= end ? end : undefined
}
