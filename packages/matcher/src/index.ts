export { compare, createMatcher, prepare } from './comparer.ts'
export { type EnrolledFinger, Gallery, type GalleryEntry } from './gallery.ts'
export { addFolder, type FolderAdded } from './gallery-folder.ts'
export {
  type Candidate,
  type IdentifyOptions,
  type IdentifyResult,
  identify,
  type Probe,
  type ProbeResult,
  type SearchMode,
  searchModes,
} from './identify.ts'
export { type KernelName, kernelNames } from './kernel.ts'
export { benchMatch, type MatchBench } from './match-bench.ts'
export type { Alignment, MatchedPair, Matcher, MatchResult } from './matcher.ts'
export type { FingerHit } from './people.ts'
export type { Prepared } from './prepare.ts'
export { referenceMatcher } from './reference.ts'
export { openPool, type PoolOptions, type Progress, type SearchPool } from './search-pool.ts'
export { addSyntheticPeople, type SyntheticPeople, syntheticFinger, syntheticName } from './synthetic-gallery.ts'
export { type ThresholdName, thresholds } from './thresholds.ts'
export type { MatchTrace, TraceCluster, TraceStage } from './trace.ts'
