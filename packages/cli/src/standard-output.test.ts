import { expect, test } from 'vitest'
import { giveSize } from './standard-output.ts'

test('a terminal that tells no size has the usual one; any other keeps its own', () => {
  const sizes = [{ isTTY: true, columns: 0, rows: 0 }, { isTTY: true, columns: 132, rows: 50 }, { isTTY: true }, {}]
  for (const stream of sizes) giveSize(stream)
  expect(sizes).toEqual([
    { isTTY: true, columns: 80, rows: 24 },
    { isTTY: true, columns: 132, rows: 50 },
    { isTTY: true, columns: 80, rows: 24 },
    {},
  ])
})
