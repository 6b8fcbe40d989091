import { DecodeError, InputError } from '@kart/codec'
import type { CommandApdu, ResponseApdu } from './apdu.ts'

/** A command APDU as the card received it. */
export interface ReceivedCommand extends CommandApdu {
  /** Whether its length fields were extended. */
  readonly extended: boolean
}

/** Takes a coded command APDU apart, case by case in the order of ISO/IEC 7816-4:2020, 5.2 (informative decoding of 12.1); throws DecodeError. */
export function decodeCommand(bytes: Uint8Array): ReceivedCommand {
  const n = bytes.length
  if (n < 4) throw new DecodeError('command APDU', `${n} bytes where at least 4 are needed`)
  const command = (from: number, to: number, ne: number, extended: boolean): ReceivedCommand => ({
    cla: bytes[0]!,
    ins: bytes[1]!,
    p1: bytes[2]!,
    p2: bytes[3]!,
    data: bytes.slice(from, to),
    ne,
    extended,
  })
  if (n === 4) return command(4, 4, 0, false) // case 1
  const c5 = bytes[4]!
  if (n === 5) return command(5, 5, c5 === 0 ? 256 : c5, false) // case 2S
  if (c5 !== 0) {
    if (n === 5 + c5) return command(5, 5 + c5, 0, false) // case 3S
    if (n === 6 + c5) return command(5, 5 + c5, bytes[n - 1] === 0 ? 256 : bytes[n - 1]!, false) // case 4S
    throw new DecodeError('command APDU', `Lc says ${c5} data bytes, ${n - 5} bytes follow`, { offset: 4 })
  }
  if (n < 7) throw new DecodeError('command APDU', 'extended length field cut short', { offset: 4 })
  const length = (bytes[5]! << 8) | bytes[6]!
  if (n === 7) return command(7, 7, length === 0 ? 65536 : length, true) // case 2E
  if (length === 0) throw new DecodeError('command APDU', 'extended Lc of zero with data', { offset: 5 })
  if (n === 7 + length) return command(7, 7 + length, 0, true) // case 3E
  if (n === 9 + length) {
    const le = (bytes[n - 2]! << 8) | bytes[n - 1]!
    return command(7, 7 + length, le === 0 ? 65536 : le, true) // case 4E
  }
  throw new DecodeError('command APDU', `extended Lc says ${length} data bytes, ${n - 7} bytes follow`, { offset: 5 })
}

/** Codes a response APDU; throws InputError for more than 65536 data bytes. */
export function encodeResponse(response: ResponseApdu): Uint8Array {
  if (response.data.length > 65536) throw new InputError('data', `${response.data.length} bytes; at most 65536 fit`)
  const out = new Uint8Array(response.data.length + 2)
  out.set(response.data)
  out[out.length - 2] = response.sw >> 8
  out[out.length - 1] = response.sw & 0xff
  return out
}
