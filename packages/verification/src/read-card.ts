import {
  type CardChannel,
  type CardTransport,
  getResponse,
  internalAuthenticate,
  openChannel,
  readBinary,
  readFile,
  StatusWordError,
  selectApplication,
  selectFile,
  selectMf,
  send,
  type TraceSink,
  TransportError,
  traceLayer,
  wrongLength,
} from '@kart/apdu/host'
import { DecodeError, equalBytes, LimitError } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import {
  type ApplicationSpec,
  type CardProfile,
  type ChannelProtocol,
  describeAccessRule,
  efAtrInfoCodec,
  efSodCodec,
  type FileSpec,
  findApplication,
  findFile,
} from '@kart/layout'
import { AuthenticationError, deriveBacKeys, type EmrtdSession, performBac, secureMessagingLayer } from '@kart/secure-channel'
import { dataGroupOf, emrtd } from './checks/data-groups.ts'
import type { AccessEvidence, AccessKey, ActiveAuthenticationEvidence, Evidence, FileEvidence, FileOutcome } from './evidence.ts'
import { ExchangeBudget, exchangesFor } from './exchange-budget.ts'
import { satisfied } from './satisfied.ts'

/** What {@link readCard} is doing. */
export interface ReadProgress {
  readonly stage: 'card' | 'access' | 'files' | 'active-authentication'
  /** File that is being read. */
  readonly file?: string
  /** Bytes of it that have come, and of how many, once that is known. */
  readonly soFar?: number
  readonly inAll?: number | undefined
}

/** What {@link readCard} needs to know, and what it may be told. */
export interface ReadCardOptions {
  readonly profile: CardProfile
  /** Fields of the printed MRZ that open the card. */
  readonly access: AccessKey
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
  /** Gives `length` random bytes: 8 and 16 for BAC, 8 for active authentication. The system's generator unless told; for tests. */
  readonly random?: (length: number) => Uint8Array
  /** When the reading begins, for the evidence; now unless told. */
  readonly now?: Date
}

const mf = 'mf'
/** Response bytes asked for by the first extended-length command: more than a short one could. */
const extendedProbe = 512

/** The state of one reading: what was gathered, and how files are read now. */
interface Reading {
  readonly options: ReadCardOptions
  readonly files: FileEvidence[]
  readonly budget: ExchangeBudget
  extended: boolean
}

/**
 * Reads a card by its profile: the files of the MF, basic access control, EF.COM, EF.SOD, the data groups that EF.SOD lists, and one active authentication
 * when the card shows a key for it. Only what the profile's access rules open is asked for; a file that is missing, refused or malformed is evidence, and the
 * reading goes on. What EF.COM lists is never followed: nobody signed it (Doc 9303-10, 8th ed., 4.6.1).
 * Throws InputError for access data that cannot be MRZ fields, LimitError for a card that draws the reading out past its bound, TransportError and SecureMessagingError when the link or the protected session breaks.
 */
export async function readCard(transport: CardTransport, options: ReadCardOptions): Promise<Evidence> {
  const { profile, access, trace } = options
  const keys = deriveBacKeys(access)
  const budget = new ExchangeBudget(options.limits?.exchanges ?? exchangesFor(profile))
  const layers = [budget.layer, ...(trace?.wire ? [traceLayer(trace.wire, 'wire')] : []), getResponse(), wrongLength()]
  const lower = openChannel(transport, ...layers)
  const withTrace = (channel: CardChannel) => (trace?.plain ? traceLayer(trace.plain, 'plain')(channel) : channel)
  const clear = withTrace(lower)
  const reading: Reading = { options, files: [], budget, extended: false }
  const readAt = options.now ?? new Date()
  let session: EmrtdSession | undefined
  try {
    options.onProgress?.({ stage: 'card' })
    await readMasterFile(clear, reading)
    options.onProgress?.({ stage: 'access' })
    const opened = await openApplication(clear, keys, reading)
    let activeAuthentication: ActiveAuthenticationEvidence | undefined
    session = opened.session
    if (session !== undefined) {
      const secure = withTrace(secureMessagingLayer(session)(lower))
      await readApplication(secure, reading)
      activeAuthentication = await authenticateChip(secure, reading)
    }
    return {
      profile: profile.name,
      readAt,
      atr: transport.atr.slice(),
      files: reading.files,
      access: opened.access,
      activeAuthentication,
      extendedLength: reading.extended,
    }
  } finally {
    // Also when the reading ends early: no session key outlives it.
    session?.destroy()
    keys.destroy()
  }
}

