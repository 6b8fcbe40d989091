import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { bitGroupCodec, decodeTemplate, encodeTemplate, makeImpression, syntheticImpression, syntheticTemplate } from '@kart/minutiae'
import { execute, type PersonalizationReport } from '@kart/personalization'
import { type Check, defaultPolicy, type Evidence, judge, type ReadCardOptions, readCard, runChecks, trustStore } from '@kart/verification'
import { beforeEach, describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimen, specimenFile, specimenImage, terminal } from './testing/specimen.ts'

// A card with two fingers, made by the bureau's way and asked by the verifier's: the enrolled finger of the specimen (left index) and a synthetic one (right index).
const enrolled = specimenFile('finger-enrolled.fmr')
const second = syntheticTemplate(11)
const record = {
  ...specimen,
  fingers: [
    ...specimen.fingers,
    { position: 2, template: encodeTemplate(second, 'iso-19794-2-2005', { position: 2, width: 512, height: 512, resolution: 197 }) },
  ],
}
const image = specimenImage(chipSerial, record)
const live = {
  leftIndex: makeImpression(decodeTemplate(enrolled), { seed: 7 }).template,
  rightIndex: syntheticImpression(second, 5).template,
  stranger: syntheticImpression(syntheticTemplate(47), 5).template,
}
const named = (template: typeof second, position: number) =>
  encodeTemplate(template, 'iso-19794-2-2005', { position, width: 512, height: 512, resolution: 197 })

let card: EmulatedCard
let report: PersonalizationReport

beforeEach(async () => {
  card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  report = await execute(card.transport(), image, executeOptions)
})

const show = (finger: ReadCardOptions['finger'], more: Partial<ReadCardOptions> = {}): Promise<Evidence> =>
  readCard(card.transport(), { profile: nationalId, access: image.access, ...(finger ? { finger } : {}), ...more })

async function judged(evidence: Evidence, probe: typeof second | Uint8Array) {
  const policy = defaultPolicy(personalizationDay)
  const checks = await runChecks(evidence, { profile: nationalId, trust: trustStore([pki.csca.certificate]), policy, probe })
  const check = (id: string): Check | undefined => checks.find((one) => one.id === id)
  return { report: judge(checks), onCard: check('finger.on-card'), match: check('finger.match') }
}

/** References asked about, with what the card said. */
const said = ({ fingerOnCard }: Evidence) =>
  fingerOnCard?.attempts.map(({ reference, answer }) => [reference, answer.state === 'no-match' ? answer.triesLeft : answer.state])

