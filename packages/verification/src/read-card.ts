import { type CardTransport, internalAuthenticate, StatusWordError, selectFile, send, type TraceSink } from '@kart/apdu/host'
import { DecodeError } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import { type ApplicationSpec, type CardProfile, efSodCodec, type FileSpec, findApplication, findFile } from '@kart/layout'
import { type PaceResult, type PaceSupport, verifyChipAuthenticationMapping } from '@kart/secure-channel'
import { mappingKey } from './checks/chip-keys.ts'
import { dataGroupOf, emrtd } from './checks/data-groups.ts'
import type {
  AccessKey,
  AccessPolicy,
  ActiveAuthenticationEvidence,
  ChipAuthenticationOutcome,
  Evidence,
  FingerOnCardEvidence,
  HolderEvidence,
  TerminalAuthenticationOutcome,
} from './evidence.ts'
import { compareOnCard, type FingerForCard, liveFinger } from './reading/compare-on-card.ts'
import {
  authenticateChip,
  authenticateTerminal,
  infosIn,
  prepareChipAuthentication,
  type TerminalCredentials,
} from './reading/extended-access.ts'
import { type OpenedCard, openCard, passwordOf, selectEmrtd } from './reading/open-card.ts'
import { lookFor, readMasterFile, readOne } from './reading/read-files.ts'
import { type HolderRequest, readHolder } from './reading/read-holder.ts'
import { Reading } from './reading/reading.ts'
import { satisfied } from './satisfied.ts'

/** What {@link readCard} is doing. */
export interface ReadProgress {
  readonly stage:
    | 'card'
    | 'access'
    | 'chip-authentication'
    | 'terminal-authentication'
    | 'files'
    | 'active-authentication'
    | 'finger'
    | 'holder'
  /** File that is being read. */
  readonly file?: string
  /** Bytes of it that have come, and of how many, once that is known. */
  readonly soFar?: number
  readonly inAll?: number | undefined
}

/** What {@link readCard} needs to know, and what it may be told. */
export interface ReadCardOptions {
  readonly profile: CardProfile
  /** What opens the card: fields of the printed MRZ, the card access number, or both. */
  readonly access: AccessKey
  /** Which protocols may open the card; `pace-only` unless told. */
  readonly accessPolicy?: AccessPolicy
  /** The terminal's certificates and key: with them, terminal authentication follows chip authentication. */
  readonly terminal?: TerminalCredentials
  /** Version of chip and terminal authentication: 1 (Doc 9303) where the profile has it unless told, else 2 (TR-03110-2). */
  readonly extendedAccess?: 1 | 2
  /**
   * A live finger for the card to compare itself, after all else was read, inside the secure channel; none is shown to it unless told. Each finger that the card says no to costs its
   * holder a try.
   */
  readonly finger?: FingerForCard
  /** Which variants of PACE the terminal takes, the best first; every one that is sound unless told. */
  readonly paceSupport?: PaceSupport
  /** With it, the holder's certificates in the PKCS#15 application are read, the last of all; and with `askPin` in it, the authentication key is challenged. */
  readonly holder?: HolderRequest
  /** Told of every exchange as it went over the wire, and as it was meant. What they hear holds personal data. */
  readonly trace?: { readonly wire?: TraceSink; readonly plain?: TraceSink }
  readonly onProgress?: (progress: ReadProgress) => void
  readonly limits?: {
    /** Most response bytes asked for at once, 32..65536 (see readFile of `@kart/apdu/host`). */
    readonly chunk?: number
    /** Whether extended length is used where card and reader take it; true unless told. */
    readonly extendedLength?: boolean
    /** Most exchanges with the card in the whole reading, from 1; unless told one for each 32 bytes that the profile's files may hold, and 512. */
    readonly exchanges?: number
  }
  /** Gives `length` random bytes, called for PACE or BAC, chip authentication and 8 for active authentication. The system's generator unless told; for tests. */
  readonly random?: (length: number) => Uint8Array
  /** When the reading begins, for the evidence; now unless told. */
  readonly now?: Date
}

/** What became of the protocols after access. */
interface Proofs {
  chip: ChipAuthenticationOutcome | undefined
  terminal: TerminalAuthenticationOutcome | undefined
  active: ActiveAuthenticationEvidence | undefined
  finger: FingerOnCardEvidence | undefined
  holder: HolderEvidence | undefined
}

