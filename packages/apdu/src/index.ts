export type { CommandApdu, ResponseApdu } from './apdu.ts'
export { type Atr, explainAtr, type InterfaceByte, parseAtr } from './atr.ts'
export {
  bareClass,
  type ClassByte,
  composeClassByte,
  type InterindustryClass,
  type ProprietaryClass,
  parseClassByte,
  type SecureMessagingIndication,
  saysSecureMessaging,
} from './class-byte.ts'
export { describeCommand } from './describe-command.ts'
export { type CardCapabilities, type CompactTlv, type HistoricalBytes, parseHistoricalBytes } from './historical-bytes.ts'
export { classifyStatusWord, describeStatusWord, retriesLeft, type StatusWordClass } from './status-word.ts'
export { type RecordOptions, recordTransport } from './trace-file/record.ts'
export { blankCommand, carriesSecret, type Redacted, Redactor } from './trace-file/redact.ts'
export { ReplayError, replayTransport } from './trace-file/replay.ts'
export { parseTrace, type Trace, type TraceExchange, type TraceHeader } from './trace-file/trace-file.ts'
export type { CardTransport } from './transport.ts'
export { type Reached, TransportError } from './transport-error.ts'
