export { type JsonValue, parseStrictJson } from '@kart/codec'
export { buildImage, type ImageOptions } from './build-image.ts'
export type { CardFinger, CardFingers } from './card-fingers.ts'
export { type CardImage, type CompleteImage, type ImageFile, imageFile } from './card-image.ts'
export type { CardPasswords } from './card-passwords.ts'
export { type CardPublicKeys, checkSigner, completeImage } from './complete-image.ts'
export { execute } from './execute.ts'
export { PersonalizationError } from './personalization-error.ts'
export {
  type KeySetReport,
  type PersonalizationProgress,
  type PersonalizationReport,
  type PersonalizationStep,
  personalizationSteps,
  type StepReport,
} from './personalization-report.ts'
export type { ExecuteOptions, RunOptions } from './personalization-run.ts'
export {
  type CvIssueOrder,
  type IssuedCv,
  issueCv,
  linkCvca,
  nextReference,
  requestCv,
  type VerifiedChain,
  verifyCv,
} from './pki/cvc-authority.ts'
export {
  type CvcFolder,
  cvcFolderName,
  cvFileName,
  loadCvc,
  newestCvca,
  saveCvc,
  saveCvHolder,
  saveCvRequest,
  signerOf,
  terminalIn,
} from './pki/cvc-files.ts'
export { type CvHolder, initTestCvc, lastDay, newCvKey, type TestCvc, type TestCvcOptions, testCvcAlgorithm } from './pki/init-test-cvc.ts'
export { type Authority, initTestPki, type TestPki, type TestPkiOptions } from './pki/init-test-pki.ts'
export { PkiError } from './pki/pki-error.ts'
export { loadPki, pkiFileNames, savePki } from './pki/pki-files.ts'
export { buildRevocationList, type RevocationOrder } from './pki/revocation-list.ts'
export { type Signer, softwareSigner } from './pki/signer.ts'
export {
  blockSizeFor,
  type PlannedStep,
  type PlannedStepName,
  type PlanOptions,
  planCommands,
  planCompletion,
  planSecuring,
} from './plan-commands.ts'
export { planFingers } from './plan-fingers.ts'
export type { ProvedAccess } from './prove-access.ts'
export type { EnrollmentRecord, RecordFinger, RecordName } from './record/enrollment-record.ts'
export { type LoadFile, parseEnrollmentRecord, type RecordOptions } from './record/parse-enrollment-record.ts'
export { redact } from './redact.ts'
export type { SecretKeeper } from './secret-keeper.ts'
export { readChipSerial, requireUnfinished } from './security-domain.ts'
export type { ChipPublicKey } from './security-infos.ts'
export { readWaitingKeys } from './signature-card/application-content.ts'
export { givenCertificates } from './signature-card/given-certificates.ts'
export { readHeldKeys } from './signature-card/held-keys.ts'
export { buildRequest, type CertificateOrder, type CertifyHolder, testHolderAuthority } from './signature-card/holder-certificate.ts'
export type { HolderName, HolderPlan, TransportPin, TransportPins } from './signature-card/holder-plan.ts'
export type { HolderKeyPair } from './signature-card/personalize-holder.ts'
export { type RequestReport, requestCertificates } from './signature-card/request-certificates.ts'
export { seenInFile } from './signature-card/seen-keys-file.ts'
