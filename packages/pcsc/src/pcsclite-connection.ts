import type { BackendConnection, Disposition, RawStatus, ShareMode } from './backend.ts'
import { codeInMessage, type PcscError, type PcscOperation, pcscFailureNamed } from './errors.ts'
import type { PcscliteReader, PcscliteReaderConstructor } from './pcsclite-types.ts'

const shareModes: Record<ShareMode, number> = { exclusive: 1, shared: 2, direct: 3 }
const dispositions: Record<Disposition, number> = { leave: 0, reset: 1, unpower: 2, eject: 3 }
/** The longest extended APDU: 4 + 3 + 65536 + 3 bytes, and 2 of status (pcsc-lite's MAX_BUFFER_SIZE_EXTENDED, which it never exceeds). */
const longestResponse = 65_548
/** Codes with which a kept connection object shows that the service was restarted under it. */
const staleCodes: readonly number[] = [0x80100003, 0x80100013, 0x8010001d, 0x8010001e, 0x80100001]

/** Buffers that a native thread is reading. */
const held = new Set<Uint8Array>()

/** Native calls in flight. */
export interface CallCount {
  pending: number
}

/**
 * Runs one native call. pcsclite calls back outside Node's own callback scope and while it holds a lock that every method of the
 * object takes, so nothing may go on from there: the outcome is handed over in the next turn.
 */
export function nativeCall<T>(calls: CallCount, start: (callback: (error: unknown, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    calls.pending++
    const settle = (error: unknown, value: T) => {
      setImmediate(() => {
        calls.pending--
        if (error) reject(error)
        else resolve(value)
      })
    }
    try {
      start(settle)
    } catch (error) {
      settle(error, undefined as T)
    }
  })
}

interface Pool {
  readonly idle: Map<string, PcscliteReader[]>
  /** Everything ever made stays referenced: see {@link takeReader}. */
  readonly all: Set<PcscliteReader>
}
const pools = new WeakMap<PcscliteReaderConstructor, Pool>()

/**
 * An object to connect with, apart from those that watch: a connection holds the object's lock during every exchange, and a watching
 * object takes that lock on the main thread. Objects are used again and never collected, because the destructor of one that never
 * watched reads a thread handle that was never set.
 */
function takeReader(Reader: PcscliteReaderConstructor, name: string): { reader: PcscliteReader; used: boolean } {
  const pool = poolOf(Reader)
  const idle = pool.idle.get(name)?.pop()
  if (idle) return { reader: idle, used: true }
  const reader = new Reader(name)
  pool.all.add(reader)
  return { reader, used: false }
}

function poolOf(Reader: PcscliteReaderConstructor): Pool {
  let pool = pools.get(Reader)
  if (!pool) {
    pool = { idle: new Map(), all: new Set() }
    pools.set(Reader, pool)
  }
  return pool
}

function giveBack(Reader: PcscliteReaderConstructor, reader: PcscliteReader): void {
  if (reader.connected) return
  const { idle } = poolOf(Reader)
  const list = idle.get(reader.name) ?? []
  idle.set(reader.name, list)
  list.push(reader)
}

/** The error for what PC/SC has and the package pcsclite does not offer. */
export function notInPcsclite(operation: PcscOperation, what: string): PcscError {
  return pcscFailureNamed(operation, 'SCARD_E_UNSUPPORTED_FEATURE', {
    where: `${what} (the package pcsclite has none; use the backend 'system')`,
  })
}

/** A connection over one pcsclite object. */
class PcscliteConnection implements BackendConnection {
  readonly #Reader: PcscliteReaderConstructor
  readonly #reader: PcscliteReader
  readonly #calls: CallCount
  #protocol: number
  #running: Promise<unknown> = Promise.resolve()
  #over = false

  constructor(Reader: PcscliteReaderConstructor, reader: PcscliteReader, calls: CallCount, protocol: number) {
    this.#Reader = Reader
    this.#reader = reader
    this.#calls = calls
    this.#protocol = protocol
  }

  get protocol(): number {
    return this.#protocol
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    const data = Buffer.from(command)
    return this.#run<Uint8Array>((callback) => this.#reader.transmit(data, longestResponse, this.#protocol, callback)).then(
      (r) => new Uint8Array(r),
    )
  }

  async control(code: number, data: Uint8Array): Promise<Uint8Array> {
    // The native part reads this buffer from another thread and does not keep it alive: it must outlive the call.
    const input = Buffer.from(data)
    held.add(input)
    try {
      return new Uint8Array(await this.#run<Uint8Array>((callback) => this.#reader.control(input, code, longestResponse, callback)))
    } finally {
      held.delete(input)
    }
  }

  async reconnect(mode: ShareMode, protocols: number, disposition: Disposition): Promise<void> {
    // pcsclite has no SCardReconnect: two calls, between which another program may connect.
    await this.#run<void>((callback) => this.#reader.disconnect(dispositions[disposition], (error) => callback(error)))
    this.#protocol = await this.#run<number>((callback) =>
      this.#reader.connect({ share_mode: shareModes[mode], protocol: protocols }, callback),
    )
  }

  async disconnect(disposition: Disposition): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#run<void>((callback) => this.#reader.disconnect(dispositions[disposition], (error) => callback(error)))
    giveBack(this.#Reader, this.#reader)
  }

  get atr(): undefined {
    return undefined
  }

  beginTransaction(): Promise<void> {
    return Promise.reject(notInPcsclite('begin', 'transactions'))
  }

  endTransaction(): Promise<void> {
    return Promise.reject(notInPcsclite('end', 'transactions'))
  }

  status(): Promise<RawStatus> {
    return Promise.reject(notInPcsclite('status', 'the status of a connection'))
  }

  getAttribute(): Promise<Uint8Array> {
    return Promise.reject(notInPcsclite('get-attribute', 'attributes'))
  }

  setAttribute(): Promise<void> {
    return Promise.reject(notInPcsclite('set-attribute', 'attributes'))
  }

  abandon(): void {
    if (this.#over) return
    const release = () => this.disconnect('reset').catch(() => undefined)
    this.#running.then(release, release)
  }

  #run<T>(start: (callback: (error: unknown, value?: T) => void) => void): Promise<T> {
    const call = nativeCall<T>(this.#calls, start as (callback: (error: unknown, value: T) => void) => void)
    this.#running = call.catch(() => undefined)
    return call
  }
}

/** Connects to the card in a reader. */
export async function connectPcsclite(
  Reader: PcscliteReaderConstructor,
  calls: CallCount,
  name: string,
  mode: ShareMode,
  protocols: number,
): Promise<BackendConnection> {
  for (;;) {
    const { reader, used } = takeReader(Reader, name)
    try {
      const protocol = await nativeCall<number>(calls, (callback) =>
        reader.connect({ share_mode: shareModes[mode], protocol: protocols }, callback),
      )
      return new PcscliteConnection(Reader, reader, calls, protocol)
    } catch (error) {
      const stale = staleCodes.includes(codeInMessage(error) ?? 0)
      // A kept object whose service was restarted is left for good; a new one tells how the service is now.
      if (stale && used) continue
      if (!stale) giveBack(Reader, reader)
      throw error
    }
  }
}
