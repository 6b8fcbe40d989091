import { describe, expect, test } from 'vitest'
import { detCurve, errorRates, type ScoredPair, wilsonHigh } from './rates.ts'

// One finger a genuine score; impostor pairs between fingers 0 and 1.
const genuine = (...scores: number[]): ScoredPair[] => scores.map((score, k) => ({ score, fingers: [k, k] }))
const impostor = (...scores: number[]): ScoredPair[] => scores.map((score) => ({ score, fingers: [0, 1] }))
const rates = (own: ScoredPair[], others: ScoredPair[], samples = 5) => errorRates(own, others, samples)!
const repeat = (count: number, score: number) => Array.from({ length: count }, () => score)

describe('detection error trade-off', () => {
  test('by hand: genuine 3 5 8 9, impostor 1 3 5 5 6', () => {
    // t   FMR (impostor >= t)   FNMR (genuine < t)
    // 1   5/5                   0
    // 3   4/5                   0
    // 5   3/5                   1/4   (3)
    // 6   1/5                   2/4   (3 5)
    // 8   0                     2/4
    // 9   0                     3/4
    // oo  0                     4/4
    expect(detCurve(genuine(3, 5, 8, 9), impostor(1, 3, 5, 5, 6))).toEqual([
      { threshold: 1, fmr: 1, fnmr: 0 },
      { threshold: 3, fmr: 0.8, fnmr: 0 },
      { threshold: 5, fmr: 0.6, fnmr: 0.25 },
      { threshold: 6, fmr: 0.2, fnmr: 0.5 },
      { threshold: 8, fmr: 0, fnmr: 0.5 },
      { threshold: 9, fmr: 0, fnmr: 0.75 },
      { threshold: Number.POSITIVE_INFINITY, fmr: 0, fnmr: 1 },
    ])
  })

  test('equal error by hand: t1 = 5 (0.6, 0.25), t2 = 6 (0.2, 0.5): the second sum is smaller, mean 0.35', () => {
    expect(rates(genuine(3, 5, 8, 9), impostor(1, 3, 5, 5, 6)).eer.rate).toBeCloseTo(0.35, 12)
  })

  test('equal error where both lines meet in a point: genuine 2 4, impostor 1 3 gives 0.5 at threshold 3', () => {
    expect(rates(genuine(2, 4), impostor(1, 3)).eer.rate).toBe(0.5)
  })

  test('apart: no error at all', () => {
    const { eer, zeroFmr } = rates(genuine(7, 8), impostor(1, 2))
    expect([eer.rate, zeroFmr.rate]).toEqual([0, 0])
  })

  test('all the wrong way round: every rate is 1', () => {
    const { eer, fmr100 } = rates(genuine(1, 2), impostor(7, 8))
    expect([eer.rate, fmr100.rate]).toEqual([1, 1])
  })
})

describe('ties count against the matcher', () => {
  test('a genuine pair that scores as the highest impostor does is refused at FMR 0', () => {
    expect(rates(genuine(5, 6, 7, 8), impostor(1, 5)).zeroFmr.rate).toBe(0.25)
  })

  test('everything scores the same: nothing can be told apart', () => {
    const { eer, fmr100, zeroFmr } = rates(genuine(4, 4), impostor(4, 4))
    expect([eer.rate, fmr100.rate, zeroFmr.rate]).toEqual([0.5, 1, 1])
  })

  test('one in a hundred of 200 impostors are two; a third at the same score as the second moves the threshold above both', () => {
    // 197 at 0, then 3 4 and 5: a threshold of 4 lets two in. With the third at 4 too, only 5 is allowed.
    expect(rates(genuine(4, 4, 5, 6), impostor(...repeat(197, 0), 3, 4, 5)).fmr100.rate).toBe(0)
    expect(rates(genuine(4, 4, 5, 6), impostor(...repeat(197, 0), 4, 4, 5)).fmr100.rate).toBe(0.5)
  })
})

describe('error rates with bands', () => {
  test('a failure to enrol scores lowest and is counted', () => {
    const { zeroFmr, fmr100 } = rates(genuine(-65536, 9, 9, 9), impostor(-65536, 1))
    expect(zeroFmr.rate).toBe(0.25)
    expect(fmr100.rate).toBe(0.25)
  })

  test('F10000 only for 10,000 impostors and more', () => {
    expect(rates(genuine(5), impostor(...repeat(9_999, 0)), 2).fmr10000).toBeUndefined()
    // one impostor in 10,000 may pass: the one at 6 does, so a genuine 5 is above the rest
    expect(rates(genuine(5, 5), impostor(...repeat(9_999, 0), 6), 2).fmr10000?.rate).toBe(0)
    expect(rates(genuine(5, 5), impostor(...repeat(9_998, 0), 6, 6), 2).fmr10000?.rate).toBe(1)
  })

  test('bands: fingers are drawn whole; 10 of 20 fingers that always fail give about 0.5 +- 0.22', () => {
    const pairs = Array.from({ length: 20 }, (_, finger) =>
      repeat(28, finger < 10 ? 0 : 9).map((score): ScoredPair => ({ score, fingers: [finger, finger] })),
    ).flat()
    const between = Array.from({ length: 19 }, (_, k): ScoredPair => ({ score: 1, fingers: [k, k + 1] }))
    const { zeroFmr } = rates(pairs, between, 1000)
    expect(zeroFmr.rate).toBe(0.5)
    // binomial, 20 draws: 2.5 % and 97.5 % at 6 and 14; were the 560 pairs drawn one by one it would be 0.46 and 0.54
    expect([0.25, 0.3, 0.35]).toContain(zeroFmr.low)
    expect([0.65, 0.7, 0.75]).toContain(zeroFmr.high)
  })

  test('nothing failed: the upper end is Wilson’s', () => {
    const { eer } = rates(genuine(...repeat(50, 9)), impostor(1, 2))
    expect(eer).toEqual({ rate: 0, low: 0, high: wilsonHigh(50) })
    // Wilson (1927) for 0 of 10: z^2 / (10 + z^2) = 3.8415 / 13.8415
    expect(wilsonHigh(10)).toBeCloseTo(0.2775, 4)
  })

  test('the same input gives the same bands', () => {
    const own = genuine(...Array.from({ length: 30 }, (_, k) => (k * 7) % 11))
    expect(rates(own, impostor(1, 4, 6), 50)).toEqual(rates(own, impostor(1, 4, 6), 50))
  })

  test('without genuine or without impostor pairs there are no rates', () => {
    expect(errorRates([], [])).toBeUndefined()
    expect(errorRates(genuine(1), [])).toBeUndefined()
    expect(errorRates([], impostor(1))).toBeUndefined()
  })
})
