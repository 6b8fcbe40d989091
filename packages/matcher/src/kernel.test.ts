import { type MinutiaeTemplate, makeImpression, templateFrom } from '@kart/minutiae'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockRecords, openKernel } from './kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from './packed.ts'
import { modes } from './parameters.ts'
import { prepare } from './prepare.ts'
import { comesAfter } from './result.ts'

const reference = openKernel('reference')
const others = (['wasm', 'typed-arrays'] as const).map((name) => openKernel(name))

const minutia = fc.record({
  x: fc.nat(1500),
  y: fc.nat(1500),
  angle: fc.nat(255),
  type: fc.nat(3),
  quality: fc.oneof(fc.constant(0), fc.nat(100)),
})
const far = fc.record({ x: fc.nat(32767), y: fc.nat(32767), angle: fc.nat(255), type: fc.nat(3), quality: fc.nat(100) })
const alone = fc
  .oneof(
    { weight: 6, arbitrary: fc.array(minutia, { minLength: 6, maxLength: 90 }) },
    { weight: 1, arbitrary: fc.array(far, { minLength: 6, maxLength: 255 }) },
    // grids and repeated minutiae: many ties
    {
      weight: 2,
      arbitrary: fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 120 }), fc.integer({ min: 6, max: 200 })).map(([angle, step, count]) =>
        Array.from({ length: count }, (_, i) => ({
          x: step * (i % 12),
          y: step * Math.floor(i / 12),
          angle: (angle * i) & 0xff,
          type: 1,
          quality: (i * angle) % 101,
        })),
      ),
    },
  )
  .map(templateFrom)
// Half of the pairs are impressions of one finger: only those reach the later stages.
const pairs = fc.oneof(
  fc.tuple(alone, alone),
  fc
    .tuple(alone, fc.nat(10_000), fc.integer({ min: -50, max: 50 }), fc.double({ min: 0, max: 0.4, noNaN: true }))
    .map(([first, seed, rotationDegrees, lost]): [MinutiaeTemplate, MinutiaeTemplate] => [
      first,
      makeImpression(first, { seed, rotationDegrees, lost, spurious: lost }).template,
    ]),
)

const packed = (template: MinutiaeTemplate) => {
  const record = new Uint8Array(recordBytes)
  packTemplate(prepare(template, recordMinutiae), record)
  return record
}

describe.each(others.map((kernel) => [kernel.name, kernel] as const))('the kernel %s', (_, kernel) => {
  test('prepares any template as the reference does, to the bit', () => {
    fc.assert(
      fc.property(alone, fc.constantFrom(recordMinutiae, 80), (template, centres) => {
        expect(kernel.prepare(template, centres)).toEqual(reference.prepare(template, centres))
      }),
      { numRuns: 200 },
    )
  })

  test('finds in a comparison one to one what the reference finds, to the bit', () => {
    fc.assert(
      fc.property(pairs, ([p, q]) => {
        const [one, other] = [prepare(p), prepare(q)]
        const [a, b] = comesAfter(one, other) ? [other, one] : [one, other]
        const expected = reference.compareFull(a, b)
        const found = kernel.compareFull(a, b)
        const plain = ({ strength, aligned }: typeof found) => ({
          strength,
          rigid: aligned && { ...aligned.rigid },
          pairs: aligned && [Array.from(aligned.i), Array.from(aligned.j), Array.from(aligned.residual)],
        })
        expect(plain(found)).toEqual(plain(expected))
      }),
      { numRuns: 300 },
    )
  })

  test.each(Object.entries(modes))('scores a block in mode %s as the reference does, to the bit', (_mode, look) => {
    let passed = 0
    fc.assert(
      fc.property(fc.array(pairs, { minLength: 2, maxLength: 4 }), (list) => {
        const probes = list.map(([p]) => packed(p))
        const block = new Uint8Array(blockRecords * recordBytes)
        for (const [r, [, q]] of list.entries()) block.set(packed(q), r * recordBytes)
        reference.loadProbes(probes, look)
        kernel.loadProbes(probes, look)
        const found = kernel.compareBlock(block, list.length)
        const expected = reference.compareBlock(block, list.length)
        for (let p = 0; p < list.length; p++)
          for (let r = 0; r < list.length; r++) {
            expect(found[blockRecords * p + r]).toBe(expected[blockRecords * p + r])
            if (found[blockRecords * p + r]! > -65536) passed++
          }
      }),
      { numRuns: 100 },
    )
    expect(passed).toBeGreaterThan(30)
  })

  test('gives in a cascade the score of the exhaustive search, or none', () => {
    let same = 0
    fc.assert(
      fc.property(pairs, ([p, q]) => {
        const block = new Uint8Array(blockRecords * recordBytes)
        block.set(packed(q))
        const [exhaustive, cascade] = [modes.exhaustive, modes.cascade].map((look) => {
          kernel.loadProbes([packed(p)], look)
          return kernel.compareBlock(block, 1)[0]!
        })
        if (cascade! === -65536) return
        expect(cascade).toBe(exhaustive)
        same++
      }),
      { numRuns: 200 },
    )
    expect(same).toBeGreaterThan(40)
  })

  test('weighs the alignments of a search as the reference does, to the bit, whatever accord is asked for', () => {
    const outcomes = [0, 0]
    fc.assert(
      fc.property(pairs, fc.integer({ min: 600, max: 4000 }), ([p, q], accordGate) => {
        const look = { ...modes.exhaustive, gate: 0, firstAccordGate: accordGate - 200, exactGate: 0, accordGate, lastGate: 0 }
        const probes = [packed(p), packed(q)]
        const block = new Uint8Array(blockRecords * recordBytes)
        for (const [r, record] of probes.entries()) block.set(record, r * recordBytes)
        reference.loadProbes(probes, look)
        kernel.loadProbes(probes, look)
        const found = kernel.compareBlock(block, 2)
        const expected = reference.compareBlock(block, 2)
        for (const at of [0, 1, blockRecords, blockRecords + 1]) {
          expect(found[at]).toBe(expected[at])
          outcomes[Number(found[at]! > -65536)]!++
        }
      }),
      { numRuns: 200 },
    )
    expect(Math.min(...outcomes)).toBeGreaterThan(20)
  })

  test('looks coarsely as the reference does, to the bit, whatever the votes asked for and the code words', () => {
    const outcomes = [0, 0]
    fc.assert(
      fc.property(
        pairs,
        fc.constantFrom(1, 6, 12, 19, 40, 240),
        fc.uint8Array({ minLength: 192, maxLength: 192 }),
        ([p, q], coarse, bytes) => {
          const look = { ...modes.cascade, gate: 0, firstAccordGate: -65536, exactGate: 0, accordGate: -65536, lastGate: 0, coarse }
          const odd = packed(q)
          odd.set(bytes, recordBytes - bytes.length)
          const probes = [packed(p), odd]
          const block = new Uint8Array(blockRecords * recordBytes)
          for (const [r, record] of [packed(q), odd, packed(p)].entries()) block.set(record, r * recordBytes)
          reference.loadProbes(probes, look)
          kernel.loadProbes(probes, look)
          const found = kernel.compareBlock(block, 3)
          const expected = reference.compareBlock(block, 3)
          for (const at of [0, 1, 2, blockRecords, blockRecords + 1, blockRecords + 2]) {
            expect(found[at]).toBe(expected[at])
            outcomes[Number(found[at]! > -65536)]!++
          }
        },
      ),
      { numRuns: 100 },
    )
    expect(Math.min(...outcomes)).toBeGreaterThan(20)
  })
})
