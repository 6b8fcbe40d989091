import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, decodeTlv, encodeLength, encodeTlv } from '@kart/codec'
import type { FileSpec } from '@kart/layout/profile'
import { fileContent } from '../memory/card-state.ts'
import { isAllowed } from './access.ts'
import { type CardContext, type PlainCommand, rightsOf } from './card-context.ts'
import { answer, refuse, SW } from './status.ts'

// Protected responses carry DO'87', DO'99' and DO'8E' beside the data: at most 5 + 8 padding + 4 + 10 bytes, rounded up.
const messagingOverhead = 48

/** READ BINARY, INS B0 (ISO/IEC 7816-4:2020, 11.3.3): P1 with bit 8 = short identifier and 8-bit offset, else a 15-bit offset into the current file. */
export function readBinary(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.data.length > 0) refuse(SW.wrongLength)
  const bySfi = (command.p1 & 0x80) !== 0
  if (bySfi && (command.p1 & 0x60) !== 0) refuse(SW.wrongParameters)
  const file = bySfi ? fileBySfi(card, command.p1 & 0x1f) : currentFile(card)
  const offset = bySfi ? command.p2 : (command.p1 << 8) | command.p2
  const content = readable(card, command, file)
  const { data, sw } = piece(card, command, content, offset, 0)
  return answer(data, sw)
}

/** READ BINARY, INS B1: DO'54' with the offset in, DO'53' with the data out; P1-P2 = 0000, a short identifier, or a file identifier. */
export function readBinaryObject(card: CardContext, command: PlainCommand): ResponseApdu {
  const reference = (command.p1 << 8) | command.p2
  const file = reference === 0 ? currentFile(card) : reference <= 0x1e ? fileBySfi(card, reference) : fileByIdentifier(card, reference)
  const content = readable(card, command, file)
  const offset = offsetOf(command.data)
  const { data, sw } = piece(card, command, content, offset, 1)
  return answer(encodeTlv(0x53, data), sw)
}

function offsetOf(data: Uint8Array): number {
  let object: ReturnType<typeof decodeTlv>
  try {
    object = decodeTlv(data, 0x54)
  } catch {
    refuse(SW.wrongData)
  }
  if (object.value.length === 0 || object.value.length > 4) refuse(SW.wrongData)
  return bytesToUint(object.value)
}

function currentFile(card: CardContext): FileSpec {
  return card.session.file ?? refuse(SW.noCurrentFile)
}

function fileBySfi(card: CardContext, sfi: number): FileSpec {
  return card.session.application.files.find((file) => file.sfi === sfi) ?? refuse(SW.fileNotFound)
}

function fileByIdentifier(card: CardContext, fid: number): FileSpec {
  return card.session.application.files.find((file) => file.fid === fid) ?? refuse(SW.fileNotFound)
}

/** The content, when the access rule lets it out; the file becomes the current one (ISO/IEC 7816-4:2020, 11.3.1). */
function readable(card: CardContext, command: PlainCommand, file: FileSpec): Uint8Array {
  if (!isAllowed(file.read, rightsOf(card.session, command.protection))) refuse(SW.securityStatus)
  const content = fileContent(card.store.state, card.session.application.name, file.fid) ?? refuse(SW.fileNotFound)
  card.session.file = file
  return content
}

/**
 * The bytes from `offset` on. An offset at or past the end is 6B00. Le of 256 or 65536 asks for what there is; any other Le that reaches
 * past the end gives what is left with 6282. `wrapped` bytes of tag go before the data, and their length field.
 */
export function piece(
  card: CardContext,
  command: PlainCommand,
  content: Uint8Array,
  offset: number,
  wrapped: 0 | 1,
): { data: Uint8Array; sw: number } {
  if (command.ne === 0) refuse(SW.wrongLength)
  if (offset >= content.length) refuse(SW.offset)
  const roof = card.profile.maxResponseLength - 2 - (command.protection === 'none' ? 0 : messagingOverhead)
  const room = Math.min(command.ne, roof)
  const most = wrapped === 0 ? room : roomInside(room)
  const left = content.length - offset
  const data = content.slice(offset, offset + Math.min(most, left))
  const asksForAll = command.ne === 256 || command.ne === 65536
  return { data, sw: most > left && !asksForAll ? SW.endOfFile : SW.ok }
}

/** Most value bytes of a DO'53' that fits `room` bytes in all. */
function roomInside(room: number): number {
  for (let value = room - 2; value > 0; value--) if (1 + encodeLength(value).length + value <= room) return value
  return refuse(SW.wrongLength)
}