async function readMasterFile(channel: CardChannel, reading: Reading): Promise<void> {
  const application = findApplication(reading.options.profile, mf)
  if (application === undefined) return
  await ignoreRefusal(() => send(channel, selectMf()))
  for (const file of application.files) await readOne(channel, application, file, [], reading)
  reading.extended = await probeExtendedLength(channel, application, reading)
}

/**
 * Whether card and reader take extended length fields: the card must say so in EF.ATR/INFO, and that file, read once more with them, must come out the same.
 * Tried before any secure channel, which a reader that fails here would end.
 */
async function probeExtendedLength(channel: CardChannel, application: ApplicationSpec, reading: Reading): Promise<boolean> {
  if (reading.options.limits?.extendedLength === false) return false
  const file = application.files.find((one) => one.format === 'ef-atr-info')
  const known = reading.files.find((one) => one.application === mf && one.name === file?.name)?.bytes
  if (file === undefined || known === undefined || !saysExtendedLength(known)) return false
  try {
    await send(channel, selectFile(file.fid, { label: file.name }))
    // Asking for more than 256 bytes is what makes the Le field extended, however short the file is.
    const again = await send(channel, readBinary(0, extendedProbe, { label: file.name }))
    return equalBytes(known, again)
  } catch (error) {
    reading.budget.orderEnd()
    // A reader that cannot carry extended length may fail the exchange outright; if the link itself is gone, the next command says so.
    if (isRefusal(error) || error instanceof TransportError) return false
    throw error
  }
}

function saysExtendedLength(info: Uint8Array): boolean {
  try {
    return (efAtrInfoCodec.decode(info).extendedLength?.maxResponseLength ?? 0) > 256 + 2
  } catch (error) {
    if (isRefusal(error)) return false
    throw error
  }
}

/** What a card answered instead of what was asked for: evidence about it, not a failure of ours. */
function isRefusal(error: unknown): boolean {
  return error instanceof StatusWordError || error instanceof DecodeError || error instanceof LimitError
}

async function openApplication(
  clear: CardChannel,
  keys: ReturnType<typeof deriveBacKeys>,
  { options, budget }: Reading,
): Promise<{ access: AccessEvidence; session: EmrtdSession | undefined }> {
  const base = { protocol: 'bac', key: { ...options.access } } as const
  const refused = (problem: string) => ({ access: { ...base, outcome: 'refused', problem } as const, session: undefined })
  const application = findApplication(options.profile, emrtd)
  if (application?.aid === undefined) return refused('the profile has no eMRTD application')
  if (!options.profile.bac) return refused('the profile does not open with basic access control')
  try {
    await send(clear, selectApplication(application.aid, { label: application.title }))
    const session = await performBac(clear, keys, options.random === undefined ? {} : { random: options.random })
    return { access: { ...base, outcome: 'opened', problem: undefined }, session }
  } catch (error) {
    budget.orderEnd()
    if (error instanceof AuthenticationError || error instanceof StatusWordError || error instanceof DecodeError)
      return refused(error.message)
    throw error
  }
}

async function readApplication(channel: CardChannel, reading: Reading): Promise<void> {
  const application = findApplication(reading.options.profile, emrtd)!
  const open = ['bac'] as const
  const rest: FileSpec[] = []
  for (const file of application.files) {
    if (file.format === 'ef-com' || file.format === 'ef-sod') await readOne(channel, application, file, open, reading)
    else rest.push(file)
  }
  const listed = listedGroups(reading)
  for (const file of rest) {
    const group = dataGroupOf(file.name)
    if (listed !== undefined && group !== undefined && !listed.includes(group)) await lookFor(channel, application, file, reading)
    else await readOne(channel, application, file, open, reading)
  }
}

