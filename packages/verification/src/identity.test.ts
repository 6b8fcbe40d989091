import { encodeTlv, uintToBytes } from '@kart/codec'
import { encodeMrz } from '@kart/layout'
import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { type CardParts, card, context, dg1, dg11, holder, mrz, smallProfile } from './testing/card.ts'
import { pki } from './testing/pki.ts'

/** Verifies a card whose issuer signed exactly these data: only the identity can be wrong. */
async function verify(parts: CardParts, settings: Parameters<typeof context>[0] = {}) {
  const report = judge(await runChecks(card(parts), context(settings)))
  return {
    report,
    failed: report.checks.filter((check) => check.required && check.outcome === 'fail').map((check) => check.id),
    check: (id: string) => report.checks.find((check) => check.id === id)!,
  }
}

/** The zone with the character at this 0-based place changed, nothing computed anew. */
const changed = (at: number, to: string) => mrz().slice(0, at) + to + mrz().slice(at + to.length)

describe('V13 the zone of EF.DG1, signed as it stands', () => {
  test.each([
    ['check digit of the document number', 14, '0'],
    ['check digit of the date of birth', 36, '9'],
    ['check digit of the date of expiry', 44, '9'],
    ['composite check digit', 59, '9'],
    ['a character outside the alphabet', 62, 'a'],
    ['a digit in the name', 61, '7'],
    ['a month 13 of birth', 30, '901321'],
    ['a day 31 of a month with 30', 30, '900431'],
    ['an unknown day of expiry', 42, '<<'],
    ['a sex that is none', 37, 'Q'],
  ])('V13 %s', async (_, at, to) => {
    expect(mrz().slice(at, at + to.length)).not.toBe(to)
    const { failed, report } = await verify({ signed: { 1: dg1(changed(at, to)) } })
    expect(failed).toContain('mrz.check-digits')
    expect(report.verdict).toBe('rejected')
    expect(report.reasons).toContain('data-inconsistent')
  })

  test('V13 an incomplete date of birth is sound where EF.DG11 says the same', async () => {
    const zone = mrz({ dateOfBirth: '90<<<<' })
    const parts = { signed: { 1: dg1(zone), 11: dg11(holder.nationalCode, '19900000') }, access: { dateOfBirth: '90<<<<' } }
    expect((await verify(parts)).report.verdict).toBe('accepted')
    expect((await verify({ ...parts, signed: { 1: dg1(zone), 11: dg11() } })).failed).toEqual(['mrz.dg1-dg11'])
  })

  test('V13 a zone of another length is not read, and nothing that needs it passes', async () => {
    const { report, check } = await verify({ signed: { 1: dg1(mrz().slice(0, 89)) } })
    for (const id of ['pa.country', 'mrz.check-digits', 'mrz.access-agrees', 'document.expired']) expect(check(id).outcome).toBe('not-run')
    expect(report.verdict).toBe('rejected')
  })

  test.each([
    ['document number', { documentNumber: 'T12345679' }],
    ['date of birth', { dateOfBirth: '900322' }],
    ['date of expiry', { dateOfExpiry: '330322' }],
  ])('V13 the printed %s is not that of the chip', async (what, access) => {
    const { failed, check } = await verify({ access })
    expect(failed).toEqual(['mrz.access-agrees'])
    expect(check('mrz.access-agrees').detail).toBe(`differing: ${what}`)
  })

  test('V13 fillers behind a short printed number make no difference', async () => {
    const zone = mrz({ documentNumber: 'T1234' })
    expect((await verify({ signed: { 1: dg1(zone) }, access: { documentNumber: 'T1234<<<<' } })).report.verdict).toBe('accepted')
  })

  test('V13 a document number of more than nine characters', async () => {
    const documentNumber = 'T12345678901'
    const zone = mrz({ documentNumber, optionalData: '', optionalData2: holder.nationalCode })
    expect((await verify({ signed: { 1: dg1(zone) }, access: { documentNumber } })).report.verdict).toBe('accepted')
  })

  test.each([
    ['another personal number', dg11('0012345687')],
    ['another date of birth', dg11(holder.nationalCode, '19900322')],
    ['a date of birth a month off', dg11(holder.nationalCode, '19900421')],
  ])('V13 EF.DG11 has %s', async (_, details) => {
    const { failed } = await verify({ signed: { 11: details } })
    expect(failed).toContain('mrz.dg1-dg11')
  })

  test('V13 the century of birth is EF.DG11’s to say: 1890 and 1990 are both 90', async () => {
    expect((await verify({ signed: { 11: dg11(holder.nationalCode, '18900321') } })).report.verdict).toBe('accepted')
  })

  test.each([
    ['in both places', '0012345678', '0012345678'],
    ['in EF.DG11', '0012345678', ''],
    ['all digits equal', '1111111112', ''],
  ])('V13 a national code with a wrong check digit %s', async (_, number, optionalData) => {
    const { failed, check } = await verify({ signed: { 1: dg1(mrz({ optionalData })), 11: dg11(number) } })
    expect(failed).toEqual(['mrz.national-code'])
    expect(check('mrz.national-code').detail).not.toContain(number)
  })

  const details = (...fields: [tag: number, text: string][]) =>
    encodeTlv(0x6b, [
      encodeTlv(
        0x5c,
        fields.map(([tag]) => uintToBytes(tag, 2)),
      ),
      ...fields.map(([tag, text]) => encodeTlv(tag, new TextEncoder().encode(text))),
    ])

  test.each([
    ['nothing', details(), 'date of birth, national code'],
    ['no national code', details([0x5f2b, '19900321']), 'national code'],
    ['no date of birth', details([0x5f10, holder.nationalCode]), 'date of birth'],
  ])('V13 EF.DG11 states %s, so that nothing binds it to EF.DG1', async (_, dg11File, lacking) => {
    for (const optionalData of ['', holder.nationalCode]) {
      const { failed, check, report } = await verify({ signed: { 1: dg1(mrz({ optionalData })), 11: dg11File } })
      expect(failed).toContain('mrz.dg1-dg11')
      expect(check('mrz.dg1-dg11')).toMatchObject({ required: true, detail: `EF.DG11 does not state: ${lacking}` })
      expect(report.verdict).toBe('rejected')
    }
  })

  test('V13 where the profile knows no such code, an EF.DG11 without any is no fault', async () => {
    const unchecked = { ...smallProfile([1, 11, 14, 15]), personalNumber: 'unchecked' as const }
    expect((await verify({ signed: { 11: details() } }, { profile: unchecked })).report.verdict).toBe('accepted')
  })

  test.each([
    ['the code and a digit more', { optionalData: `${holder.nationalCode}0` }],
    ['the code and a number behind a filler', { optionalData: `${holder.nationalCode}<1` }],
    ['another code and a number behind a filler', { optionalData: '0499370899<1' }],
    ['another code and a digit more', { optionalData: '04993708990' }],
    ['nine digits', { optionalData: '999999999' }],
    ['the code behind a filler', { optionalData: `<${holder.nationalCode}` }],
    ['the code behind a letter', { optionalData: `X${holder.nationalCode}` }],
    ['one digit', { optionalData: '7' }],
    ['another code in the second line', { optionalData: '', optionalData2: '0499370899' }],
    ['the code in the first line and something else in the second', { optionalData2: '12' }],
  ])('V13 optional data with %s are not the national code', async (_, changes) => {
    const { failed, report } = await verify({ signed: { 1: dg1(mrz(changes)) } })
    expect(failed).toEqual(['mrz.dg1-dg11', 'mrz.national-code'])
    expect(report.verdict).toBe('rejected')
  })

  test.each([
    ['nothing', { optionalData: '' }],
    ['letters alone', { optionalData: 'ABC' }],
    ['the code in the second line', { optionalData: '', optionalData2: holder.nationalCode }],
  ])('V13 optional data with %s agree', async (_, changes) => {
    expect((await verify({ signed: { 1: dg1(mrz(changes)) } })).report.verdict).toBe('accepted')
  })

  test('V13 a card of another State than the profile’s, whoever signed it', async () => {
    const german = pki({ country: 'DE' })
    const { failed } = await verify({ pki: german, signed: { 1: dg1(mrz({ issuer: 'D' })) } }, { pki: german })
    expect(failed).toEqual(['mrz.issuing-state'])
  })

  test('V13 the national code is asked for only where the profile says that its personal number is one', async () => {
    const utopia = pki({ country: 'UT' })
    const profile = { ...smallProfile([1, 11, 14, 15], 'UTO'), personalNumber: 'unchecked' as const }
    const { report, check } = await verify(
      { pki: utopia, signed: { 1: dg1(mrz({ issuer: 'UTO', optionalData: '' })), 11: dg11('0012345678') } },
      { pki: utopia, profile },
    )
    expect(check('mrz.national-code')).toBeUndefined()
    expect(report.verdict).toBe('accepted')
  })
})

