import { type MinutiaeTemplate, templateFrom } from '@kart/minutiae'
import { describe, expect, it } from 'vitest'
import { alignPairs, renderMatchSvg } from './match-overlay.ts'
import { xmlProblem } from './testing/well-formed.ts'

const points = [
  [0, 0],
  [500, 100],
  [-300, 700],
  [900, -400],
] as const

const finger = (at: readonly (readonly [number, number])[]): MinutiaeTemplate =>
  templateFrom(at.map(([x, y], index) => ({ x, y, angle: (index * 40) % 256, type: 1, quality: 60 })))
const pairUp = (count: number) => Array.from({ length: count }, (_, index) => ({ probe: index, candidate: index }))

describe('alignPairs', () => {
  it.each([0, 30, 90, -135, 180])('recovers a turn of %d degrees and a shift', (degrees) => {
    const turn = (degrees * Math.PI) / 180
    const [cos, sin, dx, dy] = [Math.cos(turn), Math.sin(turn), 150, -220]
    const candidate = points.map(([x, y]) => [x * cos - y * sin + dx, x * sin + y * cos + dy] as const)
    const found = alignPairs({
      probe: finger(points),
      candidate: finger(candidate.map(([x, y]) => [Math.round(x), Math.round(y)])),
      pairs: pairUp(4),
    })
    expect(found.cos).toBeCloseTo(cos, 2)
    expect(found.sin).toBeCloseTo(sin, 2)
    expect(Math.abs(found.dx - dx)).toBeLessThan(2)
    expect(Math.abs(found.dy - dy)).toBeLessThan(2)
  })

  it('moves nothing for fewer than two pairs, and only shifts for pairs in one place', () => {
    const template = finger(points)
    for (const count of [0, 1])
      expect(alignPairs({ probe: template, candidate: template, pairs: pairUp(count) })).toEqual({ cos: 1, sin: 0, dx: 0, dy: 0 })
    const same = finger([
      [10, 10],
      [10, 10],
    ])
    const other = finger([
      [30, 50],
      [30, 50],
    ])
    const { cos, sin, dx, dy } = alignPairs({ probe: same, candidate: other, pairs: pairUp(2) })
    expect([10 * cos - 10 * sin + dx, 10 * sin + 10 * cos + dy]).toEqual([30, 50])
    // Where nothing says how to turn, nothing is turned or shrunk.
    expect([cos, sin]).toEqual([1, 0])
  })
})

describe('renderMatchSvg', () => {
  const none = finger([])
  const one = finger([[7, 7]])
  const many = finger(Array.from({ length: 255 }, (_, index) => [((index * 37) % 2000) - 1000, ((index * 91) % 3000) - 1500] as const))
  it.each([
    ['no minutiae at all', none, none, 0],
    ['none against some', none, finger(points), 0],
    ['some against none', finger(points), none, 0],
    ['one each, unpaired', one, one, 0],
    ['one each, paired', one, one, 1],
    ['no pair', finger(points), finger(points), 0],
    ['all pairs', finger(points), finger(points), 4],
    ['as many as a record holds', many, many, 255],
  ])('is well formed with %s', (_name, probe, candidate, count) => {
    const svg = renderMatchSvg({ probe, candidate, pairs: pairUp(count), caption: 'score <1> & "more"' })
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(svg).toContain('score &#60;1&#62; &#38; &#34;more&#34;')
    expect(svg.split('class="link"')).toHaveLength(count + 1)
    expect(svg.split('<circle')).toHaveLength(2 * (probe.count + candidate.count) + 1)
    expect(svg.split(' matched">')).toHaveLength(4 * count + 1)
  })

  it('lays the turned finger onto the enrolled one: joined minutiae meet', () => {
    const turned = points.map(([x, y]) => [-y + 40, x - 10] as const)
    const svg = renderMatchSvg({ probe: finger(points), candidate: finger(turned), pairs: pairUp(4), caption: '' })
    const links = [...svg.matchAll(/class="link" x1="(-?\d+)" y1="(-?\d+)" x2="(-?\d+)" y2="(-?\d+)"/g)].map((match) =>
      match.slice(1).map(Number),
    )
    expect(links).toHaveLength(4)
    for (const [x1, y1, x2, y2] of links) {
      expect(Math.abs(x1! - x2!)).toBeLessThanOrEqual(1)
      expect(Math.abs(y1! - y2!)).toBeLessThanOrEqual(1)
    }
  })
})
