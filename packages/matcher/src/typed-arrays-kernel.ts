import type { MinutiaeTemplate } from '@kart/minutiae'
import { type CoarseTable, coarseTableBytes, openCoarseTable, passesCoarse } from './coarse.ts'
import { coarseTablesOf } from './coarse-tables.ts'
import type { FullOutcome, Kernel } from './kernel.ts'
import { recordBytes } from './packed.ts'
import { type FirstLook, modes } from './parameters.ts'
import { type Prepared, prepareWith } from './prepare.ts'
import { lowestStrength } from './strength.ts'
import { describeOnArrays } from './typed-arrays/describe.ts'
import { makeSide, orderSide, recordsView, type Side, spreadDescriptors, spreadPlaces, spreadPrepared } from './typed-arrays/side.ts'
import { type Candidate, compareFull, compareLean, completeSide, outcome } from './typed-arrays/stages.ts'

/**
 * The stages in plain TypeScript over typed arrays that are taken once: no object a pair, and the stretches of minutiae whose angles are near enough looked up
 * instead of tried. For machines without 128-bit vectors in WebAssembly.
 */
export class TypedArraysKernel implements Kernel {
  readonly name = 'typed-arrays'
  readonly #a = makeSide()
  readonly #b = makeSide()
  readonly #candidate: Candidate = { side: makeSide(), complete: false }
  #preparedA: Prepared | undefined
  #preparedB: Prepared | undefined
  #probes: Side[] = []
  #tables: CoarseTable[] = []
  #look: FirstLook = modes.exhaustive

  prepare(template: MinutiaeTemplate, centres: number): Prepared {
    return prepareWith(describeOnArrays, template, centres)
  }

  compareFull(a: Prepared, b: Prepared): FullOutcome {
    // in a row of comparisons one side mostly stays
    if (this.#preparedA !== a) spreadPrepared(this.#a, a)
    if (this.#preparedB !== b) spreadPrepared(this.#b, b)
    this.#preparedA = a
    this.#preparedB = b
    const strength = compareFull(this.#a, this.#b)
    if (!outcome.aligned) return { strength }
    const { cos, sin, shiftX, shiftY, angle, count } = outcome
    return {
      strength,
      aligned: {
        rigid: { cos, sin, shiftX, shiftY, angle },
        i: outcome.i.slice(0, count),
        j: outcome.j.slice(0, count),
        residual: outcome.residual.slice(0, count),
      },
    }
  }

  loadProbes(records: readonly Uint8Array[], look: FirstLook): void {
    while (this.#probes.length < records.length) this.#probes.push(makeSide())
    this.#probes.length = records.length
    for (const [p, record] of records.entries()) {
      const side = this.#probes[p]!
      spreadPlaces(side, recordsView(record), 0)
      spreadDescriptors(side, recordsView(record), 0)
      orderSide(side, look.leading)
      completeSide(side)
    }
    const tables = look.coarse > 0 ? coarseTablesOf(records) : new Uint8Array()
    this.#tables = []
    for (let at = 0; at < tables.length; at += coarseTableBytes)
      this.#tables.push(openCoarseTable(tables.subarray(at, at + coarseTableBytes)))
    this.#look = look
  }

  compareBlock(block: Uint8Array, count: number): Int32Array {
    const strengths = new Int32Array(64 * this.#probes.length).fill(lowestStrength)
    const records = recordsView(block)
    const { side } = this.#candidate
    const { coarse } = this.#look
    for (let r = 0; r < count; r++) {
      spreadPlaces(side, records, r * recordBytes)
      let spread = false
      for (const [p, probe] of this.#probes.entries()) {
        if (coarse > 0 && !passesCoarse(this.#tables[p]!, side, coarse)) continue
        if (!spread) {
          spreadDescriptors(side, records, r * recordBytes)
          this.#candidate.complete = false
          spread = true
        }
        strengths[64 * p + r] = compareLean(probe, this.#candidate, this.#look)
      }
    }
    return strengths
  }
}
