import { generateKeyPairSync } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import type { Check } from './check.ts'
import { judge } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { card, context, defaultPki, dg1, dg14, dg15, exchange, file, mrz, now, profile, smallProfile } from './testing/card.ts'
import * as builder from './testing/pki.ts'
import {
  authority,
  certificate,
  digitalSignature,
  ecKey,
  explicitEcKey,
  extendedKeyUsage,
  issuerAndSerial,
  keyCertSign,
  keyId,
  keyUsage,
  name,
  pki,
  rsaKey,
  subjectKeyId,
  type TestKey,
  type TestPki,
} from './testing/pki.ts'

/** Runs the checks and gives the report; `failed` names the required checks that did not pass. */
async function verify(evidence: Parameters<typeof runChecks>[0], settings: Parameters<typeof context>[0] = {}) {
  const report = judge(await runChecks(evidence, context(settings)))
  const failed = report.checks.filter((check) => check.required && check.outcome === 'fail').map((check) => check.id)
  const open = report.checks.filter((check) => check.required && check.outcome === 'not-run').map((check) => check.id)
  return { report, failed, open, check: (id: string): Check => report.checks.find((check) => check.id === id)! }
}

test('a genuine card is accepted, with every required check passed', async () => {
  const { report, failed, open } = await verify(card())
  expect([failed, open]).toEqual([[], []])
  expect(report).toMatchObject({ verdict: 'accepted', reason: 'genuine', reasons: ['genuine'] })
  expect(report.checks.filter((check) => check.required).map((check) => check.id)).toEqual([
    'access.opened',
    'pa.sod',
    'pa.content-type',
    'pa.digest-policy',
    'pa.message-digest',
    'pa.signer',
    'pa.signature',
    'pa.chain',
    'pa.validity',
    'pa.key-usage',
    'pa.critical-extensions',
    'pa.key-strength',
    'pa.hash.DG1',
    'pa.hash.DG11',
    'pa.hash.DG14',
    'pa.hash.DG15',
    'pa.coverage',
    'aa.key-in-sod',
    'aa.signature',
    'pa.country',
    'mrz.check-digits',
    'mrz.issuing-state',
    'mrz.access-agrees',
    'mrz.dg1-dg11',
    'mrz.national-code',
    'document.expired',
    'profile.files',
  ])
})

describe('V01 digests', () => {
  test('V01 MD5 over the data groups is refused, and its hashes never count', async () => {
    const { report, check } = await verify(card({ sod: { ldsHash: 'md5' } }))
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-not-authentic' })
    expect(check('pa.digest-policy')).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('md5') })
    expect(check('pa.hash.DG1').outcome).toBe('fail')
  })

  test('V01 SHA-1 is refused by the usual policy, in EF.SOD and in the document signer’s certificate, and taken by one that allows it', async () => {
    const inSod = card({ sod: { ldsHash: 'sha1', signerHash: 'sha1' } })
    expect((await verify(inSod)).failed).toEqual(['pa.digest-policy'])
    const digests = ['sha1', 'sha256'] as const
    expect((await verify(inSod, { policy: { digests } })).report.verdict).toBe('accepted')
    const weak = pki({ signerParts: { hash: 'sha1' } })
    expect((await verify(card({ pki: weak }), { pki: weak })).failed).toEqual(['pa.digest-policy'])
    expect((await verify(card({ pki: weak }), { pki: weak, policy: { digests } })).report.verdict).toBe('accepted')
  })

  test('V01 SignedData announces another digest than SignerInfo uses', async () => {
    expect((await verify(card({ sod: { announcedHash: 'sha384' } }))).failed).toEqual(['pa.digest-policy'])
  })

  test('V01 the signature is made with another digest than SignerInfo names', async () => {
    expect((await verify(card({ sod: { signatureHash: 'sha384' } }))).failed).toEqual(['pa.digest-policy'])
  })

  test('V01 the data groups may have another digest than the signature, unless the policy says otherwise', async () => {
    const evidence = card({ sod: { ldsHash: 'sha384' } })
    expect((await verify(evidence)).report.verdict).toBe('accepted')
    expect((await verify(evidence, { policy: { sameDigest: true } })).failed).toEqual(['pa.digest-policy'])
  })
})

