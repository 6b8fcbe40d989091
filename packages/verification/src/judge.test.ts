import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Check, type CheckOutcome, fail, notRun, pass } from './check.ts'
import { judge, reportReasons } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { card, context } from './testing/card.ts'

const row = (id: string) => ({ id, title: id, clause: 'house rule' })
const make = { pass, fail, 'not-run': notRun } as const satisfies Record<CheckOutcome, unknown>
const anyCheck = fc.record({
  id: fc.constantFrom(
    'access.opened',
    'pa.chain',
    'pa.hash.DG1',
    'aa.signature',
    'aa.key-in-sod',
    'mrz.check-digits',
    'finger.match',
    'document.expired',
    'com.agrees',
  ),
  outcome: fc.constantFrom<CheckOutcome>('pass', 'fail', 'not-run'),
  required: fc.boolean(),
})

describe('P17 a card that answers late', () => {
  const judged = async (shortestExchange: number, maxExchange: number | undefined) => {
    const changes = maxExchange === undefined ? {} : { policy: { maxExchange } }
    const report = judge(await runChecks({ ...card(), shortestExchange }, context(changes)))
    return [report.verdict, report.checks.find(({ id }) => id === 'link.round-trip')?.outcome]
  }

  test('P17 is a warning where a bound is set, and turns no verdict', async () => {
    expect(await judged(20, 50)).toEqual(['accepted', 'pass'])
    expect(await judged(51, 50)).toEqual(['accepted', 'fail'])
    expect(await judged(51, undefined)).toEqual(['accepted', 'not-run'])
    expect(await judged(Number.POSITIVE_INFINITY, 50)).toEqual(['accepted', 'not-run'])
  })
})

