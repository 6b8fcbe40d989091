export { checkBeforeSigning, type HolderTrust } from './cades/judge-certificate.ts'
export { type CadesContext, type CadesReport, type CadesSigner, verifyCades } from './cades/verify-cades.ts'
export type { Check, CheckOutcome } from './check.ts'
export {
  type AccessEvidence,
  type AccessKey,
  type AccessPolicy,
  type ActiveAuthenticationEvidence,
  bytesOf,
  type ChipAuthenticationOutcome,
  type Evidence,
  type FileEvidence,
  type FileOutcome,
  type FingerOnCardEvidence,
  type HolderCertificate,
  type HolderEvidence,
  type HolderProof,
  type PaceEvidence,
  type PrintedData,
  type TerminalAuthenticationOutcome,
} from './evidence.ts'
export { exchangesFor } from './exchange-budget.ts'
export { judge, type PolicySummary, type Report, type ReportReason, reportReasons, type Verdict } from './judge.ts'
export { type OpenedFile, openFile } from './open-file.ts'
export { defaultPolicy, type Policy } from './policy.ts'
export { type ReadCardOptions, type ReadProgress, readCard } from './read-card.ts'
export type { FingerForCard } from './reading/compare-on-card.ts'
export type { TerminalCredentials } from './reading/extended-access.ts'
export type { HolderRequest } from './reading/read-holder.ts'
export { type CheckContext, runChecks } from './run-checks.ts'
export { type TrustStore, type TrustStoreOptions, trustStore } from './trust-store.ts'