describe('V02 signed attributes', () => {
  test.each([
    ['message digest wrong', { messageDigest: new Uint8Array(32) }, 'pa.message-digest'],
    ['message digest missing', { messageDigest: undefined }, 'pa.message-digest'],
    ['content type wrong', { signedContentType: '1.2.840.113549.1.7.1' }, 'pa.content-type'],
    ['content type missing', { signedContentType: undefined }, 'pa.content-type'],
    ['content is id-data', { contentType: '1.2.840.113549.1.7.1' }, 'pa.content-type'],
    ['signing time after the document signer expired', { signingTime: '2040-01-01T00:00:00' }, 'pa.validity'],
    ['signing time before the document signer was valid', { signingTime: '2020-01-01T00:00:00' }, 'pa.validity'],
  ])('V02 %s', async (_, sod, id) => {
    const { report, failed } = await verify(card({ sod }))
    expect(failed).toEqual([id])
    expect(report.verdict).toBe('rejected')
  })

  test('V02 a signing time within the validity is taken', async () => {
    expect((await verify(card({ sod: { signingTime: '2025-03-20T10:00:00' } }))).report.verdict).toBe('accepted')
  })

  test('V02 attributes in another order than DER’s are verified as they came', async () => {
    expect((await verify(card({ sod: { attributes: (list) => [...list].reverse() } }))).report.verdict).toBe('accepted')
  })

  test('V02 the signature over something else than the attributes', async () => {
    const other = () => fromHex('3006020101020101')
    expect((await verify(card({ sod: { signature: other } }))).failed).toEqual(['pa.signature'])
  })
})

describe('V03 which signer', () => {
  const sid = issuerAndSerial(defaultPki.cscaName)

  test.each([
    ['version 3 beside issuer and serial number', { signerVersion: 3 }],
    ['version 1 beside a key identifier', { signerVersion: 1, sid: encodeTlv(0x80, new Uint8Array(20)) }],
    ['a serial number that is no certificate’s', { sid: issuerAndSerial(defaultPki.cscaName, 0x4321) }],
    ['an issuer that is no certificate’s', { sid: issuerAndSerial(name('IR', 'Another CSCA')) }],
    ['a key identifier that is no certificate’s', { sid: encodeTlv(0x80, new Uint8Array(20)) }],
    ['SignedData version 1', { version: 1 }],
    ['no certificate in EF.SOD', { certificates: [] }],
    ['only another certificate in EF.SOD', { certificates: [defaultPki.csca] }],
    ['two signers', { signers: 2 }],
    ['a certificate that is none', { certificates: [fromHex('3000')] }],
  ])('V03 %s: unknown signer, and nothing behind it passes', async (_, sod) => {
    const { report, failed, check } = await verify(card({ sod }))
    expect(failed).toContain('pa.signer')
    expect(report.verdict).toBe('rejected')
    for (const id of ['pa.signature', 'pa.chain', 'pa.validity', 'pa.key-usage', 'pa.country']) expect(check(id).outcome).toBe('not-run')
  })

  test('V03 a signer that is not in EF.SOD is resolved from those the verifier holds, and still needs its CSCA', async () => {
    const evidence = card({ sod: { certificates: [] } })
    expect((await verify(evidence, { signers: [defaultPki.signer] })).report.verdict).toBe('accepted')
    expect((await verify(evidence, { signers: [defaultPki.signer], cscas: [] })).failed).toEqual(['pa.chain'])
  })

  test('V03 a signer named by its key identifier', async () => {
    const key = ecKey()
    const named = pki({ signerKey: key, signerParts: { extensions: [digitalSignature, subjectKeyId(keyId(key))] } })
    const evidence = card({ pki: named, sod: { sid: encodeTlv(0x80, keyId(key)) } })
    expect((await verify(evidence, { pki: named })).report.verdict).toBe('accepted')
  })

  test('V03 a certificate with the signer’s name and number but another key', async () => {
    const key = ecKey()
    const twin = certificate({
      subject: name('IR', 'Test DS'),
      issuer: defaultPki.cscaName,
      key,
      issuerKey: defaultPki.cscaKey,
      extensions: [digitalSignature],
    })
    expect((await verify(card({ sod: { certificates: [twin], sid } }))).failed).toEqual(['pa.signature'])
  })
})

