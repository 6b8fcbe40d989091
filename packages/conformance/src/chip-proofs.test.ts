import { createHash } from 'node:crypto'
import { openChannel, selectApplication, send } from '@kart/apdu/host'
import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { dg14Codec, efCardSecurityCodec, encodeCardSecurity, nationalId } from '@kart/layout'
import { completeImage, execute, type ImageFile, initTestPki, planCommands, planCompletion, softwareSigner } from '@kart/personalization'
import { deriveBacKeys, openScp03, paceSupport, secureMessagingLayer } from '@kart/secure-channel'
import { defaultPolicy, type Evidence, judge, type ReadCardOptions, readCard, runChecks, trustStore } from '@kart/verification'
import { describe, expect, test } from 'vitest'
import { executeOptions, pki, specimenImage, terminal } from './testing/specimen.ts'

// What a copy of a card can and cannot do: every proof of the chip, and the comparison of what it offers with what was signed, against cards that lie.

const profile = nationalId
const image = specimenImage()
const blank = () => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: image.iccSerial })

const original = blank()
await execute(original.transport(), image, executeOptions)
const read = (card: ReturnType<typeof blank>, options: Partial<ReadCardOptions> = {}) =>
  readCard(card.transport(), { profile, access: image.access, terminal, ...options })
const genuine = await read(original)

async function checked(evidence: Evidence, authorities = [pki.csca.certificate]) {
  const context = { profile, trust: trustStore(authorities), policy: defaultPolicy(new Date('2026-12-01T09:00:00Z')) }
  const report = judge(await runChecks(evidence, context))
  return { report, check: (id: string) => report.checks.find((each) => each.id === id)! }
}

/** What a forger with a blank card makes: its chip keys are its own, its signed files those given, by name. */
async function forge(files: (own: Awaited<ReturnType<typeof completeImage>>) => ReadonlyMap<string, Uint8Array>) {
  const card = blank()
  const base = openChannel(card.transport())
  await send(base, selectApplication(profile.securityDomainAid, { answer: 'fci' }))
  const { session } = await openScp03(base, testTransportKeys, { securityLevel: 0x33, aid: profile.securityDomainAid })
  const channel = secureMessagingLayer(session)(base)
  const keys = deriveBacKeys(image.access)
  const answers = new Map<string, unknown>()
  for (const step of planCommands(image, { accessKeys: keys }))
    for (const command of step.commands) answers.set(step.name, await send(channel, command))
  const own = await completeImage(
    image,
    {
      activeAuthentication: answers.get('generate-key') as Uint8Array,
      chip: [{ keyId: 12, publicKey: answers.get('generate-chip-keys') as Uint8Array }],
    },
    softwareSigner(initTestPki({ now: executeOptions.now }).documentSigner),
    { signingTime: executeOptions.now },
  )
  const given = files(own)
  const complete = { ...own, files: own.files.map((file): ImageFile => ({ ...file, bytes: given.get(file.name) ?? file.bytes })) }
  for (const command of planCompletion(complete).commands) await send(channel, command)
  session.destroy()
  return card
}

const bytesIn = (evidence: Evidence, name: string) => evidence.files.find((file) => file.name === name)!.bytes!
const signedFiles = ['EF.DG14', 'EF.DG15', 'EF.SOD', 'EF.COM', 'EF.CardSecurity']
const copied = (names: readonly string[]) => new Map(names.map((name) => [name, bytesIn(genuine, name)]))

test('the card itself is genuine by every proof there is', async () => {
  const { report, check } = await checked(genuine)
  expect(report.verdict).toBe('accepted')
  for (const id of ['cam.proof', 'ca.proof', 'aa.signature', 'pa.card-security', 'pa.security-infos'])
    expect(check(id).outcome, id).toBe('pass')
})

