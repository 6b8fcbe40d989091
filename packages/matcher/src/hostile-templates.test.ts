import { type Minutia, syntheticTemplate, templateFrom } from '@kart/minutiae'
import { describe, expect, test } from 'vitest'
import { compare, prepare } from './reference.ts'
import { thresholds } from './thresholds.ts'

// Templates meant to match everyone, or to make the comparison work for ever (faults D07 and C14).
const many = (make: (i: number) => Omit<Minutia, 'type' | 'quality'>, count = 255) =>
  templateFrom(Array.from({ length: count }, (_, i) => ({ ...make(i), type: 1 + (i & 1), quality: 100 })))
const scattered = (i: number, modulus: number) => (i * 7919 + ((i * i) % 601) * 104729) % modulus

const hostile = {
  'grid, one angle': many((i) => ({ x: 100 * (i % 16), y: 100 * Math.floor(i / 16), angle: 0 })),
  'grid, every angle': many((i) => ({ x: 100 * (i % 16), y: 100 * Math.floor(i / 16), angle: (i * 37) & 0xff })),
  'dense grid': many((i) => ({ x: 30 * (i % 16), y: 30 * Math.floor(i / 16), angle: (i * 16) & 0xff })),
  'grid of four minutiae a place': many((i) => ({
    x: 200 * (i % 8),
    y: 200 * (Math.floor(i / 8) % 8),
    angle: (64 * Math.floor(i / 64)) & 0xff,
  })),
  'scattered 255': many((i) => ({ x: scattered(i, 1500), y: scattered(i + 300, 2000), angle: scattered(i, 256) })),
  'scattered, one angle': many((i) => ({ x: scattered(i, 1500), y: scattered(i + 300, 2000), angle: 192 })),
  'all in one place, every angle': many((i) => ({ x: 700, y: 900, angle: i })),
  'one minutia 255 times': many(() => ({ x: 700, y: 900, angle: 5 })),
  'two places': many((i) => ({ x: (i & 1) * 900, y: 900, angle: (i * 3) & 0xff })),
  'on a line': many((i) => ({ x: 8 * i, y: 900, angle: i & 0x3f })),
  'as far apart as can be': many((i) => ({ x: (i & 1) === 0 ? -32768 : 32767, y: (i & 2) === 0 ? -32768 : 32767, angle: i })),
  'outside any image': many((i) => ({ x: 20000 + 10 * i, y: 20000 + scattered(i, 2000), angle: scattered(i, 256) })),
} as const

describe('templates meant to match everyone match none', () => {
  const others = Array.from({ length: 60 }, (_, seed) =>
    prepare(syntheticTemplate(seed, { manner: (['fjfx', 'mindtct', 'sourceafis'] as const)[seed % 3]! })),
  )

  test.each(Object.keys(hostile) as (keyof typeof hostile)[])('%s', (name) => {
    const bad = prepare(hostile[name])
    for (const other of others) {
      const { score } = compare(bad, other)
      expect(score).toBeLessThan(thresholds['fmr1e-3'])
    }
  })

  test('nor does one of them match another kind of them', () => {
    const names = Object.keys(hostile) as (keyof typeof hostile)[]
    for (const [p, name] of names.entries())
      for (const other of names.slice(0, p)) {
        const { score } = compare(prepare(hostile[name]), prepare(hostile[other]))
        expect(score, `${name} / ${other}`).toBeLessThan(thresholds['fmr1e-4'])
      }
  })
})

test('a template of 0 to 5 minutiae is told so, whatever it is compared with', () => {
  const other = prepare(syntheticTemplate(1))
  for (let count = 0; count < 6; count++)
    expect(compare(prepare(many((i) => ({ x: 100 * i, y: 50 * i, angle: i }), count)), other)).toMatchObject({
      status: 'too-few-minutiae',
      score: 0,
    })
})
