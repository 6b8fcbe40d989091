import type { BackendConnection, BackendListener, BackendSession, PcscBackend, RawState, ShareMode } from '../backend.ts'
import { within } from '../deadline.ts'
import { PcscError, type PcscOperation, pcscFailure, pcscFailureNamed, toPcscError } from '../errors.ts'
import { isUnavailable } from '../readers.ts'
import { probeService, refuseSilentService, requireAnsweringService, serviceSocket } from '../service-probe.ts'
import { type Lane, LanePool } from './lane.ts'
import { loadKoffi } from './load-koffi.ts'
import { bindOwnSockets, type OwnSockets } from './own-socket.ts'
import { connectSystem } from './system-connection.ts'
import { bindWinscard, type CallCount, toRawState, type Winscard } from './winscard.ts'

const noReaders = 0x8010002e
const unknownReader = 0x80100009
const timedOut = 0x8010000a
const cancelled = 0x80100002
const insufficientBuffer = 0x80100008
const invalidHandle = 0x80100003
/** The reader whose state says that readers came or went (PC/SC part 5; pcsc-lite, macOS, Windows). */
const pnpReader = '\\\\?PnP?\\Notification'
/** pcsc-lite's PCSCLITE_MAX_READERS_CONTEXTS. */
const mostStates = 16
/** Set by the service where it differs from what it was told: no state of its own. */
const changedBit = 0x2
/**
 * How long a wait for a change holds its thread at a time, in milliseconds. Four waits at once hold all threads of libuv's pool: between two
 * slices whatever else wants one has it, the call that ends the waits first of all.
 */
const waitSliceMs = 250
/** A service that takes longer over its list than this is lost (milliseconds). */
const tickLimitMs = 10_000

export interface SystemBackendOptions {
  /**
   * How often the service is asked what changed, in milliseconds; 100 without it. Asked, not waited for: a wait would hold one of the four
   * threads of libuv's pool for as long as a context is open.
   */
  readonly pollMs?: number
  /**
   * Whether exchanges with a card go over the library's own socket to pcsc-lite where they can, without a thread; true without it. With false
   * each is a call of SCardTransmit, on a thread of libuv's pool.
   */
  readonly threadless?: boolean
}

let bound: { native: Winscard; sockets: OwnSockets | undefined } | undefined

/** Loads koffi and the system's library, once. Throws PcscError that says what to install. */
function bind(): { native: Winscard; sockets: OwnSockets | undefined } {
  if (bound) return bound
  const koffi = loadKoffi()
  bound = { native: bindWinscard(koffi), sockets: bindOwnSockets(koffi) }
  return bound
}

/** Whether koffi and the system's PC/SC library are there; undefined when they are, else the PcscError that says what to install. */
export function systemObstacle(): unknown {
  try {
    bind()
    return undefined
  } catch (error) {
    return error
  }
}

/** PC/SC by the system's own library: libpcsclite, the PCSC framework, or winscard. Usable in any number of worker threads. */
export function systemBackend(options: SystemBackendOptions = {}): PcscBackend {
  return {
    name: 'system',
    async open(listener, timeoutMs) {
      const { native, sockets } = bind()
      const path = serviceSocket()
      const { speaksVersion4 } = await refuseSilentService(path, timeoutMs)
      const usable = speaksVersion4 && options.threadless !== false ? sockets : undefined
      const session = new SystemSession({ native, listener, socket: path, pollMs: options.pollMs ?? 100, sockets: usable })
      const late = () => pcscFailureNamed('open', 'SCARD_E_TIMEOUT', { where: 'the smart-card service' })
      try {
        await within(session.start(), timeoutMs, late)
      } catch (error) {
        await session.close().catch(() => undefined)
        throw toPcscError('open', error)
      }
      return session
    },
  }
}

interface SessionParts {
  readonly native: Winscard
  readonly listener: BackendListener
  readonly socket: string | undefined
  readonly pollMs: number
  readonly sockets: OwnSockets | undefined
}

