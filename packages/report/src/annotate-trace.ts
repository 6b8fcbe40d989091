import { type CommandApdu, describeCommand, describeStatusWord, type ResponseApdu } from '@kart/apdu'
import type { TraceEntry } from '@kart/apdu/host'
import { equalBytes, toHex } from '@kart/codec'
import { type ApplicationSpec, type CardProfile, findApplication } from '@kart/layout/profile'
import { ChannelInForce, type ChannelName } from './channel-in-force.ts'

/** One APDU exchange as a line of the trace: plain beside protected, with nothing secret in it. */
export interface TraceRow {
  /** 1-based number of the plain exchange. */
  readonly number: number
  readonly name: string
  readonly clause: string
  /** The file or application that the command is about, where the trace can tell. */
  readonly target: string
  /** The plain command: header, and the data where it says no more than which file is meant. */
  readonly plainCommand: string
  readonly plainResponse: string
  readonly sw: string
  readonly swMeaning: string
  /** What went over the wire for it: one line an exchange, long data cut. */
  readonly wire: readonly string[]
  /** Whether the wire form differs from the plain one (secure messaging, chaining). */
  readonly isProtected: boolean
  /** The secure channel that carried it; undefined = none. */
  readonly channel: ChannelName | undefined
  readonly microseconds: number
}

const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')
const bytes = (count: number): string => (count === 1 ? '1 byte' : `${count} bytes`)
const hex4 = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')

/** Commands whose plain data field only names a file, an application or a status: everything else is shown by length alone. */
const openInstructions: readonly number[] = [0xa4, 0xe6, 0xf0, 0xf2]

function showCommand(command: CommandApdu): string {
  const header = `${hex2(command.cla)} ${hex2(command.ins)} ${hex2(command.p1)} ${hex2(command.p2)}`
  const n = command.data.length
  const data = n === 0 ? '' : openInstructions.includes(command.ins) ? ` · ${toHex(command.data).toUpperCase()}` : ` · ${bytes(n)}`
  return `${header}${data}${command.ne > 0 ? ` · Ne ${command.ne}` : ''}`
}

/** A protected exchange's bytes are ciphertext and MAC; even so only their start is shown, and none of an authentication's. */
function showWire(command: CommandApdu, response: ResponseApdu | undefined): string {
  const isProtected = (command.cla & 0x80 ? command.cla & 0x04 : command.cla & 0x0c) !== 0
  const cut = (data: Uint8Array): string =>
    data.length === 0
      ? ''
      : isProtected && data.length > 0
        ? ` ${toHex(data.subarray(0, 8)).toUpperCase()}${data.length > 8 ? '…' : ''} (${bytes(data.length)})`
        : ` (${bytes(data.length)})`
  const authenticates = command.ins === 0x82 || command.ins === 0x50 || command.ins === 0x84 || command.ins === 0x86
  const header = `${hex2(command.cla)} ${hex2(command.ins)} ${hex2(command.p1)} ${hex2(command.p2)}`
  const sent = authenticates ? ` (${bytes(command.data.length)})` : cut(command.data)
  const got =
    response === undefined
      ? 'no answer'
      : `${authenticates ? (response.data.length > 0 ? ` (${bytes(response.data.length)})` : '') : cut(response.data)} ${hex4(response.sw)}`
  return `${header}${sent} → ${got.trim()}`
}

/** Follows SELECT commands to know which file the others are about. */
class TargetFinder {
  readonly #profile: CardProfile
  #application: ApplicationSpec | undefined
  #file = ''

  constructor(profile: CardProfile) {
    this.#profile = profile
    this.#application = findApplication(profile, 'mf')
  }

  /** The file or application that this command is about; '' where that cannot be told. */
  targetOf(command: CommandApdu): string {
    const { ins, p1, data } = command
    if (ins === 0xa4) return p1 === 0x04 ? this.#selectApplication(data) : this.#selectFile(data)
    if (ins !== 0xb0 && ins !== 0xb1 && ins !== 0xd6) return ''
    if (ins === 0xb0 && p1 & 0x80)
      this.#file = this.#application?.files.find(({ sfi }) => sfi === (p1 & 0x1f))?.name ?? `SFI ${hex2(p1 & 0x1f)}`
    return this.#file
  }

  #selectApplication(name: Uint8Array): string {
    const { applications } = this.#profile
    this.#application =
      name.length === 0 ? findApplication(this.#profile, 'isd') : applications.find(({ aid }) => aid !== undefined && equalBytes(aid, name))
    this.#file = ''
    return this.#application?.title ?? 'another application'
  }

  #selectFile(data: Uint8Array): string {
    const fid = data.length >= 2 ? (data[data.length - 2]! << 8) | data[data.length - 1]! : 0x3f00
    if (fid === 0x3f00) {
      this.#application = findApplication(this.#profile, 'mf')
      this.#file = 'MF'
    } else this.#file = this.#application?.files.find((candidate) => candidate.fid === fid)?.name ?? hex4(fid)
    return this.#file
  }
}

/** What a label such as `STORE DATA, EF.DG2` says that the command is about. */
function targetInLabel(label: string | undefined): string | undefined {
  if (label === undefined) return undefined
  const comma = label.indexOf(', ')
  return comma < 0 ? undefined : label.slice(comma + 2)
}

/**
 * Turns the entries of plain and wire trace layers (in the order they were recorded) into rows, naming files by the commands' own labels, else by the profile as
 * SELECT commands go by. A wire exchange that no plain layer saw, because there was no secure channel, is a row of its own.
 */
export function annotateTrace(entries: readonly TraceEntry[], profile: CardProfile): TraceRow[] {
  const rows: TraceRow[] = []
  const targets = new TargetFinder(profile)
  const channels = new ChannelInForce()
  let wire: TraceEntry[] = []

  const addRow = (entry: TraceEntry, carried: readonly TraceEntry[]): void => {
    const { command, response } = entry
    const described = describeCommand(command.cla, command.ins, command.p1, command.p2)
    const followed = targets.targetOf(command)
    const only = carried.length === 1 ? carried[0] : undefined
    const isProtected = only === undefined ? carried.length > 0 : only.command.cla !== command.cla
    rows.push({
      number: rows.length + 1,
      name: described.name,
      clause: described.clause,
      target: targetInLabel(entry.label) ?? followed,
      plainCommand: showCommand(command),
      plainResponse: response === undefined ? 'no answer' : response.data.length === 0 ? '' : bytes(response.data.length),
      sw: response === undefined ? '' : hex4(response.sw),
      swMeaning: response === undefined ? 'the exchange failed' : describeStatusWord(response.sw),
      wire: carried.map((exchange) => showWire(exchange.command, exchange.response)),
      isProtected,
      channel: channels.of(entry, isProtected),
      microseconds: entry.microseconds,
    })
  }

  for (const entry of entries) {
    if (entry.level === 'wire') {
      wire.push(entry)
      continue
    }
    for (const before of wire.filter(({ startedAt }) => startedAt < entry.startedAt)) addRow(before, [])
    addRow(
      entry,
      wire.filter(({ startedAt }) => startedAt >= entry.startedAt),
    )
    wire = []
  }
  for (const last of wire) addRow(last, [])
  return rows
}
