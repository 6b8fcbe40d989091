import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openChannel } from '@kart/apdu/host'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { decodeTemplate, decodeTemplates, makeImpression } from '@kart/minutiae'
import {
  buildImage,
  type CardImage,
  type EnrollmentRecord,
  execute,
  initTestCvc,
  initTestPki,
  type PersonalizationReport,
  type PlannedStep,
  parseEnrollmentRecord,
  planCommands,
  readChipSerial,
  signerOf,
  softwareSigner,
  type TestCvc,
  type TestPki,
} from '@kart/personalization'
import { deriveBacKeys } from '@kart/secure-channel'
import {
  type Check,
  defaultPolicy,
  type Evidence,
  judge,
  type Policy,
  type Report,
  readCard,
  runChecks,
  trustStore,
} from '@kart/verification'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../scripts/workspace.mjs'

const specimen = join(root, 'test-vectors/specimen')
const load = (name: string): Uint8Array => new Uint8Array(readFileSync(join(specimen, name)))
const profile = nationalId

/** EnrollmentRecord -> CardImage -> CardCommand[] -> (card) -> Evidence -> Check[] -> Report, each step by its own function. */
describe('the journey of one record, on the emulated card', () => {
  let record: EnrollmentRecord
  let pki: TestPki
  let cvc: TestCvc
  let card: EmulatedCard
  let image: CardImage
  let plan: readonly PlannedStep[]
  let issued: PersonalizationReport
  let evidence: Evidence
  let checks: Check[]
  let report: Report
  let policy: Policy

  const probe = () => makeImpression(decodeTemplate(load('finger-enrolled.fmr')), { seed: 7 }).template
  const trust = () => trustStore([pki.csca.certificate])
  const terminal = () => ({
    certificates: [cvc.documentVerifier.certificate],
    certificate: cvc.terminal.certificate,
    signer: signerOf(cvc.terminal),
  })
  const read = () => readCard(card.transport(), { profile, access: image.access, terminal: terminal() })

  beforeAll(async () => {
    record = parseEnrollmentRecord(readFileSync(join(specimen, 'record.json'), 'utf8'), load)
    pki = initTestPki()
    cvc = await initTestCvc()
    policy = defaultPolicy(new Date())
    card = createBlankCard({
      memory: inMemory(),
      transportKeys: testTransportKeys,
      iccSerial: Uint8Array.from({ length: 10 }, (_, i) => i + 1),
    })
    image = buildImage(record, profile, {
      iccSerial: await readChipSerial(openChannel(card.transport()), profile),
      cvcaCertificate: cvc.cvca.certificate.raw,
    })
    const keys = deriveBacKeys(image.access)
    plan = planCommands(image, { accessKeys: keys })
    issued = await execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner) })
    evidence = await read()
    checks = await runChecks(evidence, { profile, trust: trust(), policy, probe: probe() })
    report = judge(checks)
  })

  it('EnrollmentRecord: the specimen citizen is an invented one with every field that the card needs', () => {
    expect(record.holder.persian.familyName).not.toBe('')
    expect(record.fingers).toHaveLength(1)
  })

  it('CardImage: every file of the profile but those that follow the card’s own key', () => {
    const names = image.files.map(({ name }) => name)
    const all = profile.applications.flatMap(({ files }) => files.map(({ name }) => name))
    expect(all.filter((name) => !names.includes(name as never))).toEqual(['EF.CardSecurity', 'EF.COM', 'EF.SOD', 'EF.DG14', 'EF.DG15'])
    expect(Buffer.from(image.files.find(({ name }) => name === 'EF.DG1')?.bytes ?? []).toString('latin1')).toContain('NEMOUNEHPOUR<<AREZOU')
  })

  it('CardCommand[]: pure, named, each with its clause', () => {
    const commands = plan.flatMap((step) => step.commands)
    expect(commands.length).toBeGreaterThan(10)
    for (const { name, clause } of commands)
      expect([name, clause]).toEqual([expect.stringMatching(/^[A-Z]/), expect.stringMatching(/GlobalPlatform/)])
  })

  it('card: written, read back byte for byte, SECURED', () => {
    expect(issued.lifeCycle).toBe('SECURED')
    // What opens to terminal authentication belongs to terminals, not to the bureau.
    expect(issued.files.filter(({ readBack }) => !readBack).map(({ name }) => name)).toEqual(['EF.DG3'])
    expect(issued.proved).toEqual(['pace-mrz', 'chip-authentication-mapping', 'chip-authentication', 'pace-can', 'bac'])
    expect(issued.files.map(({ name }) => name)).toEqual(profile.applications.flatMap(({ files }) => files.map(({ name }) => name)))
  })

  it('Evidence: the raw bytes, as the image had them', () => {
    for (const file of image.files)
      expect(
        evidence.files.find(({ application, name }) => application === file.application && name === file.name)?.bytes,
        file.name,
      ).toEqual(file.bytes)
    expect(evidence.access.outcome).toBe('opened')
    expect(evidence.activeAuthentication?.signature?.length).toBe(64)
  })

  it('Check[]: each with clause and detail, every required one passed', () => {
    expect(checks.filter(({ required, outcome }) => required && outcome !== 'pass')).toEqual([])
    expect(checks.filter(({ required }) => required).length).toBeGreaterThan(25)
    for (const check of checks) expect(check.clause).not.toBe('')
    for (const id of ['access.opened', 'pa.signature', 'pa.chain', 'pa.hash.DG3', 'pa.country', 'aa.signature', 'finger.match'])
      expect(checks.find((check) => check.id === id)?.outcome, id).toBe('pass')
  })

  it('Report: accepted', () => {
    expect([report.verdict, report.reason]).toEqual(['accepted', 'genuine'])
  })

  it('personalization is over for good (C17)', async () => {
    await expect(
      execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner) }),
    ).rejects.toMatchObject({ code: 'personalization' })
  })

  it('an impostor’s finger is rejected, and nothing else fails', async () => {
    // The second view of NIST's record is another finger than the enrolled one.
    const stranger = decodeTemplates(new Uint8Array(readFileSync(join(root, 'test-vectors/nist/fmr.ansi2004')))).templates[1]
    if (stranger === undefined) throw new Error('the record has no second view')
    const found = await runChecks(evidence, { profile, trust: trust(), policy, probe: stranger })
    expect(judge(found)).toMatchObject({ verdict: 'rejected', reason: 'not-the-holder' })
    expect(found.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ id }) => id)).toEqual(['finger.match'])
  })

  it('under another country’s trust the card is rejected', async () => {
    const found = await runChecks(evidence, { profile, trust: trustStore([initTestPki().csca.certificate]), policy })
    expect(judge(found)).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  })

  it('with the wrong printed data the card stays shut, and that is no acceptance', async () => {
    const shut = await readCard(card.transport(), { profile, access: { ...image.access, dateOfBirth: '000101' } })
    expect(shut.access.outcome).toBe('refused')
    expect(shut.files.filter(({ application, bytes }) => application === 'emrtd' && bytes !== undefined)).toEqual([])
    expect(judge(await runChecks(shut, { profile, trust: trust(), policy })).verdict).not.toBe('accepted')
  })

  it('a card whose every byte of one file differs by one bit is rejected (V07)', async () => {
    for (const name of ['EF.DG1', 'EF.DG2', 'EF.DG3', 'EF.DG11', 'EF.DG13', 'EF.DG14', 'EF.DG15']) {
      const files = evidence.files.map((file) => {
        if (file.name !== name || file.bytes === undefined) return file
        const bytes = file.bytes.slice()
        bytes[bytes.length - 1]! ^= 1
        return { ...file, bytes }
      })
      const found = judge(await runChecks({ ...evidence, files }, { profile, trust: trust(), policy }))
      expect([name, found.verdict]).toEqual([name, 'rejected'])
    }
  })
})
