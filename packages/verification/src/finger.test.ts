import { readFileSync } from 'node:fs'
import { DecodeError, encodeTlv, fromHex } from '@kart/codec'
import { dg3Codec, minutiaeFinger } from '@kart/layout'
import { compare, prepare, thresholds } from '@kart/matcher'
import { decodeTemplate, encodeTemplate, fmrCodec, type MinutiaeTemplate, minutiaeOf, templateFrom } from '@kart/minutiae'
import { expect, test } from 'vitest'
import { checkFinger } from './checks/finger.ts'
import { judge } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { card, context, policy, smallProfile } from './testing/card.ts'

const record = new Uint8Array(readFileSync(new URL('../../../test-vectors/nist/fmr.iso2005', import.meta.url)))
const enrolled = decodeTemplate(record)
const oneView = encodeTemplate(enrolled, 'iso-19794-2-2005')
const dg3 = dg3Codec.encode({ fingers: [minutiaeFinger(oneView, 2)] })
const profile = smallProfile([1, 3, 11, 14, 15])
const withFinger = (file = dg3) => card({ signed: { 3: file } })

async function verify(evidence: ReturnType<typeof card>, probe?: Parameters<typeof checkFinger>[1]) {
  const checks = await runChecks(evidence, { ...context({ profile }), ...(probe === undefined ? {} : { probe }) })
  return { report: judge(checks), finger: checks.find((check) => check.id === 'finger.match')! }
}

/** The same finger a little moved, some minutiae lost. */
const secondImpression = templateFrom(
  minutiaeOf(enrolled)
    .filter((_, i) => i % 7 !== 0)
    .map((one, i) => ({ ...one, x: one.x + 120 + (i % 3) * 6 - 6, y: one.y - 80 + (i % 5) * 4 - 8, angle: (one.angle + (i % 3)) % 256 })),
)
/** Nobody's finger: the same minutiae at shuffled places. */
const another = templateFrom(
  minutiaeOf(enrolled).map((one, i, all) => ({ ...one, x: all[(i * 17 + 5) % all.length]!.x, angle: (one.angle * 5 + 37 * i) % 256 })),
)

test('the finger on the card matches, as template and as record; the detail names score and threshold', async () => {
  for (const probe of [
    secondImpression,
    encodeTemplate(secondImpression, 'iso-19794-2-2005'),
    encodeTemplate(secondImpression, 'incits-378-2004'),
  ]) {
    const { report, finger } = await verify(withFinger(), probe)
    expect(finger).toMatchObject({ outcome: 'pass', required: true })
    expect(finger.detail).toMatch(/^score \d+ against the threshold 40 \(fmr1e-4\), best of 1$/)
    expect(report.verdict).toBe('accepted')
  }
  expect(thresholds['fmr1e-4']).toBe(40)
})

test('another finger is rejected, with its own reason', async () => {
  const { report, finger } = await verify(withFinger(), another)
  expect(finger).toMatchObject({ outcome: 'fail', required: true })
  expect(report).toMatchObject({ verdict: 'rejected', reason: 'not-the-holder' })
})

test('the best of several fingers counts', async () => {
  const two = dg3Codec.encode({ fingers: [minutiaeFinger(encodeTemplate(another, 'iso-19794-2-2005'), 1), minutiaeFinger(oneView, 2)] })
  const { finger } = await verify(withFinger(two), secondImpression)
  expect(finger).toMatchObject({ outcome: 'pass', detail: expect.stringContaining('best of 2') })
})

test('the best of several comparisons must have more than the threshold of one: 4 for two, 5 for three, 10 for nine', async () => {
  // Impressions with fewer of the finger's minutiae and more of another's, of which one is just above the threshold of one comparison.
  const weaker = [10, 9, 8, 7].flatMap((kept) =>
    Array.from({ length: 20 }, (_, strange) =>
      templateFrom([...minutiaeOf(secondImpression).slice(0, kept), ...minutiaeOf(another).slice(0, strange)]),
    ),
  )
  const scoreOf = (probe: MinutiaeTemplate) => compare(prepare(probe), prepare(enrolled)).score
  const just = weaker.find((probe) => scoreOf(probe) >= 40 && scoreOf(probe) < 44)!
  const score = scoreOf(just)
  const fingers = (count: number) =>
    dg3Codec.encode({
      fingers: Array.from({ length: count }, (_, i) => minutiaeFinger(oneView, i + 1)),
    })
  expect((await verify(withFinger(fingers(1)), just)).finger).toMatchObject({
    outcome: 'pass',
    detail: `score ${score} against the threshold 40 (fmr1e-4), best of 1`,
  })
  for (const [count, raise] of [
    [2, 4],
    [3, 5],
    [9, 10],
  ] as const) {
    const { finger, report } = await verify(withFinger(fingers(count)), just)
    expect(finger).toMatchObject({
      outcome: 'fail',
      detail: `score ${score} against the threshold ${40 + raise} (fmr1e-4, raised by ${raise} for ${count} comparisons), best of ${count}`,
    })
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'not-the-holder' })
    expect((await verify(withFinger(fingers(count)), secondImpression)).finger.outcome).toBe('pass')
  }
})

test('without a probe the finger is not asked for, and never counts as matched', async () => {
  const { report, finger } = await verify(withFinger())
  expect(finger).toMatchObject({ outcome: 'not-run', required: false })
  expect(report.verdict).toBe('accepted')
})

test.each([
  ['no DG3', undefined],
  ['an empty DG3', dg3Codec.encode({ fingers: [], filler: new Uint8Array(16) })],
  ['a DG3 that is none', encodeTlv(0x63, fromHex('0500'))],
  ['a record that is none', dg3Codec.encode({ fingers: [minutiaeFinger(fromHex('464d52002032300000'), 2)] })],
  ['a record without minutiae', dg3Codec.encode({ fingers: [minutiaeFinger(encodeTemplate(templateFrom([]), 'iso-19794-2-2005'), 2)] })],
])('with %s and a probe, the finger did not match: it could not be compared', async (_, file) => {
  const evidence = file === undefined ? card() : withFinger(file)
  const { report, finger } = await verify(evidence, secondImpression)
  expect(finger).toMatchObject({ outcome: 'not-run', required: true })
  expect(report.verdict).toBe('rejected')
})

test('a probe without minutiae cannot match; one that cannot be read is the caller’s error', async () => {
  expect((await verify(withFinger(), templateFrom([]))).finger.outcome).toBe('not-run')
  expect(() => checkFinger(withFinger(), fromHex('464d5200'), policy)).toThrow(DecodeError)
})

test('the enrolled record is the outside one', () => {
  expect(fmrCodec.decode(record).views.length).toBeGreaterThan(0)
  expect(enrolled.count).toBeGreaterThan(20)
})
