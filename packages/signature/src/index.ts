export { type FingerStatus, readFingers, unblockFingers } from './fingers.ts'
export {
  fidOf,
  findKey,
  findPin,
  type HolderApplication,
  type HolderKey,
  type HolderPin,
  type HolderReading,
  officerPin,
  openHolderApplication,
  readCertificate,
  readCertificates,
  readHolderFile,
  selectHolderApplication,
} from './holder-application.ts'
export { openHolderChannel } from './open-channel.ts'
export { PinError, type PinProblem } from './pin-error.ts'
export {
  blockedRemedy,
  changePin,
  checkNewPin,
  checkUnblockable,
  encodePin,
  type PinDetails,
  type PinStatus,
  readPinDetails,
  readPinStatus,
  unblockByOfficer,
  unblockPin,
  verifyHolderPin,
} from './pins.ts'
export {
  answerChallenge,
  type CardSignature,
  type CardSignatureScheme,
  type CardSigning,
  hashPieces,
  holds,
  proveKey,
  schemeOfKey,
  signDigest,
  signWithCard,
} from './sign.ts'
export { type CardSigner, checkSigner, commitmentProblem, readSigner, type SignerUse } from './signer.ts'
