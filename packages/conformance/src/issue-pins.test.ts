import { type CardTransport, getResponse, openChannel, type TraceEntry, wrongLength } from '@kart/apdu/host'
import { encodeAscii, InputError, toHex } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, keysOfKinds, nationalId } from '@kart/layout'
import { buildImage, execute, givenCertificates, readHeldKeys, requestCertificates, testHolderAuthority } from '@kart/personalization'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimen, specimenOptions } from './testing/specimen.ts'

// What a reader sees that stands between the bureau and the card: the PINs of the letter never.

const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const { pace: _pace, chipAuthentication: _chip, terminalAuthentication: _terminal, ...bare } = nationalId
const needsPace = ['EF.CardAccess', 'EF.CardSecurity']
const withoutPace: CardProfile = {
  ...bare,
  applications: bare.applications.map((one) => ({ ...one, files: one.files.filter(({ name }) => !needsPace.includes(name)) })),
}
const rsa: CardProfile = { ...nationalId, holderKeys: keysOfKinds('rsa2048,rsa3072') }
const largest: CardProfile = { ...nationalId, holderKeys: keysOfKinds('p521,rsa4096') }

const imageOf = (profile: CardProfile) => {
  const { cvcaCertificate, passwords, ...options } = specimenOptions
  const given = profile.pace === undefined ? options : { ...options, passwords, cvcaCertificate }
  return buildImage(specimen, profile, { ...given, signatureCard: {} })
}

const blank = (profile: CardProfile): EmulatedCard =>
  createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial, profile })

/** The card, and every command that went to it over the wire. */
function listening(card: EmulatedCard): { readonly transport: CardTransport; readonly commands: string[] } {
  const inner = card.transport()
  const commands: string[] = []
  const transceive = (command: Uint8Array) => {
    commands.push(toHex(command))
    return inner.transceive(command)
  }
  return { transport: { ...inner, transceive }, commands }
}

type Image = ReturnType<typeof imageOf>
const pinsOf = ({ holder }: Image) => Object.values(holder!.pins).map(({ pin }) => toHex(encodeAscii(pin)))

/** Commands that carry a PIN of the image, or are a VERIFY with one, in clear. */
const showing = (commands: readonly string[], image: Image) =>
  commands.filter((command) => pinsOf(image).some((pin) => command.includes(pin)) || /^002000..08/.test(command))

describe('the PINs of the letter', () => {
  it.each([
    ['P-256 and P-384', nationalId, true],
    ['P-256 and P-384, short APDUs', nationalId, false],
    ['RSA-2048 and RSA-3072', rsa, true],
    ['P-521 and RSA-4096', largest, true],
  ] as const)('go to the card inside PACE alone, with %s', async (_, profile, extendedLength) => {
    const image = imageOf(profile)
    const { transport, commands } = listening(blank(profile))
    const trace: TraceEntry[] = []
    const options = { certify, seenKeys: seenInMemory(), extendedLength, traceSink: (entry: TraceEntry) => trace.push(entry) }
    const report = await execute(transport, image, { ...executeOptions, ...options })
    expect(report).toMatchObject({ lifeCycle: 'SECURED', throughPace: true })
    expect(showing(commands, image)).toEqual([])
    if (!extendedLength) expect(commands.filter((command) => command.length > 2 * 261 || /^.{8}00..../.test(command))).toEqual([])
    const verified = trace.filter(({ level, command }) => level === 'plain' && command.cla === 0 && command.ins === 0x20)
    expect(verified.filter(({ command }) => command.data.length > 0)).toHaveLength(4)
    expect(trace.filter(({ command }) => pinsOf(image).some((pin) => toHex(command.data).includes(pin)))).toEqual([])
  })

  it('are not sent at all where RSA keys are to be made over short APDUs, which carry none', async () => {
    const image = imageOf(rsa)
    const { transport, commands } = listening(blank(rsa))
    const options = { seenKeys: seenInMemory(), extendedLength: false }
    await expect(execute(transport, image, { ...executeOptions, ...options, certify })).rejects.toThrow(InputError)
    await expect(requestCertificates(transport, image, { keys: testTransportKeys, ...options })).rejects.toThrow(/RSA keys.*short APDUs/)
    expect(commands).toEqual([])
  })

  it('go inside PACE also on a card that waits for its certificates, that asks for them again, and that is finished with them', async () => {
    const card = blank(nationalId)
    const seenKeys = seenInMemory()
    const base = { keys: testTransportKeys, seenKeys, now: personalizationDay }
    let requests: Awaited<ReturnType<typeof requestCertificates>>['requests'] = []
    for (const keysHeld of [false, true]) {
      const image = imageOf(nationalId)
      const { transport, commands } = listening(card)
      const report = await requestCertificates(transport, image, base)
      expect(report).toMatchObject({ keysHeld, throughPace: true })
      expect(showing(commands, image)).toEqual([])
      requests = report.requests
      card.powerOn()
    }
    const image = imageOf(nationalId)
    const held = await readHeldKeys(openChannel(card.transport(), getResponse(), wrongLength()), image)
    const certificates = await Promise.all(requests.map(async (order) => (await certify(order)).certificate))
    const { transport, commands } = listening(card)
    await execute(transport, image, {
      ...{ ...executeOptions, seenKeys, keepHolderKeys: true },
      certify: givenCertificates(image, held, certificates, personalizationDay),
    })
    expect(showing(commands, image)).toEqual([])
  })

  it('go in clear to a card without PACE, and the report says so', async () => {
    const image = imageOf(withoutPace)
    const { transport, commands } = listening(blank(withoutPace))
    const report = await execute(transport, image, { ...executeOptions, certify, seenKeys: seenInMemory() })
    expect(report).toMatchObject({ lifeCycle: 'SECURED', throughPace: false })
    expect(showing(commands, image)).toHaveLength(4)
  })
})
