import { describe, expect, it } from 'vitest'
import { describeCount, duration } from './count-progress.ts'

describe('describeCount', () => {
  it('says share, rate and time left', () => {
    expect(describeCount('db1', 'comparisons', 500, 2000, 10)).toBe('db1: 25 %, 500 of 2000 comparisons, 50 a second, 30 s left')
    expect(describeCount('db1', 'comparisons', 3, 4, 2)).toBe('db1: 75 %, 3 of 4 comparisons, 1.5 a second, 1 s left')
  })

  it('promises nothing before anything is done, and ends on nothing to do', () => {
    expect(describeCount('x', 'things', 0, 10, 0)).toBe('x: 0 %, 0 of 10 things, 0.0 a second, time left unknown')
    expect(describeCount('x', 'things', 0, 0, 0)).toContain('100 %')
  })
})

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [59.2, '1 min 0 s'],
    [245, '4 min 5 s'],
    [12_000, '3 h 20 min'],
  ])('%d s is %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words)
  })
})
