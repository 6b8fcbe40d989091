import { InputError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeImpression } from './impression.ts'
import { cosSinTurns, SeededRandom } from './random.ts'
import { templateFrom } from './template.ts'

const minutia = fc.record({
  x: fc.integer({ min: 200, max: 2000 }),
  y: fc.integer({ min: 200, max: 2400 }),
  angle: fc.nat(255),
  type: fc.nat(2),
  quality: fc.nat(100),
})
const templates = fc.array(minutia, { maxLength: 80 }).map(templateFrom)
const still = {
  rotationDegrees: 0,
  shift: [0, 0],
  distortion: 0,
  lost: 0,
  spurious: 0,
  jitter: 0,
  angleJitterDegrees: 0,
  typeFlips: 0,
} as const

describe('impression model', () => {
  test('with nothing to change, only order and quality change', () => {
    fc.assert(
      fc.property(templates, fc.integer(), (template, seed) => {
        const { template: made, source } = makeImpression(template, { seed, ...still })
        expect(made.count).toBe(template.count)
        expect([...source].sort((a, b) => a - b)).toEqual([...source.keys()])
        for (const [i, from] of source.entries())
          expect([made.x[i], made.y[i], made.angle[i], made.type[i]]).toEqual([
            template.x[from],
            template.y[from],
            template.angle[from],
            template.type[from],
          ])
      }),
    )
  })

  test('the same seed gives the same impression, another seed another', () => {
    fc.assert(
      fc.property(
        templates.filter((t) => t.count > 5),
        fc.integer(),
        (template, seed) => {
          expect(makeImpression(template, { seed })).toEqual(makeImpression(template, { seed }))
          expect(makeImpression(template, { seed: seed + 1 }).template).not.toEqual(makeImpression(template, { seed }).template)
        },
      ),
    )
  })

  test('a quarter turn counter-clockwise: a minutia right of the middle comes to lie above it, and points up instead of right', () => {
    const side = { type: 1, quality: 50 }
    const template = templateFrom([
      { x: 1500, y: 1000, angle: 0, ...side },
      { x: 500, y: 1000, angle: 0, ...side },
    ])
    const { template: made, source } = makeImpression(template, { seed: 1, ...still, rotationDegrees: 90 })
    const i = source.indexOf(0)
    expect([made.x[i], made.y[i], made.angle[i]]).toEqual([1000, 500, 64])
  })

  test('counts are as asked, coordinates never negative, displacement within the bounds asked for', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(templates, fc.integer(), share, share, fc.nat(100), (template, seed, lost, spurious, distortion) => {
        const { template: made, source } = makeImpression(template, { seed, ...still, lost, spurious, distortion })
        const kept = template.count - Math.round(lost * template.count)
        expect([...source].filter((from) => from >= 0)).toHaveLength(kept)
        expect(made.count).toBe(kept === 0 ? 0 : kept + Math.round(spurious * template.count))
        for (const [i, from] of source.entries()) {
          expect(made.x[i]).toBeGreaterThanOrEqual(0)
          if (from < 0) continue
          expect(Math.abs(made.x[i]! - template.x[from]!)).toBeLessThanOrEqual(distortion + 1)
          expect(Math.abs(made.y[i]! - template.y[from]!)).toBeLessThanOrEqual(distortion + 1)
        }
      }),
    )
  })

  test('the distortion bends the print: distances between minutiae change', () => {
    const grid = templateFrom(
      Array.from({ length: 25 }, (_, i) => ({ x: 400 * (i % 5), y: 400 * Math.floor(i / 5), angle: 0, type: 1, quality: 50 })),
    )
    const { template: made, source } = makeImpression(grid, { seed: 3, ...still, distortion: 60 })
    const at = (index: number) => [made.x[source.indexOf(index)]!, made.y[source.indexOf(index)]!] as const
    const stretch = [0, 4, 20, 24].map((corner) => Math.hypot(at(corner)[0] - at(12)[0], at(corner)[1] - at(12)[1]) - Math.hypot(800, 800))
    expect(Math.max(...stretch.map(Math.abs))).toBeGreaterThan(10)
    expect(Math.max(...stretch) - Math.min(...stretch)).toBeGreaterThan(5)
  })

  test('the description says that the impression is synthetic, and what was done', () => {
    const template = templateFrom([{ x: 1, y: 2, angle: 3, type: 1, quality: 4 }])
    const { description } = makeImpression(template, { seed: 77 })
    expect(description).toContain('Synthetic')
    expect(description).toContain('seed 77')
    expect(description).toContain('8 degrees')
  })

  test.each([{ lost: 1.5 }, { spurious: -0.1 }, { jitter: Number.NaN }, { seed: 0.5 }, { distortion: 1e9 }, { shift: [1e6, 0] as const }])(
    '%j is refused',
    (bad) => {
      expect(() => makeImpression(templateFrom([]), { seed: 1, ...bad })).toThrow(InputError)
    },
  )
})

describe('numbers that every machine must agree on', () => {
  test('xoshiro128** from state 1, 2, 3, 4 gives the numbers of its authors and other implementations', () => {
    const random = new SeededRandom([1, 2, 3, 4])
    expect(Array.from({ length: 6 }, () => random.next())).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492])
  })

  test('sine and cosine are right to 1e-10', () => {
    for (let i = -500; i <= 500; i++) {
      const turns = i / 237
      const [cos, sin] = cosSinTurns(turns)
      expect(Math.abs(cos - Math.cos(2 * Math.PI * turns))).toBeLessThan(1e-10)
      expect(Math.abs(sin - Math.sin(2 * Math.PI * turns))).toBeLessThan(1e-10)
    }
  })
})
