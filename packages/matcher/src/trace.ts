/** What a comparison looked like inside, stage by stage, in the templates' own numbering and units: hand an empty one to `compare` and read it after. */
export interface MatchTrace {
  stages: TraceStage[]
}

/** One stage of a comparison. */
export type TraceStage =
  | {
      readonly stage: 'descriptors'
      readonly probe: number
      readonly candidate: number
      readonly probeCells: number
      readonly candidateCells: number
    }
  | {
      readonly stage: 'pairs'
      /** Candidate pairs, best first; `level` is the value after relaxation. Both in thousandths. */
      readonly pairs: readonly { readonly probe: number; readonly candidate: number; readonly similarity: number; readonly level: number }[]
      /** Mean of the eight largest levels, in thousandths. */
      readonly rel: number
    }
  | { readonly stage: 'clusters'; readonly clusters: readonly TraceCluster[] }
  | {
      readonly stage: 'transform'
      /** Carries the probe onto the candidate: counter-clockwise as seen, degrees. */
      readonly rotationDegrees: number
      /** Where the probe's middle goes, relative to the candidate's middle, 1/100 mm to the right and downwards. */
      readonly shift: readonly [number, number]
    }
  | {
      readonly stage: 'matched'
      /** `residual`: distance left after alignment, 1/100 mm; `value` in thousandths. */
      readonly pairs: readonly { readonly probe: number; readonly candidate: number; readonly residual: number; readonly value: number }[]
    }
  | { readonly stage: 'unmatched'; readonly probe: readonly number[]; readonly candidate: readonly number[] }
  | {
      readonly stage: 'score'
      /** The parts of the score, in thousandths but for the edges, and their sum. */
      readonly parts: {
        readonly f: number
        readonly rel: number
        readonly qualityEvidence: number
        readonly edges: number
        readonly edgeDensity: number
      }
      readonly overlap: number
      readonly fused: number
      readonly score: number
    }

/** One alignment that was tried. */
export interface TraceCluster {
  /** The pair that it grew from. */
  readonly seed: { readonly probe: number; readonly candidate: number }
  readonly rotationDegrees: number
  readonly matched: number
  readonly fused: number
}
