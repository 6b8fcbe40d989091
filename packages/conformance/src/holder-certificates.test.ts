import { getResponse, openChannel, type TraceEntry, wrongLength } from '@kart/apdu/host'
import { encodeAscii, toHex } from '@kart/codec'
import { generateEcKeyPair, seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { decodeCertificate, nationalId } from '@kart/layout'
import {
  buildImage,
  buildRevocationList,
  type CertifyHolder,
  execute,
  initTestPki,
  type TransportPins,
  testHolderAuthority,
} from '@kart/personalization'
import { changePin, findPin, openHolderApplication, readPinStatus } from '@kart/signature'
import { defaultPolicy, type Evidence, type HolderRequest, judge, readCard, runChecks, trustStore } from '@kart/verification'
import { beforeAll, describe, expect, it } from 'vitest'
import { can, chipSerial, executeOptions, personalizationDay, pki, specimen, specimenOptions } from './testing/specimen.ts'

const pins: TransportPins = {
  AuthPIN: { pin: '730518', puk: '40271853' },
  SignPIN: { pin: '916207', puk: '58302617' },
  'SO-PIN': { pin: '62950174' },
}
const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: { pins } })
const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const authPin = '850392'
const authorities = [decodeCertificate(pki.holderAuthority.certificate)]
const trust = trustStore([pki.csca.certificate])
const dayAfter = new Date(personalizationDay.getTime() + 86_400_000)

/** A card of the specimen with certificates of whoever; the AuthPIN is changed as its holder would. */
async function issue(by: CertifyHolder = certify, own = true): Promise<EmulatedCard> {
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  await execute(card.transport(), image, { ...executeOptions, certify: by, seenKeys: seenInMemory() })
  if (own) {
    const channel = openChannel(card.transport(), getResponse(), wrongLength())
    await changePin(channel, findPin(await openHolderApplication(channel), 'AuthPIN'), pins.AuthPIN!.pin, authPin)
  }
  return card
}

async function read(card: EmulatedCard, holder?: HolderRequest): Promise<Evidence> {
  return readCard(card.transport(), { profile: nationalId, access: { can }, ...(holder === undefined ? {} : { holder }) })
}

async function judged(
  evidence: Evidence,
  options: { now?: Date; holderAuthorities?: typeof authorities } = { holderAuthorities: authorities },
) {
  const policy = defaultPolicy(options.now ?? dayAfter)
  const checks = await runChecks(evidence, {
    profile: nationalId,
    trust,
    policy,
    holderAuthorities: options.holderAuthorities ?? authorities,
  })
  return { report: judge(checks, policy), of: (id: string) => checks.find((check) => check.id === `holder.${id}`) }
}

const give = (pin: string): HolderRequest => ({ askPin: async () => pin })

let card: EmulatedCard
let proved: Evidence

beforeAll(async () => {
  card = await issue()
  proved = await read(card, give(authPin))
})

