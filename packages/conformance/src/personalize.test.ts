import { type CardTransport, getResponse, openChannel, type TraceEntry, TransportError, wrongLength } from '@kart/apdu/host'
import { encodeAscii, encodeUtf8, fromHex, toHex } from '@kart/codec'
import { type CardMemory, createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout'
import {
  execute,
  initTestPki,
  PersonalizationError,
  type PersonalizationProgress,
  PkiError,
  personalizationSteps,
  readChipSerial,
  softwareSigner,
} from '@kart/personalization'
import { AuthenticationError, deriveBacKeys, SecureMessagingError } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { powerCut } from './testing/power-cut.ts'
import { readIssuedCard, unlike } from './testing/read-issued-card.ts'
import { chipSerial, executeOptions, personalizationDay, specimen, specimenImage } from './testing/specimen.ts'

const image = specimenImage()

/** A card whose PKCS#15 application stays empty. */
const holderSteps: readonly string[] = ['holder-keys', 'certify', 'holder-files', 'prove-signature']
const stepsWithoutHolder = personalizationSteps.filter((step) => !holderSteps.includes(step))

/** A blank card, its memory, and how often that was written. */
function blank(iccSerial = chipSerial): { card: EmulatedCard; memory: CardMemory; writes: () => number } {
  const inner = inMemory()
  let writes = 0
  const memory: CardMemory = {
    load: () => inner.load(),
    store: (next) => {
      writes++
      inner.store(next)
    },
  }
  const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial })
  writes = 0
  return { card, memory, writes: () => writes }
}

const issue = (card: EmulatedCard, options = {}) => execute(card.transport(), image, { ...executeOptions, ...options })

/** Whether the card still takes its transport keys: INITIALIZED. A SECURED card has none. */
async function isInitialized(card: EmulatedCard): Promise<boolean> {
  try {
    await readChipSerial(openChannel(card.transport(), getResponse(), wrongLength()), nationalId)
    return true
  } catch (error) {
    if (error instanceof PersonalizationError) return false
    throw error
  }
}

