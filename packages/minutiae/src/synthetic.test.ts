import { InputError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeTemplate, encodeTemplate } from './format.ts'
import { SeededRandom } from './random.ts'
import { ridgeFlow, turnsOf } from './ridge-flow.ts'
import { type SyntheticManner, syntheticImpression, syntheticNotice, syntheticTemplate } from './synthetic.ts'
import { checkTemplate, type MinutiaeTemplate } from './template.ts'

const many = (manner: SyntheticManner) => Array.from({ length: 1500 }, (_, seed) => syntheticTemplate(seed, { manner }))
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** FNV-1a over everything in the templates. */
function digest(templates: readonly MinutiaeTemplate[]): number {
  let hash = 0x811c9dc5
  for (const t of templates)
    for (const array of [t.x, t.y, t.angle, t.type, t.quality])
      for (const value of array) hash = Math.imul(hash ^ (value & 0xffff), 0x01000193)
  return hash >>> 0
}

describe('synthetic templates', () => {
  test.each([
    ['fjfx', 244852957],
    ['mindtct', 2483725480],
    ['sourceafis', 1826263635],
  ] as const)('%s: the same to the bit on every machine', (manner, expected) => {
    expect(digest(Array.from({ length: 200 }, (_, seed) => syntheticTemplate(seed, { manner })))).toBe(expected)
  })

  test('any seed gives a template that every format can hold, whole pixels of 500 dpi', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom<SyntheticManner>('fjfx', 'mindtct', 'sourceafis'), (seed, manner) => {
        const template = syntheticTemplate(seed, { manner })
        checkTemplate(template)
        expect(template.count).toBeGreaterThanOrEqual(4)
        for (const format of ['iso-19794-2-2005', 'card-normal'] as const) {
          const back = decodeTemplate(encodeTemplate(template, format), format)
          expect({ x: back.x, y: back.y, angle: back.angle, type: back.type }).toEqual({
            x: template.x,
            y: template.y,
            angle: template.angle,
            type: template.type,
          })
        }
        expect(encodeTemplate(template, 'card-compact')).toHaveLength(3 * template.count)
      }),
    )
  })

  test('a million seeds apart or one: other templates', () => {
    expect(new Set([0, 1, 2, 1_000_000, 2 ** 31, -1].map((seed) => digest([syntheticTemplate(seed)]))).size).toBe(6)
  })

  test.each([
    { manner: 'fjfx', count: [48, 56], quality: [68, 76], endings: [0.58, 0.62], angles: 256 },
    { manner: 'mindtct', count: [51, 59], quality: [44, 54], endings: [0.68, 0.72], angles: 32 },
    { manner: 'sourceafis', count: [32, 40], quality: [0, 0], endings: [0.56, 0.6], angles: 256 },
  ] as const)('$manner: count, quality, types and angles as in the real sets (docs/synthetic.md)', (row) => {
    const templates = many(row.manner)
    const between = (value: number, [low, high]: readonly [number, number]) => {
      expect(value).toBeGreaterThanOrEqual(low)
      expect(value).toBeLessThanOrEqual(high)
    }
    between(mean(templates.map(({ count }) => count)), row.count)
    between(mean(templates.flatMap(({ quality }) => [...quality])), row.quality)
    between(mean(templates.flatMap(({ type }) => [...type].map((value) => Number(value === 1)))), row.endings)
    expect(new Set(templates.flatMap(({ angle }) => [...angle])).size).toBe(row.angles)
  })

  test('ridges lean to the middle above it, on both sides, and lie level at the top', () => {
    const sums = { left: [0, 0], top: [0, 0], right: [0, 0] }
    for (const t of many('fjfx')) {
      const x = mean([...t.x])
      const y = mean([...t.y])
      for (let i = 0; i < t.count; i++) {
        if (t.y[i]! > y - 250) continue
        const sum = sums[t.x[i]! < x - 250 ? 'left' : t.x[i]! > x + 250 ? 'right' : 'top']
        sum[0]! += Math.cos((t.angle[i]! * 4 * Math.PI) / 256)
        sum[1]! += Math.sin((t.angle[i]! * 4 * Math.PI) / 256)
      }
    }
    const degrees = ([cos, sin]: number[]) => ((Math.atan2(sin!, cos!) * 90) / Math.PI + 180) % 180
    expect(Math.abs(degrees(sums.left) - 42)).toBeLessThan(10)
    expect(Math.abs(degrees(sums.right) - 138)).toBeLessThan(10)
    expect(Math.abs(((degrees(sums.top) + 90) % 180) - 90)).toBeLessThan(10)
  })

  test('an impression is of that finger, says that it is synthetic, and is another with another seed', () => {
    for (let seed = 0; seed < 60; seed++) {
      const template = syntheticTemplate(seed)
      const { template: made, source, description } = syntheticImpression(template, seed)
      expect(description).toContain('Synthetic')
      expect(source).toHaveLength(made.count)
      const types = [...source].flatMap((from, i) => (from < 0 ? [] : [Number(made.type[i] === template.type[from])]))
      if (types.length > 10) expect(mean(types)).toBeGreaterThan(0.5)
      expect(digest([syntheticImpression(template, seed).template])).toBe(digest([made]))
      expect(digest([syntheticImpression(template, seed + 1).template])).not.toBe(digest([made]))
    }
  })

  test('half of the impressions are cut off at the edge of the first', () => {
    const template = syntheticTemplate(3)
    const cut = Array.from({ length: 200 }, (_, seed) => syntheticImpression(template, seed)).filter(({ description }) =>
      description.includes('cut off'),
    )
    expect(cut.length).toBeGreaterThan(70)
    expect(cut.length).toBeLessThan(130)
    for (const { template: made } of cut) expect(Math.max(...made.x)).toBeLessThanOrEqual(Math.max(...template.x))
  })

  test('the notice says that no person is behind them', () => {
    expect(syntheticNotice).toContain('no person')
  })

  test.each([0.5, Number.NaN])('seed %d is refused', (seed) => {
    expect(() => syntheticTemplate(seed)).toThrow(InputError)
    expect(() => syntheticImpression(syntheticTemplate(1), seed)).toThrow(InputError)
  })
})

