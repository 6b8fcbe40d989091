import { fromHex } from '@kart/codec'
import { decodePublicKey, verifyIso9796 } from '@kart/crypto'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { dg14Codec, dg15Codec } from '@kart/layout'
import { type ActiveAuthenticationSpec, type CardProfile, nationalId } from '@kart/layout/profile'
import { buildImage, execute, planCommands } from '@kart/personalization'
import { deriveBacKeys } from '@kart/secure-channel'
import { defaultPolicy, type Evidence, readCard, runChecks, trustStore } from '@kart/verification'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimen } from './testing/specimen.ts'

const specs = [
  { algorithm: 'rsa', modulusBits: 2048, hash: 'sha1' },
  { algorithm: 'rsa', modulusBits: 2048, hash: 'sha256' },
  { algorithm: 'rsa', modulusBits: 3072, hash: 'sha256' },
] as const satisfies readonly ActiveAuthenticationSpec[]

const profileOf = (activeAuthentication: ActiveAuthenticationSpec): CardProfile => ({ ...nationalId, activeAuthentication })

/** Personalizes the specimen by the profile and reads the card. */
async function issueAndRead(profile: CardProfile) {
  const card = createBlankCard({ memory: inMemory(), profile, transportKeys: testTransportKeys, iccSerial: chipSerial })
  const image = buildImage(specimen, profile, { iccSerial: chipSerial, personalizedAt: personalizationDay })
  const report = await execute(card.transport(), image, executeOptions)
  const evidence = await readCard(card.transport(), { profile, access: image.access })
  return { report, evidence }
}

const bytesOf = (evidence: Evidence, name: string) => evidence.files.find((file) => file.name === name)!.bytes!

const signatureCheck = async (evidence: Evidence, profile: CardProfile) => {
  const checks = await runChecks(evidence, {
    profile,
    trust: trustStore([pki.csca.certificate]),
    policy: defaultPolicy(personalizationDay),
  })
  return checks.find(({ id }) => id === 'aa.signature')!
}

describe('active authentication with RSA, from the blank card to the check', () => {
  it.each(specs)('$modulusBits bits, $hash', async (spec) => {
    const profile = profileOf(spec)
    const { report, evidence } = await issueAndRead(profile)
    expect(report.publicKey.curve).toBe(`RSA-${spec.modulusBits}`)
    const { key, subjectPublicKeyInfo } = dg15Codec.decode(bytesOf(evidence, 'EF.DG15'))
    expect(key).toMatchObject({ algorithm: 'rsa', bits: spec.modulusBits, exponent: fromHex('010001'), negativeModulus: false })
    // The trailer says the hash, so EF.DG14 has no word of active authentication (Doc 9303-11, 9.2.5).
    const { securityInfos } = dg14Codec.decode(bytesOf(evidence, 'EF.DG14'))
    expect(securityInfos.filter(({ kind }) => kind === 'active-authentication')).toEqual([])
    const { challenge, signature } = evidence.activeAuthentication!
    const rsa = decodePublicKey(subjectPublicKeyInfo)
    if (rsa.kind !== 'rsa') throw new Error('EF.DG15 holds no RSA key')
    const opened = verifyIso9796(rsa, challenge, signature!)
    expect(opened).toMatchObject({ valid: true, recovery: { hash: spec.hash, trailer: spec.hash === 'sha1' ? 'bc' : '34cc' } })
    expect(await signatureCheck(evidence, profile)).toMatchObject({ outcome: 'pass', detail: `RSA, ISO/IEC 9796-2, ${spec.hash}` })
  })

  it('P13 F_08 a wrong trailer, another challenge, a changed signature: the chip is not proved', async () => {
    const profile = profileOf(specs[1])
    const { evidence } = await issueAndRead(profile)
    const exchange = evidence.activeAuthentication!
    const signature = exchange.signature!
    for (const changed of [
      { ...exchange, signature: signature.with(signature.length - 1, signature.at(-1)! ^ 1) },
      { ...exchange, signature: signature.slice(1) },
      { ...exchange, challenge: exchange.challenge.with(0, exchange.challenge[0]! ^ 1) },
      { ...exchange, challenge: exchange.challenge.slice(1) },
    ])
      expect(await signatureCheck({ ...evidence, activeAuthentication: changed }, profile)).toMatchObject({ outcome: 'fail' })
    const strict = { ...defaultPolicy(personalizationDay), minChipRsaBits: 3072 }
    const checks = await runChecks(evidence, { profile, trust: trustStore([pki.csca.certificate]), policy: strict })
    expect(checks.find(({ id }) => id === 'aa.signature')).toMatchObject({ outcome: 'fail' })
  })

  it.each([
    [2048, '8f150111'],
    [3072, '8f150112'],
    [4096, '8f150113'],
  ] as const)('asks the card for %i bits by the data grouping %s', (modulusBits, grouping) => {
    const profile = profileOf({ algorithm: 'rsa', modulusBits, hash: 'sha256' })
    const image = buildImage(specimen, profile, { iccSerial: chipSerial, personalizedAt: personalizationDay })
    const step = planCommands(image, { accessKeys: deriveBacKeys(image.access) }).find(({ name }) => name === 'generate-key')!
    expect(step.commands.map(({ apdu }) => Buffer.from(apdu.data).toString('hex'))).toContain(grouping)
  })
})
