export { BacKeys, deriveBacKeys } from './bac/bac-keys.ts'
export { type MrzInformationInput, mrzInformation } from './bac/mrz-information.ts'
export { type BacNonces, bacSessionKeys, mutualAuthenticationData, openMutualAuthentication } from './bac/mutual-authentication.ts'
export { type BacOptions, performBac } from './bac/perform-bac.ts'
export { AuthenticationError, SecureMessagingError } from './channel-error.ts'
export {
  type ChipAuthenticationProtocol,
  chipAuthenticationProtocolOf,
  chipAuthenticationProtocols,
} from './chip-authentication/chip-authentication-protocol.ts'
export { type ChipAuthenticationChoice, chipAuthenticationChoices } from './chip-authentication/choose-key.ts'
export { dhWithCard, ecdhWithCard, type KeyAgreement } from './chip-authentication/key-agreement.ts'
export {
  type ChipAuthenticationOptions,
  type ChipAuthenticationResult,
  chipAuthenticationCommand,
  chipAuthenticationTemplate,
  keyAgreementCommand,
  performChipAuthentication,
} from './chip-authentication/perform-chip-authentication.ts'
export {
  chipAuthenticationKeys,
  chipAuthenticationToken,
  chipAuthenticationTokenInput,
  startChipAuthenticationSession,
} from './chip-authentication/session-keys.ts'
export { compressedPublicKey } from './compressed-public-key.ts'
export { authenticationToken, paceSessionKeys, tokenInput } from './pace/authentication-token.ts'
export {
  type ChipAuthenticationEvidence,
  decryptChipAuthenticationData,
  verifyChipAuthenticationMapping,
} from './pace/chip-authentication-mapping.ts'
export {
  choosePace,
  explainPaceChoice,
  type PaceChoice,
  type PaceConsideration,
  type PaceDomainParameters,
  type PaceOffer,
  type PaceSecurityInfo,
  type PaceSelection,
  type PaceSupport,
  paceSupport,
} from './pace/choose-pace.ts'
export {
  decryptNonce,
  type GenericMapping,
  type IntegratedMapping,
  integratedRandom,
  mapGeneric,
  mapIntegrated,
} from './pace/nonce-mapping.ts'
export {
  type PaceStep,
  paceCommand,
  paceSteps,
  type SetPaceOptions,
  setPace,
} from './pace/pace-commands.ts'
export {
  canPassword,
  mrzPassword,
  PacePassword,
  type PacePasswordKind,
  passwordReferences,
  pinPassword,
} from './pace/pace-password.ts'
export { type PaceMapping, type PaceProtocol, paceProtocolOf, paceProtocols } from './pace/pace-protocol.ts'
export { type PaceOptions, type PaceResult, performPace } from './pace/perform-pace.ts'
export { type Scp02Keys, type Scp02SessionKeys, scp02SessionKeys } from './scp02/derivation.ts'
export { type OpenedScp02, openScp02, type Scp02Options } from './scp02/open-scp02.ts'
export { type Scp02SecurityLevel, Scp02Session, type Scp02SessionStart, scp02SecurityLevels } from './scp02/scp02-session.ts'
export { type AnnouncedProtocol, type CardRecognition, decodeCardRecognition, readCardRecognition } from './scp03/card-recognition.ts'
export { type Scp03Keys, type Scp03SessionKeys, scp03SessionKeys } from './scp03/derivation.ts'
export { type OpenedScp03, openScp03, type Scp03KeySource, type Scp03Options, type Scp03Policy } from './scp03/open-scp03.ts'
export { putKeySet } from './scp03/put-key-set.ts'
export { type Scp03SecurityLevel, Scp03Session, type Scp03SessionStart, scp03SecurityLevels } from './scp03/scp03-session.ts'
export {
  EmrtdSession,
  type Secure3desSession,
  type SessionKeys,
  start3desSession,
  startAesSession,
} from './secure-messaging/emrtd-session.ts'
export { type SecureMessaging, type SecureMessagingLayerOptions, secureMessagingLayer } from './secure-messaging.ts'
export {
  idPiccFromMrz,
  type TerminalAuthenticationInput,
  terminalAuthenticationData,
} from './terminal-authentication/authentication-data.ts'
export {
  type CvTrust,
  type CvTrustPoint,
  type CvTrustPolicy,
  findCvChain,
  type ImportedCvKey,
  importCvCertificate,
  startCvTrust,
  trustPointOf,
  type VerifiedTerminal,
  verifyCvChain,
} from './terminal-authentication/card-trust.ts'
export { CertificateChainError, type ChainProblem } from './terminal-authentication/chain-error.ts'
export { type CvKey, type CvKeyPolicy, cvPublicKey, openCvKey, verifyCvSignature, withoutDomain } from './terminal-authentication/cv-key.ts'
export { type CvSigner, keySigner } from './terminal-authentication/cv-signer.ts'
export {
  authenticateCvRequest,
  type CvIssueInput,
  type CvIssuer,
  issueCvca,
  issueDocumentVerifier,
  issueLinkCertificate,
  issueTerminal,
  makeCvRequest,
  verifyCvRequest,
} from './terminal-authentication/issue.ts'
export {
  auxiliaryData,
  certificateCommands,
  performTerminalAuthentication,
  type TerminalAuthenticationOptions,
  type TerminalAuthenticationV2,
  terminalAuthenticationTemplate,
} from './terminal-authentication/perform-terminal-authentication.ts'
