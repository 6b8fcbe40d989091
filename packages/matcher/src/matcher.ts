import type { MinutiaeTemplate } from '@kart/minutiae'
import type { Prepared } from './prepare.ts'
import type { MatchTrace } from './trace.ts'

/** Prepares templates once and compares them often. */
export interface Matcher {
  /** Makes a template ready; throws InputError when its arrays do not agree. */
  prepare(template: MinutiaeTemplate): Prepared
  /** Compares two fingers. Comparing the other way round gives the same score. `trace`, when given, is filled with every stage. */
  compare(probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult
}

/** The outcome of a comparison. */
export interface MatchResult {
  /** `too-few-minutiae`: one side has too few to tell fingers apart, and the score is 0 and means nothing. */
  readonly status: 'scored' | 'too-few-minutiae'
  /**
   * -10 log10 of the false match rate at which these two would still match, an integer in 0..100: 40 is one in ten thousand. Compare it with
   * `thresholds`. Calibrated with a margin of a factor of ten for sensors not measured; above about 30 it is extrapolated.
   */
  readonly score: number
  /** What the score was read from, an integer in 1/1024: finer than the score, for ranking. Higher is more alike; it may be negative. */
  readonly strength: number
  /** Matched minutiae, best first, as indices into the two templates, and the distance left after alignment in 1/100 mm. */
  readonly pairs: readonly MatchedPair[]
  /** How the probe lies on the candidate; absent when nothing could be aligned. */
  readonly alignment?: Alignment
}

export interface MatchedPair {
  readonly probe: number
  readonly candidate: number
  readonly residual: number
}

/**
 * The rotation and shift that carry the probe onto the candidate, in the templates' coordinates (1/100 mm, y downwards): turn the probe about `pivot` by
 * `rotationDegrees` counter-clockwise as seen, then move `pivot` to `target`.
 */
export interface Alignment {
  readonly rotationDegrees: number
  readonly pivot: readonly [number, number]
  readonly target: readonly [number, number]
}