class SystemSession implements BackendSession {
  readonly #native: Winscard
  readonly #listener: BackendListener
  readonly #socket: string | undefined
  readonly #pollMs: number
  readonly #calls: CallCount = { pending: 0 }
  readonly #pool: LanePool
  readonly #told = new Map<string, RawState>()
  #lane: Lane | undefined
  #running: Promise<unknown> = Promise.resolve()
  #wake: () => void = () => undefined
  #closed = false
  #lost = false

  constructor({ native, listener, socket, pollMs, sockets }: SessionParts) {
    this.#native = native
    this.#listener = listener
    this.#socket = socket
    this.#pollMs = pollMs
    this.#pool = new LanePool(native, this.#calls, sockets)
  }

  get pendingCalls(): number {
    return this.#calls.pending
  }

  /** Opens the service, tells the first list and goes on telling. */
  async start(): Promise<void> {
    this.#lane = await this.#pool.take()
    await this.#tick()
    this.#running = this.#follow()
  }

  connect(reader: string, mode: ShareMode, protocols: number): Promise<BackendConnection> {
    this.#requireOpen('connect')
    const parts = { winscard: this.#native, calls: this.#calls, pool: this.#pool, reader }
    return connectSystem(parts, mode, protocols)
  }

  readState(reader: string): Promise<RawState> {
    this.#requireOpen('status')
    return this.#withLane(async ({ context }) => {
      const states = [this.#native.readerState(reader, 0)]
      const code = await this.#native.call(this.#calls, 'SCardGetStatusChange', context, 0, states, 1)
      if (code !== 0) throw pcscFailure('status', code, { where: reader })
      return toRawState(states[0]!)
    })
  }