/**
 * Reads a card by its profile: the open files of the MF, PACE (BAC only where the policy allows), EF.CardSecurity, EF.COM, EF.SOD, EF.DG14, chip authentication,
 * terminal authentication where the terminal has certificates, the data groups that EF.SOD lists, and one active authentication when the card shows a key for it;
 * last, where asked for, a comparison of a live finger on the card and the holder's application.
 * Chip authentication is left out where the mapping of PACE has proved the chip and nothing follows that needs it.
 * Only what the profile's access rules open is asked for; a file that is missing, refused or malformed is evidence, and the reading goes on. What EF.COM lists is
 * never followed: nobody signed it (Doc 9303-10, 8th ed., 4.6.1).
 * Throws InputError for access data that cannot be MRZ fields or a CAN, or a PIN that cannot be one, DecodeError or LimitError for a finger that cannot be read, and
 * what `holder.askPin` throws; LimitError for a card that draws the reading out past its bound, TransportError and SecureMessagingError when the link or the protected
 * session breaks.
 */
export async function readCard(transport: CardTransport, options: ReadCardOptions): Promise<Evidence> {
  const password = passwordOf(options.access)
  const live = options.finger && liveFinger(options.finger.probe)
  const reading = new Reading(transport, options)
  const readAt = options.now ?? new Date()
  const proofs: Proofs = { chip: undefined, terminal: undefined, active: undefined, finger: undefined, holder: undefined }
  try {
    options.onProgress?.({ stage: 'card' })
    await readMasterFile(reading)
    options.onProgress?.({ stage: 'access' })
    const opened = await openCard(reading, password)
    if (opened.access.outcome === 'opened') {
      await readOpened(reading, opened, proofs)
      const hasDg3 = reading.bytesOf(emrtd, 'EF.DG3') !== undefined
      if (live && opened.access.outcome === 'opened' && reading.lost === undefined && (options.finger?.when === 'always' || !hasDg3))
        proofs.finger = await compareOnCard(reading, live)
      if (options.holder !== undefined) {
        options.onProgress?.({ stage: 'holder' })
        proofs.holder = await readHolder(reading, options.holder)
      }
    }
    return {
      profile: options.profile.name,
      readAt,
      atr: transport.atr.slice(),
      files: reading.files,
      access: opened.access,
      chipAuthentication: proofs.chip,
      terminalAuthentication: proofs.terminal,
      activeAuthentication: proofs.active,
      ...(proofs.finger === undefined ? {} : { fingerOnCard: proofs.finger }),
      ...(proofs.holder === undefined ? {} : { holder: proofs.holder }),
      shortestExchange: reading.shortestExchange,
      extendedLength: reading.extended,
    }
  } finally {
    // Also when the reading ends early: no session key outlives it.
    reading.destroy()
    password.destroy()
  }
}

async function readOpened(reading: Reading, opened: OpenedCard, proofs: Proofs): Promise<void> {
  if (opened.pace !== undefined) {
    await readShutMasterFiles(reading)
    if (reading.version === 2) await secondVersion(reading, opened, proofs)
    if (reading.lost !== undefined || !(await selectEmrtd(reading))) return
  }
  const application = findApplication(reading.options.profile, emrtd)!
  const [first, rest] = inOrder(application)
  for (const file of first) await readOne(reading, application, file)
  const listed = reading.decoded(emrtd, 'EF.SOD', efSodCodec)?.ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)
  const read = (file: FileSpec): Promise<unknown> => {
    const group = dataGroupOf(file.name)
    return listed !== undefined && group !== undefined && !listed.includes(group)
      ? lookFor(reading, application, file)
      : readOne(reading, application, file)
  }
  const dg14 = rest.find((file) => file.format === 'dg14')
  if (dg14 !== undefined) await read(dg14)
  const others = rest.filter((file) => file !== dg14 && file.format !== 'ef-cvca')
  if (reading.version === 1) await firstVersion(reading, opened, proofs, () => readNext(reading, others, read))
  if (reading.lost !== undefined) return
  for (const file of others) await read(file)
  proofs.active = await activeAuthentication(reading)
}

