export type {
  BackendConnection,
  BackendListener,
  BackendSession,
  Disposition,
  PcscBackend,
  Protocol,
  RawState,
  ShareMode,
} from './backend.ts'
export { type CallOptions, PcscCard } from './card.ts'
export { describePcscCode, type PcscCodeRow, type PcscName, pcscCodes } from './codes.ts'
export { type ConnectOptions, type OpenOptions, openPcsc, PcscContext, type WatchOptions } from './context.ts'
export { PcscError, type PcscOperation } from './errors.ts'
export { pcscliteBackend } from './pcsclite-backend.ts'
export type { PcscEvent, PcscReader } from './readers.ts'
