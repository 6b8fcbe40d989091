import { type CommandApdu, describeCommand, describeStatusWord, type ResponseApdu } from '@kart/apdu'
import type { TraceEntry } from '@kart/apdu/host'
import { equalBytes, toHex } from '@kart/codec'
import { type ApplicationSpec, type CardProfile, findApplication } from '@kart/layout/profile'

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
  readonly microseconds: number
}

const hex2 = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')
const hex4 = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')

/** Commands whose plain data field only names a file, an application or a status: everything else is shown by length alone. */
const openInstructions: readonly number[] = [0xa4, 0xf0, 0xf2]

function showCommand(command: CommandApdu): string {
  const header = `${hex2(command.cla)} ${hex2(command.ins)} ${hex2(command.p1)} ${hex2(command.p2)}`
  const n = command.data.length
  const data = n === 0 ? '' : openInstructions.includes(command.ins) ? ` · ${toHex(command.data).toUpperCase()}` : ` · ${n} bytes`
  return `${header}${data}${command.ne > 0 ? ` · Ne ${command.ne}` : ''}`
}

/** A protected exchange's bytes are ciphertext and MAC; even so only their start is shown, and none of an authentication's. */
function showWire(command: CommandApdu, response: ResponseApdu | undefined): string {
  const isProtected = (command.cla & 0x80 ? command.cla & 0x04 : command.cla & 0x0c) !== 0
  const cut = (data: Uint8Array): string =>
    data.length === 0
      ? ''
      : isProtected && data.length > 0
        ? ` ${toHex(data.subarray(0, 8)).toUpperCase()}${data.length > 8 ? '…' : ''} (${data.length} bytes)`
        : ` (${data.length} bytes)`
  const authenticates = command.ins === 0x82 || command.ins === 0x50 || command.ins === 0x84 || command.ins === 0x86
  const header = `${hex2(command.cla)} ${hex2(command.ins)} ${hex2(command.p1)} ${hex2(command.p2)}`
  const sent = authenticates ? ` (${command.data.length} bytes)` : cut(command.data)
  const got =
    response === undefined
      ? 'no answer'
      : `${authenticates ? (response.data.length > 0 ? ` (${response.data.length} bytes)` : '') : cut(response.data)} ${hex4(response.sw)}`
  return `${header}${sent} → ${got.trim()}`
}

/** Turns the entries of plain and wire trace layers (in the order they were recorded) into rows, naming files by the profile as SELECT commands go by. */
export function annotateTrace(entries: readonly TraceEntry[], profile: CardProfile): TraceRow[] {
  const rows: TraceRow[] = []
  let wire: TraceEntry[] = []
  let application: ApplicationSpec | undefined = findApplication(profile, 'mf')
  let file = ''
  for (const entry of entries) {
    if (entry.level === 'wire') {
      wire.push(entry)
      continue
    }
    const { command, response } = entry
    let target = ''
    if (command.ins === 0xa4) {
      if (command.p1 === 0x04) {
        application =
          profile.applications.find(({ aid }) => aid !== undefined && equalBytes(aid, command.data)) ??
          (command.data.length === 0 ? findApplication(profile, 'isd') : undefined)
        file = ''
        target = application?.title ?? 'another application'
      } else {
        const fid =
          command.data.length >= 2 ? (command.data[command.data.length - 2]! << 8) | command.data[command.data.length - 1]! : 0x3f00
        if (fid === 0x3f00) application = findApplication(profile, 'mf')
        file = fid === 0x3f00 ? 'MF' : (application?.files.find((candidate) => candidate.fid === fid)?.name ?? hex4(fid))
        target = file
      }
    } else if (command.ins === 0xb0 || command.ins === 0xb1 || command.ins === 0xd6) {
      if (command.ins === 0xb0 && command.p1 & 0x80)
        file = application?.files.find(({ sfi }) => sfi === (command.p1 & 0x1f))?.name ?? `SFI ${hex2(command.p1 & 0x1f)}`
      target = file
    }
    const { name, clause } = describeCommand(command.cla, command.ins, command.p1, command.p2)
    const only = wire.length === 1 ? wire[0] : undefined
    rows.push({
      number: rows.length + 1,
      name,
      clause,
      target,
      plainCommand: showCommand(command),
      plainResponse: response === undefined ? 'no answer' : response.data.length === 0 ? '' : `${response.data.length} bytes`,
      sw: response === undefined ? '' : hex4(response.sw),
      swMeaning: response === undefined ? 'the exchange failed' : describeStatusWord(response.sw),
      wire: wire.map((exchange) => showWire(exchange.command, exchange.response)),
      isProtected: only === undefined ? wire.length > 0 : only.command.cla !== command.cla,
      microseconds: entry.microseconds,
    })
    wire = []
  }
  return rows
}
