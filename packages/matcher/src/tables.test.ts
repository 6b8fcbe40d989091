import { expect, test } from 'vitest'
import { divRound, isqrt, onesByByte, popcount, sumOfBytes, turn } from './fixed.ts'
import { bitsInverse, cellWeight, cos1024, lnQ12, rootInverse, sectionWeight, sin1024, tablesChecksum } from './tables.ts'

// Tables and weights decide every score: a machine whose tables differ would decide differently, so their sum is pinned.
test('the tables are the same on every machine', () => {
  expect(tablesChecksum()).toBe(-1842989729)
})

test('sines and cosines are the nearest Q14 integers', () => {
  for (let i = 0; i < 1024; i++) {
    expect(Math.abs(sin1024[i]! - 16384 * Math.sin((2 * Math.PI * i) / 1024))).toBeLessThan(0.51)
    expect(Math.abs(cos1024[i]! - 16384 * Math.cos((2 * Math.PI * i) / 1024))).toBeLessThan(0.51)
  }
})

test('weights and inverses are the nearest integers to their formulas', () => {
  for (const [i, weight] of cellWeight.entries()) expect(Math.abs(weight - 4096 * Math.exp(-(32 * i + 16) / 7200))).toBeLessThan(0.51)
  for (const [i, weight] of sectionWeight.entries())
    expect(Math.abs(weight - 4096 * Math.exp((-1 / (2 * 0.62 ** 2)) * ((2 * Math.PI * i) / 768) ** 2))).toBeLessThan(0.51)
  for (const [ones, value] of rootInverse.entries()) expect(Math.abs(value - 4096 / Math.sqrt(ones + 8))).toBeLessThan(0.51)
  for (let cells = 1; cells <= 52; cells++) expect(Math.abs(bitsInverse[cells]! - (1.4 * 2 ** 20) / (6 * cells))).toBeLessThan(0.51)
})

test('integer logarithm, root, division, angle and bit count', () => {
  for (let n = 1; n < 2 ** 31; n = Math.ceil(n * 1.037)) {
    expect(Math.abs(lnQ12(n) - 4096 * Math.log(n))).toBeLessThan(8)
    expect(isqrt(n)).toBe(Number(integerRoot(BigInt(n))))
  }
  expect([isqrt(0), isqrt(1), isqrt(2 ** 50 - 1), isqrt(2 ** 50)]).toEqual([0, 1, 2 ** 25 - 1, 2 ** 25])
  expect([divRound(7, 2), divRound(-7, 2), divRound(-8, 3), divRound(0, 5)]).toEqual([4, -3, -3, 0])
  expect([turn(0), turn(127), turn(128), turn(-129), turn(255), turn(511)]).toEqual([0, 127, -128, 127, -1, -1])
  expect([sumOfBytes(onesByByte(-1, -1)), sumOfBytes(6 * onesByByte(-1, -1)), sumOfBytes(onesByByte(0x12345678, 0))]).toEqual([64, 384, 13])
  for (const word of [0, 1, -1, 0x55555555, 0x80000000 | 0, 0x12345678])
    expect(popcount(word)).toBe((word >>> 0).toString(2).replaceAll('0', '').length)
})

function integerRoot(n: bigint): bigint {
  let root = 0n
  for (let bit = 1n << 16n; bit > 0n; bit >>= 1n) if ((root + bit) * (root + bit) <= n) root += bit
  return root
}
