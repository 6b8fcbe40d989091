import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { card, defaultPki, dg1, dg14, dg15, file, mrz, now, profile, smallProfile } from './testing/card.ts'
import {
  authority,
  certificate,
  digitalSignature,
  ecKey,
  issuerAndSerial,
  keyCertSign,
  keyId,
  name,
  pki,
  rsaKey,
  subjectKeyId,
  type TestPki,
} from './testing/pki.ts'
import { verify } from './testing/verify.ts'

test('a genuine card is accepted, with every required check passed', async () => {
  const { report, failed, open } = await verify(card())
  expect([failed, open]).toEqual([[], []])
  expect(report).toMatchObject({ verdict: 'accepted', reason: 'genuine', reasons: ['genuine'] })
  expect(report.checks.filter((check) => check.required).map((check) => check.id)).toEqual([
    'access.opened',
    'pa.no-downgrade',
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
    'mrz.document-type',
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

  test('V03 a document signer that the verifier holds, but that EF.SOD does not name, is not the signer', async () => {
    const other = pki({ signerKey: defaultPki.signerKey, signerParts: { serial: 0x4321 } })
    expect((await verify(card({ sod: { certificates: [] } }), { signers: [other.signer] })).failed).toEqual(['pa.signer'])
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

  test('V04 signed by a trusted CSCA’s key, but in another issuer’s name', async () => {
    const issuer = name('IR', 'Another CSCA')
    const misnamed = pki({ cscaKey: defaultPki.cscaKey, signerParts: { issuer } })
    const { failed, check } = await verify(card({ pki: misnamed, sod: { sid: issuerAndSerial(issuer) } }))
    expect(failed).toEqual(['pa.chain'])
    expect(check('pa.chain').detail).toContain('name')
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
    // Also where the signer is of the country that the MRZ names.
    const borrowed = pki({ country: 'DE', signerCountry: 'IR' })
    expect((await verify(card({ pki: borrowed }), { pki: borrowed })).failed).toEqual(['pa.country'])
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

test('a signed file that cannot be decoded is named, without deciding anything by itself', async () => {
  const odd = await verify(card({ signed: { 12: fromHex('6c03300100') } }), { profile: smallProfile([1, 11, 12, 14, 15]) })
  expect(odd.check('files.well-formed')).toMatchObject({ outcome: 'fail', required: false, detail: expect.stringContaining('EF.DG12') })
  expect(odd.report.verdict).toBe('accepted')
  expect((await verify(card())).check('files.well-formed').outcome).toBe('pass')
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
}, 240_000)

test('profiles and clocks of the tests are what they seem', () => {
  expect(profile.applications[0]!.files.map((one) => one.name)).toEqual(['EF.COM', 'EF.SOD', 'EF.DG1', 'EF.DG11', 'EF.DG14', 'EF.DG15'])
  expect(smallProfile([1]).applications[0]!.files).toHaveLength(3)
  expect(now.getUTCFullYear()).toBe(2026)
})
