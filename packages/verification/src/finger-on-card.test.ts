import type { FingerAnswer } from '@kart/apdu/host'
import { expect, test } from 'vitest'
import { checkFingerOnCard } from './checks/finger-on-card.ts'
import type { FingerOnCardEvidence } from './evidence.ts'
import { judge } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { card, context } from './testing/card.ts'

const saying = (...answers: readonly FingerAnswer[]): FingerOnCardEvidence => ({
  informationTemplates: undefined,
  attempts: answers.map((answer, i) => ({ reference: 0x96 + i, answer })),
  problem: answers.some(({ state }) => state === 'match') ? undefined : 'why not',
})
const checked = (found: FingerOnCardEvidence | undefined, genuine = true) =>
  checkFingerOnCard({ ...card(), ...(found ? { fingerOnCard: found } : {}) }, genuine)
const no = { state: 'no-match', triesLeft: 3 } as const

test('a card that was not asked has nothing to say', () => {
  expect(checked(undefined)).toEqual([])
})

test.each([
  ['yes', saying({ state: 'match' }), 'pass'],
  ['no, then yes', saying(no, { state: 'match' }), 'pass'],
  ['no twice', saying(no, no), 'fail'],
  ['blocked', saying({ state: 'blocked' }), 'fail'],
  ['no, then a print that it cannot use', saying(no, { state: 'refused', sw: 0x6a80 }), 'fail'],
  ['a print that it cannot use', saying({ state: 'refused', sw: 0x6a80 }), 'not-run'],
  ['nothing', saying(), 'not-run'],
] as const)('%s: %s', (_name, found, outcome) => {
  expect(checked(found)).toMatchObject([{ id: 'finger.on-card', outcome, required: true }])
})

test('the yes of a chip that proved nothing is worth nothing', () => {
  expect(checked(saying({ state: 'match' }), false)).toMatchObject([{ outcome: 'not-run', required: true }])
  expect(checked(saying(no), false)).toMatchObject([{ outcome: 'fail' }])
})

test('a copy that says yes is rejected, also where the chip need not prove itself', async () => {
  const copy = { ...card({ activeAuthentication: undefined }), fingerOnCard: saying({ state: 'match' }) }
  const lenient = context()
  const checks = await runChecks(copy, { ...lenient, policy: { ...lenient.policy, chipAuthentication: 'optional' } })
  expect(checks.find(({ id }) => id === 'finger.on-card')).toMatchObject({ outcome: 'not-run', required: true })
  expect(judge(checks).verdict).toBe('rejected')
  const genuine = await runChecks({ ...card(), fingerOnCard: saying({ state: 'match' }) }, context())
  expect(genuine.find(({ id }) => id === 'finger.on-card')).toMatchObject({ outcome: 'pass' })
  expect(judge(genuine).verdict).toBe('accepted')
})
