import { decodeTlvList, type Tlv } from '@kart/codec'

/** The data objects of a protected response, taken apart but not yet trusted (Doc 9303-11, 8th ed., 9.8.4). */
export interface ProtectedResponse {
  /** Everything before DO'8E', as it came: what the MAC is over. */
  readonly authenticated: Uint8Array
  /** Value of DO'87' (even INS) or DO'85' (odd INS), where there is one. */
  readonly cryptogram: Uint8Array | undefined
  /** Value of DO'99': the status word. */
  readonly status: Uint8Array
  /** Value of DO'8E': the MAC. */
  readonly mac: Uint8Array
}

const macTag = 0x8e
const statusTag = 0x99
const macObjectLength = 10

/**
 * Takes the data field of a protected response apart: at most one cryptogram object of the tag due, one DO'99', one DO'8E' of 8 bytes at the very end, in this
 * order and nothing else. Undefined when it is anything else.
 */
export function readProtectedResponse(data: Uint8Array, cryptogramTag: 0x85 | 0x87): ProtectedResponse | undefined {
  let objects: Tlv[]
  try {
    objects = decodeTlvList(data, { constructed: false, nodes: 3 }) // a fourth object is refused here
  } catch {
    return undefined
  }
  const mac = objects.pop()
  const status = objects.pop()
  const cryptogram = objects.pop()
  if (mac?.tag !== macTag || mac.value.length !== 8 || data[data.length - macObjectLength] !== macTag) return undefined
  if (status?.tag !== statusTag || status.value.length !== 2) return undefined
  if (cryptogram !== undefined && cryptogram.tag !== cryptogramTag) return undefined
  return { authenticated: data.slice(0, -macObjectLength), cryptogram: cryptogram?.value, status: status.value, mac: mac.value }
}
