import { type MinutiaeTemplate, syntheticImpression, syntheticTemplate, templateFrom } from '@kart/minutiae'
import { describe, expect, it } from 'vitest'
import { drawExplanation, explainMatch, renderExplanationPage } from './match-explanation.ts'
import { classifyMinutiae, convexHull } from './minutia-fates.ts'
import { scoreParts } from './score-parts.ts'
import { xmlProblem } from './testing/well-formed.ts'

const finger = syntheticTemplate(11)
const again = syntheticImpression(finger, 3).template
const other = syntheticTemplate(12)
const few = (count: number): MinutiaeTemplate =>
  templateFrom(
    Array.from({ length: count }, (_, i) => ({ x: 100 * i, y: 90 * i, angle: (40 * i) & 0xff, type: i % 4 === 3 ? 0 : i % 4, quality: 0 })),
  )

describe('drawExplanation', () => {
  it.each([
    ['the same finger', again, finger, 'The same finger'],
    ['another finger', other, finger, 'No match'],
    ['a finger with itself', finger, finger, 'The same finger'],
    ['no minutiae', few(0), few(0), 'Too few minutiae to compare'],
    ['one minutia', few(1), finger, 'Too few minutiae to compare'],
    ['minutiae on a line', few(12), few(12), ''],
  ])('is well formed for %s', (_name, probe, candidate, words) => {
    const svg = drawExplanation(explainMatch(probe, candidate, 'fmr1e-4', ['a <concern> & more']))
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(svg).toContain(words)
    expect(svg).toContain('a &#60;concern&#62; &#38; more')
  })

  it('numbers each pair once in both prints, and joins it once in the overlay', () => {
    const explanation = explainMatch(again, finger, 'fmr1e-4')
    const svg = drawExplanation(explanation)
    const pairs = explanation.result.pairs.length
    expect(pairs).toBeGreaterThan(8)
    expect(svg.split('class="number"')).toHaveLength(2 * pairs + 1)
    // one more is the legend's
    expect(svg.split('class="link"')).toHaveLength(pairs + 2)
  })

  it('joins minutiae that lie on each other: the overlay is the matcher’s own alignment', () => {
    const svg = drawExplanation(explainMatch(again, finger, 'fmr1e-4'))
    const links = [...svg.matchAll(/class="link" x1="(-?\d+)" y1="(-?\d+)" x2="(-?\d+)" y2="(-?\d+)"/g)].map((match) =>
      match.slice(1).map(Number),
    )
    for (const [x1, y1, x2, y2] of links) expect(Math.hypot(x1! - x2!, y1! - y2!)).toBeLessThan(120)
  })
})

describe('renderExplanationPage', () => {
  it('holds the picture, every stage in words and a row a pair, and no script', () => {
    const explanation = explainMatch(again, finger, 'fmr1e-4')
    const page = renderExplanationPage(explanation)
    expect(page).toContain('<svg')
    expect(page.split('<li>')).toHaveLength(explanation.trace.stages.length + 1)
    expect(page.split('<tr><td>')).toHaveLength(explanation.result.pairs.length + 1)
    expect(page).not.toContain('<script')
    expect(page).toMatch(/turns the live print by -?\d+\.\d degrees/)
  })
})

describe('fates', () => {
  const square = [
    { x: 0, y: 0 },
    { x: 1000, y: 0 },
    { x: 1000, y: 1000 },
    { x: 0, y: 1000 },
  ]
  const trace = { stages: [{ stage: 'unmatched' as const, probe: [1, 2], candidate: [0, 1, 2] }] }

  it('tells paired, missed, outside and never compared minutiae apart', () => {
    const probe = [square[0]!, { x: 500, y: 500 }, { x: 1500, y: 500 }, { x: 500, y: 600 }]
    const { probe: fates, candidate } = classifyMinutiae(probe, square, [{ probe: 0, candidate: 3, residual: 0 }], trace)
    expect(fates).toEqual(['matched', 'missed', 'outside', 'unused'])
    expect(candidate[3]).toBe('matched')
  })

  it('a margin of 0.41 mm around the other print still counts as covered', () => {
    const at = (x: number) => classifyMinutiae([square[0]!, { x, y: 500 }, square[2]!], square, [], trace).probe[1]
    expect([at(1041), at(1042)]).toEqual(['missed', 'outside'])
  })

  it('a hull goes round its corners only', () => {
    expect(convexHull([...square, { x: 500, y: 500 }, { x: 500, y: 0 }])).toHaveLength(4)
    expect(convexHull([])).toEqual([])
  })
})

describe('score parts', () => {
  it('lie left for two fingers, right for one', () => {
    const partsOf = (probe: MinutiaeTemplate, candidate: MinutiaeTemplate) => {
      const { trace, result } = explainMatch(probe, candidate, 'fmr1e-4')
      return scoreParts(trace, result, { lost: 1, spurious: 2 })
    }
    const same = partsOf(again, finger)
    const different = partsOf(other, finger)
    expect(same).toHaveLength(5)
    for (const [k, { position }] of same.entries()) {
      expect(position).toBeGreaterThan(0.5)
      expect(position).toBeGreaterThan(different[k]!.position)
    }
    const [first, second] = different
    expect([first!.position, second!.position].every((position) => position < 0.4)).toBe(true)
  })

  it('are none where nothing was scored', () => {
    const { trace, result } = explainMatch(few(2), few(2), 'fmr1e-4')
    expect(scoreParts(trace, result, { lost: 0, spurious: 0 })).toEqual([])
  })
})
