import {
  type CardChannel,
  type CardTransport,
  type ChannelLayer,
  getResponse,
  openChannel,
  StatusWordError,
  traceLayer,
  wrongLength,
} from '@kart/apdu/host'
import { DecodeError, LimitError } from '@kart/codec'
import { efAtrInfoCodec } from '@kart/layout'
import { type EmrtdSession, secureMessagingLayer } from '@kart/secure-channel'
import type { FileEvidence } from '../evidence.ts'
import { ExchangeBudget, exchangesFor } from '../exchange-budget.ts'
import type { ReadCardOptions } from '../read-card.ts'
import { nothingOpened, type Opened } from '../satisfied.ts'

/** What a card answered instead of what was asked for: evidence about it, not a failure of ours. */
export function isRefusal(error: unknown): error is StatusWordError | DecodeError | LimitError {
  return error instanceof StatusWordError || error instanceof DecodeError || error instanceof LimitError
}

/** The state of one reading: the channel as it is now, what is opened, what was gathered. */
export class Reading {
  readonly options: ReadCardOptions
  readonly budget: ExchangeBudget
  readonly files: FileEvidence[] = []
  /** The card with no secure messaging above it. */
  readonly lower: CardChannel
  /** Commands go through this: the clear channel, or the newest secure one. */
  channel: CardChannel
  opened: Opened = nothingOpened
  /** Whether files are read with extended-length commands. */
  extended = false
  /** Longest response APDU, status word included, that the card says it gives. */
  maxResponse = 258
  /** Version of chip and terminal authentication that this reading goes by. */
  readonly version: 1 | 2
  /** Why the card cannot be read any further; undefined while it can. */
  lost: string | undefined
  /** Milliseconds of the shortest exchange so far. */
  shortestExchange = Number.POSITIVE_INFINITY
  readonly #sessions: EmrtdSession[] = []

  constructor(transport: CardTransport, options: ReadCardOptions) {
    this.options = options
    this.budget = new ExchangeBudget(options.limits?.exchanges ?? exchangesFor(options.profile))
    const { profile, extendedAccess } = options
    const versions = profile.terminalAuthentication?.versions ?? [1]
    this.version = extendedAccess ?? (versions.includes(1) ? 1 : 2)
    const wire = options.trace?.wire
    this.lower = openChannel(
      transport,
      this.#timing,
      this.budget.layer,
      ...(wire ? [traceLayer(wire, 'wire')] : []),
      getResponse(),
      wrongLength(),
    )
    this.channel = this.#traced(this.lower)
  }

  /** Goes on inside this session; the one before it is over, its keys erased. */
  enter(session: EmrtdSession): void {
    for (const earlier of this.#sessions) earlier.destroy()
    this.#sessions.push(session)
    this.channel = this.#traced(secureMessagingLayer(session)(this.lower))
  }

  /** Ends every session: no session key outlives the reading. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy()
  }

  /** Most bytes of a file that one answer can carry, by what the card says and the caller allows. */
  get chunk(): number {
    const longest = this.extended ? Math.min(this.maxResponse, 65536 + 2) : 258
    const session = this.#sessions.at(-1)
    const most = session === undefined || session.isOver ? longest - 2 : session.maxResponseData(longest)
    return Math.min(this.options.limits?.chunk ?? most, most)
  }

  /** Bytes of a file that was read. */
  bytesOf(application: string, name: string): Uint8Array | undefined {
    return this.files.find((file) => file.application === application && file.name === name && file.outcome === 'read')?.bytes
  }

  /** What a file decodes to; undefined where it was not read or cannot be decoded, which are findings of their own. */
  decoded<T>(application: string, name: string, codec: { decode(bytes: Uint8Array): T }): T | undefined {
    const bytes = this.bytesOf(application, name)
    if (bytes === undefined) return undefined
    try {
      return codec.decode(bytes)
    } catch (error) {
      if (error instanceof DecodeError || error instanceof LimitError) return undefined
      throw error
    }
  }

  /** Learns from EF.ATR/INFO whether the card takes extended length, and how long its answers may be. */
  learnLengths(application: string, name: string): boolean {
    if (this.options.limits?.extendedLength === false) return false
    const most = this.decoded(application, name, efAtrInfoCodec)?.extendedLength?.maxResponseLength ?? 0
    if (most <= 258) return false
    this.maxResponse = most
    return true
  }

  /** Nearest the card, so that nothing of ours is in the time. */
  readonly #timing: ChannelLayer = (lower) => ({
    transmit: async (command) => {
      const began = performance.now()
      const response = await lower.transmit(command)
      this.shortestExchange = Math.min(this.shortestExchange, performance.now() - began)
      return response
    },
  })

  #traced(channel: CardChannel): CardChannel {
    const plain = this.options.trace?.plain
    return plain ? traceLayer(plain, 'plain')(channel) : channel
  }
}