describe('V16 certificates of the holder', () => {
  it('V16 of the right card are accepted, and its key proves itself', async () => {
    const { report, of } = await judged(proved)
    expect(report).toMatchObject({ verdict: 'accepted', reason: 'genuine' })
    for (const id of ['certificates', 'chain', 'validity', 'usage', 'subject', 'pin', 'proof'])
      expect(of(id), id).toMatchObject({ outcome: 'pass', required: true })
  })

  it('are not asked for by default, and without a PIN the key is not', async () => {
    const policy = defaultPolicy(dayAfter)
    const checks = await runChecks(await read(card), { profile: nationalId, trust, policy })
    expect(judge(checks)).toMatchObject({ verdict: 'accepted' })
    expect(checks.filter(({ id }) => id.startsWith('holder.'))).toMatchObject([{ id: 'holder.chain', outcome: 'not-run', required: false }])
    const { report, of } = await judged(await read(card, {}))
    expect(report.verdict).toBe('accepted')
    expect(of('proof')).toMatchObject({ outcome: 'not-run', required: false, detail: expect.stringContaining('no PIN') })
  })

  it('once asked for are required: a card without them is not accepted', async () => {
    const bare = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
    await execute(bare.transport(), buildImage(specimen, nationalId, specimenOptions), executeOptions)
    const { report, of } = await judged(await read(bare, give(authPin)))
    expect(of('certificates')).toMatchObject({ outcome: 'not-run' })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
    expect((await judged(await read(card))).report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
  })

  it('V16 of another holder or another name are found', async () => {
    // Personalization refuses such a certificate; so the bureau here takes the wrong person for the right one from the start.
    const mixedUp = async (change: object) => {
      const holder = { ...image.holder!, name: { ...image.holder!.name, ...change } }
      const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
      await execute(card.transport(), { ...image, holder }, { ...executeOptions, certify, seenKeys: seenInMemory() })
      return judged(await read(card, {}))
    }
    for (const change of [{ serialNumber: 'PNOIR-0012345679' }, { familyName: 'دیگری' }, { givenNames: 'دیگری' }]) {
      const { report, of } = await mixedUp(change)
      expect(of('subject')).toMatchObject({ outcome: 'fail' })
      expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
      expect(JSON.stringify(report)).not.toContain(specimen.holder.nationalCode)
    }
  })

  it('V16 of a foreign authority are found, and so are those that the CSCA signed', async () => {
    const foreign = initTestPki({ now: personalizationDay })
    const csca = decodeCertificate(pki.csca.certificate)
    for (const by of [foreign.holderAuthority, pki.csca])
      for (const holderAuthorities of [authorities, [...authorities, csca]]) {
        const { report, of } = await judgeIssued(
          testHolderAuthority(by, () => personalizationDay),
          { holderAuthorities },
        )
        expect(of('chain')).toMatchObject({ outcome: 'fail' })
        expect(report).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
      }
    expect((await judged(proved, { holderAuthorities: [csca] })).of('chain')).toMatchObject({ outcome: 'fail' })
  })

  it('V16 that have expired are found', async () => {
    const { report, of } = await judgeIssued((order) => certify({ ...order, lastDay: '2026-10-06' }), {
      now: new Date('2026-10-08T00:00:00Z'),
    })
    expect(of('validity')).toMatchObject({ outcome: 'fail' })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'certificate-not-valid' })
  })

  it('V16 that are revoked, or whose authority is, are found by a list; a list that is stale or missing says nothing', async () => {
    const listOf = (certificates: readonly Uint8Array[], days = 300) =>
      buildRevocationList(pki.holderAuthority, { certificates, now: personalizationDay, days })
    const own = proved.holder!.certificates.map(({ bytes }) => bytes)
    const judgedWith = async (list: Uint8Array, revocation: 'ignored' | 'required' = 'ignored') => {
      const policy = { ...defaultPolicy(dayAfter), revocation }
      const lists = trustStore([pki.csca.certificate], [], { revocationLists: [list] })
      const checks = await runChecks(proved, { profile: nationalId, trust: lists, policy, holderAuthorities: authorities })
      return { check: checks.find(({ id }) => id === 'holder.revocation'), report: judge(checks, policy) }
    }
    expect((await judgedWith(listOf([]))).check).toMatchObject({ outcome: 'pass' })
    for (const revoked of [...own, pki.holderAuthority.certificate])
      for (const days of [300, 0]) {
        const { check, report } = await judgedWith(listOf([revoked], days))
        expect(check).toMatchObject({ outcome: 'fail', required: true })
        expect(report).toMatchObject({ verdict: 'rejected', reason: 'certificate-not-valid' })
      }
    const stale = listOf([], 0)
    expect((await judgedWith(stale)).check).toMatchObject({ outcome: 'not-run', required: false, detail: expect.stringContaining('stale') })
    expect((await judgedWith(stale, 'required')).report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
    expect((await judged(proved)).of('revocation')).toMatchObject({ outcome: 'not-run', required: false })
  })

  it('V16 of another key are found by the key, and those of another kind of use by what the card lists', async () => {
    const other = await certificateOf(generateEcKeyPair('P-256').publicKeySpki)
    const exchanged = withCertificate(proved, other)
    const { report, of } = await judged(exchanged)
    expect(of('proof')).toMatchObject({ outcome: 'fail' })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'chip-not-genuine' })
    const [one, two] = proved.holder!.certificates
    const swapped = { ...proved, holder: { ...proved.holder!, certificates: [{ ...one!, bytes: two!.bytes }, two!] } }
    expect((await judged(swapped)).of('usage')).toMatchObject({ outcome: 'fail' })
  })

  it('in an application that cannot be read are a finding, and so is an application with none for its keys', async () => {
    const failed = { ...proved.holder!, outcome: 'failed' as const, certificates: [], proof: undefined, problem: 'EF.CDF: is not DER' }
    const { report, of } = await judged({ ...proved, holder: failed })
    expect(of('certificates')).toMatchObject({ outcome: 'fail', required: true, detail: failed.problem })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
    const none = { ...proved.holder!, certificates: [] }
    expect((await judged({ ...proved, holder: none })).of('certificates')).toMatchObject({ outcome: 'fail' })
  })

  it('that cannot be decoded are a finding', async () => {
    const broken = withCertificate(proved, proved.holder!.certificates[0]!.bytes.slice(0, -1))
    const { report, of } = await judged(broken)
    expect(of('certificates')).toMatchObject({ outcome: 'fail' })
    expect(report.verdict).toBe('rejected')
  })
})