describe('V04 the path to a trusted CSCA', () => {
  test('V04 a document signer that signed itself', async () => {
    const key = ecKey()
    const self = name('IR', 'Test DS')
    const signer = certificate({ subject: self, issuer: self, key, issuerKey: key, extensions: [digitalSignature] })
    const rogue: TestPki = { ...defaultPki, signerKey: key, signer, cscaName: self }
    const { failed, check } = await verify(card({ pki: rogue }))
    expect(failed).toEqual(['pa.chain'])
    expect(check('pa.chain').detail).toContain('itself')
    // Not even when somebody put it into the trust store.
    expect((await verify(card({ pki: rogue }), { cscas: [signer] })).failed).toContain('pa.chain')
  })

  test('V04 a CSCA with the same name and key identifier but another key', async () => {
    const key = ecKey('P-384')
    const impostor = pki({ cscaKey: key, cscaParts: { extensions: [authority, keyCertSign, subjectKeyId(keyId(defaultPki.cscaKey))] } })
    expect((await verify(card({ pki: impostor }))).failed).toEqual(['pa.chain'])
    expect((await verify(card(), { cscas: [impostor.csca] })).failed).toEqual(['pa.chain'])
  })

  test('V04 among several trusted CSCAs of one name (key change) the one that signed is found, whatever their order', async () => {
    const other = pki()
    const rsa = pki({ cscaKey: rsaKey(2048) })
    for (const cscas of [
      [other.csca, rsa.csca, defaultPki.csca],
      [defaultPki.csca, other.csca, rsa.csca],
    ])
      expect((await verify(card(), { cscas })).report.verdict).toBe('accepted')
    expect((await verify(card(), { cscas: [other.csca, rsa.csca] })).failed).toEqual(['pa.chain'])
  })

  test('V04 a document signer of another country than its CSCA', async () => {
    const mixed = pki({ signerCountry: 'DE' })
    expect((await verify(card({ pki: mixed }), { pki: mixed })).failed).toEqual(['pa.country'])
  })

  test('V04 a trusted CSCA of another country than the MRZ names', async () => {
    const foreign = pki({ country: 'DE' })
    const { failed, report } = await verify(card({ pki: foreign }), { pki: foreign })
    expect(failed).toEqual(['pa.country'])
    expect(report.reason).toBe('data-not-authentic')
  })

  test('V04 certificates without a country', async () => {
    const stateless = pki({ country: undefined })
    expect((await verify(card({ pki: stateless }), { pki: stateless })).failed).toEqual(['pa.country'])
  })

  test('V04 country codes that differ in case only are one country', async () => {
    const lower = pki({ signerCountry: 'ir' })
    expect((await verify(card({ pki: lower }), { pki: lower })).report.verdict).toBe('accepted')
  })

  test('V04 an empty trust store trusts nobody', async () => {
    expect((await verify(card(), { cscas: [] })).failed).toEqual(['pa.chain'])
  })
})

