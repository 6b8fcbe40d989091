import { sign } from 'node:crypto'
import { fromHex } from '@kart/codec'
import { never } from '@kart/layout'
import { describe, expect, test } from 'vitest'
import { card, dg14, dg15, exchange, profile } from './testing/card.ts'
import { ecKey } from './testing/pki.ts'
import { verify } from './testing/verify.ts'

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

  test('V09 DG14 replaced alone, to name another algorithm', async () => {
    const { failed } = await verify(card({ shown: { 14: dg14('0.4.0.127.0.7.1.1.4.1.5') } }))
    expect(failed).toEqual(['pa.hash.DG14', 'aa.key-in-sod', 'aa.signature'])
  })

  test('V09 a challenge that is not eight bytes long proves nothing, however it is signed', async () => {
    const key = ecKey()
    const short = fromHex('00112233')
    const signature = new Uint8Array(sign('sha256', short, { key: key.privateKey, dsaEncoding: 'ieee-p1363' }))
    const { failed } = await verify(card({ chipKey: key, activeAuthentication: { challenge: short, signature, sw: undefined } }))
    expect(failed).toEqual(['aa.signature'])
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

  test('V10 a policy that does not ask the chip still rejects one whose proof fails, or that shows a key and is not asked', async () => {
    const optional = { policy: { chipAuthentication: 'optional' as const } }
    expect((await verify(card(), optional)).report.verdict).toBe('accepted')
    const wrong = await verify(card({ activeAuthentication: exchange(ecKey()) }), optional)
    expect(wrong.failed).toEqual(['aa.signature'])
    expect(wrong.report).toMatchObject({ verdict: 'rejected', reason: 'chip-not-genuine' })
    const silent = { ...card().activeAuthentication!, signature: undefined, sw: 0x6982 }
    expect((await verify(card({ activeAuthentication: silent }), optional)).failed).toEqual(['aa.signature'])
    const notAsked = await verify(card({ activeAuthentication: undefined }), optional)
    expect(notAsked.open).toEqual(['aa.signature'])
    expect(notAsked.report.reason).toBe('cannot-prove-genuine-chip')
    const replaced = card({ shown: { 15: dg15(ecKey()) } })
    expect((await verify(replaced, optional)).failed).toEqual(expect.arrayContaining(['aa.key-in-sod', 'aa.signature']))
  })

  test('V10 a policy that does not ask the chip does not excuse a key that EF.SOD lists and the card hides', async () => {
    // In this profile nobody may read EF.DG15 after BAC, so that its absence is no fault of coverage.
    const shut = {
      ...profile,
      applications: profile.applications.map((one) => ({
        ...one,
        files: one.files.map((spec) => (spec.name === 'EF.DG15' ? { ...spec, read: never } : spec)),
      })),
    }
    const { open } = await verify(card({ shown: { 15: undefined }, activeAuthentication: undefined }), {
      profile: shut,
      policy: { chipAuthentication: 'optional' },
    })
    expect(open).toEqual(['aa.key-in-sod', 'aa.signature'])
  })

  test('V10 the chip was not asked although it shows a key', async () => {
    expect((await verify(card({ activeAuthentication: undefined }))).report.reason).toBe('cannot-prove-genuine-chip')
  })
})