describe('the PIN', () => {
  it('is sent once, never in a trace in clear, and a wrong one is told with the tries that are left', async () => {
    const one = await issue()
    const wire: TraceEntry[] = []
    const asked: (number | undefined)[] = []
    const evidence = await readCard(one.transport(), {
      ...{ profile: nationalId, access: { can }, trace: { wire: (entry: TraceEntry) => wire.push(entry) } },
      holder: {
        askPin: async ({ triesLeft }) => {
          asked.push(triesLeft)
          return '850393'
        },
      },
    })
    const { report, of } = await judged(evidence)
    expect(asked).toEqual([3])
    expect(of('pin')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('2 tries are left') })
    expect(report).toMatchObject({ verdict: 'error', reason: 'pin-not-taken' })
    const channel = openChannel(one.transport(), getResponse(), wrongLength())
    expect(await readPinStatus(channel, findPin(await openHolderApplication(channel), 'AuthPIN'))).toMatchObject({ triesLeft: 2 })
    const sent = toHex(encodeAscii('850393'))
    expect(wire.map(({ command }) => toHex(command.data)).join(' ')).not.toContain(sent)
    await read(one, give('850393'))
    await read(one, give('850393'))
    const blocked = await judged(await read(one, { askPin: () => Promise.reject(new Error('asked for a blocked PIN')) }))
    expect(blocked.of('pin')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('unblock') })
  })

  it('of the letter is not enough: the card says to change it first', async () => {
    const evidence = await read(await issue(certify, false), give(pins.AuthPIN!.pin))
    const { report, of } = await judged(evidence)
    expect(of('pin')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('change it first') })
    expect(report.verdict).toBe('error')
  })
})

async function judgeIssued(by: CertifyHolder, options: Parameters<typeof judged>[1] = {}) {
  return judged(await read(await issue(by), {}), options)
}

async function certificateOf(publicKey: Uint8Array): Promise<Uint8Array> {
  let made: Uint8Array | undefined
  await issue(async (order) => {
    if (order.use === 'authentication') made = (await certify({ ...order, publicKey })).certificate
    return certify(order)
  })
  return made!
}

/** The evidence as a card with another certificate for its authentication key would give it. */
function withCertificate(evidence: Evidence, bytes: Uint8Array): Evidence {
  const holder = evidence.holder!
  const certificates = holder.certificates.map((one) => (one.use === 'authentication' ? { ...one, bytes } : one))
  return { ...evidence, holder: { ...holder, certificates, proof: { ...holder.proof!, certificate: bytes } } }
}
