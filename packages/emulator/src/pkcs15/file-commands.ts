import type { ResponseApdu } from '@kart/apdu/card'
import { equalBytes } from '@kart/codec'
import { findApplication } from '@kart/layout/profile'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { piece } from '../os/read-binary.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { currentDirectoryFile, withDirectoryFile, withoutDirectoryFile } from './directory-file.ts'
import { currentFile, requireCreation, requireRight } from './holder-rights.ts'
import { withHolderFile, withoutHolderFile, withSignature } from './signature-state.ts'

const inMf = (card: CardContext): boolean => card.session.application.name === 'mf'

/** P1-P2 as an offset of 15 bits; files under DF 5015 have no short identifier. */
function offsetOf({ p1, p2 }: PlainCommand): number {
  if ((p1 & 0x80) !== 0) refuse(SW.wrongParameters)
  return (p1 << 8) | p2
}

/** READ BINARY of the current file under DF 5015 (ISO/IEC 7816-4:2020, 11.3.3). A key file gives nothing out: 6981 is not told apart from 6982. */
export function readHolderFile(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.data.length > 0) refuse(SW.wrongLength)
  const offset = offsetOf(command)
  const { file } = currentFile(card)
  requireRight(card, command, file, 'read')
  const { data, sw } = piece(card, command, file.content, offset, 0)
  return answer(data, sw)
}

/** UPDATE BINARY (ISO/IEC 7816-4:2020, 11.3.5), written whole or not at all: 6B00 for an offset at or past the end, 6A84 for data that reach past it. */
export function updateBinary(card: CardContext, command: PlainCommand): ResponseApdu {
  const offset = offsetOf(command)
  const { data } = command
  const { state } = card.store
  if (inMf(card)) {
    requireCreation(card)
    const { fid, content } = currentDirectoryFile(card)
    card.store.commit(withDirectoryFile(state, fid, overlaid(content, offset, data)))
    return answer()
  }
  const { fid, file } = currentFile(card)
  if (file.type !== 'transparent') refuse(SW.securityStatus)
  requireRight(card, command, file, 'update')
  card.store.commit(withHolderFile(state, fid, { ...file, content: overlaid(file.content, offset, data) }))
  return answer()
}

function overlaid(content: Uint8Array, offset: number, data: Uint8Array): Uint8Array {
  if (data.length === 0) refuse(SW.wrongLength)
  if (offset >= content.length) refuse(SW.offset)
  if (offset + data.length > content.length) refuse(SW.fileFull)
  const next = content.slice()
  next.set(data, offset)
  return next
}

/** DELETE FILE of the current file (ISO/IEC 7816-9:2017, 9.3.4), key files with their keys. In the creation phase alone. */
export function deleteFile(card: CardContext, command: PlainCommand): ResponseApdu {
  requireCreation(card)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  if (command.data.length > 0) refuse(SW.wrongLength)
  const { state } = card.store
  if (inMf(card)) {
    currentDirectoryFile(card)
    card.store.commit(withoutDirectoryFile(state))
    card.session.file = undefined
    return answer()
  }
  const { fid, file } = currentFile(card)
  requireRight(card, command, file, 'delete')
  card.store.commit(withoutHolderFile(state, fid))
  card.session.holderFile = undefined
  return answer()
}

/** ACTIVATE of the application by its name, P1 04 (MyEID command surface; ISO/IEC 7816-9:2017, 9.3.5): the creation phase is over for good. */
export function activateApplication(card: CardContext, command: PlainCommand): ResponseApdu {
  requireCreation(card)
  if (command.p1 !== 0x04 || command.p2 !== 0x00) refuse(SW.wrongParameters)
  const aid = findApplication(card.profile, 'pkcs15')?.aid
  if (aid === undefined || !equalBytes(command.data, aid)) refuse(SW.wrongData)
  card.store.commit(withSignature(card.store.state, { activated: true }))
  return answer()
}
