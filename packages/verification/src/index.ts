export type { Check, CheckOutcome } from './check.ts'
export {
  type AccessEvidence,
  type AccessKey,
  type ActiveAuthenticationEvidence,
  bytesOf,
  type Evidence,
  type FileEvidence,
  type FileOutcome,
} from './evidence.ts'
export { exchangesFor } from './exchange-budget.ts'
export { judge, type PolicySummary, type Report, type ReportReason, reportReasons, type Verdict } from './judge.ts'
export { type OpenedFile, openFile } from './open-file.ts'
export { defaultPolicy, type Policy } from './policy.ts'
export { type ReadCardOptions, type ReadProgress, readCard } from './read-card.ts'
export { type CheckContext, runChecks } from './run-checks.ts'
export { type TrustStore, trustStore } from './trust-store.ts'
