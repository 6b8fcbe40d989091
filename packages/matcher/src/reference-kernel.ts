import type { MinutiaeTemplate } from '@kart/minutiae'
import { type CoarseTable, coarseMinutiae, makeCoarseTable, openCoarseTable, passesCoarse } from './coarse.ts'
import { compareStages, leadingFirst, searchStages } from './compare.ts'
import type { FullOutcome, Kernel } from './kernel.ts'
import { recordBytes, type Unpacked, unpackTemplate } from './packed.ts'
import { type FirstLook, limits, modes } from './parameters.ts'
import { type Prepared, prepare } from './prepare.ts'
import { lowestStrength } from './strength.ts'

/** The stages as they are described, in plain TypeScript. */
export class ReferenceKernel implements Kernel {
  readonly name = 'reference'
  #probes: { readonly side: Unpacked; readonly table: CoarseTable }[] = []
  #look: FirstLook = modes.exhaustive

  prepare(template: MinutiaeTemplate, centres: number): Prepared {
    return prepare(template, centres)
  }

  compareFull(a: Prepared, b: Prepared): FullOutcome {
    const { tried, best } = compareStages(a, b)
    const found = tried[best]
    if (found === undefined) return { strength: lowestStrength }
    const { rigid, pairing } = found.aligned
    return { strength: found.fused, aligned: { rigid, i: pairing.i, j: pairing.j, residual: pairing.residual } }
  }

  loadProbes(records: readonly Uint8Array[], look: FirstLook): void {
    this.#probes = records.map((record) => {
      const side = unpackTemplate(record)
      return { side, table: openCoarseTable(makeCoarseTable(side, leadingFirst(side, coarseMinutiae))) }
    })
    this.#look = look
  }

  compareBlock(block: Uint8Array, count: number): Int32Array {
    const strengths = new Int32Array(64 * this.#probes.length)
    for (let r = 0; r < count; r++) {
      const candidate = unpackTemplate(block.subarray(r * recordBytes, (r + 1) * recordBytes))
      for (const [p, probe] of this.#probes.entries()) strengths[64 * p + r] = this.#search(probe, candidate)
    }
    return strengths
  }

  #search({ side: probe, table }: { readonly side: Unpacked; readonly table: CoarseTable }, candidate: Unpacked): number {
    if (probe.count < limits.fewest || candidate.count < limits.fewest) return lowestStrength
    if (this.#look.coarse > 0 && !passesCoarse(table, candidate, this.#look.coarse)) return lowestStrength
    const { tried, best } = searchStages(probe, candidate, this.#look)
    return tried[best]?.fused ?? lowestStrength
  }
}
