import type { CardState } from '../memory/card-state.ts'
import type { HolderFile } from '../memory/holder-state.ts'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { type FileOperation, mayDo, ruleOf } from './access-bytes.ts'

/** A file under DF 5015 with its identifier. */
export interface NamedFile {
  readonly fid: number
  readonly file: HolderFile
}

/** The creation phase: until ACTIVATE, or the card is SECURED, files, keys and PINs are made and written by whoever holds the card (card.md, personalization, way 2). */
export function inCreation({ lifeCycle, signature }: CardState): boolean {
  return !signature.activated && (lifeCycle === 'OP_READY' || lifeCycle === 'INITIALIZED')
}

/** Refuses 6985 when the creation phase is over. */
export function requireCreation(card: CardContext): void {
  if (!inCreation(card.store.state)) refuse(SW.conditions)
}

/** The current file under DF 5015; refuses 6986 without one, 6A82 when it is gone. */
export function currentFile(card: CardContext): NamedFile {
  const fid = card.session.holderFile ?? refuse(SW.noCurrentFile)
  return { fid, file: fileOf(card, fid) }
}

/** The file of this identifier; refuses 6A82 when there is none. */
export function fileOf(card: CardContext, fid: number): HolderFile {
  return card.store.state.signature.files.get(fid) ?? refuse(SW.fileNotFound)
}

/**
 * Refuses 6982 unless the file's access bytes allow it. In the creation phase they bind what leaves the card (`read`, `use`) and not what makes it
 * (`update`, `delete`, `generate`): the stock tool verifies no PIN before it activates the application.
 */
export function requireRight(card: CardContext, command: PlainCommand, file: HolderFile, operation: FileOperation): void {
  const binds = operation === 'read' || operation === 'use' || !inCreation(card.store.state)
  if (binds && !mayDo(file, operation, rightsOf(card.session, command.protection))) refuse(SW.securityStatus)
}

/**
 * Call once for each private-key operation, last before the key is touched: refuses 6982 where the PIN of the key's `use` nibble is not verified, 6985 under a
 * transport PIN on a card past personalization, and takes one use off the PIN's verification where its uses are counted.
 */
export function beginKeyUse(card: CardContext, command: PlainCommand, file: HolderFile): void {
  requireRight(card, command, file, 'use')
  const rule = ruleOf(file, 'use')
  if (rule.kind !== 'password') return
  const { state } = card.store
  const secured = state.lifeCycle !== 'OP_READY' && state.lifeCycle !== 'INITIALIZED'
  if (secured && state.signature.pins.get(rule.reference)?.transport === true) refuse(SW.conditions)
  const { verified } = card.session
  const left = (verified.get(rule.reference) ?? 0) - 1
  if (left > 0) verified.set(rule.reference, left)
  else verified.delete(rule.reference)
}
