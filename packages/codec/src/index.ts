export {
  bytesToUint,
  concatBytes,
  decodeAscii,
  decodeUtf8,
  encodeAscii,
  encodeUtf8,
  equalBytes,
  fromHex,
  joinBytes,
  toHex,
  uintToBytes,
} from './bytes.ts'
export type { Codec } from './codec.ts'
export { Cursor } from './cursor.ts'
export { CardError, DecodeError, type ErrorCode, errorCodes, InputError, LimitError } from './errors.ts'
export { type JsonValue, parseStrictJson } from './strict-json.ts'
export {
  decodeTlv,
  decodeTlvList,
  encodeLength,
  encodeTag,
  encodeTlv,
  findTlv,
  isConstructed,
  readTlvHeader,
  requireTlv,
  type Tlv,
  type TlvHeader,
  type TlvLimits,
  tagHex,
} from './tlv.ts'
export { visibleText } from './visible-text.ts'
