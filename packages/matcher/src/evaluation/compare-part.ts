import type { MinutiaeTemplate } from '@kart/minutiae'
import { compare, prepare } from '../comparer.ts'
import type { Prepared } from '../prepare.ts'
import { type Place, type Protocol, pairsOf } from './protocol.ts'

/** A part of a protocol's comparisons: every pair whose number leaves `part` when divided by `parts`. */
export interface Part {
  readonly impressions: readonly (Place & { readonly template: MinutiaeTemplate | undefined })[]
  readonly protocol: Protocol
  readonly part: number
  readonly parts: number
}

/** Score and strength of each pair of a part, in the order of the pairs. */
export interface PartScores {
  readonly score: Int32Array
  readonly strength: Int32Array
}

/** What a pair gets of which one side is a failure to enrol: lower than any comparison. */
export const failedStrength = -65536

/** Comparisons between two reports of progress. */
const reportEvery = 256

/** Compares a part's pairs. `report` hears how many more are done. */
export function comparePart({ impressions, protocol, part, parts }: Part, report: (more: number) => void): PartScores {
  const prepared = new Map<number, Prepared>()
  const ready = (at: number): Prepared | undefined => {
    const { template } = impressions[at]!
    if (template === undefined) return undefined
    const known = prepared.get(at) ?? prepare(template)
    prepared.set(at, known)
    return known
  }
  const score: number[] = []
  const strength: number[] = []
  let number = 0
  let unsaid = 0
  for (const [p, q] of pairsOf(impressions, protocol)) {
    if (number++ % parts !== part) continue
    const [probe, candidate] = [ready(p), ready(q)]
    const result = probe && candidate ? compare(probe, candidate) : undefined
    score.push(result?.score ?? 0)
    strength.push(result?.strength ?? failedStrength)
    if (++unsaid === reportEvery) {
      report(unsaid)
      unsaid = 0
    }
  }
  report(unsaid)
  return { score: Int32Array.from(score), strength: Int32Array.from(strength) }
}