describe('V09 P10 P11 a copy of the card on another chip', async () => {
  const copy = await forge(() => copied(signedFiles))

  test('P10 P11 all files copied: neither the mapping of PACE nor chip authentication is proved, and the reading ends there', async () => {
    const evidence = await read(copy)
    expect(evidence.access).toMatchObject({ protocol: 'pace', outcome: 'opened' })
    expect(evidence.chipAuthentication).toMatchObject({ outcome: 'refused' })
    const { report, check } = await checked(evidence)
    expect(check('cam.proof')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('another key') })
    expect(check('ca.proof')).toMatchObject({ outcome: 'fail', required: true })
    expect(report.verdict).toBe('rejected')
    expect(report.reasons).toContain('chip-not-genuine')
  })

  test.each(['gm', 'im'] as const)('P11 the same with the %s mapping: chip authentication alone finds it', async (mapping) => {
    const evidence = await read(copy, { paceSupport: { ...paceSupport, mappings: [mapping] } })
    const { report, check } = await checked(evidence)
    expect(check('cam.proof').outcome).toBe('not-run')
    expect(check('ca.proof').outcome).toBe('fail')
    expect(report.reasons).toContain('chip-not-genuine')
  })

  test('V09 with its own keys in EF.DG14 and EF.DG15, which it proves: not what the issuer signed', async () => {
    const evidence = await read(await forge(() => copied(['EF.SOD', 'EF.COM'])))
    expect(evidence.chipAuthentication).toMatchObject({ outcome: 'proved' })
    const { report, check } = await checked(evidence)
    expect(check('aa.signature').outcome).toBe('pass')
    expect(check('cam.proof').outcome).toBe('pass')
    expect(check('ca.proof')).toMatchObject({ outcome: 'fail', detail: 'EF.DG14 is not what EF.SOD lists' })
    expect(check('pa.card-security')).toMatchObject({ outcome: 'fail', decidedBy: 'pa.chain' })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-not-authentic' })
  })

  test('V09 its own keys signed by an authority of its own making: the signer is not trusted', async () => {
    const { report } = await checked(await read(await forge(() => new Map())))
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  })

  test('P10 EF.CardSecurity of its own beside a copied EF.DG14: two keys of one number, and a signer that is not trusted', async () => {
    const evidence = await read(await forge(() => copied(signedFiles.filter((name) => name !== 'EF.CardSecurity'))))
    const { report, check } = await checked(evidence)
    expect(check('pa.security-infos')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('different keys') })
    expect(check('pa.card-security').outcome).toBe('fail')
    expect(report.verdict).toBe('rejected')
  })
})

/** The evidence with other bytes for these files; undefined = the file is not there. */
function withFiles(changes: Readonly<Record<string, Uint8Array | undefined>>): Evidence {
  return {
    ...genuine,
    files: genuine.files.map((file) =>
      !(file.name in changes)
        ? file
        : { ...file, bytes: changes[file.name], outcome: changes[file.name] === undefined ? ('missing' as const) : ('read' as const) },
    ),
  }
}

/** Members of a SET OF, as they stand. */
const set = (...infos: readonly Uint8Array[]) => encodeTlv(0x31, concatBytes(...infos))
const infosOf = (bytes: Uint8Array) => dg14Codec.decode(encodeTlv(0x6e, bytes)).securityInfos.map((info) => info.raw!)

describe('P09 EF.CardAccess against EF.DG14 and EF.CardSecurity', () => {
  const offered = infosOf(bytesIn(genuine, 'EF.CardAccess'))
  const more = fromHex('3012060a04007f0007020204040202010202010d') // PACE-ECDH-IM with AES-128 on brainpoolP256r1, which the card does not offer

  test.each([
    ['J_01 one more offer', set(...offered, more)],
    ['J_02 an offer with other parameters', set(...offered.slice(0, -1), more)],
    ['an offer of a version that there is not', set(...offered, fromHex('3012060a04007f0007020204060202010302010c'))],
  ])('P09 %s than was signed: rejected', async (_, cardAccess) => {
    const { report, check } = await checked(withFiles({ 'EF.CardAccess': cardAccess }))
    expect(check('pa.security-infos')).toMatchObject({ outcome: 'fail', required: true })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-not-authentic' })
  })

  test('P09 fewer offers than were signed, but the one taken among them: no harm', async () => {
    const taken = offered.filter((info) => Buffer.from(info).toString('hex').includes('0400 7f00 0702 0204 0602'.replaceAll(' ', '')))
    expect(taken).toHaveLength(1)
    expect((await checked(withFiles({ 'EF.CardAccess': set(...taken) }))).check('pa.security-infos').outcome).toBe('pass')
  })

  test('P09 the offer that was taken is not in EF.CardAccess: rejected', async () => {
    const others = offered.filter((info) => !Buffer.from(info).toString('hex').includes('04007f00070202040602'))
    expect((await checked(withFiles({ 'EF.CardAccess': set(...others) }))).check('pa.security-infos')).toMatchObject({ outcome: 'fail' })
  })

  test('P09 nothing signed to compare with, or no EF.CardAccess although PACE opened the card: not run, and not accepted', async () => {
    for (const missing of [{ 'EF.CardAccess': undefined }, { 'EF.DG14': undefined, 'EF.CardSecurity': undefined }]) {
      const { report, check } = await checked(withFiles(missing))
      expect(check('pa.security-infos')).toMatchObject({ outcome: 'not-run', required: true })
      expect(report.verdict).toBe('rejected')
    }
  })
})

