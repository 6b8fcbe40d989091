import type { CardTransport } from '@kart/apdu/host'
import { getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { buildImage, execute, initTestPki, testHolderAuthority } from '@kart/personalization'
import { openHolderApplication, readPinStatus } from '@kart/signature'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, specimen, specimenOptions } from './testing/specimen.ts'

const pki = initTestPki({ now: personalizationDay })
const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const image = () => buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: {} })
const blank = () => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
const issue = (transport: CardTransport, options = {}) =>
  execute(transport, image(), { ...executeOptions, certify, seenKeys: seenInMemory(), ...options })

/** The transport of a card that is pulled out instead of answering this command, counted from 1; with `late` after the card took it. */
function pulledAt(transport: CardTransport, at: number, late: boolean): CardTransport {
  let count = 0
  return {
    atr: transport.atr,
    close: () => transport.close(),
    async transceive(command) {
      count++
      if (count > at || (count === at && !late)) throw new Error('the card is gone')
      const response = await transport.transceive(command)
      if (count === at) throw new Error('the card is gone')
      return response
    },
  }
}

describe('a signature card pulled out while it is made', () => {
  it('is written anew whole, with new PINs, wherever the run was cut off between the first PIN and the last proof', async () => {
    const report = await issue(blank().transport())
    const names = report.steps.map(({ name }) => name)
    const before = (name: (typeof names)[number]) => report.steps.slice(0, names.indexOf(name)).reduce((sum, { apdus }) => sum + apdus, 0)
    const first = before('holder-keys')
    const last = before('secure')
    // Every command takes a minute and a half; this many, each step among them.
    const step = 7
    for (let at = first + 1, i = 0; at <= last; at += step, i++) {
      const card = blank()
      await expect(issue(pulledAt(card.transport(), at, i % 2 === 0))).rejects.toThrow('the card is gone')
      card.powerOn()
      const again = await issue(card.transport(), { allowUnfinished: true })
      expect(again.lifeCycle).toBe('SECURED')
      const channel = openChannel(card.transport(), getResponse(), wrongLength())
      for (const pin of (await openHolderApplication(channel)).pins)
        expect(await readPinStatus(channel, pin)).toEqual({ state: 'usable', triesLeft: 3 })
    }
  }, 300_000)
})
