import { type Minutia, makeImpression, minutiaeOf, syntheticTemplate, templateFrom } from '@kart/minutiae'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMatcher } from './comparer.ts'
import { kernelNames } from './kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from './packed.ts'
import { compare, prepare } from './reference.ts'

// Extractors write their minutiae in any order, some twice, and grade them on scales of their own.
const tied: fc.Arbitrary<Minutia[]> = fc
  .tuple(fc.nat(1000), fc.integer({ min: 6, max: 200 }), fc.integer({ min: 1, max: 5 }))
  .map(([seed, count, grades]) =>
    Array.from({ length: count }, (_, i) => {
      const k = (i * 7919 + seed) % 97
      // few places, angles and qualities: equal distances, equal places and exact duplicates of another quality
      return {
        x: 1000 + 60 * ((k % 7) - 3),
        y: 1000 + 60 * ((k % 5) - 2),
        angle: (64 * (i % 3)) & 0xff,
        type: 1 + (i & 1),
        quality: (k % grades) * 20,
      }
    }),
  )
const any = fc.oneof(
  tied,
  fc.nat(500).map((seed) => minutiaeOf(syntheticTemplate(seed))),
)
const shuffledBy = (minutiae: readonly Minutia[], keys: readonly number[]) =>
  minutiae
    .map((m, i) => ({ m, key: keys[i % keys.length]! + 1e-3 * ((i * 37) % 101) }))
    .sort((p, q) => p.key - q.key)
    .map(({ m }) => m)

describe('the order of a template’s minutiae', () => {
  test('does not change what is compared, nor what a gallery holds', () => {
    fc.assert(
      fc.property(any, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 31, maxLength: 31 }), (minutiae, keys) => {
        const once = prepare(templateFrom(minutiae))
        const again = prepare(templateFrom(shuffledBy(minutiae, keys)))
        expect({ ...again, index: undefined }).toEqual({ ...once, index: undefined })
        const packed = [minutiae, shuffledBy(minutiae, keys)].map((list) => {
          const record = new Uint8Array(recordBytes)
          packTemplate(prepare(templateFrom(list), recordMinutiae), record)
          return record
        })
        expect(packed[0]).toEqual(packed[1])
      }),
      { numRuns: 60 },
    )
  })

  test('nor the score and, by their minutiae, the pairs', () => {
    const first = syntheticTemplate(5)
    const second = makeImpression(first, { seed: 6 }).template
    const turned = templateFrom(minutiaeOf(first).reverse())
    const straight = compare(prepare(first), prepare(second))
    const reversed = compare(prepare(turned), prepare(second))
    expect(straight.score).toBeGreaterThan(40)
    expect([reversed.score, reversed.strength]).toEqual([straight.score, straight.strength])
    expect(reversed.pairs.map(({ probe, candidate }) => [first.count - 1 - probe, candidate])).toEqual(
      straight.pairs.map(({ probe, candidate }) => [probe, candidate]),
    )
  })
})

describe('qualities on no scale of the standards', () => {
  const first = syntheticTemplate(7)
  const second = makeImpression(first, { seed: 8, lost: 0.3, spurious: 0.3 }).template
  const graded = (grade: (quality: number) => number) =>
    [first, second].map((template) => prepare(templateFrom(minutiaeOf(template).map((m) => ({ ...m, quality: grade(m.quality) })))))
  const strengthOf = ([a, b]: ReturnType<typeof graded>) => compare(a!, b!).strength
  const unreported = strengthOf(graded(() => 0))

  test.each([1, 50, 80, 100])('all %i say as little as none', (quality) => {
    expect(strengthOf(graded(() => quality))).toBe(unreported)
  })

  test.each([4, 10, 50])('1 to %i are raised in proportion', (most) => {
    for (const { quality, index } of graded((own) => Math.max(1, Math.round((own * most) / 100)))) {
      expect(Math.max(...quality)).toBe(72)
      expect(index.length).toBeGreaterThan(20)
    }
  })

  test('what is above 100 was not reported, in every kernel', () => {
    const odd = [first, second].map((template) => ({
      ...template,
      quality: template.quality.map((quality, i) => (i % 2 === 0 ? 255 : quality)),
    }))
    const plain = odd.map((template) => ({ ...template, quality: template.quality.map((quality) => (quality > 100 ? 0 : quality)) }))
    const expected = compare(prepare(plain[0]!), prepare(plain[1]!))
    for (const kernel of kernelNames.map(createMatcher))
      expect(kernel.compare(kernel.prepare(odd[0]!), kernel.prepare(odd[1]!))).toEqual(expected)
  })

  test('those on the scale count as they stand, and none among others as the poorest', () => {
    const [a] = graded((quality) => (quality % 3 === 0 ? 0 : quality))
    const own = [...a!.index].map((i) => first.quality[i]!)
    expect([...a!.quality]).toEqual(own.map((quality) => (quality % 3 === 0 ? 1 : quality)))
    expect(a!.quality.some((quality) => quality === 1)).toBe(true)
  })

  test('where none has one, a gallery’s record leaves out the crowded first', () => {
    const plain = templateFrom(minutiaeOf(syntheticTemplate(11)).map((m) => ({ ...m, quality: 0 })))
    const among = templateFrom([
      ...minutiaeOf(plain),
      // at the far side of every third minutia, 0.3 mm away
      ...minutiaeOf(plain)
        .filter((_, i) => i % 3 === 0)
        .map((m) => ({ ...m, x: m.x + 30, angle: (m.angle + 128) & 0xff })),
    ])
    const nearest = (k: number) =>
      Math.min(
        ...Array.from({ length: among.count }, (_, i) =>
          i === k ? 9999 : Math.hypot(among.x[i]! - among.x[k]!, among.y[i]! - among.y[k]!),
        ),
      )
    const alone = Array.from({ length: among.count }, (_, k) => k).filter((k) => nearest(k) >= 50)
    expect(among.count).toBeGreaterThan(recordMinutiae)
    expect(alone.length).toBeGreaterThan(20)
    const kept = new Set(prepare(among, recordMinutiae).index)
    if (alone.length <= recordMinutiae) expect(alone.filter((k) => !kept.has(k))).toEqual([])
    else expect([...kept].filter((k) => !alone.includes(k))).toEqual([])
  })
})
