import { bytesToUint, type Codec, concatBytes, DecodeError, encodeTlv, findTlv, InputError, type Tlv, uintToBytes } from '@kart/codec'
import { encodeOthers, flatObjects, refuseRepeats } from './flat-tlv.ts'

/** EF.ATR/INFO: what the card can do. */
export interface EfAtrInfo {
  /** Card service data byte, 0..255 (ISO/IEC 7816-4:2020, 12.1.1.7). */
  readonly cardServiceData?: number
  /** Pre-issuing data, up to 32 bytes, the manufacturer's. */
  readonly preIssuingData?: Uint8Array
  /** Card capabilities, one to three bytes (ISO/IEC 7816-4:2020, 12.1.1.9). */
  readonly cardCapabilities?: Uint8Array
  /** Longest extended-length command and response APDU in bytes (ISO/IEC 7816-4:2020, 12.7.1). */
  readonly extendedLength?: { readonly maxCommandLength: number; readonly maxResponseLength: number }
  /** Objects that no field above names, kept as read. */
  readonly other?: readonly Tlv[]
}

const what = 'EF.ATR/INFO'
const knownTags: readonly number[] = [0x43, 0x46, 0x47, 0x7f66]

/** EF.ATR/INFO (ISO/IEC 7816-4:2020, 12.2.3): 43, 46, 47, 7F66 { 02 command, 02 response } and others, side by side. */
export const efAtrInfoCodec: Codec<EfAtrInfo> = {
  encode(value) {
    const parts: Uint8Array[] = []
    if (value.cardServiceData !== undefined) parts.push(encodeTlv(0x43, uintToBytes(value.cardServiceData, 1)))
    if (value.preIssuingData !== undefined) {
      if (value.preIssuingData.length === 0 || value.preIssuingData.length > 32)
        throw new InputError('preIssuingData', 'is not 1 to 32 bytes')
      parts.push(encodeTlv(0x46, value.preIssuingData))
    }
    if (value.cardCapabilities !== undefined) {
      if (value.cardCapabilities.length < 1 || value.cardCapabilities.length > 3)
        throw new InputError('cardCapabilities', 'is not 1 to 3 bytes')
      parts.push(encodeTlv(0x47, value.cardCapabilities))
    }
    if (value.extendedLength !== undefined) {
      const { maxCommandLength, maxResponseLength } = value.extendedLength
      parts.push(
        encodeTlv(0x7f66, [encodeInteger(maxCommandLength, 'maxCommandLength'), encodeInteger(maxResponseLength, 'maxResponseLength')]),
      )
    }
    parts.push(...encodeOthers(value.other, (tag) => knownTags.includes(tag)))
    if (parts.length === 0) throw new InputError(what, 'is empty')
    return concatBytes(...parts)
  },
  decode(bytes) {
    const objects = flatObjects(bytes, true)
    if (objects.length === 0) throw new DecodeError(what, 'is empty')
    refuseRepeats(objects, what)
    const service = findTlv(objects, 0x43)?.value
    if (service !== undefined && service.length !== 1) throw new DecodeError(what, 'the card service data is not one byte')
    const preIssuing = findTlv(objects, 0x46)?.value
    const capabilities = findTlv(objects, 0x47)?.value
    if (capabilities !== undefined && (capabilities.length < 1 || capabilities.length > 3))
      throw new DecodeError(what, 'the card capabilities are not 1 to 3 bytes')
    const lengths = findTlv(objects, 0x7f66)?.value
    const other = objects.filter(({ tag }) => !knownTags.includes(tag))
    return {
      ...(service === undefined ? {} : { cardServiceData: service[0]! }),
      ...(preIssuing === undefined ? {} : { preIssuingData: preIssuing }),
      ...(capabilities === undefined ? {} : { cardCapabilities: capabilities }),
      ...(lengths === undefined ? {} : { extendedLength: decodeLengths(lengths) }),
      ...(other.length === 0 ? {} : { other }),
    }
  },
}

/** A positive INTEGER in the fewest bytes, a 00 in front of a leading 1 bit. */
function encodeInteger(value: number, field: string): Uint8Array {
  if (!Number.isInteger(value) || value < 1 || value > 0xffffff) throw new InputError(field, 'is not 1..16777215')
  let length = 1
  while (value >= 2 ** (8 * length - 1)) length++
  return encodeTlv(0x02, uintToBytes(value, length))
}

function decodeLengths(bytes: Uint8Array): { maxCommandLength: number; maxResponseLength: number } {
  const [command, response, ...beside] = flatObjects(bytes).map(({ tag, value }) => {
    // Some cards leave out the 00 in front: a length is never negative, so the bytes are read as they stand.
    if (tag !== 0x02 || value.length < 1 || value.length > 4)
      throw new DecodeError(what, 'the extended length information is not two integers')
    return bytesToUint(value)
  })
  if (command === undefined || response === undefined || beside.length > 0)
    throw new DecodeError(what, 'the extended length information is not two integers')
  return { maxCommandLength: command, maxResponseLength: response }
}