describe('V06 certificates and keys that may not be used so', () => {
  test.each([
    ['document signer without key usage', { extensions: [] }, 'pa.key-usage'],
    ['document signer for certificates', { extensions: [keyCertSign] }, 'pa.key-usage'],
    ['document signer for key agreement', { extensions: [keyUsage(0x08)] }, 'pa.key-usage'],
    ['document signer that is an authority', { extensions: [digitalSignature, authority] }, 'pa.key-usage'],
    ['document signer for TLS servers', { extensions: [digitalSignature, extendedKeyUsage('1.3.6.1.5.5.7.3.1')] }, 'pa.key-usage'],
    ['document signer for master lists', { extensions: [digitalSignature, extendedKeyUsage('2.23.136.1.1.3')] }, 'pa.key-usage'],
    [
      'unknown critical extension',
      { extensions: [digitalSignature, { oid: '1.2.3.4', critical: true, value: fromHex('0500') }] },
      'pa.critical-extensions',
    ],
    ['expired document signer', { notBefore: '2020-01-01T00:00:00', notAfter: '2025-01-01T00:00:00' }, 'pa.validity'],
    ['document signer not yet valid', { notBefore: '2027-01-01T00:00:00' }, 'pa.validity'],
  ])('V06 %s', async (_, signerParts, id) => {
    const made = pki({ signerParts })
    expect((await verify(card({ pki: made }), { pki: made })).failed).toEqual([id])
  })

  test.each([
    ['CSCA that is no authority', { extensions: [keyCertSign] }, 'pa.key-usage'],
    ['CSCA that may not sign certificates', { extensions: [authority, digitalSignature] }, 'pa.key-usage'],
    ['expired CSCA', { notBefore: '2010-01-01T00:00:00', notAfter: '2025-01-01T00:00:00' }, 'pa.validity'],
    [
      'CSCA with an unknown critical extension',
      { extensions: [authority, keyCertSign, { oid: '1.2.3.4', critical: true, value: fromHex('0500') }] },
      'pa.critical-extensions',
    ],
  ])('V06 %s', async (_, cscaParts, id) => {
    const made = pki({ cscaParts })
    expect((await verify(card({ pki: made }), { pki: made })).failed).toEqual([id])
  })

  test('V06 an extension that is not critical may be unknown', async () => {
    const made = pki({ signerParts: { extensions: [digitalSignature, { oid: '1.2.3.4', value: fromHex('0500') }] } })
    expect((await verify(card({ pki: made }), { pki: made })).report.verdict).toBe('accepted')
  })

  const real = rsaKey(2048)
  const modulus = fromHex(Buffer.from(real.privateKey.export({ format: 'jwk' }).n!, 'base64url').toString('hex'))
  const rsaSpki = (n: Uint8Array, e: number): Uint8Array =>
    builder.seq(
      builder.seq(builder.oid('1.2.840.113549.1.1.1'), builder.nul),
      builder.bitString(builder.seq(builder.int(n), builder.int(e))),
    )
  const even = modulus.slice()
  even[even.length - 1]! &= 0xfe

  test.each<[string, TestKey, string]>([
    ['RSA exponent 1', { ...real, spki: rsaSpki(modulus, 1) }, 'exponent'],
    ['RSA even modulus', { ...real, spki: rsaSpki(even, 65537) }, 'even'],
    ['RSA of 1024 bits', rsaKey(1024), '1024 bits'],
  ])('V06 %s', async (_, signerKey, detail) => {
    const made = pki({ signerKey })
    const { failed, check } = await verify(card({ pki: made }), { pki: made })
    expect(failed).toEqual(['pa.signature', 'pa.key-strength'])
    expect(check('pa.key-strength').detail).toContain(detail)
  })

  test('V06 RSA of 512 bits', async () => {
    const short = rsaKey(512)
    const made = pki({ signerKey: short })
    const { check, report } = await verify(card({ pki: made }), { pki: made, policy: { minRsaBits: 1024 } })
    expect(report.verdict).toBe('rejected')
    expect(check('pa.key-strength').outcome).toBe('fail')
    expect(check('pa.signature').outcome).toBe('fail')
  })

  test('V06 RSA exponent 1 lets anybody sign: the forgery is refused', async () => {
    const forged: TestKey = { ...real, spki: rsaSpki(modulus, 1) }
    const made = pki({ signerKey: forged })
    // With e = 1 the signature is the padded digest itself, which needs no private key.
    const { createHash } = await import('node:crypto')
    const signature = (attributes: Uint8Array) => {
      const info = concatBytes(
        fromHex('3031300d060960864801650304020105000420'),
        new Uint8Array(createHash('sha256').update(attributes).digest()),
      )
      return concatBytes(fromHex('0001'), new Uint8Array(256 - 3 - info.length).fill(0xff), fromHex('00'), info)
    }
    const { report, check } = await verify(card({ pki: made, sod: { signature } }), { pki: made })
    expect(check('pa.signature').outcome).toBe('fail')
    expect(report.verdict).toBe('rejected')
  })

  // P-256 spelled out (SEC 2, 2.4.2), with the generator of the caller's choosing.
  const parametersWith = (generator: Uint8Array) =>
    builder.seq(
      builder.int(1),
      builder.seq(
        builder.oid('1.2.840.10045.1.1'),
        builder.int(fromHex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff')),
      ),
      builder.seq(
        builder.octets(fromHex('ffffffff00000001000000000000000000000000fffffffffffffffffffffffc')),
        builder.octets(fromHex('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b')),
      ),
      builder.octets(generator),
      builder.int(fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
      builder.int(1),
    )
  const generator = fromHex(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  )

  test('V06 explicit curve parameters: the standard’s own are taken, a forged generator is refused', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = publicKey.export({ format: 'jwk' })
    const point = fromHex(`04${Buffer.from(jwk.x!, 'base64url').toString('hex')}${Buffer.from(jwk.y!, 'base64url').toString('hex')}`)
    const honest = pki({ signerKey: explicitEcKey(privateKey, parametersWith(generator), point) })
    expect((await verify(card({ pki: honest }), { pki: honest })).report.verdict).toBe('accepted')
    // CVE-2020-0601: with the public key itself as generator, the private key is 1.
    const forged = pki({ signerKey: explicitEcKey(privateKey, parametersWith(point), point) })
    const { failed } = await verify(card({ pki: forged }), { pki: forged })
    expect(failed).toEqual(['pa.signature', 'pa.key-strength'])
  })
})

describe('V07 coverage and raw bytes', () => {
  test('V07 a data group that EF.SOD lists is missing', async () => {
    const { failed, check } = await verify(card({ shown: { 11: undefined } }))
    expect(failed).toEqual(['pa.coverage', 'profile.files'])
    expect(check('pa.coverage').detail).toContain('EF.DG11 is listed but missing')
    expect(check('pa.hash.DG11')).toBeUndefined()
  })

  test('V07 a data group that EF.SOD lists was refused although the profile opens it', async () => {
    const { failed } = await verify(card({ shown: { 11: undefined }, files: [] }), {})
    expect(failed).toContain('pa.coverage')
    const refused = card()
    const files = refused.files.map((one) => (one.name === 'EF.DG11' ? file('EF.DG11', undefined, 'refused') : one))
    expect((await verify({ ...refused, files })).failed).toEqual(['pa.coverage', 'profile.files'])
  })

  test('V07 a data group is there that EF.SOD does not list, read or not', async () => {
    const read = await verify(card({ signed: { 11: undefined }, shown: { 11: fromHex('6b035c0100') } }))
    expect(read.failed).toEqual(expect.arrayContaining(['pa.hash.DG11', 'pa.coverage']))
    const seen = await verify(card({ files: [file('EF.DG12', undefined, 'unlisted')] }))
    expect(seen.failed).toEqual(['pa.coverage'])
  })

  test('V07 hashes run over the bytes as they came: the same content coded otherwise is not what was signed', async () => {
    const plain = dg1(mrz())
    // 61 5D .. and 61 81 5D .. decode to the same zone.
    const longer = concatBytes(fromHex('6181'), plain.subarray(1))
    const changed = await verify(card({ shown: { 1: longer } }))
    expect(changed.failed).toEqual(['pa.hash.DG1'])
    expect(changed.check('mrz.check-digits').outcome).toBe('pass')
    const signedSo = await verify(card({ signed: { 1: longer } }))
    expect(signedSo.check('pa.hash.DG1').outcome).toBe('pass')
    expect(signedSo.report.verdict).toBe('accepted')
  })

  test('V07 a data group that the profile does not know may stand in EF.SOD: it is named, not read', async () => {
    const { report, check } = await verify(card({ signed: { 2: fromHex('7500') }, shown: { 2: undefined } }))
    expect(report.verdict).toBe('accepted')
    expect(check('pa.coverage').detail).toContain('EF.DG2')
  })
})

describe('V08 EF.COM', () => {
  test.each([
    ['leaves out what is signed', [1, 11]],
    ['lists what is not there', [1, 2, 3, 11, 12, 14, 15]],
  ])('V08 EF.COM %s: said, and nothing else changes', async (_, com) => {
    const { report, check } = await verify(card({ com }))
    expect(check('com.agrees')).toMatchObject({ outcome: 'fail', required: false })
    expect(report.verdict).toBe('accepted')
  })

  test('V08 EF.COM cannot add a data group to what is trusted', async () => {
    const evidence = card({ signed: { 15: undefined, 14: undefined }, shown: { 14: dg14(), 15: dg15(ecKey()) }, com: [1, 11, 14, 15] })
    expect((await verify(evidence)).report.verdict).toBe('rejected')
  })
})

describe('V09, V10 copies of a genuine card', () => {
  test('V09 DG14 and DG15 replaced: the chip proves the attacker’s key, and the card is not genuine', async () => {
    const attacker = ecKey()
    const evidence = card({ shown: { 14: dg14(), 15: dg15(attacker) }, activeAuthentication: exchange(attacker) })
    const { report, failed, check } = await verify(evidence)
    expect(check('aa.signature').outcome).toBe('pass')
    expect(failed).toEqual(['pa.hash.DG15', 'aa.key-in-sod'])
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-not-authentic' })
  })

  test('V09 DG15 genuine, but the chip signs with another key, or not our challenge, or not at all', async () => {
    const attacker = exchange(ecKey())
    const genuine = card()
    const replayed = { ...genuine.activeAuthentication!, challenge: fromHex('ffffffffffffffff') }
    for (const activeAuthentication of [attacker, replayed, { ...attacker!, signature: undefined }]) {
      const { report, failed } = await verify({ ...genuine, activeAuthentication })
      expect(failed).toEqual(['aa.signature'])
      expect(report).toMatchObject({ verdict: 'rejected', reason: 'chip-not-genuine' })
    }
  })

  test('V10 no DG14 and DG15 at all where the profile wants them: nothing failed, yet the chip is not proved', async () => {
    const without = { 14: undefined, 15: undefined }
    const { report, failed, open } = await verify(card({ signed: without, activeAuthentication: undefined }))
    expect(failed).toEqual([])
    expect(open).toEqual(['aa.key-in-sod', 'aa.signature'])
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'cannot-prove-genuine-chip' })
    expect(report).not.toHaveProperty('ok')
  })

  test('V10 a copy that leaves out what EF.SOD lists is found by that, and the chip is not proved either', async () => {
    const { report } = await verify(card({ shown: { 14: undefined, 15: undefined }, activeAuthentication: undefined }))
    expect(report.verdict).toBe('rejected')
    expect(report.reasons).toEqual(['data-not-authentic', 'cannot-prove-genuine-chip'])
  })

  test('V10 a policy that does not ask the chip accepts, and says that it was not asked', async () => {
    const { report, check } = await verify(card({ signed: { 14: undefined, 15: undefined }, activeAuthentication: undefined }), {
      policy: { chipAuthentication: 'optional' },
    })
    expect(report.verdict).toBe('accepted')
    expect(check('aa.signature')).toMatchObject({ outcome: 'not-run', required: false })
  })

  test('V10 the chip was not asked although it shows a key', async () => {
    expect((await verify(card({ activeAuthentication: undefined }))).report.reason).toBe('cannot-prove-genuine-chip')
  })
})