  isValid(): Promise<boolean> {
    if (this.#closed || this.#lost || !this.#lane) return Promise.resolve(false)
    return this.#native.call(this.#calls, 'SCardIsValidContext', this.#lane.context).then((code) => code === 0)
  }

  listGroups(): Promise<readonly string[]> {
    this.#requireOpen('list')
    return this.#withLane((lane) => this.#list('SCardListReaderGroups', lane))
  }

  waitForChange(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    this.#requireOpen('watch')
    return this.#withLane(async (lane) => {
      const { context } = lane
      const known = (await this.#readStates(lane)).map(({ name, raw }) => this.#native.readerState(name, raw.state & ~changedBit))
      // pcsc-lite takes no more entries than it has room for readers; where it is full no reader can come.
      const states = known.length < mostStates ? [...known, this.#native.readerState(pnpReader, 0)] : known
      if (signal?.aborted) return false
      let stopped = false
      const waitInSlices = async () => {
        for (const end = performance.now() + timeoutMs; ; ) {
          const left = Math.max(0, Math.min(waitSliceMs, Math.ceil(end - performance.now())))
          const code = await this.#native.call(this.#calls, 'SCardGetStatusChange', context, left, states, states.length)
          if (code !== timedOut || stopped || performance.now() >= end) return code
        }
      }
      const waiting = waitInSlices()
      // A cancel that comes before the wait has begun is lost: it is said again until the wait has ended.
      const cancel = () => void this.#native.call(this.#calls, 'SCardCancel', context).catch(() => undefined)
      let again: NodeJS.Timeout | undefined
      const abort = () => {
        stopped = true
        cancel()
        again ??= setInterval(cancel, 50)
      }
      signal?.addEventListener('abort', abort)
      this.#waits.add(abort)
      try {
        const code = await waiting
        if (code === timedOut || code === cancelled) return false
        if (code !== 0) throw pcscFailure('watch', code, { where: 'readers' })
        return true
      } finally {
        clearInterval(again)
        signal?.removeEventListener('abort', abort)
        this.#waits.delete(abort)
      }
    })
  }

  readonly #waits = new Set<() => void>()

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#wake()
    // Releasing contexts asks the service; one that hangs would never answer.
    if (!this.#lost) await requireAnsweringService(this.#socket)
    for (const cancel of this.#waits) cancel()
    await this.#running
    if (this.#lane) await this.#pool.giveBack(this.#lane, false)
    await this.#pool.close()
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pollMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (this.#closed) return
      try {
        await this.#boundedTick()
      } catch (error) {
        this.#lost = true
        if (!this.#closed) this.#listener.lost(error)
        return
      }
    }
  }

  /** A tick that fails when the service hangs; one that only waits for a free thread of the pool is waited for. */
  async #boundedTick(): Promise<void> {
    const late = () => pcscFailureNamed('watch', 'SCARD_E_TIMEOUT', { where: 'the smart-card service' })
    const tick = this.#tick()
    for (;;) {
      try {
        return await within(tick, tickLimitMs, late)
      } catch (error) {
        const isLate = error instanceof PcscError && error.pcscName === 'SCARD_E_TIMEOUT'
        if (!isLate || this.#socket === undefined || (await probeService(this.#socket, 2000)) !== 'alive') throw error
      }
    }
  }

  /** Asks for readers and states once, and tells what differs from what was told. */
  async #tick(): Promise<void> {
    if (!this.#lane) return
    const now = await this.#readStates(this.#lane)
    if (this.#closed) return
    // A count that went back is another reader under the same name: one was taken away, one put there, between two looks.
    const replaced = now.filter(({ name, raw }) => wentBack(this.#told.get(name), raw)).map(({ name }) => name)
    const names = now.map(({ name }) => name)
    if (replaced.length > 0) this.#listener.readers(names.filter((name) => !replaced.includes(name)))
    for (const name of [...this.#told.keys()]) if (!names.includes(name) || replaced.includes(name)) this.#told.delete(name)
    this.#listener.readers(names)
    for (const { name, raw } of now) {
      const before = this.#told.get(name)
      if (before?.state === raw.state && sameBytes(before.atr, raw.atr)) continue
      this.#told.set(name, raw)
      this.#listener.state(name, raw)
    }
  }

  /** Every reader with its state, each name once. */
  async #readStates(lane: Lane): Promise<{ name: string; raw: RawState }[]> {
    for (;;) {
      const names = [...new Set(await this.#list('SCardListReaders', lane))]
      if (names.length === 0) return []
      const states = names.map((name) => this.#native.readerState(name, 0))
      const code = await this.#native.call(this.#calls, 'SCardGetStatusChange', lane.context, 0, states, states.length)
      // A reader went between the two questions: ask again.
      if (code === unknownReader || code === timedOut) continue
      if (code !== 0) throw pcscFailure('watch', code, { where: 'the smart-card service' })
      return names.map((name, i) => {
        const { state, atr } = toRawState(states[i]!)
        return { name, raw: { state: state & ~changedBit, atr } }
      })
    }
  }

  async #list(name: 'SCardListReaders' | 'SCardListReaderGroups', lane: Lane): Promise<string[]> {
    const { context, receive, length } = lane
    const units = Math.floor(receive.length / this.#native.bytesPerCharacter)
    length.setWord(units)
    const leading = name === 'SCardListReaders' ? [context, null] : [context]
    const code = await this.#native.call(this.#calls, name, ...leading, receive, length.memory)
    if (code === noReaders) return []
    if (code === insufficientBuffer) throw pcscFailure('list', code, { where: 'readers' })
    if (code !== 0) throw pcscFailure('list', code, { where: 'the smart-card service' })
    return this.#native.decodeList(receive, Math.min(units, length.getWord()))
  }

  async #withLane<T>(work: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = await this.#pool.take()
    let usable = true
    try {
      return await work(lane)
    } catch (error) {
      usable = false
      throw error
    } finally {
      await this.#pool.giveBack(lane, usable)
    }
  }

  #requireOpen(operation: PcscOperation): void {
    if (this.#closed) throw pcscFailure(operation, invalidHandle, { where: 'PC/SC was closed' })
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Whether the count of insertions and removals is lower than it was, other than by passing its end. */
function wentBack(before: RawState | undefined, after: RawState): boolean {
  if (before === undefined || isUnavailable(before) || isUnavailable(after)) return false
  return (((after.state >>> 16) - (before.state >>> 16)) & 0xffff) >= 0x8000
}
