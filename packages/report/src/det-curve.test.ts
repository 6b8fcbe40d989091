import { detCurve } from '@kart/matcher/evaluation'
import { describe, expect, it } from 'vitest'
import { renderDetCurve } from './det-curve.ts'
import { xmlProblem } from './testing/well-formed.ts'

const curve = detCurve(
  [9, 8, 7, 3].map((score, k) => ({ score, fingers: [k, k] as const })),
  [1, 2, 3, 4].map((score) => ({ score, fingers: [0, 1] as const })),
)

describe('renderDetCurve', () => {
  it.each([
    ['one set', [{ name: 'a <set> & "more"', curve }]],
    ['no set', []],
    ['a set without pairs', [{ name: 'empty', curve: [] }]],
    ['as many as need dashes', Array.from({ length: 18 }, (_, k) => ({ name: `set ${k}`, curve }))],
    ['every error is 0', [{ name: 'perfect', curve: [{ threshold: 1, fmr: 0, fnmr: 0 }] }]],
  ])('is well formed: %s', (_name, series) => {
    const svg = renderDetCurve('errors & more', series)
    expect(xmlProblem(svg)).toBeUndefined()
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(svg).not.toContain('<set>')
    expect(svg.split('<path')).toHaveLength(series.length + 1)
  })

  it('is a step a threshold, from the right edge to the left', () => {
    const path = /d="([^"]+)"/.exec(renderDetCurve('', [{ name: 'x', curve }]))![1]!
    expect(path.split('H')).toHaveLength(curve.length)
    // FMR 1 lies at the right edge of the frame, FMR 0 at its left edge, FNMR 1 at its top
    expect(path).toMatch(/^M732\.0 /)
    expect(path).toMatch(/H78\.0V46\.0$/)
  })
})
