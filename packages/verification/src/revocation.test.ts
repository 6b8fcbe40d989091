import { DecodeError } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { card, defaultPki } from './testing/card.ts'
import {
  authority,
  bool,
  certificate,
  ecKey,
  keyCertSign,
  keyId,
  keyUsage,
  name,
  pki,
  revocationList,
  seq,
  subjectKeyId,
} from './testing/pki.ts'
import { verify } from './testing/verify.ts'
import { trustStore } from './trust-store.ts'

const { cscaKey, cscaName } = defaultPki
const signerSerial = 0x1234
const list = (parts: Partial<Parameters<typeof revocationList>[0]> = {}) =>
  revocationList({ issuer: cscaName, issuerKey: cscaKey, serials: [7], ...parts })

const judged = (lists: readonly Uint8Array[], revocation: 'ignored' | 'required' = 'required') =>
  verify(card(), { more: { revocationLists: lists }, policy: { revocation } })

describe('V05 revocation lists', () => {
  test('V05 a signer that is not on a list that holds is accepted, also where revocation must be known', async () => {
    const { report, check } = await judged([list()])
    expect(report.verdict).toBe('accepted')
    expect(check('pa.revocation')).toMatchObject({ outcome: 'pass', required: true, detail: expect.stringContaining('2026-08-01') })
  })

  test('V05 a revoked signer is rejected whatever the policy, and by a stale list too', async () => {
    for (const revocation of ['ignored', 'required'] as const)
      for (const nextUpdate of ['2026-08-01T00:00:00', '2026-05-15T00:00:00', undefined]) {
        const { report, check } = await judged([list({ serials: [7, signerSerial], nextUpdate })], revocation)
        expect(report).toMatchObject({ verdict: 'rejected', reason: 'certificate-not-valid' })
        expect(check('pa.revocation').detail).toBe('its CSCA revoked it on 2026-04-01')
      }
  })

  test.each([
    ['stale', list({ nextUpdate: '2026-05-15T00:00:00' }), 'stale: a newer one was due on 2026-05-15'],
    ['not valid yet', list({ thisUpdate: '2026-07-01T00:00:00' }), 'not valid yet'],
    ['signed by another', list({ issuerKey: ecKey('P-384') }), 'not signed by the CSCA'],
    ['signed by another, with the signer on it', list({ issuerKey: ecKey('P-384'), serials: [signerSerial] }), 'not signed by the CSCA'],
    ['of another authority', list({ issuer: name('DE', 'CSCA') }), 'no revocation list of the CSCA is held'],
    [
      'with a critical extension',
      list({ extensions: [{ oid: '2.5.29.28', critical: true, value: seq(bool(true)) }] }),
      'critical extension',
    ],
  ])('V05 a list that is %s leaves it unknown, never good', async (_, bad, words) => {
    const required = await judged([bad])
    expect(required.check('pa.revocation')).toMatchObject({ outcome: 'not-run', detail: expect.stringContaining(words) })
    expect(required.report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
    const ignored = await judged([bad], 'ignored')
    expect(ignored.report.verdict).toBe('accepted')
    expect(ignored.check('pa.revocation')).toMatchObject({ outcome: 'not-run', required: false })
  })

  test('V05 a list of an authority whose key may not sign lists leaves it unknown, and revokes all the same', async () => {
    const pkiOf = pki({ cscaParts: { extensions: [authority, keyUsage(0x04)] } })
    const listOf = (serials: readonly number[]) => revocationList({ issuer: pkiOf.cscaName, issuerKey: pkiOf.cscaKey, serials })
    const judgedWith = (serials: readonly number[]) =>
      verify(card({ pki: pkiOf }), {
        cscas: [pkiOf.csca],
        more: { revocationLists: [listOf(serials)] },
        policy: { revocation: 'required' },
      })
    const { report, check } = await judgedWith([7])
    expect(check('pa.revocation')).toMatchObject({ outcome: 'not-run', detail: expect.stringContaining('may not sign lists') })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'incomplete' })
    expect((await judgedWith([signerSerial])).check('pa.revocation').detail).toBe('its CSCA revoked it on 2026-04-01')
  })

  test('V05 a list signed over a digest that the policy does not take leaves it unknown', async () => {
    const { check } = await judged([list({ hash: 'sha1' })])
    expect(check('pa.revocation')).toMatchObject({ outcome: 'not-run', detail: expect.stringContaining('sha1') })
  })

  test('V05 of several lists one that holds is enough, and one that revokes decides', async () => {
    const stale = list({ nextUpdate: '2026-05-15T00:00:00' })
    expect((await judged([stale, list()])).report.verdict).toBe('accepted')
    expect((await judged([list(), list({ serials: [signerSerial] })])).report.verdict).toBe('rejected')
  })

  test('V05 a list without an end holds', async () => {
    expect((await judged([list({ nextUpdate: undefined })])).report.verdict).toBe('accepted')
  })

  test('bytes that are no list are the caller’s error', () => {
    for (const bytes of [new Uint8Array(3), seq(), list().slice(0, -1)]) {
      expect(() => trustStore([], [], { revocationLists: [bytes] })).toThrow(DecodeError)
    }
  })
})

describe('V05 rollover of the CSCA', () => {
  const next = pki({ cscaKey: ecKey('P-384') })
  const link = (parts: Partial<Parameters<typeof certificate>[0]> = {}) =>
    certificate({
      ...{ subject: next.cscaName, key: next.cscaKey, issuer: cscaName, issuerKey: cscaKey, serial: 9 },
      ...{ extensions: [authority, keyCertSign, subjectKeyId(keyId(next.cscaKey))], ...parts },
    })
  const judgedWith = (links: readonly Uint8Array[]) =>
    verify(card({ pki: next }), { cscas: [defaultPki.csca], more: { links }, policy: { signerValidity: 'now' } })

  test('V05 without the link the next CSCA is not trusted', async () => {
    expect((await judgedWith([])).report).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  })

  test('V05 a link certificate that the trusted CSCA signed leads to the next', async () => {
    const { report, check } = await judgedWith([link()])
    expect(report.verdict).toBe('accepted')
    expect(check('pa.chain').detail).toContain('a link certificate leads')
  })

  test('V05 links lead over generations, in whatever order they are held', async () => {
    const middleKey = ecKey('P-384')
    const toMiddle = link({ key: middleKey })
    const toNext = link({ issuer: next.cscaName, issuerKey: middleKey })
    for (const links of [
      [toMiddle, toNext],
      [toNext, toMiddle],
    ]) {
      const { report, check } = await judgedWith(links)
      expect(report.verdict).toBe('accepted')
      expect(check('pa.chain').detail).toContain('2 link certificates lead')
    }
    expect((await judgedWith([toNext])).report.verdict).toBe('rejected')
  })

  test.each([
    ['that a stranger signed', link({ issuerKey: ecKey('P-384') })],
    ['that is no authority', link({ extensions: [keyCertSign] })],
    ['without the use of signing certificates', link({ extensions: [authority] })],
    ['of another country', link({ subject: name('DE', 'Test CSCA') })],
  ])('V05 a link %s leads nowhere', async (_, bad) => {
    expect((await judgedWith([bad])).report).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  })

  test('V05 a link that has expired is not valid now', async () => {
    const { failed } = await judgedWith([link({ notAfter: '2026-05-01T00:00:00' })])
    expect(failed).toContain('pa.validity')
  })
})
