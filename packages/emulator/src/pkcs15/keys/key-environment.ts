import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, DecodeError, decodeTlvList } from '@kart/codec'
import type { HolderFile } from '../../memory/holder-state.ts'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { currentFile, fileOf } from '../holder-rights.ts'

/** Control reference templates for which a key can be chosen (ISO/IEC 7816-4:2020, 10.3.3): authentication and key agreement, digital signature, confidentiality. */
const templates = { 164: 'authentication', 182: 'signature', 184: 'confidentiality' } as const
export type KeyPurpose = (typeof templates)[keyof typeof templates]

/** Algorithm references (MyEID command surface): RSA on a block as it comes, RSA with the padding of PKCS #1 v1.5 by the card, elliptic curves. */
export const keyAlgorithms = { rsaRaw: 0x00, rsaPadded: 0x02, ec: 0x04 } as const
export type KeyAlgorithm = keyof typeof keyAlgorithms

/** Identifier of the key file whose key reference is 00: key files are 4B01.. (OpenSC's myeid.profile). */
const keyFiles = 0x4b00

/** What MANAGE SECURITY ENVIRONMENT chose for one purpose. */
export interface KeyEnvironment {
  readonly purpose: KeyPurpose
  readonly algorithm: KeyAlgorithm
  readonly fid: number
  /** First half of a cryptogram that comes in two commands. */
  readonly firstHalf?: Uint8Array
}

/** The key of a private-key operation. */
export interface ChosenKey {
  readonly algorithm: KeyAlgorithm
  readonly file: HolderFile
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array
}

/**
 * MANAGE SECURITY ENVIRONMENT, SET (ISO/IEC 7816-4:2020, 11.5.11): P1 41, P2 the template; DO'80' algorithm, DO'81' or DO'83' key file, DO'84' key reference: 00, for each file holds one key, or nn for
 * file 4Bnn, as EF.PrKDF gives it to programs that know no files of keys; the current file where neither names one. Whether the file may be used is asked when it is. Refuses 6A88 for a file that is no key's.
 */
export function setKeyEnvironment(card: CardContext, command: PlainCommand): ResponseApdu {
  card.session.keyEnvironment = undefined
  const purpose = Object.entries(templates).find(([tag]) => Number(tag) === command.p2)?.[1]
  if (command.p1 !== 0x41 || purpose === undefined) refuse(SW.wrongParameters)
  const objects = readObjects(command.data)
  const reference = objects.get(0x81) ?? objects.get(0x83)
  if (reference && reference.length !== 2) refuse(SW.wrongData)
  const number = numberOf(objects.get(0x84))
  const fid = reference ? bytesToUint(reference) : number === 0 ? currentFile(card).fid : keyFiles | number
  if (reference && number !== 0 && fid !== (keyFiles | number)) refuse(SW.dataNotFound)
  const file = card.store.state.signature.files.get(fid)
  if (file === undefined || file.type === 'transparent') return refuse(SW.dataNotFound)
  const algorithm = readAlgorithm(objects.get(0x80), file)
  card.session.keyEnvironment = { purpose, algorithm, fid }
  return answer()
}

/** Key reference of DO'84', 00 where it names none; refuses 6A80 for one of another length. */
function numberOf(value: Uint8Array | undefined): number {
  if (value === undefined) return 0
  return value.length === 1 ? (value[0] ?? 0) : refuse(SW.wrongData)
}

function readObjects(data: Uint8Array): ReadonlyMap<number, Uint8Array> {
  try {
    const objects = decodeTlvList(data, { constructed: false, nodes: 8 })
    const map = new Map(objects.map(({ tag, value }) => [tag, value]))
    if (map.size !== objects.length || objects.some(({ tag }) => ![0x80, 0x81, 0x83, 0x84].includes(tag))) refuse(SW.wrongData)
    return map
  } catch (error) {
    if (error instanceof DecodeError) return refuse(SW.wrongData)
    throw error
  }
}

/** The algorithm named, or the plainest of the key where none is; refuses 6A80 for one that is not the key's. */
function readAlgorithm(value: Uint8Array | undefined, { type }: HolderFile): KeyAlgorithm {
  const fitting = type === 'ec' ? (['ec'] as const) : (['rsaRaw', 'rsaPadded'] as const)
  if (value === undefined) return fitting[0]
  return fitting.find((name) => value.length === 1 && keyAlgorithms[name] === value[0]) ?? refuse(SW.wrongData)
}

/**
 * The key chosen for a purpose. Refuses 6985 where none was chosen for it, or where the file was made anew as another kind of key since, 6A88 where the file has no key
 * pair yet.
 */
export function chosenKey(card: CardContext, purpose: KeyPurpose): ChosenKey {
  const chosen = card.session.keyEnvironment
  if (chosen?.purpose !== purpose) refuse(SW.conditions)
  const file = fileOf(card, chosen.fid)
  if ((chosen.algorithm === 'ec') !== (file.type === 'ec')) refuse(SW.conditions)
  return { algorithm: chosen.algorithm, file, privateKey: file.privateKey ?? refuse(SW.dataNotFound) }
}
