import { syntheticImpression, templateFrom } from '@kart/minutiae'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coarseCodes, coarseMinutiae, makeCoarseTable, openCoarseTable, passesCoarse } from './coarse.ts'
import { leadingFirst } from './compare.ts'
import { turn } from './fixed.ts'
import { recordMinutiae } from './packed.ts'
import { modes, similarity } from './parameters.ts'
import { prepare } from './prepare.ts'
import { syntheticFinger } from './synthetic-gallery.ts'

const minutia = fc.record({ x: fc.nat(1200), y: fc.nat(1200), angle: fc.nat(255), type: fc.nat(3), quality: fc.nat(100) })
const print = fc.array(minutia, { minLength: 6, maxLength: 60 }).map(templateFrom)
const tableOf = (side: ReturnType<typeof prepare>) => openCoarseTable(makeCoarseTable(side, leadingFirst(side, coarseMinutiae)))

test('the rows of an angle window are all the probe’s minutiae inside it and no others, wherever the window begins', () => {
  fc.assert(
    fc.property(print, (template) => {
      const { window, angle, count } = tableOf(prepare(template, recordMinutiae))
      for (let at = 0; at < 256; at++) {
        const rows = Array.from({ length: window[2 * at + 1]! }, (_, k) => (window[2 * at]! + k) % coarseMinutiae)
        const inside = Array.from({ length: count }, (_, row) => row).filter((row) => Math.abs(turn(at - angle[row]!)) <= similarity.window)
        expect(rows.filter((row) => row < count).sort((p, q) => p - q)).toEqual(inside)
        expect(new Set(rows).size).toBe(rows.length)
      }
    }),
    { numRuns: 50 },
  )
})

test('impressions of a finger pass the coarse look, and most strangers do not', () => {
  const fingers = Array.from({ length: 12 }, (_, person) => syntheticFinger(person, 0))
  const passed = { mates: 0, strangers: 0 }
  for (const [p, finger] of fingers.entries()) {
    const table = tableOf(prepare(syntheticImpression(finger, p).template, recordMinutiae))
    for (const [q, other] of fingers.entries()) {
      const candidate = prepare(other, recordMinutiae)
      if (!passesCoarse(table, { ...candidate, codes: coarseCodes(candidate) }, modes.cascade.coarse)) continue
      passed[p === q ? 'mates' : 'strangers']++
    }
  }
  expect(passed.mates).toBe(fingers.length)
  expect(passed.strangers).toBeLessThan((fingers.length * (fingers.length - 1)) / 3)
})
