import type { CardState } from '../memory/card-state.ts'
import { emptySignatureState, type HolderPin } from '../memory/holder-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { type GroupingUse, requireEncryption } from '../security-domain/grouping-use.ts'
import { isTries } from './applet-data.ts'
import { holderMemory, longestFile, requireIdentifier, requireRoom } from './create-file.ts'
import { withoutDirectoryFile } from './directory-file.ts'
import { generateGrouping } from './keys/generate.ts'
import { isPinValue, pinLength } from './pin-value.ts'
import { withHolderFile, withHolderPin, withSignature } from './signature-state.ts'

const fileHeader = 7
const pinHeader = 6
const longestDigits = 1024

/** The use of a data grouping that brings a PIN, the holder's numbers or a file; undefined = it is none. Refuses 6982 for the first two in a channel that does not encrypt. */
export function holderGrouping(card: CardContext, dgi: number): GroupingUse | undefined {
  const { dgis } = card.profile
  switch (dgi) {
    case dgis.holderPin:
      requireEncryption(card)
      return { maxLength: pinHeader + 2 * pinLength + 1, apply: (state, value) => ({ state: withPin(state, value) }) }
    case dgis.forbiddenDigits:
      requireEncryption(card)
      return {
        maxLength: longestDigits,
        apply: (state, value) => ({ state: withSignature(state, { forbiddenDigits: readDigits(value) }) }),
      }
    case dgis.holderFile:
      return { maxLength: fileHeader + longestFile, apply: (state, value) => ({ state: withFile(state, value) }) }
    case dgis.clearHolder:
      return { maxLength: 2 * holderMemory.files, apply: (state, value) => ({ state: cleared(state, value) }) }
    case dgis.generateHolderKey:
      return generateGrouping
    default:
      return undefined
  }
}

/** The issuer's PIN: its form is checked, its strength is the issuer's own matter. */
function withPin(state: CardState, value: Uint8Array): CardState {
  const withPuk = value.length === pinHeader + 2 * pinLength + 1
  if (!withPuk && value.length !== pinHeader + pinLength) refuse(SW.wrongData)
  const [reference = 0, flags = 0, usesPerVerify = 0, minLength = 0, maxLength = 0, tries = 0] = value
  const pinEnd = pinHeader + pinLength
  const pukTries = withPuk ? (value[pinEnd] ?? 0) : 1
  const pin: HolderPin = {
    value: value.slice(pinHeader, pinEnd),
    tries: { left: tries, most: tries },
    puk: withPuk ? value.slice(pinEnd + 1) : undefined,
    pukTries: { left: pukTries, most: pukTries },
    minLength,
    maxLength,
    transport: flags === 1,
    usesPerVerify,
  }
  const bounded = reference >= 1 && reference <= 14 && flags <= 1 && minLength >= 4 && minLength <= maxLength && maxLength <= pinLength
  const formed = isPinValue(pin.value, minLength, maxLength) && (pin.puk === undefined || isPinValue(pin.puk, 4, pinLength))
  if (!bounded || !formed || !isTries(tries) || !isTries(pukTries)) refuse(SW.wrongData)
  return withHolderPin(state, reference, pin)
}

/** Entries of length (1) || ASCII digits. */
function readDigits(value: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < value.length; ) {
    const length = value[at] ?? 0
    const digits = value.slice(at + 1, at + 1 + length)
    if (length === 0 || digits.length !== length || !digits.every((byte) => byte >= 0x30 && byte <= 0x39)) refuse(SW.wrongData)
    entries.push(digits)
    at += 1 + length
  }
  return entries
}

/**
 * The card without these files, all of them there (6A88), or without any, PINs and EF.DIR too. Unlike PUT DATA 01E0 it works also where the creation phase is over, and leaves it
 * so: a run that was cut off between ACTIVATE and SECURED begins anew, by its issuer alone.
 */
function cleared(state: CardState, value: Uint8Array): CardState {
  if (value.length % 2 !== 0) refuse(SW.wrongData)
  const { activated, changes, files } = state.signature
  if (value.length === 0) return withSignature(withoutDirectoryFile(state), { ...emptySignatureState, activated, changes })
  const left = new Map(files)
  for (let at = 0; at < value.length; at += 2) if (!left.delete(((value[at] ?? 0) << 8) | (value[at + 1] ?? 0))) refuse(SW.dataNotFound)
  return withSignature(state, { files: left })
}

/** A key's file is never replaced by a transparent one of its identifier. */
function withFile(state: CardState, value: Uint8Array): CardState {
  if (value.length <= fileHeader) refuse(SW.wrongData)
  const fid = ((value[0] ?? 0) << 8) | (value[1] ?? 0)
  const { files } = state.signature
  const before = files.get(fid)
  if (before !== undefined && before.type !== 'transparent') refuse(SW.wrongData)
  const content = value.slice(fileHeader)
  requireRoom(files, fid, content.length)
  requireIdentifier(fid)
  return withHolderFile(state, fid, {
    type: 'transparent',
    access: value.slice(2, 5),
    properties: value.slice(5, fileHeader),
    size: content.length,
    content,
    privateKey: undefined,
  })
}