describe('two fingers, enrolled and compared on the card', () => {
  it('the bureau enrols both and tells the terminal which they are', async () => {
    const byPosition = new Map(report.fingers.map(({ reference, position }) => [position, reference]))
    expect([...byPosition.keys()].sort()).toEqual([2, 7])
    const evidence = await show({ probe: live.leftIndex, when: 'always' })
    const group = bitGroupCodec.decode(evidence.fingerOnCard!.informationTemplates!)
    expect(new Map(group.map(({ reference, subtype }) => [reference, subtype]))).toEqual(
      new Map([
        [byPosition.get(7), 0x0a],
        [byPosition.get(2), 0x09],
      ]),
    )
  })

  it('the holder is accepted by the card’s word, without a right to EF.DG3, by either finger', async () => {
    for (const probe of [live.leftIndex, live.rightIndex]) {
      const evidence = await show({ probe, when: 'without-dg3' })
      const { report: found, onCard, match } = await judged(evidence, probe)
      expect([found.verdict, found.reason, onCard?.outcome]).toEqual(['accepted', 'genuine', 'pass'])
      expect(match).toMatchObject({ outcome: 'not-run', required: false })
      // Yes or no, and never a score.
      expect(onCard?.detail).not.toMatch(/score \d/)
    }
  })

  it('a finger whose position is known costs no try of the other one', async () => {
    const [first] = report.fingers
    const probe = named(live.stranger, first!.position)
    expect(said(await show({ probe, when: 'always' }))).toEqual([[first!.reference, 4]])
    expect((await show({ probe: named(live.stranger, 5), when: 'always' })).fingerOnCard).toMatchObject({
      attempts: [],
      problem: expect.stringContaining('other fingers'),
    })
    const unknown = await show({ probe: live.stranger, when: 'always' })
    expect(said(unknown)).toEqual([
      [0x96, first!.reference === 0x96 ? 3 : 4],
      [0x97, first!.reference === 0x97 ? 3 : 4],
    ])
  })

  it('a stranger is rejected, and after five times each finger is blocked, in plain words', async () => {
    for (let left = 4; left >= 0; left--) {
      const evidence = await show({ probe: live.stranger, when: 'always' })
      expect(said(evidence)).toEqual([
        [0x96, left],
        [0x97, left],
      ])
      const { report: found, onCard } = await judged(evidence, live.stranger)
      expect([found.verdict, found.reason, onCard?.outcome]).toEqual(['rejected', 'not-the-holder', 'fail'])
      expect(onCard?.detail).toMatch(left === 0 ? /last try/ : new RegExp(`${left} tr(y is|ies are) left`))
    }
    const evidence = await show({ probe: live.leftIndex, when: 'always' })
    expect(said(evidence)).toEqual([
      [0x96, 'blocked'],
      [0x97, 'blocked'],
    ])
    expect((await judged(evidence, live.leftIndex)).onCard).toMatchObject({ outcome: 'fail', detail: expect.stringContaining('blocked') })
  })

  it('C14 the enrolled record itself is no live finger', async () => {
    const evidence = await show({ probe: enrolled, when: 'always' })
    expect(evidence.fingerOnCard?.attempts.map(({ answer }) => answer.state)).toEqual(['no-match'])
  })

  it('with a right to EF.DG3 this terminal compares, unless the card is asked for', async () => {
    const own = await show({ probe: live.leftIndex, when: 'without-dg3' }, { terminal })
    expect(own.fingerOnCard).toBeUndefined()
    expect(await judged(own, live.leftIndex)).toMatchObject({ match: { outcome: 'pass', required: true }, onCard: undefined })
    const both = await show({ probe: live.leftIndex, when: 'always' }, { terminal })
    expect(await judged(both, live.leftIndex)).toMatchObject({ match: { outcome: 'pass' }, onCard: { outcome: 'pass', required: true } })
  })

  it('works with short lengths, and is not asked when no finger is shown', async () => {
    const short = await show({ probe: live.leftIndex, when: 'always' }, { limits: { extendedLength: false } })
    expect(short.fingerOnCard?.attempts.at(-1)?.answer).toEqual({ state: 'match' })
    const none = await show(undefined)
    expect(none.fingerOnCard).toBeUndefined()
    // Nor does anything stand for it among the checks: what was required stays required.
    expect(await judged(none, live.leftIndex)).toMatchObject({ onCard: undefined, match: { outcome: 'not-run', required: true } })
  })

  it('a print with too few minutiae takes no try; a probe that cannot be read is refused before the card is asked', async () => {
    const few = decodeTemplate(encodeTemplate(syntheticTemplate(11), 'iso-19794-2-2005'))
    const cut = {
      count: 8,
      ...Object.fromEntries((['x', 'y', 'angle', 'type', 'quality'] as const).map((name) => [name, few[name].slice(0, 8)])),
    }
    const evidence = await show({ probe: cut as typeof second, when: 'always' })
    expect(evidence.fingerOnCard).toMatchObject({ attempts: [], problem: expect.stringContaining('8 minutiae') })
    expect((await judged(evidence, cut as typeof second)).onCard).toMatchObject({ outcome: 'not-run', required: true })
    await expect(show({ probe: new Uint8Array(7), when: 'always' })).rejects.toMatchObject({ code: 'decode' })
  })
})
