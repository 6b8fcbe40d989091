export type {
  BackendConnection,
  BackendListener,
  BackendSession,
  CardPower,
  Disposition,
  PcscBackend,
  Protocol,
  RawState,
  RawStatus,
  ShareMode,
} from './backend.ts'
export { type CallOptions, type CardStatus, PcscCard, type TransactionOptions } from './card.ts'
export { type BackendName, chooseBackend } from './choose-backend.ts'
export { describePcscCode, type PcscCodeRow, type PcscName, pcscCodes } from './codes.ts'
export { type ConnectOptions, type OpenOptions, openPcsc, PcscContext, type WatchOptions } from './context.ts'
export { PcscError, type PcscOperation, type SessionEnd } from './errors.ts'
export { pcscliteBackend } from './pcsclite-backend.ts'
export type { PcscEvent, PcscReader } from './readers.ts'
export { type SystemBackendOptions, systemBackend } from './system/system-backend.ts'
export { type ReaderEvent, type WatchReadersOptions, watchReaders } from './watch-readers.ts'
