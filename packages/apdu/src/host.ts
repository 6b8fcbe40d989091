export type { CommandApdu, ResponseApdu } from './apdu.ts'
export { type CardCommand, StatusWordError, send } from './card-command.ts'
export { type CardChannel, type ChannelLayer, openChannel } from './channel.ts'
export {
  bareClass,
  type ClassByte,
  composeClassByte,
  parseClassByte,
  type SecureMessagingIndication,
  saysSecureMessaging,
} from './class-byte.ts'
export { decodeResponse, encodeCommand } from './coding-host.ts'
export {
  type AuthenticateOptions,
  externalAuthenticate,
  getChallenge,
  internalAuthenticate,
  mutualAuthenticate,
} from './commands/authenticate.ts'
export {
  maxShortOffset,
  readBinary,
  readBinaryBySfi,
  readBinaryOdd,
  updateBinary,
  updateBinaryBySfi,
  updateBinaryOdd,
} from './commands/binary.ts'
export {
  type CardLifeCycle,
  cardLifeCycle,
  encodeDgi,
  type GetStatusOptions,
  getCardData,
  getStatus,
  installForPersonalization,
  type RegistryEntry,
  type RegistryPage,
  type StatusScope,
  type StoreDataOptions,
  setApplicationStatus,
  setCardStatus,
  storeData,
} from './commands/card-content.ts'
export { describeFingerAnswer, type FingerAnswer, getFingerTemplates, queryFinger, verifyFinger } from './commands/finger.ts'
export { type GetDataOptions, getData, getDataByTagList } from './commands/get-data.ts'
export {
  aesKeyType,
  decodeKeyInformation,
  deleteKey,
  type KeyInformation,
  type PutKeyAnswer,
  putKey,
  type WrappedKey,
} from './commands/key-management.ts'
export type { CommandLabel } from './commands/make-command.ts'
export {
  changeReferenceData,
  giveTriesBack,
  type PinAnswer,
  queryPin,
  replaceReferenceData,
  resetRetryCounter,
  verifyPin,
} from './commands/pin.ts'
export {
  computeSignature,
  decipher,
  getMyeidInfo,
  getPinState,
  getPublicPart,
  keyAlgorithms,
  type MyeidCardInfo,
  type PinState,
  type PrivateKeyUse,
  setPrivateKey,
} from './commands/private-key.ts'
export { externalAuthenticateChannel, type InitializeUpdateResponse, initializeUpdate } from './commands/secure-channel-opening.ts'
export {
  type AuthenticationDirection,
  type AuthenticationTemplate,
  generalAuthenticate,
  setAuthenticationTemplate,
  setKeyAgreementTemplate,
  setVerificationKey,
  verifyCertificate,
} from './commands/security-environment.ts'
export { type SelectAnswer, type SelectOptions, selectApplication, selectFile, selectMf, selectPath } from './commands/select.ts'
export { describeCommand } from './describe-command.ts'
export { type CommandChainingOptions, commandChaining } from './layers/command-chaining.ts'
export { type GetResponseLimits, getResponse } from './layers/get-response.ts'
export { type TraceEntry, type TraceLevel, type TraceSink, traceLayer } from './layers/trace.ts'
export { wrongLength } from './layers/wrong-length.ts'
export { type ReadFileOptions, readFile } from './read-file.ts'
export { classifyStatusWord, describeStatusWord, retriesLeft, type StatusWordClass } from './status-word.ts'
export type { CardTransport } from './transport.ts'
export { type Reached, TransportError } from './transport-error.ts'
