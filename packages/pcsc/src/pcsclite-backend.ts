import { isMainThread } from 'node:worker_threads'
import type { BackendConnection, BackendListener, BackendSession, PcscBackend, RawState, ShareMode } from './backend.ts'
import { within } from './deadline.ts'
import { PcscError, pcscFailureNamed, toPcscError } from './errors.ts'
import { type CallCount, connectPcsclite, notInPcsclite } from './pcsclite-connection.ts'
import { loadPcsclite } from './pcsclite-load.ts'
import type { PcscliteModule, PcscliteReader, PcscliteReaderConstructor, PcscliteService } from './pcsclite-types.ts'
import { refuseSilentService, requireAnsweringService, serviceSocket } from './service-probe.ts'

/** What the backend takes from its surroundings; the tests hand in others. */
export interface PcscliteSurroundings {
  /** Gives the module; throws PcscError when it cannot be loaded. */
  load(): PcscliteModule
  /** Whether this is a worker thread: pcsclite ties itself to the main thread's event loop. */
  inWorker: boolean
  /** The socket of the service to ask first, or undefined where there is none to ask. */
  socket(): string | undefined
}

const realSurroundings: PcscliteSurroundings = { load: () => loadPcsclite(), inWorker: !isMainThread, socket: () => serviceSocket() }

/** How long an observing thread is left to enter its wait before it is ended: a cancel that comes before the wait is lost (milliseconds). */
const settleMs = 20

/** PC/SC by way of the optional package pcsclite. */
export function pcscliteBackend(surroundings: Partial<PcscliteSurroundings> = {}): PcscBackend {
  const { load, inWorker, socket } = { ...realSurroundings, ...surroundings }
  return {
    name: 'pcsclite',
    async open(listener, timeoutMs) {
      if (inWorker) throw new PcscError('open', 'pcsclite works in the main thread only: open PC/SC there and pass the commands to it')
      const pcsclite = load()
      const path = socket()
      await refuseSilentService(path, timeoutMs)
      let service: PcscliteService
      try {
        service = pcsclite()
      } catch (error) {
        throw toPcscError('open', error)
      }
      const session = new PcscliteSession(service, listener, path)
      const late = () => pcscFailureNamed('open', 'SCARD_E_TIMEOUT', { where: 'the smart-card service' })
      try {
        await within(session.firstList, timeoutMs, late)
      } catch (error) {
        await session.close().catch(() => undefined)
        throw toPcscError('open', error)
      }
      return session
    },
  }
}

/** Names out of a list in which each ends in a zero byte. */
function splitNames(list: Uint8Array | undefined): string[] {
  return list === undefined
    ? []
    : new TextDecoder()
        .decode(list)
        .split('\0')
        .filter((name) => name !== '')
}

class PcscliteSession implements BackendSession {
  readonly firstList: Promise<void>
  readonly #service: PcscliteService
  readonly #listener: BackendListener
  readonly #socket: string | undefined
  readonly #calls: CallCount = { pending: 0 }
  readonly #watching = new Map<string, PcscliteReader>()
  readonly #observing = new Set<PcscliteReader>()
  #Reader: PcscliteReaderConstructor | undefined
  #closed = false
  #lost = false

  constructor(service: PcscliteService, listener: BackendListener, socket: string | undefined) {
    this.#service = service
    this.#listener = listener
    this.#socket = socket
    service.on('error', (error) => this.#later(() => this.#lose(error)))
    service.on('reader', (reader) => this.#watch(reader))
    // The package tells new readers one by one and an empty system not at all, so the list is taken where it comes in.
    const start = service.start
    this.firstList = new Promise((resolve, reject) => {
      service.start = (callback) =>
        start.call(service, (error, names) => {
          const list = splitNames(names)
          callback(error, names)
          setImmediate(() => {
            if (error) reject(error)
            else {
              if (!this.#closed) this.#listener.readers(list)
              resolve()
            }
          })
        })
    })
  }

  get pendingCalls(): number {
    return this.#calls.pending
  }

  connect(reader: string, mode: ShareMode, protocols: number): Promise<BackendConnection> {
    return connectPcsclite(this.#constructorFor('connect', reader), this.#calls, reader, mode, protocols)
  }

  readState(name: string): Promise<RawState> {
    const Reader = this.#constructorFor('status', name)
    return new Promise((resolve, reject) => {
      const observer = new Reader(name)
      this.#observing.add(observer)
      let first = true
      observer.get_status((error, state, atr) => {
        if (!first) return
        first = false
        const raw = { state, atr: new Uint8Array(atr ?? []) }
        setImmediate(() => {
          if (error) reject(error)
          else resolve(raw)
          setTimeout(() => this.#endObserver(observer), settleMs)
        })
      })
    })
  }

  isValid(): Promise<boolean> {
    return Promise.resolve(!this.#closed && !this.#lost)
  }

  listGroups(): Promise<readonly string[]> {
    return Promise.reject(notInPcsclite('list', 'reader groups'))
  }

  waitForChange(): Promise<boolean> {
    return Promise.reject(notInPcsclite('watch', 'waiting for a change'))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // Ending the threads asks the service; one that hangs would block the process here.
    if (!this.#lost) await requireAnsweringService(this.#socket)
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    for (const observer of this.#observing) this.#endObserver(observer)
    for (const reader of this.#watching.values()) reader.close()
    this.#service.close()
    // The native handles are closed one turn after the threads; their objects must live until then.
    const kept = [this.#service, ...this.#watching.values()]
    this.#watching.clear()
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(() => resolve(void kept.length))))
  }

  #watch(reader: PcscliteReader): void {
    this.#Reader ??= reader.constructor as PcscliteReaderConstructor
    this.#watching.set(reader.name, reader)
    reader.on('status', ({ state, atr }) => {
      const raw = { state, atr: new Uint8Array(atr ?? []) }
      this.#later(() => this.#listener.state(reader.name, raw))
    })
    reader.on('error', (error) => this.#later(() => this.#lose(error)))
    reader.on('end', () => {
      // The thread ended by itself. Joining it here would wait for the lock that this very callback is called under.
      setImmediate(() => {
        reader.close()
        if (this.#watching.get(reader.name) === reader) this.#watching.delete(reader.name)
        setImmediate(() => void reader.name)
      })
    })
  }

  #endObserver(observer: PcscliteReader): void {
    if (!this.#observing.delete(observer)) return
    observer.close()
    setImmediate(() => setImmediate(() => void observer.name))
  }

  #later(tell: () => void): void {
    setImmediate(() => {
      if (!this.#closed) tell()
    })
  }

  #lose(error: unknown): void {
    if (this.#lost) return
    this.#lost = true
    this.#listener.lost(error)
  }

  #constructorFor(operation: 'connect' | 'status', reader: string): PcscliteReaderConstructor {
    if (this.#closed) throw new PcscError(operation, 'PC/SC was closed')
    if (!this.#Reader) throw pcscFailureNamed(operation, 'SCARD_E_UNKNOWN_READER', { where: reader })
    return this.#Reader
  }
}
