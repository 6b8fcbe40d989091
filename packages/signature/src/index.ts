export { type FingerStatus, officerPin, readFingers, unblockFingers } from './fingers.ts'
export {
  fidOf,
  findKey,
  findPin,
  type HolderApplication,
  type HolderKey,
  type HolderPin,
  type HolderReading,
  openHolderApplication,
  readCertificate,
  readCertificates,
  readHolderFile,
  selectHolderApplication,
} from './holder-application.ts'
export { openHolderChannel } from './open-channel.ts'
export { PinError, type PinProblem } from './pin-error.ts'
export { changePin, checkNewPin, checkUnblockable, encodePin, type PinStatus, readPinStatus, unblockPin, verifyHolderPin } from './pins.ts'
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
