import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, decodeTlv, type Tlv } from '@kart/codec'
import { type HolderFile, type HolderFileType, holderFileTypes } from '../memory/holder-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { isDirectoryFile, makeDirectoryFile } from './directory-file.ts'
import { requireCreation } from './holder-rights.ts'
import { withHolderFile } from './signature-state.ts'

/** House rule: room for files under DF 5015, bytes of content, and how many of them. */
export const holderMemory = { bytes: 0x10000, files: 128 } as const

/** Offsets of READ BINARY and UPDATE BINARY have 15 bits. */
export const longestFile = 0x7fff

const keySizes: Readonly<Record<Exclude<HolderFileType, 'transparent'>, readonly number[]>> = {
  rsa: [2048, 3072, 4096],
  ec: [256, 384, 521],
}

// MF, DF 5015, and what ISO/IEC 7816-4:2020, 7.3.1.2 keeps: 0000 is the current file, 3FFF the current DF, FFFF reserved.
const takenIdentifiers: readonly number[] = [0x0000, 0x3f00, 0x3fff, 0x5015, 0xffff]

/**
 * CREATE FILE (ISO/IEC 7816-9:2017, 9.3.3) of the MyEID command surface: DO'62' with 80 or 81 size (bits of a key), 82 type (01 transparent, 11 RSA, 22 EC), 83 identifier,
 * 86 access bytes, 85 properties. The file becomes the current one. In the MF EF.DIR alone can be made.
 */
export function createFile(card: CardContext, command: PlainCommand): ResponseApdu {
  requireCreation(card)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  const parameters = readParameters(command.data)
  const type = typeOf(one(parameters, [0x82], 1))
  const fid = bytesToUint(one(parameters, [0x83], 2))
  const size = bytesToUint(one(parameters, [0x80, 0x81], 2))
  const access = one(parameters, [0x86], 3)
  const properties = parameters.some(({ tag }) => tag === 0x85) ? one(parameters, [0x85], 2) : new Uint8Array(2)
  const { state } = card.store
  if (card.session.application.name === 'mf') {
    if (type !== 'transparent' || !isDirectoryFile(fid)) refuse(SW.wrongData)
    card.store.commit(makeDirectoryFile(card, fid, size))
    card.session.file = card.session.application.files.find((file) => file.fid === fid)
    return answer()
  }
  requireIdentifier(fid)
  if (state.signature.files.has(fid)) refuse(SW.fileExists)
  if (type === 'transparent' ? size === 0 || size > longestFile : !keySizes[type].includes(size)) refuse(SW.wrongData)
  const content = new Uint8Array(type === 'transparent' ? size : 0)
  const file: HolderFile = { type, access, properties, size, content, privateKey: undefined }
  requireRoom(card.store.state.signature.files, fid, content.length)
  card.store.commit(withHolderFile(state, fid, file))
  card.session.holderFile = fid
  return answer()
}

/** Refuses 6A80 for an identifier that no file under DF 5015 can have. */
export function requireIdentifier(fid: number): void {
  if (takenIdentifiers.includes(fid)) refuse(SW.wrongData)
}

/** Refuses 6A84 when a file of so many bytes, which may replace one of its identifier, does not fit. */
export function requireRoom(files: ReadonlyMap<number, HolderFile>, fid: number, length: number): void {
  const others = [...files].filter(([other]) => other !== fid)
  const used = others.reduce((sum, [, { content }]) => sum + content.length, 0)
  if (used + length > holderMemory.bytes || others.length >= holderMemory.files) refuse(SW.fileFull)
}

function readParameters(data: Uint8Array): readonly Tlv[] {
  try {
    return decodeTlv(data, 0x62).children ?? refuse(SW.wrongData)
  } catch {
    return refuse(SW.wrongData)
  }
}

/** The value of the one object of these tags; refuses 6A80 for none, more than one, or another length. */
function one(parameters: readonly Tlv[], tags: readonly number[], length: number): Uint8Array {
  const [found, second] = parameters.filter(({ tag }) => tags.includes(tag))
  if (found === undefined || second !== undefined || found.value.length !== length) refuse(SW.wrongData)
  return found.value.slice()
}

function typeOf([byte]: Uint8Array): HolderFileType {
  const type = (Object.keys(holderFileTypes) as HolderFileType[]).find((name) => holderFileTypes[name] === byte)
  return type ?? refuse(SW.notSupported)
}
