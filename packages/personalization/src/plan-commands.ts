import { type CardCommand, encodeDgi, installForPersonalization, setCardStatus, storeData } from '@kart/apdu/host'
import { concatBytes, DecodeError, decodeTlv, encodeAscii, findTlv, InputError } from '@kart/codec'
import { digest } from '@kart/crypto'
import {
  aaCurves,
  aaModuli,
  type CardProfile,
  type ChipAuthenticationKeySpec,
  dg15FromRsa,
  encodeCvcDate,
  findApplication,
} from '@kart/layout'
import { mrzInformation } from '@kart/secure-channel'
import { type CardImage, type CompleteImage, completionFiles, type ImageFile } from './card-image.ts'

/** Names of the planned steps, in their order. */
export type PlannedStepName =
  | 'mf-files'
  | 'application-files'
  | 'access-keys'
  | 'generate-key'
  | 'generate-chip-keys'
  | 'signed-files'
  | 'fingers'
  | 'secure'

/** A group of commands that does one thing; `files` are those that it writes. */
export interface PlannedStep {
  readonly name: PlannedStepName
  readonly commands: readonly CardCommand<unknown>[]
  readonly files: readonly ImageFile[]
  /** Bytes of content written, without what STORE DATA puts around it. */
  readonly bytes: number
}

/** What a plan depends on beside the image. */
export interface PlanOptions {
  /** BAC keys of the holder's document, 16 bytes each. Needed where the profile has BAC. */
  readonly accessKeys?: { readonly kEnc: Uint8Array; readonly kMac: Uint8Array }
  /** Most plain data bytes in one STORE DATA, 16..65000; as many as {@link blockSizeFor} gives unless told. */
  readonly blockSize?: number
}

/** Bytes that SCP03 and the length fields put around the data of a command: padding 1..16, MAC 8, header and length fields 9. */
const overhead = 16 + 8 + 9

/** Most plain data bytes that fit a short command under SCP03: 239 bytes pad to 240, which the MAC fills to 248 of 255. */
export const shortBlockSize = 239

/** Whether a card of this profile takes extended length fields. */
export function takesExtendedLength(profile: CardProfile): boolean {
  return profile.maxCommandLength > 261 && profile.maxResponseLength > 258
}

/** Most plain data bytes in one STORE DATA that the profile's longest command leaves. */
export function blockSizeFor(profile: CardProfile): number {
  return takesExtendedLength(profile) ? Math.min(profile.maxCommandLength, 65535) - overhead : shortBlockSize
}

/** One data grouping of STORE DATA, with what it is called in errors and traces. */
export interface Grouping {
  readonly dgi: number
  readonly value: Uint8Array
  readonly label: string
}

/**
 * STORE DATA of data groupings: each begins a block of its own and runs over as many as it needs; blocks are numbered through, and the last says so (P1 bit 8)
 * (GlobalPlatform Card Specification 2.3.1, 11.11).
 */
export function storeGroupings(groupings: readonly Grouping[], blockSize: number): CardCommand<Uint8Array>[] {
  const blocks = groupings.flatMap(({ dgi, value, label }) => {
    const bytes = encodeDgi(dgi, value)
    const parts: { data: Uint8Array; label: string }[] = []
    for (let at = 0; at < bytes.length; at += blockSize) parts.push({ data: bytes.subarray(at, at + blockSize), label })
    return parts
  })
  // P2 counts blocks modulo 256: the standard says "from 00 upwards" and no more (house rule of the profile).
  return blocks.map(({ data, label }, i) => storeData(data, { blockNumber: i & 0xff, last: i === blocks.length - 1, label }))
}

const grouping = (file: ImageFile): Grouping => ({ dgi: file.fid, value: file.bytes, label: file.name })
const sizeOf = (files: readonly ImageFile[]): number => files.reduce((sum, file) => sum + file.bytes.length, 0)

function writeFiles(
  name: PlannedStepName,
  files: readonly ImageFile[],
  blockSize: number,
  before: readonly CardCommand<unknown>[] = [],
): PlannedStep {
  return { name, commands: [...before, ...storeGroupings(files.map(grouping), blockSize)], files, bytes: sizeOf(files) }
}