describe('V15 the verdict', () => {
  test('V15 accepted exactly when there is a required check and all of them passed', () => {
    fc.assert(
      fc.property(fc.array(anyCheck, { maxLength: 12 }), (drawn) => {
        const report = judge(drawn.map(({ id, outcome, required }) => make[outcome](row(id), '', required)))
        const required = drawn.filter((one) => one.required)
        const accepted = required.length > 0 && required.every((one) => one.outcome === 'pass')
        expect(report.verdict === 'accepted').toBe(accepted)
        expect(report.reason === 'genuine').toBe(accepted)
        expect(report.reasons[0]).toBe(report.reason)
        expect(report.reasons.length).toBeGreaterThan(0)
        expect(report.checks).toHaveLength(drawn.length)
      }),
    )
  })

  test('V15 no checks, or none required, prove nothing', () => {
    expect(judge([])).toMatchObject({ verdict: 'rejected', reason: 'nothing-proved' })
    expect(judge([pass(row('com.agrees'), '', false)])).toMatchObject({ verdict: 'rejected', reason: 'nothing-proved' })
  })

  test.each<[string, Check[], string, string]>([
    [
      'a card that stayed shut',
      [fail(row('access.opened'), ''), notRun(row('pa.sod'), ''), notRun(row('aa.signature'), '')],
      'error',
      'access-refused',
    ],
    ['a failed signature', [pass(row('access.opened'), ''), fail(row('pa.signature'), '')], 'rejected', 'data-not-authentic'],
    ['a chip that did not prove itself', [pass(row('pa.signature'), ''), fail(row('aa.signature'), '')], 'rejected', 'chip-not-genuine'],
    [
      'a chip that was not asked',
      [pass(row('pa.signature'), ''), notRun(row('aa.signature'), '')],
      'rejected',
      'cannot-prove-genuine-chip',
    ],
    ['another finger', [pass(row('pa.signature'), ''), fail(row('finger.match'), '')], 'rejected', 'not-the-holder'],
    ['an expired document', [pass(row('pa.signature'), ''), fail(row('document.expired'), '')], 'rejected', 'document-expired'],
    ['a wrong check digit', [pass(row('pa.signature'), ''), fail(row('mrz.check-digits'), '')], 'rejected', 'data-inconsistent'],
    [
      'a PIN that was not taken',
      [pass(row('pa.signature'), ''), fail(row('holder.pin'), ''), notRun(row('holder.proof'), '')],
      'error',
      'pin-not-taken',
    ],
    ['a PIN that was not taken by a copy', [fail(row('aa.signature'), ''), fail(row('holder.pin'), '')], 'rejected', 'chip-not-genuine'],
    ['another key than the certificate’s', [pass(row('holder.pin'), ''), fail(row('holder.proof'), '')], 'rejected', 'chip-not-genuine'],
    ['a stranger’s authority', [fail(row('holder.chain'), ''), fail(row('holder.subject'), '')], 'rejected', 'signer-not-trusted'],
    ['another holder’s certificate', [pass(row('holder.chain'), ''), fail(row('holder.subject'), '')], 'rejected', 'data-inconsistent'],
    ['something that did not run', [pass(row('pa.signature'), ''), notRun(row('finger.match'), '')], 'rejected', 'incomplete'],
    [
      'the worst of several',
      [fail(row('document.expired'), ''), fail(row('pa.chain'), ''), notRun(row('aa.signature'), '')],
      'rejected',
      'signer-not-trusted',
    ],
    ['a certificate that ran out', [fail(row('pa.validity'), ''), fail(row('document.expired'), '')], 'rejected', 'certificate-not-valid'],
    ['a wrong hash under an unknown signer', [fail(row('pa.chain'), ''), fail(row('pa.hash.DG1'), '')], 'rejected', 'data-not-authentic'],
  ])('V15 %s', (_, checks, verdict, reason) => {
    expect(judge(checks)).toMatchObject({ verdict, reason })
  })

  test('V15 every reason can be reached, and each has a sentence', () => {
    const reached = new Set<string>()
    for (const id of [
      'access.opened',
      'pa.a',
      'pa.chain',
      'pa.validity',
      'aa.a',
      'finger.match',
      'document.expired',
      'mrz.a',
      'holder.pin',
    ])
      for (const outcome of ['pass', 'fail', 'not-run'] as const) reached.add(judge([make[outcome](row(id), '')]).reason)
    reached.add(judge([]).reason)
    expect([...reached].sort()).toEqual([...reportReasons].sort())
  })

  test('V15 the report names the moment and the policy that it was judged by, and they change no verdict', async () => {
    const { policy } = context({ policy: { fingerThreshold: 'fmr1e-5', chipAuthentication: 'optional' } })
    const checks = await runChecks(card(), context())
    const { judgedAt, policy: told, ...report } = judge(checks, policy)
    expect(judgedAt).toEqual(new Date('2026-06-01T12:00:00Z'))
    expect(told).toEqual({ fingerThreshold: 'fmr1e-5', chipAuthentication: 'optional', signerValidity: 'now', revocation: 'ignored' })
    expect(judge(checks)).toEqual(report)
    expect(judge([], policy)).toMatchObject({ verdict: 'rejected', reason: 'nothing-proved' })
  })

  test('V15 a genuine card with any one file gone is never accepted, but for EF.COM, which counts as there by the profile', async () => {
    const genuine = card()
    for (const gone of genuine.files) {
      const files = genuine.files.map((file) => (file === gone ? { ...file, bytes: undefined, outcome: 'missing' as const } : file))
      expect(judge(await runChecks({ ...genuine, files }, context())).verdict, gone.name).toBe('rejected')
    }
  })

  test('V15 evidence without anything: every check is there, none passed but those that need nothing', async () => {
    const nothing = { ...card(), files: [], activeAuthentication: undefined }
    const checks = await runChecks(nothing, context())
    expect(checks.filter((check) => check.outcome === 'pass').map((check) => check.id)).toEqual(['access.opened'])
    expect(judge(checks).verdict).toBe('rejected')
    const shut = { ...nothing, access: { ...nothing.access, outcome: 'refused' as const, problem: 'BAC: refused' } }
    const report = judge(await runChecks(shut, context()))
    expect(report).toMatchObject({ verdict: 'error', reason: 'access-refused' })
    expect(report.checks.filter((check) => check.outcome === 'fail').map((check) => check.id)).toEqual(['access.opened'])
    expect(report.checks.find((check) => check.id === 'profile.files')).toMatchObject({ outcome: 'not-run', required: true })
  })
})