describe('execute on the emulated card', () => {
  it('issues the specimen: every file on the card is the image’s, hashed in a signed EF.SOD', async () => {
    const { card } = blank()
    const report = await issue(card)
    const files = await readIssuedCard(card.transport(), image)
    expect([...files.keys()].sort()).toEqual(
      nationalId.applications.flatMap((application) => application.files.map((file) => file.name)).sort(),
    )
    for (const file of image.files) expect(toHex(files.get(file.name)!), file.name).toBe(toHex(file.bytes))
    expect(unlike(files)).toEqual([])
    expect(report.lifeCycle).toBe('SECURED')
    expect(report.iccSerial).toBe(toHex(chipSerial))
    expect(Object.fromEntries(report.files.map((file) => [file.name, file.length]))).toEqual(
      Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.length])),
    )
    expect(report.files.filter((file) => !file.readBack).map((file) => file.name)).toEqual(['EF.DG3'])
    expect(await isInitialized(card)).toBe(false)
  })

  it('accounts for every APDU and byte, a step at a time', async () => {
    const { card } = blank()
    const lower = card.transport()
    let exchanges = 0
    let sent = 0
    const counted: CardTransport = {
      ...lower,
      transceive: (command) => {
        exchanges++
        sent += command.length
        return lower.transceive(command)
      },
    }
    const report = await execute(counted, image, executeOptions)
    expect(report.steps.map((step) => step.name)).toEqual(stepsWithoutHolder)
    expect(report.apdus).toBe(exchanges)
    expect(report.sent).toBe(sent)
    expect(report.steps.reduce((sum, step) => sum + step.apdus, 0)).toBe(exchanges)
    expect(report.steps.reduce((sum, step) => sum + step.sent, 0)).toBe(sent)
    const bytes = (name: string) => report.steps.find((step) => step.name === name)!.bytes
    expect(bytes('mf-files') + bytes('application-files') + bytes('signed-files')).toBe(report.payload)
    // EF.DG3 opens to terminals only.
    expect(bytes('read-back')).toBe(report.payload - report.files.find((file) => file.name === 'EF.DG3')!.length)
  })

  it('works with short APDUs only', async () => {
    const { card } = blank()
    const trace: TraceEntry[] = []
    await issue(card, { extendedLength: false, traceSink: (entry: TraceEntry) => trace.push(entry) })
    const stores = trace.filter((entry) => entry.level === 'wire' && entry.command.ins === 0xe2)
    expect(stores.length).toBeGreaterThan(60)
    for (const { command, level } of trace)
      if (level === 'wire') expect(command.data.length <= 255 && command.ne <= 256, `INS ${command.ins.toString(16)}`).toBe(true)
    expect(unlike(await readIssuedCard(card.transport(), image))).toEqual([])
  })

  it('tells progress that only goes forward and ends each step whole', async () => {
    const { card } = blank()
    const seen: PersonalizationProgress[] = []
    await issue(card, { onProgress: (progress: PersonalizationProgress) => seen.push(progress) })
    for (const step of stepsWithoutHolder) {
      const own = seen.filter((progress) => progress.step === step)
      expect(own.map((progress) => progress.done)).toEqual(Array.from({ length: own.at(-1)!.total + 1 }, (_, i) => i))
    }
    expect(seen.map((progress) => progress.apdus)).toEqual(seen.map((progress) => progress.apdus).sort((a, b) => a - b))
  })

  it('leaves nothing secret and nothing of the holder in trace, progress or report', async () => {
    const { card } = blank()
    const kept: unknown[] = []
    const report = await issue(card, {
      traceSink: (entry: TraceEntry) => kept.push(entry),
      onProgress: (progress: unknown) => kept.push(progress),
    })
    const text = JSON.stringify([...kept, report], (_key, value) => (value instanceof Uint8Array ? toHex(value) : value))
    expect(text).toContain(toHex(fromHex('A0000002471001')))
    const keys = deriveBacKeys(image.access)
    const { holder } = specimen
    const secrets: Record<string, Uint8Array> = {
      'transport key': testTransportKeys.enc,
      'BAC encryption key': keys.kEnc,
      'BAC MAC key': keys.kMac,
      'national code': encodeAscii(holder.nationalCode),
      'family name': encodeUtf8('نمونه'),
      'Latin name': encodeAscii('NEMOUNEHPOUR'),
      'document number': encodeAscii(specimen.document.number),
      portrait: specimen.portrait.slice(1000, 1016),
      finger: specimen.fingers[0]!.template.slice(40, 56),
    }
    for (const [name, bytes] of Object.entries(secrets)) expect(text.includes(toHex(bytes)), name).toBe(false)
    const entries = kept.filter((one): one is TraceEntry => typeof one === 'object' && one !== null && 'command' in one)
    const blanked = (bytes: Uint8Array | undefined) => (bytes ?? []).every((byte: number) => byte === 0)
    for (const { level, command, response } of entries) {
      // SCP03 and BAC cryptograms, challenges, and whatever STORE DATA and READ BINARY carry in plain.
      if ([0x50, 0x82, 0x84].includes(command.ins) || (level === 'plain' && [0xe2, 0xb0, 0xb1, 0x88].includes(command.ins)))
        expect(blanked(command.data) && blanked(response?.data), `INS ${command.ins.toString(16)}, ${level}`).toBe(true)
    }
    expect(entries.filter((entry) => entry.level === 'plain' && entry.command.ins === 0xe2).length).toBeGreaterThan(10)
  })
})

