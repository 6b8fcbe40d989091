import { EventEmitter } from 'node:events'
import type { PcscliteCallback, PcscliteModule, PcscliteReader, PcscliteService } from '../pcsclite-types.ts'

// A stand-in for the package pcsclite, after its own sources: the same calls, callbacks and error texts, with the service as a plain
// object that a test moves.

/** What a state word says (PC/SC part 5). */
export const flags = { empty: 0x10, present: 0x20, exclusive: 0x80, inUse: 0x100, mute: 0x200 } as const

/** An error as pcsclite words it. */
export function nativeError(call: string, text: string, code: number): Error {
  return new Error(`${call} error: ${text}(0x${code.toString(16).padStart(8, '0')})`)
}

export interface FakeReaderState {
  state: number
  atr: Uint8Array
}

/** The service and its readers as a test arranges them. */
export class FakeService {
  readonly readers = new Map<string, FakeReaderState>()
  /** Native calls in order, as `connect NAME 2 3`. */
  readonly calls: string[] = []
  /** What the next calls of each kind do in place of succeeding: fail with an error, or never call back. */
  readonly next: {
    connect: (Error | 'hang')[]
    transmit: (Error | 'hang' | Uint8Array)[]
    control: (Error | Uint8Array)[]
    disconnect: Error[]
  } = {
    connect: [],
    transmit: [],
    control: [],
    disconnect: [],
  }
  /** Thrown by the module, as when no service runs. */
  absent: Error | undefined
  /** Calls back what hangs. */
  readonly hanging: (() => void)[] = []
  /** Threads that run: watching readers and the service's own. */
  readonly threads = new Set<object>()
  readonly #lists: ((error: unknown, names?: Uint8Array) => void)[] = []
  readonly #watchers = new Map<string, Set<(error: unknown, state: number, atr?: Uint8Array) => void>>()

  /** Puts a reader there or takes it away, and tells everyone. */
  setReaders(...names: string[]): void {
    for (const name of this.readers.keys()) if (!names.includes(name)) this.readers.delete(name)
    for (const name of names) if (!this.readers.has(name)) this.readers.set(name, { state: flags.empty, atr: new Uint8Array() })
    for (const list of this.#lists) list(undefined, this.list())
  }

  setState(name: string, state: number, atr: Uint8Array = new Uint8Array()): void {
    this.readers.set(name, { state, atr })
    for (const tell of this.#watchers.get(name) ?? []) tell(undefined, state, atr)
  }

  fail(error: Error): void {
    for (const list of this.#lists) list(error)
  }

  list(): Uint8Array | undefined {
    return this.readers.size === 0 ? undefined : new TextEncoder().encode(`${[...this.readers.keys()].join('\0')}\0\0`)
  }

  readonly module: PcscliteModule = () => {
    if (this.absent) throw this.absent
    return this.#service()
  }

  #service(): PcscliteService {
    const Reader = this.Reader
    const known = new Map<string, InstanceType<typeof Reader>>()
    const emitter = new EventEmitter()
    const made = Object.assign(emitter, {
      start: (callback: (error: unknown, names?: Uint8Array) => void) => {
        this.threads.add(made)
        this.#lists.push(callback)
        setImmediate(() => callback(undefined, this.list()))
      },
      close: () => {
        this.threads.delete(made)
        this.calls.push('service close')
      },
    })
    process.nextTick(() =>
      made.start((error, names) => {
        if (error) return void emitter.emit('error', error)
        const list = names ? new TextDecoder().decode(names).split('\0').filter(Boolean) : []
        for (const name of list) {
          if (known.has(name)) continue
          const reader = new Reader(name)
          known.set(name, reader)
          reader.get_status((failure, state, atr) => void (failure ? reader.emit('error', failure) : reader.emit('status', { state, atr })))
          emitter.emit('reader', reader)
        }
        for (const [name, reader] of known) {
          if (list.includes(name)) continue
          known.delete(name)
          reader.close()
          reader.emit('end')
        }
      }),
    )
    return made as unknown as PcscliteService
  }

  readonly Reader = makeReaderClass(this, this.#watchers)
}

function makeReaderClass(service: FakeService, watchers: Map<string, Set<(error: unknown, state: number, atr?: Uint8Array) => void>>) {
  return class FakeReader extends EventEmitter implements PcscliteReader {
    readonly name: string
    connected = false
    #watching: ((error: unknown, state: number, atr?: Uint8Array) => void) | undefined

    constructor(name: string) {
      super()
      this.name = name
    }

    get_status(callback: (error: unknown, state: number, atr?: Uint8Array) => void): void {
      this.#watching = callback
      service.threads.add(this)
      const all = watchers.get(this.name) ?? new Set()
      watchers.set(this.name, all.add(callback))
      setImmediate(() => {
        const now = service.readers.get(this.name)
        if (now) callback(undefined, now.state, now.atr)
      })
    }

    connect(options: { share_mode: number; protocol: number }, callback: PcscliteCallback<number>): void {
      service.calls.push(`connect ${this.name} ${options.share_mode} ${options.protocol}`)
      const outcome = service.next.connect.shift()
      const succeed = () => {
        this.connected = true
        callback(null, 2)
      }
      if (outcome === 'hang') service.hanging.push(succeed)
      else if (outcome) setImmediate(() => callback(outcome, 0))
      else setImmediate(succeed)
    }

    disconnect(disposition: number, callback: (error: unknown) => void): void {
      service.calls.push(`disconnect ${this.name} ${disposition}`)
      const outcome = service.next.disconnect.shift()
      setImmediate(() => {
        if (!outcome) this.connected = false
        callback(outcome ?? null)
      })
    }

    transmit(data: Uint8Array, longest: number, protocol: number, callback: PcscliteCallback<Uint8Array>): void {
      service.calls.push(`transmit ${data.length} ${longest} ${protocol}`)
      const outcome = service.next.transmit.shift() ?? Uint8Array.of(0x90, 0x00)
      if (outcome === 'hang') service.hanging.push(() => callback(null, Uint8Array.of(0x90, 0x00)))
      else if (outcome instanceof Error) setImmediate(() => callback(outcome, new Uint8Array()))
      else setImmediate(() => callback(null, Buffer.from(outcome)))
    }

    control(data: Uint8Array, code: number, _longest: number, callback: PcscliteCallback<Uint8Array>): void {
      service.calls.push(`control ${data.length} ${code}`)
      const outcome = service.next.control.shift() ?? new Uint8Array()
      setImmediate(() => (outcome instanceof Error ? callback(outcome, new Uint8Array()) : callback(null, outcome)))
    }

    close(): void {
      service.threads.delete(this)
      if (this.#watching) watchers.get(this.name)?.delete(this.#watching)
    }
  }
}