describe('P10 EF.CardSecurity under PACE with chip authentication mapping', () => {
  test('P10 missing or malformed: the chip is not proved by the mapping', async () => {
    const missing = await checked(withFiles({ 'EF.CardSecurity': undefined }))
    expect(missing.check('cam.proof')).toMatchObject({ outcome: 'not-run', required: true })
    expect(missing.report.verdict).toBe('rejected')
    expect(missing.report.reasons).toContain('cannot-prove-genuine-chip')
    const broken = await checked(withFiles({ 'EF.CardSecurity': fromHex('3000') }))
    expect(broken.check('pa.card-security').outcome).toBe('fail')
    expect(broken.report.verdict).toBe('rejected')
  })

  test('P10 the issuer’s own signature over another key of that number: the mapping does not hold', async () => {
    const signer = softwareSigner(pki.documentSigner)
    const { securityInfos } = efCardSecurityCodec.decode(bytesIn(genuine, 'EF.CardSecurity'))
    const other = efCardSecurityCodec.decode(
      bytesIn(await read(await forge(() => copied(['EF.SOD', 'EF.COM', 'EF.DG14', 'EF.DG15']))), 'EF.CardSecurity'),
    ).securityInfos
    const swapped = securityInfos.map((info) =>
      info.kind === 'chip-authentication-public-key' ? other.find(({ kind }) => kind === info.kind)! : info,
    )
    const signed = await encodeCardSecurity({
      ...{ securityInfos: swapped, sign: (data: Uint8Array) => signer.sign(data), signingTime: executeOptions.now },
      signer: { certificateDer: signer.certificate, signatureAlgorithm: signer.algorithm },
      digest: (_hash, bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    })
    const { report, check } = await checked(withFiles({ 'EF.CardSecurity': signed }))
    expect(check('pa.card-security').outcome).toBe('pass')
    expect(check('cam.proof')).toMatchObject({ outcome: 'fail' })
    expect(report.reasons).toContain('chip-not-genuine')
  })

  test('P10 EF.CardSecurity signed under the authority of another country, which is trusted for its own cards: not proved', async () => {
    const foreign = initTestPki({ now: executeOptions.now, country: 'DE', mrzCode: 'D' })
    const signer = softwareSigner(foreign.documentSigner)
    const signed = await encodeCardSecurity({
      securityInfos: efCardSecurityCodec.decode(bytesIn(genuine, 'EF.CardSecurity')).securityInfos,
      sign: (data: Uint8Array) => signer.sign(data),
      signingTime: executeOptions.now,
      signer: { certificateDer: signer.certificate, signatureAlgorithm: signer.algorithm },
      digest: (_hash, bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    })
    const evidence = withFiles({ 'EF.CardSecurity': signed })
    const { report, check } = await checked(evidence, [pki.csca.certificate, foreign.csca.certificate])
    expect(check('cam.proof').outcome).toBe('pass')
    expect(check('pa.card-security')).toMatchObject({ outcome: 'fail', required: true, detail: expect.stringContaining('DE') })
    expect(report.verdict).toBe('rejected')
  })

  test('P10 other mapping data, or another mapping key: not proved', async () => {
    const { mapping } = genuine.access.pace
    for (const field of ['chipAuthenticationData', 'mappingPublicKey'] as const) {
      const changed = { ...mapping!, [field]: mapping![field].map((byte, i) => (i === 5 ? byte ^ 1 : byte)) }
      const evidence = { ...genuine, access: { ...genuine.access, pace: { ...genuine.access.pace, mapping: changed } } }
      expect((await checked(evidence)).check('cam.proof').outcome, field).toBe('fail')
    }
  })
})

describe('P11 V10 chip authentication that is not proved', () => {
  test('P11 claimed with a key that EF.DG14 does not have: not genuine', async () => {
    const publicKey = genuine.chipAuthentication!.publicKey.map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte))
    const { check } = await checked({ ...genuine, chipAuthentication: { ...genuine.chipAuthentication!, publicKey } })
    expect(check('ca.proof')).toMatchObject({ outcome: 'fail', detail: 'the key is not one of EF.DG14' })
  })

  test.each([
    ['answers without end', '6110'],
    ['an answer that is none', '90'],
    ['an answer in the open', '9000'],
  ])('P11 P14 %s in place of the first answer under the new keys: refused, and the reading ends there', async (_, answer) => {
    const inner = original.transport()
    let [chosen, over] = [false, false]
    const transport = {
      ...inner,
      transceive: async (command: Uint8Array) => {
        if (over) return fromHex(answer)
        over = chosen && command[1] === 0x86
        chosen ||= command[1] === 0x22 && command[2] === 0x41
        return inner.transceive(command)
      },
    }
    const evidence = await readCard(transport, { profile, access: image.access, terminal })
    expect(evidence.chipAuthentication).toMatchObject({ outcome: 'refused' })
    expect((await checked(evidence)).report.verdict).toBe('rejected')
  })

  test('V10 not asked, and no other proof: it cannot be proved that the chip is genuine', async () => {
    const { pace } = genuine.access
    const evidence = { ...genuine, chipAuthentication: undefined, access: { ...genuine.access, pace: { ...pace, mapping: undefined } } }
    const { report, check } = await checked(evidence)
    expect(check('ca.proof')).toMatchObject({ outcome: 'not-run', required: true })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'cannot-prove-genuine-chip' })
  })
})
