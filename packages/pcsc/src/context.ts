import type { BackendSession, PcscBackend, Protocol, RawState, ShareMode } from './backend.ts'
import { PcscCard, protocolBits } from './card.ts'
import { type BackendName, chooseBackend } from './choose-backend.ts'
import { checkTimeout, within } from './deadline.ts'
import { PcscError, type PcscOperation, pcscFailure, pcscFailureNamed, toPcscError } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { describeReader, eventsBetween, isUnavailable, type PcscEvent, type PcscReader, resolveReader } from './readers.ts'

const openTimeoutMs = 5_000
const listTimeoutMs = 5_000
/** Long enough for an RSA key to be made on a card. */
const callTimeoutMs = 60_000

export interface OpenOptions {
  /** How PC/SC is reached: `system`, `pcsclite` or a backend of one's own; without it, the first of these two that is there. */
  readonly backend?: BackendName | PcscBackend
  /** Bound on opening, in milliseconds; 5000 without it. */
  readonly timeoutMs?: number
}

export interface ConnectOptions {
  readonly mode: ShareMode
  /** `any` without it. */
  readonly protocol?: Protocol
  /** Bound on connecting and, unless a call gives its own, on each call to the card; milliseconds, 60000 without it. */
  readonly timeoutMs?: number
}

export interface WatchOptions {
  /** Ends the loop when it aborts. */
  readonly signal?: AbortSignal
}

interface KnownReader {
  raw: RawState | undefined
  readonly known: Promise<void>
  readonly tell: (raw: RawState) => void
}

/** An open link to the smart-card service. The process stays alive until it is closed. */
export class PcscContext {
  readonly #readers = new Map<string, KnownReader>()
  readonly #queues = new Set<EventQueue>()
  readonly #cards = new Set<PcscCard>()
  #session: BackendSession | undefined
  #backend = ''
  #closed = false
  #lost: PcscError | undefined

