export type { CommandApdu, ResponseApdu } from './apdu.ts'
export { classifyStatusWord, describeStatusWord, retriesLeft, type StatusWordClass } from './status-word.ts'
export type { CardTransport } from './transport.ts'
export { TransportError, type Reached } from './transport-error.ts'
