import { TestChip, type Way, ways } from './chip.ts'

/** Gives a card after a reset, opened and chip authenticated: a new one, or the one handed in. */
export type Fresh = (chip?: TestChip) => TestChip

/** Runs a case twice, once opened by BAC and once by PACE, as the plan says. */
export function each(run: (fresh: Fresh, way: Way) => void, make: () => TestChip = () => new TestChip()): () => void {
  return () => {
    for (const way of ways) {
      run((chip = make()) => {
        chip.reset()
        return chip.open(way).proveChip()
      }, way)
    }
  }
}
