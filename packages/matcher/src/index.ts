export { compare, createMatcher } from './comparer.ts'
export { type EnrolledFinger, Gallery, type GalleryEntry } from './gallery.ts'
export {
  type Candidate,
  type IdentifyOptions,
  type IdentifyResult,
  identify,
  type Probe,
  type ProbeResult,
  type SearchMode,
} from './identify.ts'
export { type KernelName, kernelNames } from './kernel.ts'
export { benchMatch, type MatchBench } from './match-bench.ts'
export type { Alignment, MatchedPair, Matcher, MatchResult } from './matcher.ts'
export type { FingerHit } from './people.ts'
export { type Prepared, prepare } from './prepare.ts'
export { referenceMatcher } from './reference.ts'
export { openPool, type PoolOptions, type Progress, type SearchPool } from './search-pool.ts'
export { addSyntheticPeople, type SyntheticPeople, syntheticFinger, syntheticName } from './synthetic-gallery.ts'
export { type ThresholdName, thresholds } from './thresholds.ts'
export type { MatchTrace, TraceCluster, TraceStage } from './trace.ts'
