import { pcscFailure } from '../errors.ts'
import type { OwnSockets } from './own-socket.ts'
import { ServiceLine } from './service-line.ts'
import type { CallCount, Cell, Native, Winscard } from './winscard.ts'

/** The longest extended APDU: 4 + 3 + 65536 + 3 bytes, and 2 of status (pcsc-lite's MAX_BUFFER_SIZE_EXTENDED, which it never exceeds). */
export const longestExchange = 65_548

/**
 * One native context with the memory that its calls write to. The library carries out the calls of one context one after another, so that
 * every connection has a lane of its own.
 */
export interface Lane {
  readonly context: Native
  readonly send: Uint8Array
  readonly receive: Uint8Array
  readonly length: Cell
  /** The context's own socket to the service, where exchanges can go over it without a thread. */
  readonly line: ServiceLine | undefined
}

/** Lanes kept open for the next connection: each is a thread of pcscd, which serves 200. */
const mostIdle = 16

/** Opens and keeps native contexts. */
export class LanePool {
  readonly #winscard: Winscard
  readonly #calls: CallCount
  readonly #idle: Lane[] = []
  readonly #sockets: OwnSockets | undefined
  #closed = false

  /** `sockets` where the service is known to speak the protocol of {@link ServiceLine}. */
  constructor(winscard: Winscard, calls: CallCount, sockets: OwnSockets | undefined) {
    this.#winscard = winscard
    this.#calls = calls
    this.#sockets = sockets
  }

  /** A lane for one user at a time. Throws PcscError. */
  async take(): Promise<Lane> {
    const idle = this.#idle.pop()
    if (idle) return idle
    const { call, handle, dword } = this.#winscard
    const cell = handle()
    const scopeSystem = 2
    const establish = () => call(this.#calls, 'SCardEstablishContext', scopeSystem, null, null, cell.memory)
    const sockets = this.#sockets
    const { result: code, fd } = sockets ? await sockets.findOpened(establish) : { result: await establish(), fd: undefined }
    if (code !== 0) throw pcscFailure('open', code, { where: 'the smart-card service' })
    const [send, receive] = [new Uint8Array(longestExchange), new Uint8Array(longestExchange)]
    const line = sockets && fd !== undefined ? new ServiceLine(fd, this.#calls, sockets.calls) : undefined
    return { context: cell.get(), send, receive, length: dword(), line }
  }

  /** Takes a lane back whose last call has come back; `usable` says whether the service still knows it. */
  async giveBack(lane: Lane, usable: boolean): Promise<void> {
    lane.line?.pause()
    if (usable && !this.#closed && this.#idle.length < mostIdle) this.#idle.push(lane)
    else await this.#release(lane)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const lane of this.#idle.splice(0)) await this.#release(lane)
  }

  async #release({ context, line }: Lane): Promise<void> {
    // Before the library closes the socket: another file could have its number afterwards.
    line?.close()
    await this.#winscard.call(this.#calls, 'SCardReleaseContext', context)
  }
}