describe('a card that may not be written', () => {
  it('C17 an issued card is refused before any write, and stays as it is', async () => {
    const { card, writes } = blank()
    await issue(card)
    const before = writes()
    await expect(issue(card)).rejects.toThrow(PersonalizationError)
    await expect(issue(card)).rejects.toThrow(/personalized already\..*; else take a blank card$/)
    await expect(issue(card, { allowUnfinished: true })).rejects.toThrow(/personalized already.*; else take a blank card/)
    expect(writes()).toBe(before)
    expect(unlike(await readIssuedCard(card.transport(), image))).toEqual([])
  })

  it('B05 wrong transport keys: refused, nothing written, no try of the card used up', async () => {
    const { card, writes } = blank()
    const other = { ...testTransportKeys, enc: new Uint8Array(16).fill(7), mac: new Uint8Array(16).fill(8) }
    for (let i = 0; i < 12; i++) await expect(issue(card, { keys: other })).rejects.toThrow(AuthenticationError)
    expect(writes()).toBe(0)
    await issue(card)
  })

  it('B05 another key version is another batch', async () => {
    const { card, writes } = blank()
    await expect(issue(card, { keys: { ...testTransportKeys, version: 0x31 } })).rejects.toThrow('another batch')
    expect(writes()).toBe(0)
  })

  it('B07 another chip than the image was made for is refused before any write', async () => {
    const { card, writes } = blank(fromHex('4b415254000000000002'))
    await expect(issue(card)).rejects.toThrow('another card lies in the reader')
    expect(writes()).toBe(0)
  })

  it('a document signer that may not sign: refused before the card is touched', async () => {
    const { card } = blank()
    const transport = powerCut(card, 0, 'before')
    const late = new Date(personalizationDay.getTime() + 200 * 86_400_000)
    await expect(execute(transport, image, { ...executeOptions, now: late })).rejects.toThrow(PkiError)
    const foreign = softwareSigner(initTestPki({ now: personalizationDay, country: 'UT', mrzCode: 'UTO' }).documentSigner)
    await expect(execute(transport, image, { ...executeOptions, signer: foreign })).rejects.toThrow(PkiError)
    expect(transport.exchanges()).toBe(0)
  })

  it('an HSM that fails in the middle leaves the card INITIALIZED, to be written anew', async () => {
    const { card } = blank()
    const broken = { ...executeOptions.signer, sign: () => Promise.reject(new PkiError('the HSM session was lost')) }
    await expect(issue(card, { signer: broken })).rejects.toThrow('HSM session')
    expect(await isInitialized(card)).toBe(true)
    await expect(issue(card)).rejects.toThrow(
      /holds files already: its personalization did not end; it can be written anew \(--allow-unfinished\)/,
    )
    await issue(card, { allowUnfinished: true })
    expect(unlike(await readIssuedCard(card.transport(), image))).toEqual([])
  })
})

describe('what an unfinished personalization leaves', () => {
  it('is found where the new image does not write over it', async () => {
    const applications = nationalId.applications.map((application) => ({
      ...application,
      files: application.files.map((file) => ({ ...file, required: file.required && file.name !== 'EF.DG12' })),
    }))
    const profile: CardProfile = { ...nationalId, applications }
    const memory = inMemory()
    const card = createBlankCard({ memory, profile, transportKeys: testTransportKeys, iccSerial: chipSerial })
    const first = { ...image, profile }
    const broken = { ...executeOptions.signer, sign: () => Promise.reject(new PkiError('the HSM session was lost')) }
    await expect(execute(card.transport(), first, { ...executeOptions, signer: broken })).rejects.toThrow(PkiError)
    const second = { ...first, files: first.files.filter((file) => file.name !== 'EF.DG12') }
    const again = execute(card.transport(), second, { ...executeOptions, allowUnfinished: true })
    await expect(again).rejects.toThrow('EF.DG12 is on the card though the image has none')
    expect(await isInitialized(card)).toBe(true)
    const clean = createBlankCard({ memory: inMemory(), profile, transportKeys: testTransportKeys, iccSerial: chipSerial })
    expect((await execute(clean.transport(), second, executeOptions)).files.map((file) => file.name)).not.toContain('EF.DG12')
  })
})