  /** @internal Use {@link openPcsc}. */
  async open(backend: PcscBackend, timeoutMs: number): Promise<this> {
    this.#backend = backend.name
    this.#session = await backend.open(
      {
        readers: (names) => this.#setReaders(names),
        state: (reader, raw) => this.#setState(reader, raw),
        lost: (error) => this.#lose(error),
      },
      timeoutMs,
    )
    return this
  }

  /** Native calls that have not come back from the driver. Node cannot end a process, not even by process.exit, while there is one. */
  get pendingCalls(): number {
    return this.#session?.pendingCalls ?? 0
  }

  /** Name of the backend in use: `system` or `pcsclite`. */
  get backend(): string {
    return this.#backend
  }

  /** Whether the service still knows this context. With pcsclite: whether it was not told otherwise. */
  async isValid(): Promise<boolean> {
    return !this.#closed && !this.#lost && (await this.#session?.isValid()) === true
  }

  /** Names of the reader groups of the service (backend `system`). Throws PcscError. */
  async listReaderGroups(): Promise<readonly string[]> {
    return this.#requireOpen('list').listGroups()
  }

  /**
   * Waits in the service until readers or cards change: true when they did, false when time ran out or the signal aborted (SCardGetStatusChange
   * with SCardCancel; backend `system`). It holds one of the four threads of libuv's pool meanwhile, for a quarter of a second
   * at a time; {@link watch} does not. Throws PcscError.
   */
  async waitForChange(options: { timeoutMs: number; signal?: AbortSignal }): Promise<boolean> {
    return this.#requireOpen('watch').waitForChange(checkTimeout(options.timeoutMs), options.signal)
  }

  /** Every reader with what is in it, in the order of the service. Throws PcscError. */
  async listReaders(options: { timeoutMs?: number } = {}): Promise<readonly PcscReader[]> {
    this.#requireOpen('list')
    const readers = [...this.#readers.values()]
    const late = () => pcscFailureNamed('list', 'SCARD_E_TIMEOUT', { where: 'readers' })
    await within(
      Promise.race([this.#loss, Promise.all(readers.map(({ known }) => known))]),
      checkTimeout(options.timeoutMs ?? listTimeoutMs),
      late,
    )
    this.#requireOpen('list')
    return [...this.#readers].map(([name, { raw }]) => describeReader(name, raw))
  }

  /**
   * Readers and cards coming and going, for `for await`; first every reader and card that is there already. The loop ends when the
   * signal aborts or the context is closed, and throws PcscError when the service is lost.
   */
  watch(options: WatchOptions = {}): AsyncIterableIterator<PcscEvent> {
    this.#requireOpen('watch')
    const { signal } = options
    const abort = () => queue.end()
    const queue = new EventQueue(() => {
      this.#queues.delete(queue)
      signal?.removeEventListener('abort', abort)
    })
    this.#queues.add(queue)
    for (const [reader, { raw }] of this.#readers) {
      queue.push({ kind: 'reader-added', reader })
      if (raw) for (const event of eventsBetween(reader, undefined, raw)) queue.push(event)
    }
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort)
    return queue
  }

  /** Connects to the card in a reader, named in full or by a part that fits only one. Throws PcscError. */
  async connect(readerName: string, options: ConnectOptions): Promise<PcscCard> {
    const session = this.#requireOpen('connect')
    const timeoutMs = checkTimeout(options.timeoutMs ?? callTimeoutMs)
    const reader = resolveReader([...this.#readers.keys()], readerName)
    const protocols = protocolBits[options.protocol ?? 'any']
    const late = () => pcscFailureNamed('connect', 'SCARD_E_TIMEOUT', { where: `${reader} (${timeoutMs} ms)` })
    try {
      const connecting = session.connect(reader, options.mode, protocols)
      const connection = await within(connecting, timeoutMs, () => {
        connecting.then(
          (lateConnection) => lateConnection.abandon(),
          () => undefined,
        )
        return late()
      })
      let { atr } = connection
      let insertion: number | undefined
      if (atr === undefined && options.mode !== 'direct') {
        try {
          const raw = await within(session.readState(reader), timeoutMs, late)
          atr = raw.atr
          insertion = raw.state >>> 16
        } catch (error) {
          connection.abandon()
          throw error
        }
      }
      const card: PcscCard = new PcscCard({
        reader,
        session,
        connection,
        atr: atr ?? new Uint8Array(),
        insertion,
        protocols,
        timeoutMs,
        onReleased: () => this.#cards.delete(card),
      })
      this.#cards.add(card)
      return card
    } catch (error) {
      throw toPcscError('connect', error, reader)
    }
  }

  /** Lets every card go (reset), ends every loop and closes the service. Harmless when called again. Throws PcscError when the service hangs. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const queue of [...this.#queues]) queue.end()
    await Promise.all([...this.#cards].map((card) => card.close()))
    await this.#session?.close()
  }

  #rejectLoss: (error: PcscError) => void = () => undefined
  readonly #loss = this.#makeLoss()

  #makeLoss(): Promise<never> {
    const loss = new Promise<never>((_, reject) => {
      this.#rejectLoss = reject
    })
    loss.catch(() => undefined)
    return loss
  }

  #requireOpen(operation: PcscOperation): BackendSession {
    if (this.#lost) throw this.#lost
    if (this.#closed || !this.#session) throw new PcscError(operation, `${operation}: PC/SC was closed`)
    return this.#session
  }

  /** Readers that the service lists but that are unplugged. */
  readonly #unavailable = new Set<string>()
  #listed: readonly string[] = []

  #setReaders(listed: readonly string[]): void {
    this.#listed = listed
    for (const name of this.#unavailable) if (!listed.includes(name)) this.#unavailable.delete(name)
    const names = listed.filter((name) => !this.#unavailable.has(name))
    for (const [reader, { raw }] of [...this.#readers]) {
      if (names.includes(reader)) continue
      this.#readers.delete(reader)
      if (raw && describeReader(reader, raw).cardPresent) this.#emit({ kind: 'card-removed', reader })
      this.#emit({ kind: 'reader-removed', reader })
    }
    for (const reader of names) {
      if (this.#readers.has(reader)) continue
      let tell: (raw: RawState) => void = () => undefined
      const known = new Promise<void>((resolve) => {
        tell = () => resolve()
      })
      this.#readers.set(reader, { raw: undefined, known, tell })
      this.#emit({ kind: 'reader-added', reader })
    }
  }

  #setState(reader: string, raw: RawState): void {
    if (isUnavailable(raw) !== this.#unavailable.has(reader)) {
      if (isUnavailable(raw)) this.#unavailable.add(reader)
      else this.#unavailable.delete(reader)
      this.#setReaders(this.#listed)
    }
    const entry = this.#readers.get(reader)
    if (!entry) return
    const before = entry.raw
    entry.raw = raw
    entry.tell(raw)
    for (const event of eventsBetween(reader, before, raw)) this.#emit(event)
  }

  #lose(cause: unknown): void {
    if (this.#lost) return
    const failure = toPcscError('watch', cause, 'the smart-card service')
    // What the backend was doing when it noticed is of no interest to whoever waits for events.
    this.#lost =
      failure.pcscCode === undefined ? failure : pcscFailure('watch', failure.pcscCode, { where: 'the smart-card service', cause })
    this.#rejectLoss(this.#lost)
    for (const queue of [...this.#queues]) queue.end({ error: this.#lost })
  }

  #emit(event: PcscEvent): void {
    for (const queue of this.#queues) queue.push(event)
  }
}

/**
 * Opens the smart-card service. Throws PcscError at once when none runs, when neither koffi nor pcsclite can reach it, or when it does not
 * answer in time. Open it once in a program or worker thread rather than for each card: every connected card takes one of the 200 links that
 * pcscd serves, and pcsclite frees a closed link only when its object is collected.
 */
export async function openPcsc(options: OpenOptions = {}): Promise<PcscContext> {
  const timeoutMs = checkTimeout(options.timeoutMs ?? openTimeoutMs)
  try {
    return await new PcscContext().open(chooseBackend(options.backend), timeoutMs)
  } catch (error) {
    throw toPcscError('open', error)
  }
}
