export { type Evaluation, type EvaluationOptions, evaluate, evaluateFolder, type ThresholdOutcome } from './evaluation/evaluate.ts'
export { type Impression, type ImpressionFolder, readImpressions } from './evaluation/folder.ts'
export { type Protocol, pairsOf, protocols } from './evaluation/protocol.ts'
export { type Banded, type DetPoint, detCurve, type ErrorRates, errorRates, type ScoredPair } from './evaluation/rates.ts'