function checkedBlockSize(profile: CardProfile, options: PlanOptions): number {
  const most = blockSizeFor(profile)
  const blockSize = options.blockSize ?? most
  if (!Number.isInteger(blockSize) || blockSize < 16 || blockSize > most)
    throw new InputError('blockSize', `not in 16..${most}, which is what the profile allows`)
  return blockSize
}

/** INSTALL [for personalization]: directs what follows to the eMRTD, or, with the security domain's own AID, to the MF (house rule of the profile). */
function install(profile: CardProfile, application: 'emrtd' | 'mf'): CardCommand<void> {
  const aid = application === 'mf' ? profile.securityDomainAid : findApplication(profile, 'emrtd')?.aid
  if (aid === undefined) throw new InputError('profile', 'has no eMRTD application')
  return installForPersonalization(aid, { label: application === 'mf' ? 'master file' : 'eMRTD' })
}

/** A DGI that lets the card make a key pair; the answer is 7F49 with the public half in these data objects, from which the command makes one value. */
function generate(
  dgi: number,
  value: Uint8Array,
  tags: readonly number[],
  label: string,
  join: (...parts: readonly Uint8Array[]) => Uint8Array = concatBytes,
): CardCommand<Uint8Array> {
  const command = storeData(encodeDgi(dgi, value), { blockNumber: 0, last: true, ne: 256, label })
  return {
    ...command,
    parse(response) {
      const what = 'public key of the card'
      const objects = decodeTlv(command.parse(response), 0x7f49).children ?? []
      const parts = tags.flatMap((tag) => findTlv(objects, tag)?.value ?? [])
      if (parts.length !== tags.length || parts.some(({ length }) => length === 0)) throw new DecodeError(what, 'is missing or empty')
      return join(...parts)
    },
  }
}

/**
 * Generates the card's own key pair of active authentication: a DGI of one byte, the curve or the length of the modulus; the answer is 7F49 { 86 point }, or
 * 7F49 { 81 modulus, 82 exponent }, of which the command makes a SubjectPublicKeyInfo.
 */
export function generateKeyCommand(profile: CardProfile): CardCommand<Uint8Array> {
  const { activeAuthentication: spec, dgis } = profile
  const label = 'generate the active-authentication key'
  if (spec.algorithm === 'ecdsa') return generate(dgis.generateAaKey, Uint8Array.of(aaCurves[spec.curve]), [0x86], label)
  const spki = (modulus?: Uint8Array, exponent?: Uint8Array) => dg15FromRsa(modulus!, exponent!).subjectPublicKeyInfo
  return generate(dgis.generateAaKey, Uint8Array.of(aaModuli[spec.modulusBits]), [0x81, 0x82], label, spki)
}

/** Generates a key pair of chip authentication: key number and domain parameters; the answer is 7F49 { 86 point } or 7F49 { 84 public value }. */
export function generateChipKeyCommand(profile: CardProfile, key: ChipAuthenticationKeySpec): CardCommand<Uint8Array> {
  const tag = key.agreement === 'DH' ? 0x84 : 0x86
  const value = Uint8Array.of(key.keyId, key.parameterId)
  return generate(profile.dgis.generateCaKey, value, [tag], `generate chip authentication key ${key.keyId}`)
}

/** The passwords of PACE. */
function paceGroupings({ profile, access, passwords }: CardImage): Grouping[] {
  const { dgis } = profile
  const groupings: Grouping[] = []
  if (profile.pace?.passwords.includes('mrz'))
    groupings.push({ dgi: dgis.paceMrz, value: digest('sha1', encodeAscii(mrzInformation(access))), label: 'PACE password MRZ' })
  for (const [name, dgi] of [
    ['can', dgis.paceCan],
    ['pin', dgis.pacePin],
    ['puk', dgis.pacePuk],
  ] as const) {
    const value = passwords[name]
    if (value !== undefined) groupings.push({ dgi, value: encodeAscii(value), label: `PACE password ${name.toUpperCase()}` })
  }
  return groupings
}

