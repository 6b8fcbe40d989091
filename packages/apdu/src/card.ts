export type { CommandApdu, ResponseApdu } from './apdu.ts'
export {
  type ClassByte,
  type InterindustryClass,
  type ProprietaryClass,
  parseClassByte,
  type SecureMessagingIndication,
} from './class-byte.ts'
export { decodeCommand, encodeResponse, type ReceivedCommand } from './coding-card.ts'
