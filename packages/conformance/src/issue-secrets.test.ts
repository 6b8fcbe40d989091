import type { CardTransport } from '@kart/apdu/host'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { buildImage, execute, initTestPki, type PersonalizationReport, testHolderAuthority } from '@kart/personalization'
import { beforeAll, describe, expect, it } from 'vitest'
import { can, chipSerial, executeOptions, personalizationDay, specimen, specimenOptions } from './testing/specimen.ts'

const pki = initTestPki({ now: personalizationDay })
const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: {} })

const blank = (): EmulatedCard => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })

const issue = (transport: CardTransport, options = {}) =>
  execute(transport, image, { ...executeOptions, certify, seenKeys: seenInMemory(), ...options })

/** Whether an attempt to write the card anew would still be let in. */
const isOpen = (card: EmulatedCard): Promise<boolean> =>
  issue(card.transport(), { allowUnfinished: true }).then(
    () => true,
    () => false,
  )

/** Keeps in memory, and says what happened. */
function keeper() {
  const kept: PersonalizationReport['forPrinter'][] = []
  return {
    kept,
    dropped: 0,
    keep(secrets: PersonalizationReport['forPrinter']) {
      kept.push(secrets)
    },
    drop() {
      this.dropped++
    },
  }
}

/** A transport whose command `at`, from 1, gets no answer, nor any after it; with `late` the card took that one. */
function cut(transport: CardTransport, at: number, late: boolean): CardTransport {
  let count = 0
  return {
    ...transport,
    async transceive(command) {
      count++
      if (count > at || (count === at && !late)) throw new Error('the card is gone')
      const response = await transport.transceive(command)
      if (count === at) throw new Error('the card is gone')
      return response
    },
  }
}

let steps: PersonalizationReport['steps']
beforeAll(async () => {
  steps = (await issue(blank().transport())).steps
})

const before = (name: string): number =>
  steps
    .slice(
      0,
      steps.findIndex((step) => step.name === name),
    )
    .reduce((sum, { apdus }) => sum + apdus, 0)

describe('what is told once', () => {
  it('is handed over once, whole, while the card is still open to personalization', async () => {
    const card = blank()
    let sent = 0
    const transport = card.transport()
    const counted = {
      ...transport,
      transceive(command: Uint8Array) {
        sent++
        return transport.transceive(command)
      },
    }
    const secrets = keeper()
    let at = 0
    const report = await issue(counted, {
      keeper: {
        ...secrets,
        keep(given: PersonalizationReport['forPrinter']) {
          at = sent
          secrets.keep(given)
        },
      },
    })
    expect(secrets.kept).toEqual([{ can, pins: image.holder!.pins }])
    expect(report.forPrinter).toEqual(secrets.kept[0])
    expect(at).toBe(before('secure'))
  })

  it('that cannot be kept leaves a card that is written anew', async () => {
    const card = blank()
    const full = { keep: () => Promise.reject(new Error('the disk is full')), drop: () => expect.unreachable() }
    await expect(issue(card.transport(), { keeper: full })).rejects.toThrow('the disk is full')
    card.powerOn()
    expect(await isOpen(card)).toBe(true)
  })

  it('is known of every card that a cut at any command of the last steps left SECURED, and dropped only where the card is not', async () => {
    const first = before('secure') + 1
    const last = steps.reduce((sum, { apdus }) => sum + apdus, 0)
    const outcomes: string[] = []
    for (let at = first; at <= last; at++)
      for (const late of [false, true]) {
        const card = blank()
        const secrets = keeper()
        await expect(issue(cut(card.transport(), at, late), { keeper: secrets })).rejects.toThrow('the card is gone')
        card.powerOn()
        const open = await isOpen(card)
        expect(secrets.kept, `cut at ${at}`).toHaveLength(1)
        if (!open) expect(secrets.dropped, `cut at ${at}`).toBe(0)
        outcomes.push(`${open ? 'open' : 'secured'} ${secrets.dropped > 0 ? 'dropped' : 'kept'}`)
      }
    expect([...new Set(outcomes)].sort()).toEqual(['open dropped', 'open kept', 'secured kept'])
  }, 300_000)
})
