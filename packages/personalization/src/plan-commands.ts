import { type CardCommand, encodeDgi, installForPersonalization, setCardStatus, storeData } from '@kart/apdu/host'
import { concatBytes, DecodeError, decodeTlv, InputError, requireTlv } from '@kart/codec'
import { aaCurves, type CardProfile, findApplication } from '@kart/layout'
import { type CardImage, type CompleteImage, completionFiles, type ImageFile } from './card-image.ts'

/** Names of the planned steps, in their order. */
export type PlannedStepName = 'mf-files' | 'application-files' | 'access-keys' | 'generate-key' | 'signed-files' | 'secure'

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

interface Grouping {
  readonly dgi: number
  readonly value: Uint8Array
  readonly label: string
}

/**
 * STORE DATA of data groupings: each begins a block of its own and runs over as many as it needs; blocks are numbered through, and the last says so (P1 bit 8)
 * (GlobalPlatform Card Specification 2.3.1, 11.11).
 */
function storeGroupings(groupings: readonly Grouping[], blockSize: number): CardCommand<Uint8Array>[] {
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

/** The eMRTD's AID; INSTALL [for personalization] directs what follows to it. */
function install(profile: CardProfile): CardCommand<void> {
  const aid = findApplication(profile, 'emrtd')?.aid
  if (aid === undefined) throw new InputError('profile', 'has no eMRTD application')
  return installForPersonalization(aid, { label: 'eMRTD' })
}

/** Generates the card's own key pair: a DGI of one byte, the curve; the answer is 7F49 { 86 point }, whose point the command parses out. */
export function generateKeyCommand(profile: CardProfile): CardCommand<Uint8Array> {
  const data = encodeDgi(profile.dgis.generateAaKey, Uint8Array.of(aaCurves[profile.activeAuthentication.curve]))
  const command = storeData(data, { blockNumber: 0, last: true, ne: 256, label: 'generate the active-authentication key' })
  return {
    ...command,
    parse(response) {
      const what = 'public key of the card'
      const point = requireTlv(decodeTlv(command.parse(response), 0x7f49).children, 0x86, what).value
      if (point.length === 0) throw new DecodeError(what, 'is empty')
      return point
    },
  }
}

/**
 * The commands that bring a card image onto the card, grouped in steps, up to the generation of the card's key. Pure: nothing is sent. They go through an
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
      [install(profile)],
    ),
  ]
  if (profile.bac) {
    const keys = options.accessKeys
    if (keys === undefined || keys.kEnc.length !== 16 || keys.kMac.length !== 16)
      throw new InputError('accessKeys', 'are not two keys of 16 bytes')
    const commands = storeGroupings([{ dgi: profile.dgis.bacKeys, value: concatBytes(keys.kEnc, keys.kMac), label: 'BAC keys' }], blockSize)
    steps.push({ name: 'access-keys', commands, files: [], bytes: 32 })
  }
  steps.push({ name: 'generate-key', commands: [generateKeyCommand(profile)], files: [], bytes: 1 })
  return steps
}

/** The commands that write what followed from the card's key: EF.DG15, EF.SOD, EF.COM. The eMRTD application is still the target. Throws InputError. */
export function planCompletion(image: CompleteImage, options: PlanOptions = {}): PlannedStep {
  const files = completionFiles.flatMap((name) => image.files.filter((file) => file.name === name))
  return writeFiles('signed-files', files, checkedBlockSize(image.profile, options))
}

/** The command that ends personalization for good: the card becomes SECURED and forgets its transport keys. */
export function planSecuring(): PlannedStep {
  return { name: 'secure', commands: [setCardStatus('SECURED')], files: [], bytes: 0 }
}