/** Reads the first of these files that is open, or where there is none selects EF.COM: in either case the card must answer. */
async function readNext(reading: Reading, files: FileSpec[], read: (file: FileSpec) => Promise<unknown>): Promise<void> {
  const at = files.findIndex((file) => satisfied(file.read, reading.opened))
  if (at >= 0) await read(files.splice(at, 1)[0]!)
  else await reading.channel.transmit(selectFile(0x011e, { label: 'EF.COM' }).apdu)
}

/** EF.COM and EF.SOD first, as they say what there is; the others in the order of the profile. */
function inOrder({ files }: ApplicationSpec): readonly [readonly FileSpec[], FileSpec[]] {
  const isFirst = (file: FileSpec) => file.format === 'ef-com' || file.format === 'ef-sod'
  return [files.filter(isFirst), files.filter((file) => !isFirst(file))]
}

/** What of the MF opens only now: EF.CardSecurity. */
async function readShutMasterFiles(reading: Reading): Promise<void> {
  const application = findApplication(reading.options.profile, 'mf')
  for (const file of application?.files ?? [])
    if (!reading.files.some((one) => one.application === 'mf' && one.name === file.name)) await readOne(reading, application!, file)
}

/** Whether the mapping of PACE was made with the static key of EF.CardSecurity; that the issuer vouches for that key is for the checks. */
function mappingHolds(reading: Reading, pace: PaceResult | undefined): boolean {
  const evidence = pace?.chipAuthentication
  const key = evidence && mappingKey(infosIn(reading, 'EF.CardSecurity') ?? [], evidence)
  return evidence !== undefined && key !== undefined && verifyChipAuthenticationMapping(evidence, key)
}

/** Chip authentication version 1 inside the eMRTD application, then terminal authentication (Doc 9303-11, 8th ed., 6.2 and 7.1); `next` reads the next file. */
async function firstVersion(reading: Reading, { access, pace }: OpenedCard, proofs: Proofs, next: () => Promise<unknown>): Promise<void> {
  const { terminal } = reading.options
  const takesTerminals = infosIn(reading, 'EF.DG14')?.some((info) => info.kind === 'terminal-authentication' && info.version === 1) ?? false
  const goesOn = terminal !== undefined && takesTerminals
  if (!goesOn && mappingHolds(reading, pace)) return
  const prepared = prepareChipAuthentication(reading, 1)
  if (prepared === undefined) return
  const { publicKey, kind } = prepared.agreement
  proofs.chip = await authenticateChip(reading, prepared, next)
  if (goesOn && proofs.chip.outcome === 'proved')
    proofs.terminal = await authenticateTerminal(reading, access, pace, terminal, 1, { kind, publicKey })
}

/** Version 2, in the MF: terminal authentication names the key with which chip authentication then goes on (BSI TR-03110-2 v2.21, 2.1 and 3.3). */
async function secondVersion(reading: Reading, { access, pace }: OpenedCard, proofs: Proofs): Promise<void> {
  const { terminal } = reading.options
  const prepared = terminal && prepareChipAuthentication(reading, 2)
  if (terminal === undefined || prepared === undefined) return
  proofs.terminal = await authenticateTerminal(reading, access, pace, terminal, 2, prepared.agreement)
  if (proofs.terminal.outcome !== 'authenticated') {
    prepared.agreement.destroy()
    return
  }
  proofs.chip = await authenticateChip(reading, prepared, async () => undefined)
}

/** One active authentication over eight bytes of ours, when EF.DG15 was read (Doc 9303-11, 8th ed., 6.1.2). */
async function activeAuthentication(reading: Reading): Promise<ActiveAuthenticationEvidence | undefined> {
  const { options } = reading
  if (findFile(options.profile, emrtd, 'EF.DG15') === undefined || reading.bytesOf(emrtd, 'EF.DG15') === undefined) return undefined
  options.onProgress?.({ stage: 'active-authentication' })
  const challenge = (options.random ?? randomBytes)(8)
  try {
    const signature = await send(
      reading.channel,
      internalAuthenticate(challenge, { label: 'active authentication', ...(reading.extended ? { ne: 1024 } : {}) }),
    )
    return { challenge, signature, sw: undefined }
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof StatusWordError) return { challenge, signature: undefined, sw: error.sw }
    if (error instanceof DecodeError) return { challenge, signature: undefined, sw: undefined }
    throw error
  }
}
