import { carry, inverse, type Rigid } from './alignment.ts'
import { isqrt } from './fixed.ts'
import type { FullOutcome } from './kernel.ts'
import type { Alignment, MatchResult } from './matcher.ts'
import { limits } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { calibrate } from './score.ts'

/** Whether one of two sides has too few minutiae to tell fingers apart. */
export function tooFew(probe: Prepared, candidate: Prepared): boolean {
  return Math.min(probe.count, candidate.count) < limits.fewest
}

/**
 * Whether the sides change places: the stages treat their two sides differently, so they always go in the same order, and comparing is symmetric by
 * construction. A total order on prepared templates by what the stages read.
 */
export function comesAfter(p: Prepared, q: Prepared): boolean {
  if (p.count !== q.count) return p.count > q.count
  for (const name of ['angle', 'x', 'y', 'quality', 'hull', 'bits'] as const)
    for (let k = 0; k < p[name].length; k++) if (p[name][k] !== q[name][k]) return p[name][k]! > q[name][k]!
  return false
}

/** The public result for what the stages found; `swap` says that the candidate was their first side. */
export function resultOf(found: FullOutcome, probe: Prepared, candidate: Prepared, swap: boolean): MatchResult {
  const { strength, aligned } = found
  if (tooFew(probe, candidate)) return { status: 'too-few-minutiae', score: 0, strength, pairs: [] }
  if (aligned === undefined) return { status: 'scored', score: 0, strength, pairs: [] }
  const a = swap ? candidate : probe
  const b = swap ? probe : candidate
  const { rigid, i, j, residual } = aligned
  const pairs = Array.from({ length: i.length }, (_, k) => {
    const own = a.index[i[k]!]!
    const other = b.index[j[k]!]!
    const left = isqrt(residual[k]!)
    return swap ? { probe: other, candidate: own, residual: left } : { probe: own, candidate: other, residual: left }
  })
  return {
    status: 'scored',
    score: calibrate(strength, 'full'),
    strength,
    pairs,
    alignment: alignmentOf(swap ? inverse(rigid) : rigid, probe, candidate),
  }
}

function alignmentOf(rigid: Rigid, probe: Prepared, candidate: Prepared): Alignment {
  const [x, y] = carry(rigid, 0, 0)
  return {
    rotationDegrees: degrees(rigid),
    pivot: probe.middle,
    target: [candidate.middle[0] + x, candidate.middle[1] - y],
  }
}

/** A rotation in degrees, -180 to 180. */
export function degrees({ angle }: Rigid): number {
  return ((angle > 512 ? angle - 1024 : angle) * 360) / 1024
}
