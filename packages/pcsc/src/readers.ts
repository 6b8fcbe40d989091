import type { RawState } from './backend.ts'
import { PcscError } from './errors.ts'

// Reader states as SCardGetStatusChange reports them (PC/SC part 5 v2.01.01).
const SCARD_STATE_UNKNOWN = 0x4
const SCARD_STATE_UNAVAILABLE = 0x8
const SCARD_STATE_PRESENT = 0x20
const SCARD_STATE_EXCLUSIVE = 0x80
const SCARD_STATE_INUSE = 0x100
const SCARD_STATE_MUTE = 0x200

/** A reader and what is in it. */
export interface PcscReader {
  readonly name: string
  readonly cardPresent: boolean
  /** Answer to reset of the card in the reader; undefined without a card, or when the card is mute. */
  readonly atr: Uint8Array | undefined
  /** Whether a program holds the card for itself alone. */
  readonly exclusive: boolean
  /** Whether any program is connected to the card. */
  readonly inUse: boolean
  /** Whether the card does not answer to reset. */
  readonly mute: boolean
}

/** Something that happened to a reader or a card. */
export type PcscEvent =
  | { readonly kind: 'reader-added' | 'reader-removed'; readonly reader: string }
  | { readonly kind: 'card-inserted'; readonly reader: string; readonly atr: Uint8Array | undefined }
  | { readonly kind: 'card-removed'; readonly reader: string }

/** Whether a reader that is still listed is unplugged: pcscd keeps such readers in its list as long as it hopes for them. */
export function isUnavailable({ state }: RawState): boolean {
  return (state & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE)) !== 0
}

/** A reader's state in words; before the service has told one, a reader is taken as empty. */
export function describeReader(name: string, raw: RawState | undefined): PcscReader {
  const has = (flag: number) => raw !== undefined && (raw.state & flag) !== 0
  const cardPresent = has(SCARD_STATE_PRESENT)
  const atr = raw && cardPresent && raw.atr.length > 0 ? raw.atr.slice() : undefined
  return { name, cardPresent, atr, exclusive: has(SCARD_STATE_EXCLUSIVE), inUse: has(SCARD_STATE_INUSE), mute: has(SCARD_STATE_MUTE) }
}

/** More missed insertions than this between two reports are told as this many (house rule). */
const mostMissed = 64

/**
 * The events between two reports of one reader. The upper 16 bits of a state count insertions and removals, so that a card taken
 * out and put back between two reports still gives both events.
 */
export function eventsBetween(reader: string, before: RawState | undefined, after: RawState): PcscEvent[] {
  const was = describeReader(reader, before)
  const is = describeReader(reader, after)
  const removed: PcscEvent = { kind: 'card-removed', reader }
  const inserted = (atr: Uint8Array | undefined): PcscEvent => ({ kind: 'card-inserted', reader, atr })
  const direct = was.cardPresent === is.cardPresent ? 0 : 1
  const counted = before === undefined ? direct : ((after.state >>> 16) - (before.state >>> 16)) & 0xffff
  // Some services leave the count at nought: then a changed ATR alone shows the exchange. One that comes only now, because the card was mute or
  // without power when it was told, shows none.
  const uncounted = before !== undefined && before.state >>> 16 === 0 && after.state >>> 16 === 0
  const changed = uncounted && was.atr !== undefined && is.atr !== undefined && !sameAtr(was.atr, is.atr)
  const missed = Math.min(mostMissed, Math.max(changed ? 1 : 0, Math.floor((counted - direct) / 2)))
  const events: PcscEvent[] = []
  for (let i = 0; i < missed; i++) {
    const last = i === missed - 1 && is.cardPresent && was.cardPresent
    events.push(...(was.cardPresent ? [removed, inserted(last ? is.atr : undefined)] : [inserted(undefined), removed]))
  }
  if (direct === 1) events.push(is.cardPresent ? inserted(is.atr) : removed)
  return events
}

function sameAtr(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** The reader that a name means: the one of exactly that name, or the only one that contains it (upper and lower case alike). Throws PcscError. */
export function resolveReader(names: readonly string[], wanted: string): string {
  if (names.includes(wanted)) return wanted
  const unknownReader = 0x80100009
  const quoted = (list: readonly string[]) => list.map((name) => `"${name}"`).join(', ')
  if (names.length === 0) {
    throw new PcscError('connect', `no reader "${wanted}": there is no reader at all; plug one in`, { pcscCode: 0x8010002e })
  }
  const matching = wanted === '' ? [] : names.filter((name) => name.toLowerCase().includes(wanted.toLowerCase()))
  const [only] = matching
  if (only !== undefined && matching.length === 1) return only
  const problem =
    matching.length === 0
      ? `no reader "${wanted}"; there are ${quoted(names)}`
      : `"${wanted}" fits ${matching.length} readers: ${quoted(matching)}; give one whole name`
  throw new PcscError('connect', problem, { pcscCode: unknownReader })
}
