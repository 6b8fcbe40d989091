import { concatBytes, decodeTlv, encodeTlv, InputError, uintToBytes } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, makeCommand, noData, nothing } from './make-command.ts'

/** Largest offset that P1-P2 of READ and UPDATE BINARY can name: 15 bits. */
export const maxShortOffset = 0x7fff

const endOfFile = [0x6282] as const

function within(value: number, from: number, to: number, field: string): number {
  if (!Number.isInteger(value) || value < from || value > to) throw new InputError(field, `not in ${from}..${to}`)
  return value
}

const sfiByte = (sfi: number): number => 0x80 | within(sfi, 1, 30, 'sfi')

/** DO'54', the offset: two bytes, or three where it needs them, since some cards refuse one. */
function offsetObject(offset: number): Uint8Array {
  within(offset, 0, 0xffffff, 'offset')
  return encodeTlv(0x54, uintToBytes(offset, offset > 0xffff ? 3 : 2))
}

/**
 * READ BINARY of the current EF (ISO/IEC 7816-4:2020, 11.3): `offset` 0..32767, `ne` 1..65536 bytes at most. Gives back what came, which is
 * less at the end of the file (6282 is accepted). Throws InputError; its parse throws DecodeError for more bytes than were asked for.
 */
export function readBinary(offset: number, ne: number, options: CommandLabel = {}): CardCommand<Uint8Array> {
  within(offset, 0, maxShortOffset, 'offset')
  within(ne, 1, 65536, 'ne')
  return makeCommand({ ins: 0xb0, p1: offset >> 8, p2: offset & 0xff, ne, parse: atMost(ne), accepts: endOfFile, label: options.label })
}

/** READ BINARY by short EF identifier 1..30, which also makes the EF the current one; `offset` 0..255 (ISO/IEC 7816-4:2020, 11.3). */
export function readBinaryBySfi(sfi: number, offset: number, ne: number, options: CommandLabel = {}): CardCommand<Uint8Array> {
  const p1 = sfiByte(sfi)
  within(offset, 0, 0xff, 'offset')
  within(ne, 1, 65536, 'ne')
  return makeCommand({ ins: 0xb0, p1, p2: offset, ne, parse: atMost(ne), accepts: endOfFile, label: options.label })
}

/** The longest value of a DO'53' that fits `ne` response bytes; 0 where none does. */
export function largestDiscretionaryData(ne: number): number {
  if (ne <= 0x7f + 2) return Math.max(0, ne - 2)
  return ne <= 0xff + 3 ? ne - 3 : ne - 4
}

/**
 * READ BINARY with the offset in DO'54' and the data in DO'53', for what lies beyond byte 32767 of the current EF (ISO/IEC 7816-4:2020,
 * 11.3, odd INS): `offset` 0..16777215; `ne` counts the response bytes with the object's own tag and length. Throws InputError; its parse
 * throws DecodeError for anything but one DO'53'.
 */
export function readBinaryOdd(offset: number, ne: number, options: CommandLabel = {}): CardCommand<Uint8Array> {
  const data = offsetObject(offset)
  within(ne, 3, 65536, 'ne')
  return makeCommand({
    ins: 0xb1,
    p1: 0,
    p2: 0,
    data,
    ne,
    accepts: endOfFile,
    label: options.label,
    parse: (response, name) => {
      const bytes = atMost(ne)(response, name)
      // At the end of the file some cards answer 6282 without an object.
      return bytes.length === 0 && response.sw === 0x6282 ? noData : decodeTlv(bytes, 0x53, { constructed: false }).value
    },
  })
}

/** UPDATE BINARY of the current EF (ISO/IEC 7816-4:2020, 11.3): `offset` 0..32767, 1..65535 bytes. Throws InputError. */
export function updateBinary(offset: number, data: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  within(offset, 0, maxShortOffset, 'offset')
  within(data.length, 1, 65535, 'data.length')
  return makeCommand({ ins: 0xd6, p1: offset >> 8, p2: offset & 0xff, data: data.slice(), parse: nothing, label: options.label })
}

/** UPDATE BINARY by short EF identifier 1..30, `offset` 0..255 (ISO/IEC 7816-4:2020, 11.3). Throws InputError. */
export function updateBinaryBySfi(sfi: number, offset: number, data: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  const p1 = sfiByte(sfi)
  within(offset, 0, 0xff, 'offset')
  within(data.length, 1, 65535, 'data.length')
  return makeCommand({ ins: 0xd6, p1, p2: offset, data: data.slice(), parse: nothing, label: options.label })
}

/** UPDATE BINARY with the offset in DO'54' and the data in DO'53' (ISO/IEC 7816-4:2020, 11.3, odd INS): `offset` 0..16777215. Throws InputError. */
export function updateBinaryOdd(offset: number, data: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  const field = concatBytes(offsetObject(offset), encodeTlv(0x53, data))
  within(data.length, 1, 65535, 'data.length')
  within(field.length, 1, 65535, 'data.length with its headers')
  return makeCommand({ ins: 0xd7, p1: 0, p2: 0, data: field, parse: nothing, label: options.label })
}
