import { type CardTransport, installForPersonalization, openChannel, selectApplication, send } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { findApplication, nationalId } from '@kart/layout'
import { execute, PersonalizationError, type PersonalizationProgress, planCommands } from '@kart/personalization'
import { deriveBacKeys, openScp03, secureMessagingLayer } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, specimenImage } from './testing/specimen.ts'

const image = specimenImage()
const blank = (): EmulatedCard => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })

/** The card behind somebody who may answer in its stead; `undefined` lets the card answer. */
function behind(
  card: EmulatedCard,
  meddle: (command: Uint8Array) => Promise<Uint8Array | undefined> | Uint8Array | undefined,
): CardTransport {
  const lower = card.transport()
  return { ...lower, transceive: async (command) => (await meddle(command)) ?? lower.transceive(command) }
}

async function failure(run: Promise<unknown>): Promise<PersonalizationError> {
  const error = await run.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(PersonalizationError)
  return error as PersonalizationError
}

describe('C17 execute reports SECURED only where the card proves it', () => {
  /** From SET STATUS on (taken by the card), `answer` stands for what the card says to commands of these first two bytes. */
  const afterSecuring = (header: string, answer: string) => {
    let secured = false
    return behind(blank(), (command) => {
      const start = toHex(command.subarray(0, 2))
      if (secured && start === header) return fromHex(answer)
      if (start === '84f0') secured = true
      return undefined
    })
  }

  it.each([
    ['SELECT of the security domain', '00a4', '6f00'],
    ['SELECT of the security domain', '00a4', '6a82'],
    ['STORE DATA', '84e2', '6f00'],
    ['STORE DATA', '84e2', '6700'],
    ['INITIALIZE UPDATE', '8050', '6f00'],
    ['INITIALIZE UPDATE', '8050', '9000'],
    ['GET STATUS', '84f2', '6f00'],
  ])('C17 not where %s (%s) is answered %s', async (_name, header, answer) => {
    expect((await failure(execute(afterSecuring(header, answer), image, executeOptions))).step).toBe('prove')
  })
})

describe('the key in EF.DG15 is the card’s own', () => {
  /** Somebody who has the transport keys too makes the card another key pair; its files stay as they are. */
  async function makeAnotherKey(card: EmulatedCard): Promise<void> {
    const base = openChannel(card.transport())
    await send(base, selectApplication(nationalId.securityDomainAid))
    const { session } = await openScp03(base, testTransportKeys, { securityLevel: 0x33, aid: nationalId.securityDomainAid })
    const channel = secureMessagingLayer(session)(base)
    await send(channel, installForPersonalization(findApplication(nationalId, 'emrtd')!.aid!))
    const steps = planCommands(image, { accessKeys: deriveBacKeys(image.access) })
    for (const command of steps.find(({ name }) => name === 'generate-key')!.commands) await send(channel, command)
    session.destroy()
  }

  it('refuses a card whose key is not the point that it gave, and leaves it unsecured', async () => {
    const card = blank()
    let step = ''
    let done = false
    const sent: string[] = []
    const transport = behind(card, async (command) => {
      sent.push(toHex(command.subarray(0, 2)))
      if (step !== 'read-back' || done) return undefined
      done = true
      await makeAnotherKey(card)
      return undefined
    })
    const onProgress = (progress: PersonalizationProgress) => {
      step = progress.step
    }
    const error = await failure(execute(transport, image, { ...executeOptions, onProgress }))
    expect(done).toBe(true)
    expect([error.step, error.message]).toEqual([
      'read-back',
      expect.stringContaining('does not sign with the key whose public half it gave'),
    ])
    expect(sent).not.toContain('84f0')
  })
})
