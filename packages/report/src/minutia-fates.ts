import type { MatchedPair, MatchTrace } from '@kart/matcher'

/** What became of a minutia: paired, missed though the other print covers its place, outside the other print, or never compared. */
export type Fate = 'matched' | 'missed' | 'outside' | 'unused'

interface Point {
  readonly x: number
  readonly y: number
}

/** How far outside the other print's outline a minutia still counts as covered, 1/100 mm: as far as the matcher lets it count. */
const margin = 41

/** The fate of every minutia of both sides, and the outlines of both prints, in the enrolled one's coordinates. */
export interface Fates {
  readonly probe: readonly Fate[]
  readonly candidate: readonly Fate[]
  readonly probeHull: readonly Point[]
  readonly candidateHull: readonly Point[]
}

/** Sorts the minutiae by what became of them; `probe` are the live ones as the matcher laid them onto the enrolled ones. */
export function classifyMinutiae(
  probe: readonly Point[],
  candidate: readonly Point[],
  pairs: readonly MatchedPair[],
  trace: MatchTrace,
): Fates {
  const unmatched = trace.stages.find((stage) => stage.stage === 'unmatched')
  const probeHull = convexHull(probe)
  const candidateHull = convexHull(candidate)
  const sort = (points: readonly Point[], side: 'probe' | 'candidate', other: readonly Point[]) => {
    const matched = new Set(pairs.map((pair) => pair[side]))
    const compared = unmatched && new Set(unmatched[side])
    return points.map((point, i): Fate => {
      if (matched.has(i)) return 'matched'
      if (compared !== undefined && !compared.has(i)) return 'unused'
      return distanceOutside(point, other) <= margin ? 'missed' : 'outside'
    })
  }
  return { probe: sort(probe, 'probe', candidateHull), candidate: sort(candidate, 'candidate', probeHull), probeHull, candidateHull }
}

/** The convex hull of points, in order around it (Andrew's monotone chain). */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y)
  if (sorted.length < 3) return sorted
  const half = (list: readonly Point[]) => {
    const chain: Point[] = []
    for (const p of list) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, p) <= 0) chain.pop()
      chain.push(p)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half(sorted.reverse())]
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/** How far a point lies outside a hull; 0 or less inside it; infinity for a hull without area. */
function distanceOutside(point: Point, hull: readonly Point[]): number {
  if (hull.length < 3) return Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const [i, a] of hull.entries()) {
    const b = hull[(i + 1) % hull.length]!
    const length = Math.hypot(b.x - a.x, b.y - a.y)
    if (length > 0) most = Math.max(most, -turn(a, b, point) / length)
  }
  return most
}