/** The commands that bring one password of PACE onto the card, before anything else of its eMRTD: none where the image has none of that name. Throws InputError. */
export function planPacePassword(image: CardImage, password: 'mrz' | 'can'): readonly CardCommand<unknown>[] {
  const { dgis } = image.profile
  const wanted = { mrz: dgis.paceMrz, can: dgis.paceCan }[password]
  const groupings = paceGroupings(image).filter(({ dgi }) => dgi === wanted)
  return groupings.length === 0 ? [] : [install(image.profile, 'emrtd'), ...storeGroupings(groupings, shortBlockSize)]
}

/** What opens the card: BAC keys, PACE passwords, the trust point of terminal authentication with the card's first date. */
function accessGroupings(image: CardImage, options: PlanOptions): Grouping[] {
  const { profile, trustPoint, personalizedOn } = image
  const { dgis } = profile
  const groupings: Grouping[] = []
  if (profile.bac) {
    const keys = options.accessKeys
    if (keys === undefined || keys.kEnc.length !== 16 || keys.kMac.length !== 16)
      throw new InputError('accessKeys', 'are not two keys of 16 bytes')
    groupings.push({ dgi: dgis.bacKeys, value: concatBytes(keys.kEnc, keys.kMac), label: 'BAC keys' })
  }
  groupings.push(...paceGroupings(image))
  if (trustPoint !== undefined) {
    groupings.push({ dgi: dgis.trustPoint, value: trustPoint.raw, label: 'trust point of terminal authentication' })
    groupings.push({ dgi: dgis.cardDate, value: encodeCvcDate(personalizedOn), label: 'date' })
  }
  return groupings
}

/**
 * The commands that bring a card image onto the card, grouped in steps, up to the generation of the card's keys. Pure: nothing is sent. They go through an
 * SCP03 session with the security domain, whose own STORE DATA fills the MF (house rule of the profile). Throws InputError.
 */
export function planCommands(image: CardImage, options: PlanOptions = {}): readonly PlannedStep[] {
  const { profile } = image
  const blockSize = checkedBlockSize(profile, options)
  const own = image.files.filter((file) => !(completionFiles as readonly string[]).includes(file.name))
  const steps: PlannedStep[] = [
    writeFiles(
      'mf-files',
      own.filter((file) => file.application === 'mf'),
      blockSize,
    ),
    writeFiles(
      'application-files',
      own.filter((file) => file.application === 'emrtd'),
      blockSize,
      [install(profile, 'emrtd')],
    ),
  ]
  const access = accessGroupings(image, options)
  if (access.length > 0) {
    const bytes = access.reduce((sum, { value }) => sum + value.length, 0)
    steps.push({ name: 'access-keys', commands: storeGroupings(access, blockSize), files: [], bytes })
  }
  steps.push({ name: 'generate-key', commands: [generateKeyCommand(profile)], files: [], bytes: 1 })
  const chipKeys = profile.chipAuthentication?.keys ?? []
  if (chipKeys.length > 0) {
    const commands = chipKeys.map((key) => generateChipKeyCommand(profile, key))
    steps.push({ name: 'generate-chip-keys', commands, files: [], bytes: 2 * chipKeys.length })
  }
  return steps
}

/**
 * The commands that write what followed from the card's keys: EF.DG14, EF.DG15, EF.SOD and EF.COM into the eMRTD application, which is still the target, then
 * EF.CardSecurity into the MF. Throws InputError.
 */
export function planCompletion(image: CompleteImage, options: PlanOptions = {}): PlannedStep {
  const blockSize = checkedBlockSize(image.profile, options)
  const files = completionFiles.flatMap((name) => image.files.filter((file) => file.name === name))
  const own = files.filter((file) => file.application === 'emrtd')
  const ofMf = files.filter((file) => file.application === 'mf')
  const { commands } = writeFiles('signed-files', own, blockSize)
  const more = ofMf.length === 0 ? [] : writeFiles('signed-files', ofMf, blockSize, [install(image.profile, 'mf')]).commands
  return { name: 'signed-files', commands: [...commands, ...more], files, bytes: sizeOf(files) }
}

/** The command that ends personalization for good: the card becomes SECURED and forgets its transport keys. */
export function planSecuring(): PlannedStep {
  return { name: 'secure', commands: [setCardStatus('SECURED')], files: [], bytes: 0 }
}
