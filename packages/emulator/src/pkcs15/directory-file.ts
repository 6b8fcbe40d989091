import { findFile } from '@kart/layout/profile'
import { type CardState, fileContent, withFile } from '../memory/card-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { withSignature } from './signature-state.ts'

// In the creation phase the stock tool makes and writes EF.DIR in the MF itself (ISO/IEC 7816-15:2016, 7.4); no other file of the MF is in its reach.
const directoryFid = 0x2f00

export const isDirectoryFile = (fid: number): boolean => fid === directoryFid

/** The card with an EF.DIR of zeros; refuses 6A89 when there is one, 6A84 when it is longer than the profile has room for. */
export function makeDirectoryFile(card: CardContext, fid: number, size: number): CardState {
  const { state } = card.store
  if (fileContent(state, 'mf', fid) !== undefined) refuse(SW.fileExists)
  if (size === 0) refuse(SW.wrongData)
  if (size > (findFile(card.profile, 'mf', 'EF.DIR')?.maxLength ?? 0)) refuse(SW.fileFull)
  return withSignature(withFile(state, 'mf', fid, new Uint8Array(size)), {})
}

/** The content of EF.DIR where that is the MF's current file; refuses 6986 without a current file, 6982 for another one. */
export function currentDirectoryFile(card: CardContext): { readonly fid: number; readonly content: Uint8Array } {
  const { fid } = card.session.file ?? refuse(SW.noCurrentFile)
  if (!isDirectoryFile(fid)) refuse(SW.securityStatus)
  return { fid, content: fileContent(card.store.state, 'mf', fid) ?? refuse(SW.fileNotFound) }
}

/** The card with that content of EF.DIR. */
export function withDirectoryFile(state: CardState, fid: number, content: Uint8Array): CardState {
  return withSignature(withFile(state, 'mf', fid, content), {})
}

/** The card without EF.DIR. */
export function withoutDirectoryFile(state: CardState): CardState {
  const inside = new Map(state.files.get('mf'))
  inside.delete(directoryFid)
  return withSignature({ ...state, files: new Map(state.files).set('mf', inside) }, {})
}
