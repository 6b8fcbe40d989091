import { stripVTControlCharacters } from 'node:util'
import { type Check, defaultPolicy, type Evidence, judge } from '@kart/verification'
import { describe, expect, it } from 'vitest'
import { mrzDate } from './date-option.ts'
import type { Output } from './output.ts'
import { printReport } from './verdict-output.ts'

const evidence: Evidence = {
  profile: 'national-id',
  readAt: new Date(0),
  atr: new Uint8Array(),
  files: [],
  access: {
    protocol: 'pace',
    outcome: 'opened',
    policy: 'pace-only',
    pace: {
      outcome: 'opened',
      choice: ['offer \u202eA: chosen'],
      variant: 'PACE variant',
      offer: undefined,
      password: 'can',
      authorityReferences: [],
      mapping: undefined,
    },
    key: undefined,
    problem: undefined,
  },
  chipAuthentication: undefined,
  terminalAuthentication: undefined,
  activeAuthentication: undefined,
  shortestExchange: 1,
  extendedLength: false,
}

function printed(checks: readonly Check[], read = evidence, withChoice = false): string {
  let text = ''
  const output: Output = {
    json: false,
    line: (line = '') => {
      text += `${line}\n`
    },
    document: () => undefined,
    begin: () => undefined,
    aside: () => undefined,
  }
  printReport(output, judge(checks), { ...defaultPolicy(new Date('2026-11-22T10:00:00Z')), fingerThreshold: 'fmr1e-3' }, read, withChoice)
  return stripVTControlCharacters(text)
}

const check = (id: string, outcome: Check['outcome'], detail: string): Check => ({
  id,
  title: `title of ${id}`,
  clause: '',
  outcome,
  required: true,
  detail,
})

describe('printReport', () => {
  it('says the moment that the verdict holds for, and the threshold', () => {
    expect(printed([check('pa.hashes', 'pass', 'fine')])).toContain(
      'ACCEPTED  Every required check passed.\njudged as of 2026-11-22T10:00:00.000Z, finger threshold fmr1e-3\n',
    )
  })

  it('says how the card was opened, and why so where that is asked for', () => {
    const checks = [check('pa.hashes', 'pass', 'fine')]
    expect(printed(checks)).toMatch(/\n\nOpened with PACE and the card access number: PACE variant\.\n/)
    expect(printed(checks, evidence, true)).toMatch(
      /PACE offer: offer .A: chosen\nOpened with PACE and the card access number: PACE variant\.\n/,
    )
  })

  it('of a card that stayed shut shows that alone, and what to check', () => {
    const text = printed([
      check('access.opened', 'fail', 'the card refused'),
      check('profile.files', 'fail', 'unread'),
      ...['pa.signature', 'pa.chain', 'aa.signature'].map((id) => check(id, 'not-run', 'not read')),
    ])
    expect(text).toContain('✗ fail')
    expect(text).toMatch(/title of access\.opened +the card refused/)
    expect(text).not.toMatch(/not run|profile\.files|pa\.|aa\./)
    expect(text).toContain('\nCheck what is printed (the card access number, or document number, date of birth and date of expiry)')
  })

  it('of a card that stayed shut because it offers no PACE says so, and not that a number may be wrong', () => {
    const pace = { ...evidence.access.pace, outcome: 'not-offered' as const, choice: ['the card offers no PACE'] }
    const access = { ...evidence.access, pace, outcome: 'refused' as const, problem: 'none' }
    const shut = [check('access.opened', 'fail', 'the card refused')]
    const said = printed(shut, { ...evidence, access })
    for (const words of ['PACE offer: the card offers no PACE\n', '"kart issue" finishes one', '--allow-bac']) expect(said).toContain(words)
    expect(said).not.toContain('Check what is printed')
    const withBac = { ...access, policy: 'bac-without-pace' as const }
    expect(printed(shut, { ...evidence, access: withBac })).toContain('Check what is printed')
  })

  it('of every other verdict shows every check, and what failed once more', () => {
    const text = printed([check('pa.hashes', 'fail', 'EF.DG2 differs\u001b[2J\u202e'), check('aa.signature', 'not-run', 'x')])
    expect(text).toMatch(/– not run +title of aa\.signature/)
    expect(text.split('title of pa.hashes').length - 1).toBe(2)
    expect(text).not.toMatch(/\u202e|Check what is printed/)
  })

  it('says how a terminal gets at the fingerprints that it could not read', () => {
    expect(printed([check('finger.match', 'not-run', 'EF.DG3 was not read')])).toContain('name their folder with --cvc DIR')
    expect(printed([check('finger.match', 'fail', 'score 3')])).not.toContain('--cvc')
  })

  it('lets no detail steer the terminal through the summary', () => {
    expect(printed([check('pa.hashes', 'pass', 'x'), check('finger.match', 'not-run', 'odd\u202etext')])).not.toContain('\u202e')
  })
})

describe('mrzDate', () => {
  it.each(['۱۳۷۰-۰۳-۲۲', '۹۱۰۶۱۲', '٩١٠٦١٢'])('asks for the Gregorian date in Latin digits where it gets %s', (date) => {
    expect(() => mrzDate(date, '--dob')).toThrow(/^--dob: give the Gregorian date .*in Latin digits/)
  })
})
