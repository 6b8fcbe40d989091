import { type CardTransport, TransportError } from '@kart/apdu/host'
import { CardError, fromHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { decodeTemplate, type MinutiaeTemplate, makeImpression, minutiaeOf, templateFrom } from '@kart/minutiae'
import { execute, initTestPki, softwareSigner } from '@kart/personalization'
import { SecureMessagingError } from '@kart/secure-channel'
import { type AccessKey, defaultPolicy, type Evidence, judge, readCard, runChecks, trustStore } from '@kart/verification'
import { describe, expect, test } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimenFile, specimenImage } from './testing/specimen.ts'

// The way from a card to a verdict, on the emulated card with the specimen on it. What single checks refuse is tested beside them; here the parts meet.

const now = new Date('2026-12-01T09:00:00Z')

async function issue(authority = pki) {
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const image = specimenImage()
  await execute(card.transport(), image, { ...executeOptions, signer: softwareSigner(authority.documentSigner) })
  return { card, access: image.access, files: image.files }
}

const issued = await issue()

async function verdict(evidence: Evidence, options: { csca?: Uint8Array; probe?: MinutiaeTemplate } = {}) {
  const trust = trustStore([options.csca ?? pki.csca.certificate])
  const checks = await runChecks(evidence, {
    profile: nationalId,
    trust,
    policy: defaultPolicy(now),
    ...(options.probe ? { probe: options.probe } : {}),
  })
  return judge(checks)
}

const readIssued = (access: AccessKey = issued.access) => readCard(issued.card.transport(), { profile: nationalId, access })

test('the specimen’s card is read whole, byte for byte as it was built, and accepted', async () => {
  const evidence = await readIssued()
  expect(evidence.extendedLength).toBe(true)
  expect(evidence.files.filter((file) => file.outcome !== 'read')).toEqual([])
  for (const { name, bytes } of issued.files) expect(evidence.files.find((file) => file.name === name)!.bytes, name).toEqual(bytes)
  expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted', reasons: ['genuine'] })
})

test('the same evidence comes through short commands', async () => {
  const long = await readIssued()
  const short = await readCard(issued.card.transport(), { profile: nationalId, access: issued.access, limits: { extendedLength: false } })
  expect(short.extendedLength).toBe(false)
  expect(short.files).toEqual(long.files)
  expect(await verdict(short)).toMatchObject({ verdict: 'accepted' })
})

describe('the holder', () => {
  const enrolled = decodeTemplate(specimenFile('finger-enrolled.fmr'))

  test('a second impression of the enrolled finger is accepted', async () => {
    const { template } = makeImpression(enrolled, { seed: 7 })
    expect(await verdict(await readIssued(), { probe: template })).toMatchObject({ verdict: 'accepted' })
  })

  test('another finger is not', async () => {
    const all = minutiaeOf(enrolled)
    const other = templateFrom(
      all.map((one, i) => ({ ...one, x: all[(i * 11 + 3) % all.length]!.x, angle: (one.angle * 3 + 29 * i) % 256 })),
    )
    expect(await verdict(await readIssued(), { probe: other })).toMatchObject({ verdict: 'rejected', reasons: ['not-the-holder'] })
  })
})

test('with other printed data the card stays shut', async () => {
  const evidence = await readIssued({ ...issued.access, dateOfExpiry: '331004' })
  expect(evidence.files.filter((file) => file.application === 'emrtd')).toEqual([])
  expect(await verdict(evidence)).toMatchObject({ verdict: 'error', reason: 'access-refused' })
})

test('V13 printed data that is not the chip’s is found, in every character and every century', async () => {
  const evidence = await readIssued()
  const { bytes } = evidence.files.find(({ name }) => name === 'EF.DG1')!
  const zone = Buffer.from(bytes!.slice(-90)).toString('latin1')
  const printed = (more: object) => verdict({ ...evidence, access: { ...evidence.access, key: { ...evidence.access.key!, ...more } } })
  expect(await printed({ zone })).toMatchObject({ verdict: 'accepted' })
  for (let i = 0; i < zone.length; i++) {
    const other = zone.slice(0, i) + (zone[i] === 'X' ? 'Y' : 'X') + zone.slice(i + 1)
    expect(await printed({ zone: other }), `character ${i + 1}`).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
  }
  const century = (iso: string, by: number) => `${Number(iso.slice(0, 4)) + by}${iso.slice(4)}`
  const [birth, expiry] = ['1991-06-12', '2033-10-03']
  expect(await printed({ fullDateOfBirth: birth, fullDateOfExpiry: expiry })).toMatchObject({ verdict: 'accepted' })
  expect(await printed({ fullDateOfBirth: century(birth, 100) })).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
  expect(await printed({ fullDateOfExpiry: century(expiry, -100) })).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
})

test('a card made by another authority with the same name is not accepted', async () => {
  const forger = initTestPki({ now: personalizationDay })
  const forged = await issue(forger)
  const evidence = await readCard(forged.card.transport(), { profile: nationalId, access: forged.access })
  expect(await verdict(evidence)).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  expect(await verdict(evidence, { csca: forger.csca.certificate })).toMatchObject({ verdict: 'accepted' })
})

test('V09 the files of one card on the chip of another: the chip cannot prove the key that was signed', async () => {
  const other = await issue()
  const [mine, theirs] = [await readIssued(), await readCard(other.card.transport(), { profile: nationalId, access: other.access })]
  const copy = { ...mine, activeAuthentication: theirs.activeAuthentication }
  expect(await verdict(copy)).toMatchObject({ verdict: 'rejected', reasons: ['chip-not-genuine'] })
})

describe('P02, P03 a link that changes what passes', () => {
  /** The card behind a link that changes one answer. */
  const changing = (at: number, change: (answer: Uint8Array, before: Uint8Array | undefined) => Uint8Array) => {
    const lower = issued.card.transport()
    let count = 0
    let before: Uint8Array | undefined
    const transport: CardTransport = {
      atr: lower.atr,
      close: () => lower.close(),
      async transceive(command) {
        const answer = await lower.transceive(command)
        const given = count++ === at ? change(answer, before) : answer
        before = answer
        return given
      },
    }
    return { transport, rounds: () => count }
  }
  const attempt = (transport: CardTransport) => readCard(transport, { profile: nationalId, access: issued.access })

  test('a changed byte, a replayed answer or a bare 9000 behind BAC ends the session with a typed error', async () => {
    const whole = changing(-1, (answer) => answer)
    await attempt(whole.transport)
    const rounds = whole.rounds()
    const changes = [
      (answer: Uint8Array) => answer.map((byte, i) => (i === answer.length >> 1 ? byte ^ 1 : byte)),
      (_: Uint8Array, before: Uint8Array | undefined) => before ?? fromHex('9000'),
      () => fromHex('9000'),
    ]
    let ended = 0
    for (const change of changes)
      for (let at = 0; at < rounds; at++) {
        try {
          await attempt(changing(at, change).transport)
        } catch (error) {
          expect(error).toBeInstanceOf(CardError)
          expect(error).not.toBeInstanceOf(TransportError)
          if (error instanceof SecureMessagingError) ended++
        }
      }
    // Everything behind BAC: of some 46 exchanges all but the first dozen, three times over.
    expect(ended).toBeGreaterThan(3 * (rounds - 16))
  })
})