describe('ridge flow', () => {
  test('turnsOf is right to 0.0001 turn, whatever the length', () => {
    for (let i = -500; i < 500; i++) {
      const turns = (i + 0.5) / 1000
      const length = 10 ** ((i % 7) - 3)
      expect(Math.abs(turnsOf(length * Math.cos(2 * Math.PI * turns), length * Math.sin(2 * Math.PI * turns)) - turns)).toBeLessThan(1e-4)
    }
    expect(turnsOf(0, 0)).toBe(0)
  })

  test('every finger has as many deltas as cores, none, one or two; one and two are each seen often', () => {
    const seen = [0, 0, 0]
    for (let seed = 0; seed < 200; seed++) {
      const flow = ridgeFlow(new SeededRandom(seed))
      const at = (x: number, y: number) => {
        const point = { cos: 1, sin: 0 }
        flow(x, y, point)
        return turnsOf(point.cos, point.sin)
      }
      // How often the doubled angle turns about each square of 0.4 mm: 1 about a core, -1 about a delta.
      let cores = 0
      let deltas = 0
      for (let x = -1500; x < 1500; x += 40)
        for (let y = -1800; y < 1500; y += 40) {
          const corners = [at(x, y), at(x + 40, y), at(x + 40, y + 40), at(x, y + 40)]
          let winding = 0
          for (let k = 0; k < 4; k++) {
            const step = corners[(k + 1) % 4]! - corners[k]!
            winding += step - Math.round(step)
          }
          if (Math.round(winding) > 0) cores++
          if (Math.round(winding) < 0) deltas++
        }
      expect(cores).toBe(deltas)
      seen[cores]!++
    }
    expect(seen).toHaveLength(3)
    expect(seen[1]).toBeGreaterThan(100)
    expect(seen[2]).toBeGreaterThan(30)
  })
})