describe('V13 another document of the same State, signed by the same signer', () => {
  const passport = encodeMrz({
    format: 'TD3',
    documentCode: 'P<',
    issuer: 'IRN',
    nationality: 'IRN',
    sex: 'F',
    name: 'SPECIMEN<<ANAHITA',
    documentNumber: holder.documentNumber,
    dateOfBirth: holder.dateOfBirth,
    dateOfExpiry: holder.dateOfExpiry,
    optionalData: holder.nationalCode,
  })

  test.each([
    ['a passport, TD3', passport],
    ['document code AC', mrz({ documentCode: 'AC' })],
    ['document code C<', mrz({ documentCode: 'C<' })],
    ['document code IP', mrz({ documentCode: 'IP' })],
    ['document code ID', mrz({ documentCode: 'ID' })],
  ])('V13 %s', async (_, zone) => {
    const { failed, report } = await verify({ signed: { 1: dg1(zone) } })
    expect(failed).toEqual(['mrz.document-type'])
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
  })

  test('V13 the passport is what a profile of passports asks for', async () => {
    const profile = { ...smallProfile([1, 11, 14, 15]), mrzFormat: 'TD3' as const, documentCode: 'P<' }
    expect((await verify({ signed: { 1: dg1(passport) } }, { profile })).report.verdict).toBe('accepted')
    expect((await verify({}, { profile })).failed).toEqual(['mrz.document-type'])
  })
})

