export type { CommandApdu, ResponseApdu } from './apdu.ts'
export { decodeCommand, encodeResponse, type ReceivedCommand } from './coding-card.ts'
