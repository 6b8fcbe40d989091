import { concatBytes, DecodeError, InputError } from '@kart/codec'
import type { CommandApdu, ResponseApdu } from './apdu.ts'

function byte(value: number, field: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xff) throw new InputError(field, 'not a byte (0..255)')
  return value
}

/**
 * Codes a command APDU (ISO/IEC 7816-4:2020, 5.2, cases 1, 2S, 3S, 4S, 2E, 3E, 4E): short length fields whenever both lengths fit them.
 * Throws InputError for a field out of range.
 */
export function encodeCommand(command: CommandApdu): Uint8Array {
  const { data, ne } = command
  if (data.length > 65535) throw new InputError('data', `${data.length} bytes; at most 65535 fit`)
  if (!Number.isInteger(ne) || ne < 0 || ne > 65536) throw new InputError('ne', 'not in 0..65536')
  const header = Uint8Array.of(byte(command.cla, 'cla'), byte(command.ins, 'ins'), byte(command.p1, 'p1'), byte(command.p2, 'p2'))
  const nc = data.length
  if (nc === 0 && ne === 0) return header // case 1
  if (nc <= 255 && ne <= 256) {
    const le = ne === 0 ? [] : [ne & 0xff]
    return nc === 0 ? concatBytes(header, Uint8Array.from(le)) : concatBytes(header, Uint8Array.of(nc), data, Uint8Array.from(le)) // 2S, 3S, 4S
  }
  const le = ne === 0 ? [] : [(ne >> 8) & 0xff, ne & 0xff]
  if (nc === 0) return concatBytes(header, Uint8Array.of(0, ...le)) // 2E: three bytes, the first zero
  return concatBytes(header, Uint8Array.of(0, nc >> 8, nc & 0xff), data, Uint8Array.from(le)) // 3E, 4E: Lc already says "extended"
}

/** Takes a coded response APDU apart (ISO/IEC 7816-4:2020, 5.3): 2..65538 bytes ending in a status word 6xxx or 9xxx; anything else throws DecodeError. */
export function decodeResponse(bytes: Uint8Array): ResponseApdu {
  if (bytes.length < 2) throw new DecodeError('response APDU', `${bytes.length} bytes where at least 2 are needed`)
  if (bytes.length > 65538) throw new DecodeError('response APDU', `${bytes.length} bytes where at most 65538 are allowed`)
  const sw1 = bytes[bytes.length - 2]!
  const sw2 = bytes[bytes.length - 1]!
  if ((sw1 & 0xf0) !== 0x90 && ((sw1 & 0xf0) !== 0x60 || sw1 === 0x60))
    throw new DecodeError(
      'response APDU',
      `SW1 ${sw1.toString(16).toUpperCase().padStart(2, '0')} is not a status byte (ISO/IEC 7816-4:2020, 5.6)`,
      { offset: bytes.length - 2 },
    )
  return { data: bytes.slice(0, -2), sw: (sw1 << 8) | sw2 }
}