describe('document.expired', () => {
  const at = (now: string) => verify({ pki: long }, { pki: long, policy: { now: new Date(now) } })
  const long = pki({ signerParts: { notAfter: '2045-01-01T00:00:00' }, cscaParts: { notAfter: '2045-01-01T00:00:00' } })

  test('valid through its last day, and expired after that day has ended everywhere', async () => {
    expect((await at('2033-03-21T23:59:59Z')).report.verdict).toBe('accepted')
    expect((await at('2033-03-22T11:59:59Z')).report.verdict).toBe('accepted')
    const { failed, report } = await at('2033-03-22T12:00:00Z')
    expect(failed).toEqual(['document.expired'])
    expect(report.reason).toBe('document-expired')
  })
})

test('no detail of any check repeats personal data', async () => {
  const parts: CardParts[] = [
    {},
    { access: { documentNumber: 'X' } },
    { signed: { 11: dg11('1234567890') } },
    { signed: { 1: dg1(changed(14, '0')) } },
  ]
  for (const each of parts)
    for (const { detail } of await runChecks(card(each), context()))
      for (const secret of [
        holder.documentNumber,
        holder.nationalCode,
        holder.dateOfBirth,
        '19900321',
        'SPECIMEN',
        'ANAHITA',
        '1234567890',
      ])
        expect(detail).not.toContain(secret)
})