describe('validity policy', () => {
  const lapsed = pki({ signerParts: { notBefore: '2020-01-01T00:00:00', notAfter: '2025-01-01T00:00:00' } })

  test('V05 a document signer valid at signing but expired now is a matter of policy, and the policy needs a signing time', async () => {
    const stated = card({ pki: lapsed, sod: { signingTime: '2024-06-01T00:00:00' } })
    expect((await verify(stated, { pki: lapsed })).failed).toEqual(['pa.validity'])
    expect((await verify(stated, { pki: lapsed, policy: { signerValidity: 'at-signing' } })).report.verdict).toBe('accepted')
    expect((await verify(card({ pki: lapsed }), { pki: lapsed, policy: { signerValidity: 'at-signing' } })).failed).toEqual(['pa.validity'])
  })

  test('V05 where revocation must be known, no card is accepted, since no list is read yet', async () => {
    const { report, check } = await verify(card(), { policy: { revocation: 'required' } })
    expect(check('pa.revocation').outcome).toBe('not-run')
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
  })
})

test('no byte of any file can be changed, its lowest or highest bit, and the card still be accepted', async () => {
  const genuine = card()
  for (const [at, one] of genuine.files.entries()) {
    if (one.name === 'EF.COM') continue
    for (let offset = 0; offset < one.bytes!.length; offset++) {
      const bytes = one.bytes!.slice()
      bytes[offset]! ^= offset % 2 === 0 ? 0x01 : 0x80
      const files = genuine.files.map((each, i) => (i === at ? { ...each, bytes } : each))
      const { report } = await verify({ ...genuine, files })
      expect(report.verdict, `${one.name} byte ${offset} of ${toHex(one.bytes!).slice(0, 8)}`).not.toBe('accepted')
    }
  }
})

test('profiles and clocks of the tests are what they seem', () => {
  expect(profile.applications[0]!.files.map((one) => one.name)).toEqual(['EF.COM', 'EF.SOD', 'EF.DG1', 'EF.DG11', 'EF.DG14', 'EF.DG15'])
  expect(smallProfile([1]).applications[0]!.files).toHaveLength(3)
  expect(now.getUTCFullYear()).toBe(2026)
})