/** The data groups that EF.SOD lists; undefined where it cannot be read: then all are read, as evidence. */
function listedGroups({ files }: Reading): number[] | undefined {
  const sod = files.find((file) => file.application === emrtd && file.name === 'EF.SOD')?.bytes
  if (sod === undefined) return undefined
  try {
    return efSodCodec.decode(sod).ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Looks whether a data group that EF.SOD does not list is there all the same. */
async function lookFor(channel: CardChannel, application: ApplicationSpec, file: FileSpec, { files }: Reading): Promise<void> {
  const response = await channel.transmit(selectFile(file.fid, { label: file.name }).apdu)
  const there = saysItIsThere(response.sw)
  files.push({
    application: application.name,
    name: file.name,
    outcome: there ? 'unlisted' : outcomeOf(response.sw),
    bytes: undefined,
    sw: response.sw,
    problem: there
      ? `EF.SOD does not list it${response.sw === 0x9000 ? '' : `; the card answers ${response.sw.toString(16).toUpperCase().padStart(4, '0')} to selecting it, so it is there`}`
      : 'the card does not show it',
  })
}

/** Whether a card that answers SELECT so has the file: selected, selected with a warning, or refused for what the terminal has not proved (house rule). */
function saysItIsThere(sw: number): boolean {
  return sw === 0x9000 || sw >> 8 === 0x62 || sw >> 8 === 0x63 || sw === 0x6982 || sw === 0x6985
}

async function readOne(
  channel: CardChannel,
  application: ApplicationSpec,
  file: FileSpec,
  open: readonly ChannelProtocol[],
  reading: Reading,
): Promise<void> {
  const { onProgress, limits } = reading.options
  const found = (outcome: FileOutcome, rest: Partial<FileEvidence> = {}): void => {
    reading.files.push({
      application: application.name,
      name: file.name,
      outcome,
      bytes: undefined,
      sw: undefined,
      problem: undefined,
      ...rest,
    })
  }
  if (!satisfied(file.read, open)) return found('refused', { problem: `the profile opens it to: ${describeAccessRule(file.read)}` })
  onProgress?.({ stage: application.name === mf ? 'card' : 'files', file: file.name })
  try {
    await send(channel, selectFile(file.fid, { label: file.name }))
    const bytes = await readFile(channel, {
      maxLength: file.maxLength,
      extended: reading.extended,
      name: file.name,
      ...(limits?.chunk === undefined ? {} : { chunk: limits.chunk }),
      ...(file.tag === undefined ? { extent: 'file' } : { expectedTag: file.tag }),
      onProgress: (soFar, inAll) => onProgress?.({ stage: application.name === mf ? 'card' : 'files', file: file.name, soFar, inAll }),
    })
    found('read', { bytes })
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof StatusWordError) found(outcomeOf(error.sw), { sw: error.sw, problem: error.message })
    else if (error instanceof DecodeError || error instanceof LimitError) found('failed', { problem: error.message })
    else throw error
  }
}

function outcomeOf(sw: number): FileOutcome {
  if (sw === 0x6a82 || sw === 0x6a88) return 'missing'
  return sw >> 8 === 0x69 ? 'refused' : 'failed'
}

/** One active authentication over eight bytes of ours, when EF.DG15 was read (Doc 9303-11, 8th ed., 6.1.2). */
async function authenticateChip(channel: CardChannel, reading: Reading): Promise<ActiveAuthenticationEvidence | undefined> {
  const { options, files } = reading
  if (findFile(options.profile, emrtd, 'EF.DG15') === undefined) return undefined
  if (!files.some((file) => file.application === emrtd && file.name === 'EF.DG15' && file.outcome === 'read')) return undefined
  options.onProgress?.({ stage: 'active-authentication' })
  const challenge = (options.random ?? randomBytes)(8)
  try {
    const signature = await send(
      channel,
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

async function ignoreRefusal(command: () => Promise<unknown>): Promise<void> {
  try {
    await command()
  } catch (error) {
    // After a reset the MF is current: a card that will not have it selected may still show its files.
    if (!(error instanceof StatusWordError)) throw error
  }
}