describe('a card swapped in the reader', () => {
  /** Exchanges go to the first card until the n-th, then to the second. */
  function swapped(first: EmulatedCard, second: EmulatedCard, n: number): CardTransport {
    const cards = [first.transport(), second.transport()] as const
    let count = 0
    return { atr: cards[0].atr, close: async () => {}, transceive: (command) => cards[count++ < n ? 0 : 1].transceive(command) }
  }

  it('P18 at every exchange: refused, and neither card becomes SECURED by it', { timeout: 120_000 }, async () => {
    const measured = powerCut(blank().card, Number.POSITIVE_INFINITY, 'before')
    const { steps } = await execute(measured, image, executeOptions)
    const securedAt = measured.exchanges() - steps.at(-1)!.apdus - 1
    for (let n = 1; n <= securedAt; n++) {
      const first = blank()
      const second = blank(fromHex('4b415254000000000002'))
      const error = await execute(swapped(first.card, second.card, n), image, executeOptions).then(
        () => undefined,
        (cause: unknown) => cause,
      )
      expect(error, `swapped at ${n}`).toBeDefined()
      expect(await isInitialized(first.card), `first card, swapped at ${n}`).toBe(true)
      expect(await isInitialized(second.card), `second card, swapped at ${n}`).toBe(true)
    }
  })

  it('P18 a card of the same holder with other content, put in for the reading back, is found out', async () => {
    const other = blank()
    const record = { ...specimen, holder: { ...specimen.holder, education: 'دیپلم' } }
    await execute(other.card.transport(), specimenImage(chipSerial, record), executeOptions)
    const first = blank()
    const { steps } = await execute(first.card.transport(), image, executeOptions)
    const until = steps.findIndex((step) => step.name === 'read-back')
    const n = steps.slice(0, until).reduce((sum, step) => sum + step.apdus, 0)
    const fresh = blank()
    await expect(execute(swapped(fresh.card, other.card, n), image, executeOptions)).rejects.toThrow(
      /^read-back: (EF\.\S+ on the card is not what was written|the card maps PACE with another key)/,
    )
    expect(await isInitialized(fresh.card)).toBe(true)
  })

  it('a response changed on the wire ends the session', async () => {
    const { card } = blank()
    const lower = card.transport()
    let count = 0
    const noisy: CardTransport = {
      ...lower,
      transceive: async (command) => {
        const response = await lower.transceive(command)
        if (command[1] === 0xe2 && ++count === 3) response[0]! ^= 1
        return response
      },
    }
    await expect(execute(noisy, image, executeOptions)).rejects.toThrow(SecureMessagingError)
    expect(await isInitialized(card)).toBe(true)
  })
})

describe('power', () => {
  it.each(['before', 'after'] as const)(
    'B01 cut at every APDU (%s the card has it): INITIALIZED and writable anew, or SECURED and whole',
    { timeout: 170_000 },
    async (when) => {
      let securedByACut = 0
      for (let n = 0; ; n++) {
        const { card, memory } = blank()
        const transport = powerCut(card, n, when)
        const done = await execute(transport, image, executeOptions).then(
          () => true,
          (error: unknown) => {
            expect(error, `cut at ${n}`).toBeInstanceOf(TransportError)
            return false
          },
        )
        if (done) {
          expect(transport.exchanges()).toBe(n)
          break
        }
        const again = new EmulatedCard({ memory })
        if (await isInitialized(again)) await execute(again.transport(), image, { ...executeOptions, allowUnfinished: true })
        else securedByACut++
        expect(await isInitialized(again), `after the second run, cut at ${n}`).toBe(false)
        expect(unlike(await readIssuedCard(again.transport(), image)), `cut at ${n}`).toEqual([])
      }
      // SET STATUS itself and what only proves it: the card was secured with nobody told, and whole.
      expect(securedByACut).toBeGreaterThan(0)
      expect(securedByACut).toBeLessThanOrEqual(5)
    },
  )

  it('B02 a card whose memory fails at any write says so and is never SECURED half-written', { timeout: 120_000 }, async () => {
    for (let failing = 1; ; failing++) {
      const inner = inMemory()
      createBlankCard({ memory: inner, transportKeys: testTransportKeys, iccSerial: chipSerial })
      let writes = 0
      const worn: CardMemory = {
        load: () => inner.load(),
        store: (next) => {
          if (++writes === failing) throw new Error('worn-out cell')
          inner.store(next)
        },
      }
      const outcome = await execute(new EmulatedCard({ memory: worn }).transport(), image, executeOptions).catch(() => undefined)
      const card = new EmulatedCard({ memory: inner })
      if (outcome === undefined) expect(await isInitialized(card), `write ${failing}`).toBe(true)
      else {
        expect(writes).toBe(failing - 1)
        expect(failing).toBeGreaterThan(15)
        break
      }
    }
  })
})
