import { createHash, generateKeyPairSync } from 'node:crypto'
import { concatBytes, fromHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { card, dg1, mrz, profile } from './testing/card.ts'
import * as builder from './testing/pki.ts'
import {
  authority,
  digitalSignature,
  documentTypeList,
  explicitEcKey,
  extendedKeyUsage,
  keyCertSign,
  keyUsage,
  pki,
  privateKeyUsagePeriod,
  rsaKey,
  type TestKey,
} from './testing/pki.ts'
import { verify } from './testing/verify.ts'

describe('V06 certificates and keys that may not be used so', () => {
  test.each([
    ['document signer without key usage', { extensions: [] }, 'pa.key-usage'],
    ['document signer for certificates', { extensions: [keyCertSign] }, 'pa.key-usage'],
    ['document signer for documents and certificates', { extensions: [keyUsage(0x84)] }, 'pa.key-usage'],
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

  test.each([
    ['passports', ['P']],
    ['two-letter codes only', ['IP', 'ID', 'P']],
  ])('V06 document signer for %s', async (_, types) => {
    const made = pki({ signerParts: { extensions: [digitalSignature, documentTypeList(...types)] } })
    const { failed, check } = await verify(card({ pki: made }), { pki: made })
    expect(failed).toEqual(['pa.key-usage'])
    expect(check('pa.key-usage').detail).toContain(types.join(', '))
  })

  test('V06 a document type of one letter stands for every code that begins with it', async () => {
    const made = pki({ signerParts: { extensions: [digitalSignature, { ...documentTypeList('I', 'P'), critical: true }] } })
    expect((await verify(card({ pki: made }), { pki: made })).report.verdict).toBe('accepted')
    const identity = { ...profile, documentCode: 'ID' }
    const evidence = card({ pki: made, signed: { 1: dg1(mrz({ documentCode: 'ID' })) } })
    expect((await verify(evidence, { pki: made, profile: identity })).report.verdict).toBe('accepted')
  })

  test('V06 a document type list that is malformed', async () => {
    for (const value of [
      builder.seq(builder.int(0), builder.setOf()),
      builder.seq(builder.int(1), documentTypeList('I').value.subarray(5)),
      builder.seq(builder.int(0), builder.setOf(fromHex('0c0149'))),
      documentTypeList('IDX').value,
      documentTypeList('i').value,
      documentTypeList('').value,
      builder.seq(builder.int(0), builder.setOf(fromHex('130149')), builder.nul),
    ]) {
      const made = pki({ signerParts: { extensions: [digitalSignature, { oid: '2.23.136.1.1.6.2', value }] } })
      expect((await verify(card({ pki: made }), { pki: made })).check('pa.signer')).toMatchObject({
        outcome: 'fail',
        detail: expect.stringMatching(/^documentTypeList/),
      })
    }
  })

  test.each([1, 2] as const)('V06 a document signer’s certificate of version %d', async (version) => {
    const made = pki({ signerParts: { version, extensions: [] } })
    const { failed, check } = await verify(card({ pki: made }), { pki: made })
    expect(failed).toEqual(['pa.key-usage'])
    expect(check('pa.key-usage').detail).toBe('the document signer’s certificate is not version 3')
  })

  test('V06 a document signer with the key of a CSCA, its issuer’s or another’s', async () => {
    const cscaKey = builder.ecKey()
    const own = pki({ cscaKey, signerKey: cscaKey })
    const { failed, check } = await verify(card({ pki: own }), { pki: own })
    expect(failed).toEqual(['pa.chain'])
    expect(check('pa.chain').detail).toBe('the document signer’s key is a CSCA’s key')
    const made = pki({ signerKey: cscaKey })
    const other = pki({ cscaKey })
    expect((await verify(card({ pki: made }), { pki: made })).report.verdict).toBe('accepted')
    expect((await verify(card({ pki: made }), { cscas: [made.csca, other.csca] })).failed).toEqual(['pa.chain'])
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

describe('validity policy', () => {
  const lapsed = pki({ signerParts: { notBefore: '2020-01-01T00:00:00', notAfter: '2025-01-01T00:00:00' } })

  test('V05 a document signer valid at signing but expired now is a matter of policy, and the policy needs a signing time', async () => {
    const stated = card({ pki: lapsed, sod: { signingTime: '2024-06-01T00:00:00' } })
    expect((await verify(stated, { pki: lapsed })).failed).toEqual(['pa.validity'])
    expect((await verify(stated, { pki: lapsed, policy: { signerValidity: 'at-signing' } })).report.verdict).toBe('accepted')
    expect((await verify(card({ pki: lapsed }), { pki: lapsed, policy: { signerValidity: 'at-signing' } })).failed).toEqual(['pa.validity'])
  })

  describe('V05 the signing time', () => {
    const limited = pki({
      signerParts: { extensions: [digitalSignature, privateKeyUsagePeriod('2024-02-01T00:00:00', '2024-05-01T00:00:00')] },
    })
    const signed = (signingTime: string, changes = {}) =>
      verify(card({ pki: limited, sod: { signingTime } }), { pki: limited, policy: changes })

    test.each([
      ['2024-04-30T23:59:59', undefined],
      ['2024-05-01T00:00:00', undefined],
      ['2024-05-01T00:00:01', 'after the document signer’s key might sign'],
      ['2024-01-31T23:59:59', 'before the document signer’s key might sign'],
      ['2023-12-31T23:59:59', 'outside the document signer’s validity'],
    ])('V05 %s against a key that might sign from February to April 2024', async (signingTime, problem) => {
      const { failed, check } = await signed(signingTime)
      expect(failed).toEqual(problem === undefined ? [] : ['pa.validity'])
      expect(check('pa.validity').detail).toContain('the signer’s word')
      if (problem !== undefined) expect(check('pa.validity').detail).toContain(problem)
      expect((await signed(signingTime, { signerValidity: 'at-signing' })).failed).toEqual(failed)
    })

    test('V05 one end of the period may be left open', async () => {
      const open = pki({ signerParts: { extensions: [digitalSignature, privateKeyUsagePeriod(undefined, '2024-05-01T00:00:00')] } })
      expect((await verify(card({ pki: open, sod: { signingTime: '2024-01-01T00:00:00' } }), { pki: open })).failed).toEqual([])
      expect((await verify(card({ pki: open, sod: { signingTime: '2024-06-01T00:00:00' } }), { pki: open })).failed).toEqual([
        'pa.validity',
      ])
    })

    test('V05 a signing time that lies ahead, beyond what clocks may be apart', async () => {
      const at = (signingTime: string, clockToleranceHours?: number) =>
        verify(card({ sod: { signingTime } }), clockToleranceHours === undefined ? {} : { policy: { clockToleranceHours } })
      expect((await at('2026-06-02T12:00:00')).failed).toEqual([])
      const { failed, check } = await at('2026-06-02T12:00:01')
      expect(failed).toEqual(['pa.validity'])
      expect(check('pa.validity').detail).toContain('lies in the future')
      expect((await at('2026-06-01T12:00:01', 0)).failed).toEqual(['pa.validity'])
      expect((await at('2033-01-01T00:00:00')).failed).toEqual(['pa.validity'])
    })
  })

  test('V05 where revocation must be known, no card is accepted, since no list is read yet', async () => {
    const { report, check } = await verify(card(), { policy: { revocation: 'required' } })
    expect(check('pa.revocation').outcome).toBe('not-run')
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
  })
})
