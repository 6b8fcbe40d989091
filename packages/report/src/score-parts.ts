import type { MatchResult, MatchTrace } from '@kart/matcher'

/** One part of a score, for people. */
export interface ScorePart {
  readonly name: string
  readonly value: string
  readonly words: string
  /** Where the value lies: 0.2 is the median of pairs of different fingers, 0.8 that of pairs of one finger; 0..1. */
  readonly position: number
}

// Of pairs of different fingers, and of one finger: medians over nine folders (sensors crossmatch, upek and FVC2002 DB4 set B, three extractors each) of each folder's median.
const usual = {
  f: [0.22, 15],
  rel: [0.014, 6.1],
  edges: [6, 290],
  density: [0.48, 0.85],
  quality: [-1.2, 2],
} as const

/** The parts of a score in plain words, in the order in which a person would look at them; empty when nothing was scored. */
export function scoreParts(
  trace: MatchTrace,
  { pairs }: MatchResult,
  { lost, spurious }: { readonly lost: number; readonly spurious: number },
): ScorePart[] {
  const stage = trace.stages.find((one) => one.stage === 'score')
  if (stage === undefined) return []
  const { f, rel, qualityEvidence, edges, edgeDensity } = stage.parts
  const n = pairs.length
  const all = (n * (n - 1)) / 2
  const apart = n === 0 ? 0 : pairs.reduce((sum, { residual }) => sum + residual, 0) / n / 100
  const missed = lost + spurious
  return [
    {
      name: 'How much of the shared area is paired',
      value: (f / 1000).toFixed(1),
      words: `${n} pairs, ${apart.toFixed(2)} mm apart on average, of ${(stage.overlap / 1000).toFixed(0)} minutiae where both prints lie.`,
      position: between(Math.log(f / 1000 + 0.5), Math.log(usual.f[0] + 0.5), Math.log(usual.f[1] + 0.5)),
    },
    {
      name: 'Whether the pairs support each other',
      value: (rel / 1000).toFixed(2),
      words: 'Eight best pairs of alike neighbourhoods: do they agree on one rotation and shift?',
      position: between(Math.log(rel / 1000 + 0.05), Math.log(usual.rel[0] + 0.05), Math.log(usual.rel[1] + 0.05)),
    },
    {
      name: 'What found and missing minutiae say, by quality',
      value: signed(qualityEvidence / 1000),
      words: `${lost} lost, ${spurious} spurious${missed === 0 ? '' : ': good ones deep inside count most, poor ones at the border hardly'}.`,
      position: between(qualityEvidence / 1000, usual.quality[0], usual.quality[1]),
    },
    {
      name: 'Distances and angles that agree',
      value: `${edges}`,
      words: `Of ${all} pairs of pairs, ${edges} have the same distance and relative angle in both prints.`,
      position: between(Math.log(edges + 1), Math.log(usual.edges[0] + 1), Math.log(usual.edges[1] + 1)),
    },
    {
      name: 'Share of them that agrees',
      value: `${Math.round(edgeDensity / 10)} %`,
      words: 'Chance pairs agree in part; those of one finger nearly all.',
      position: between(edgeDensity / 1000, usual.density[0], usual.density[1]),
    },
  ]
}

function between(value: number, different: number, same: number): number {
  return Math.max(0.01, Math.min(0.99, 0.2 + (0.6 * (value - different)) / (same - different)))
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`
}
