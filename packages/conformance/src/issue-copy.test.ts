import { type CardTransport, getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { type SeenKeys, seenInMemory } from '@kart/crypto'
import { type CardMemory, createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import {
  buildImage,
  type CertifyHolder,
  execute,
  givenCertificates,
  readHeldKeys,
  requestCertificates,
  testHolderAuthority,
} from '@kart/personalization'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimen, specimenOptions } from './testing/specimen.ts'

// A card that waits for its certificates, and its twin: the file of an emulated card can be copied.

const authority = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const imageOf = (record = specimen) => buildImage(record, nationalId, { ...specimenOptions, signatureCard: {} })
const channelTo = (card: EmulatedCard) => openChannel(card.transport(), getResponse(), wrongLength())

interface Waiting {
  readonly memory: CardMemory
  readonly seenKeys: SeenKeys
  readonly certificates: readonly Uint8Array[]
}

const cardIn = (memory: CardMemory): EmulatedCard => new EmulatedCard({ memory })

const request = (card: EmulatedCard, seenKeys: SeenKeys, record = specimen) =>
  requestCertificates(card.transport(), imageOf(record), { keys: testTransportKeys, seenKeys, now: personalizationDay })

async function waiting(): Promise<Waiting> {
  const [memory, seenKeys] = [inMemory(), seenInMemory()]
  const blank = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: chipSerial })
  const { requests } = await request(blank, seenKeys)
  return { memory, seenKeys, certificates: await Promise.all(requests.map(async (order) => (await authority(order)).certificate)) }
}

interface Finishing {
  readonly record?: typeof specimen
  readonly allowUnfinished?: boolean
  readonly wrap?: (transport: CardTransport) => CardTransport
  readonly before?: () => Promise<unknown>
}

async function finish({ seenKeys, certificates }: Waiting, memory: CardMemory, options: Finishing = {}) {
  const { record, allowUnfinished = false, wrap = (transport) => transport, before } = options
  const card = cardIn(memory)
  const image = imageOf(record)
  const given = givenCertificates(image, await readHeldKeys(channelTo(card), image), certificates, personalizationDay)
  const certify: CertifyHolder = async (order) => {
    await before?.()
    return given(order)
  }
  return execute(wrap(card.transport()), image, { ...executeOptions, seenKeys, keepHolderKeys: true, allowUnfinished, certify })
}

/** The transport whose command `at`, from 1, gets no answer, nor any after it; with `late` the card took that one. Counts in `sent`. */
function cut(at: number, late: boolean, sent: { count: number } = { count: 0 }) {
  return (transport: CardTransport): CardTransport => ({
    ...transport,
    async transceive(command) {
      sent.count++
      if (sent.count > at || (sent.count === at && !late)) throw new Error('the card is gone')
      const response = await transport.transceive(command)
      if (sent.count === at) throw new Error('the card is gone')
      return response
    },
  })
}

describe('a copy of a card that waits for its certificates', () => {
  it('is refused once the card is finished, and nothing is written', async () => {
    const card = await waiting()
    const copy = inMemory(card.memory.load())
    expect((await finish(card, card.memory)).lifeCycle).toBe('SECURED')
    const before = toHex(copy.load()!)
    for (const allowUnfinished of [false, true])
      await expect(finish(card, copy, { allowUnfinished })).rejects.toThrow(
        /key authentication is on a card that is finished already.*a copy/,
      )
    await expect(request(cardIn(copy), card.seenKeys)).rejects.toThrow(/finished already/)
    expect(toHex(copy.load()!)).toBe(before)
  })

  it('is refused also by a run that began before the card was finished', async () => {
    const card = await waiting()
    const copy = inMemory(card.memory.load())
    let done = 0
    const other = async () => {
      if (done++ === 0) await finish(card, card.memory)
    }
    await expect(finish(card, copy, { before: other })).rejects.toThrow(/another run.*same key/)
    expect(done).toBeGreaterThan(0)
  })

  it('is refused after a cut at any command of the last steps that left the card SECURED; and where it did not, the card itself is finished', async () => {
    const trial = await waiting()
    const sent = { count: 0 }
    const { steps } = await finish(trial, trial.memory, { wrap: cut(Number.POSITIVE_INFINITY, false, sent) })
    const last = steps.filter(({ name }) => name === 'secure' || name === 'prove').reduce((sum, { apdus }) => sum + apdus, 0)
    const outcomes = new Set<string>()
    for (let at = sent.count - last + 1; at <= sent.count; at++)
      for (const late of [false, true]) {
        const card = await waiting()
        const copy = inMemory(card.memory.load())
        await expect(finish(card, card.memory, { wrap: cut(at, late) })).rejects.toThrow('the card is gone')
        const again = await finish(card, card.memory, { allowUnfinished: true }).then(
          () => 'finished by a second run',
          (error: Error) => (/personalized already/.test(error.message) ? 'SECURED by the first' : error.message),
        )
        outcomes.add(again)
        for (const allowUnfinished of [false, true])
          await expect(finish(card, copy, { allowUnfinished }), `${at} ${late} ${again}`).rejects.toThrow(/a copy/)
      }
    expect([...outcomes].sort()).toEqual(['SECURED by the first', 'finished by a second run'])
  }, 300_000)

  it('is refused also where somebody made an EF.DIR on it, which takes no key before ACTIVATE', async () => {
    const trial = await waiting()
    const sent = { count: 0 }
    const { steps } = await finish(trial, trial.memory, { wrap: cut(Number.POSITIVE_INFINITY, false, sent) })
    const proof = steps.find(({ name }) => name === 'prove')?.apdus ?? 0
    const card = await waiting()
    const copy = inMemory(card.memory.load())
    await expect(finish(card, card.memory, { wrap: cut(sent.count - proof, true) })).rejects.toThrow('the card is gone')
    await expect(finish(card, card.memory, { allowUnfinished: true })).rejects.toThrow(/personalized already/)
    const twin = cardIn(copy)
    const made = ['00a40000023f00', '00e0000019 6217 80020020 820101 83022f00 8603000000 85020000 8a0100'].map((hex) =>
      toHex(twin.process(fromHex(hex)).slice(-2)),
    )
    expect(made).toEqual(['9000', '9000'])
    await expect(finish(card, copy, { allowUnfinished: true })).rejects.toThrow(/a copy/)
  })
})

describe('a record that is not the one the requests were made from', () => {
  it.each([
    ['another document number', { document: { ...specimen.document, number: 'B98765432' } }],
    ['another date of expiry', { document: { ...specimen.document, dateOfExpiry: '2035-10-04' } }],
  ])('of %s is refused before anything is written, and the right one finishes the card', async (_, change) => {
    const card = await waiting()
    const record = { ...specimen, ...change }
    const before = toHex(card.memory.load()!)
    await expect(finish(card, card.memory, { record })).rejects.toThrow(/^record: .*key authentication.*document number/)
    await expect(request(cardIn(card.memory), card.seenKeys, record)).rejects.toThrow(/^record: /)
    expect(toHex(card.memory.load()!)).toBe(before)
    expect((await request(cardIn(card.memory), card.seenKeys)).keysHeld).toBe(true)
    expect((await finish(card, card.memory)).lifeCycle).toBe('SECURED')
  })

  it('of another holder is refused by the certificates, and by the requests', async () => {
    const card = await waiting()
    const record = { ...specimen, holder: { ...specimen.holder, nationalCode: '0499370899' } }
    await expect(finish(card, card.memory, { record })).rejects.toThrow(/another holder/)
    await expect(request(cardIn(card.memory), card.seenKeys, record)).rejects.toThrow(/^record: /)
  })
})
