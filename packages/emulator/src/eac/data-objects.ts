import { CardError, decodeTlvList, type Tlv } from '@kart/codec'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { CvcFormatError } from './cv-certificate.ts'
import type { EacProgress } from './eac-progress.ts'

/** Data objects side by side, lengths in the fewest bytes, not opened; refuses 6A80. */
export function readList(data: Uint8Array): readonly Tlv[] {
  try {
    return decodeTlvList(data, { constructed: false, minimalLength: true, nodes: 32 })
  } catch (error) {
    if (error instanceof CardError) refuse(SW.wrongData)
    throw error
  }
}

/** The data objects of a command field, none twice and none but those named; refuses 6A80. */
export function readObjects(data: Uint8Array, allowed: readonly number[]): ReadonlyMap<number, Uint8Array> {
  const objects = readList(data)
  const found = new Map(objects.map(({ tag, value }) => [tag, value]))
  if (found.size !== objects.length || objects.some(({ tag }) => !allowed.includes(tag))) refuse(SW.wrongData)
  return found
}

/** Runs a reader of certificates, names or templates; what is not of the profile answers 6A80. */
export function readOrRefuse<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof CvcFormatError) refuse(SW.wrongData)
    throw error
  }
}

/** Extended access control is spoken inside secure messaging only (BSI TR-03110-3 v2.21, B.2 and B.3); refuses 6982. */
export function requireMessaging(command: PlainCommand): void {
  if (command.protection !== 'messaging') refuse(SW.securityStatus)
}

/** Puts down how far chip and terminal authentication have come. */
export function setProgress(card: CardContext, change: Partial<EacProgress>): void {
  const { session } = card
  session.grants = { ...session.grants, eac: { ...session.grants.eac, ...change } }
}
