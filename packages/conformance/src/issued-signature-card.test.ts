import { type CardTransport, getResponse, openChannel, selectPath, send, type TraceEntry, updateBinary, wrongLength } from '@kart/apdu/host'
import { encodeAscii, toHex } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { decodeCertificate, nationalId } from '@kart/layout'
import {
  buildImage,
  type CertifyHolder,
  execute,
  initTestPki,
  PersonalizationError,
  type PersonalizationReport,
  type TransportPins,
  testHolderAuthority,
} from '@kart/personalization'
import {
  changePin,
  findKey,
  findPin,
  hashPieces,
  openHolderApplication,
  PinError,
  readCertificates,
  readPinStatus,
  signWithCard,
  verifyHolderPin,
} from '@kart/signature'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, specimen, specimenOptions } from './testing/specimen.ts'

const pins: TransportPins = {
  AuthPIN: { pin: '730518', puk: '40271853' },
  SignPIN: { pin: '916207', puk: '58302617' },
  'SO-PIN': { pin: '62950174' },
}
const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: { pins } })
const pki = initTestPki({ now: personalizationDay })
const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const channelTo = (transport: CardTransport) => openChannel(transport, getResponse(), wrongLength())

let card: EmulatedCard
let report: PersonalizationReport
const trace: TraceEntry[] = []

function blank(): EmulatedCard {
  return createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
}

const issue = (to: EmulatedCard, options = {}) =>
  execute(to.transport(), image, { ...executeOptions, certify, seenKeys: seenInMemory(), ...options })

beforeAll(async () => {
  card = blank()
  report = await issue(card, { traceSink: (entry: TraceEntry) => trace.push(entry) })
})

describe('a signature card, personalized in the main job', () => {
  it('holds keys that the card made, certified and proved, and tells its PINs once', () => {
    expect(report.holderKeys.map(({ label, algorithm }) => [label, algorithm])).toEqual([
      ['authentication', 'P-256'],
      ['signature', 'P-384'],
    ])
    expect(report.forPrinter.pins).toEqual(pins)
    expect(report.steps.map(({ name }) => name).slice(-7)).toEqual([
      'holder-keys',
      'certify',
      'holder-files',
      'prove-signature',
      'read-back',
      'secure',
      'prove',
    ])
  })

  it('shows no PIN and no number of the holder in a trace', () => {
    const shown = trace.flatMap(({ command, response }) => [toHex(command.data), toHex(response?.data ?? new Uint8Array(0))]).join(' ')
    for (const secret of [...Object.values(pins).flatMap(({ pin, puk }) => [pin, puk ?? pin]), specimen.holder.nationalCode])
      expect(shown).not.toContain(toHex(encodeAscii(secret)))
  })

  it('lists its keys, PINs and certificates to any reader', async () => {
    const channel = channelTo(card.transport())
    const application = await openHolderApplication(channel)
    expect(application.pins.map(({ label, reference }) => [label, reference])).toEqual([
      ['AuthPIN', 1],
      ['SignPIN', 2],
      ['SO-PIN', 3],
    ])
    const { certificate, chain } = await readCertificates(channel, application, findKey(application, 'signature'))
    const opened = decodeCertificate(certificate)
    expect(opened.subject.text).toContain(specimen.holder.persian.givenNames)
    expect(opened.keyUsage).toEqual(['nonRepudiation'])
    expect(chain.map(toHex)).toEqual([toHex(pki.holderAuthority.certificate)])
  })

  it('C09 signs for nobody under the transport PIN once it is issued; after its change once for each VERIFY', async () => {
    const issued = blank()
    await issue(issued)
    const channel = channelTo(issued.transport())
    const application = await openHolderApplication(channel)
    const key = findKey(application, 'signature')
    const messageDigest = (hash: Parameters<typeof hashPieces>[0]) => hashPieces(hash, [encodeAscii('a contract')])
    const sign = (pin: string) => signWithCard(channel, application, { key, pin, messageDigest, signingTime: personalizationDay })
    await expect(sign(pins.SignPIN!.pin)).rejects.toThrow(PinError)
    const pin = findPin(application, 'SignPIN')
    await changePin(channel, pin, pins.SignPIN!.pin, '850392')
    expect((await sign('850392')).certificate.subject.text).toContain('IR')
    await expect(sign('850393')).rejects.toThrow(PinError)
    expect(await readPinStatus(channel, pin)).toEqual({ state: 'usable', triesLeft: 2 })
  })

  it('C17 lets nobody write its files, not even with the SO-PIN', async () => {
    const channel = channelTo(card.transport())
    const application = await openHolderApplication(channel)
    await verifyHolderPin(channel, findPin(application, 'SO-PIN'), pins['SO-PIN']!.pin)
    for (const fid of [0x4301, 0x4401, 0x4402, 0x4403, 0x4404, 0x4406, 0x5031, 0x5032, 0x5501]) {
      await send(channel, selectPath([0x5015, fid]))
      await expect(send(channel, updateBinary(0, Uint8Array.of(0))), fid.toString(16)).rejects.toMatchObject({ sw: 0x6982 })
    }
  })

  it('C10 takes no PIN from the holder’s numbers', async () => {
    const channel = channelTo(card.transport())
    const application = await openHolderApplication(channel)
    const pin = findPin(application, 'AuthPIN')
    const part = specimen.holder.nationalCode.slice(2, 8)
    await expect(changePin(channel, pin, pins.AuthPIN!.pin, part)).rejects.toThrow()
    expect(await readPinStatus(channel, pin)).toMatchObject({ triesLeft: 3 })
  })
})

describe('a certificate that must not reach a card', () => {
  const refusals: readonly (readonly [string, CertifyHolder])[] = [
    ['is for another key', async (order) => certify({ ...order, publicKey: decodeCertificate(pki.csca.certificate).spki })],
    ['does not allow its use', async (order) => certify({ ...order, use: order.use === 'signature' ? 'authentication' : 'signature' })],
    ['is for another holder', async (order) => certify({ ...order, name: { ...order.name, serialNumber: 'PNOIR-0499370899' } })],
    ['is for another holder', async (order) => certify({ ...order, name: { ...order.name, familyName: 'دیگری' } })],
    ['is not valid now', testHolderAuthority(pki.holderAuthority, () => new Date(personalizationDay.getTime() + 86_400_000))],
  ]
  it.each(refusals)('%s', async (words, wrong) => {
    const one = blank()
    const run = issue(one, { certify: wrong })
    await expect(run).rejects.toThrow(PersonalizationError)
    await expect(run).rejects.toThrow(words)
  })

  it('takes a certificate that begins while its keys were being made, by the clock and not by the run’s begin', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: personalizationDay })
    try {
      const { now: _, ...withoutNow } = { ...executeOptions, certify, seenKeys: seenInMemory() }
      const late = testHolderAuthority(pki.holderAuthority, () => new Date())
      const slow: CertifyHolder = async (order) => {
        vi.setSystemTime(Date.now() + 5000)
        return late(order)
      }
      const made = await execute(blank().transport(), image, { ...withoutNow, certify: slow })
      expect(made.holderKeys).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })

  it('refuses a key that was certified before', async () => {
    const seen = { remember: async () => false, has: async () => true }
    await expect(issue(blank(), { seenKeys: seen })).rejects.toThrow(/certified before/)
  })

  it('refuses to begin without an authority', async () => {
    await expect(execute(blank().transport(), image, executeOptions)).rejects.toThrow(/certify/)
  })
})
