import type { CardTransport } from '@kart/apdu'
import { InputError } from '@kart/codec'
import type { BackendConnection, BackendSession, Disposition, Protocol, RawState, ShareMode } from './backend.ts'
import { checkTimeout, within } from './deadline.ts'
import { PcscError, type PcscOperation, pcscFailureNamed, toPcscError } from './errors.ts'
import { describeReader, type PcscReader } from './readers.ts'

/** Extended length: 4 bytes of header, 3 + 65535 of data, 2 of Le (ISO/IEC 7816-3:2006, 12.1.3). */
const longestCommand = 65_544

/** Bits of SCARD_PROTOCOL_T0 and SCARD_PROTOCOL_T1. */
export const protocolBits: Record<Protocol, number> = { T0: 1, T1: 2, any: 3 }

/** A bound for one call, in milliseconds; without it the bound given on connect. */
export interface CallOptions {
  readonly timeoutMs?: number
}

/** What a card needs from the context that connected it. */
export interface CardSettings {
  readonly reader: string
  readonly session: BackendSession
  readonly connection: BackendConnection
  readonly atr: Uint8Array
  readonly protocols: number
  readonly timeoutMs: number
  /** Called once when the card is let go. */
  onReleased(card: PcscCard): void
}

/**
 * A card connected over PC/SC. Calls are carried out one after another. After a call that got no answer in time the card is unusable:
 * every later call is refused at once, because what the card did meanwhile is not known.
 */
export class PcscCard implements CardTransport {
  /** Name of the reader the card is in. */
  readonly reader: string
  readonly #settings: CardSettings
  readonly #connection: BackendConnection
  #atr: Uint8Array
  #tail: Promise<unknown> = Promise.resolve()
  #broken: PcscError | undefined
  #closed = false

  constructor(settings: CardSettings) {
    this.reader = settings.reader
    this.#settings = settings
    this.#connection = settings.connection
    this.#atr = settings.atr
  }

  /** Answer to reset, as read after the last connect or reconnect (ISO/IEC 7816-3:2006, 8.2). */
  get atr(): Uint8Array {
    return this.#atr.slice()
  }

  /** The transmission protocol in use. */
  get protocol(): 'T0' | 'T1' | 'other' {
    if (this.#connection.protocol === 1) return 'T0'
    return this.#connection.protocol === 2 ? 'T1' : 'other'
  }

  /** Sends a command APDU of 4 to 65544 bytes and gives the response APDU. Throws PcscError; `reached` says whether the card may have got it. */
  transceive(command: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
    if (command.length < 4 || command.length > longestCommand) {
      return Promise.reject(new InputError('command', `${command.length} bytes, where a command APDU has 4 to ${longestCommand}`))
    }
    const bytes = command.slice()
    return this.#call('transmit', options, async () => {
      const response = await this.#connection.transmit(bytes)
      if (response.length < 2) {
        // Some drivers report success with nothing when the card has gone meanwhile.
        const problem = `transmit ${this.reader}: the reader gave ${response.length} bytes, less than a status word; check that the card is still in it`
        throw new PcscError('transmit', problem, { reached: 'maybe' })
      }
      return response
    })
  }

  /** Sends a control command to the reader's driver: `code` is the platform's whole control code, unsigned 32 bits. Throws PcscError. */
  control(code: number, data: Uint8Array = new Uint8Array(), options?: CallOptions): Promise<Uint8Array> {
    if (!Number.isInteger(code) || code < 0 || code > 0xffffffff)
      return Promise.reject(new InputError('code', 'not an unsigned number of 32 bits'))
    const bytes = data.slice()
    return this.#call('control', options, () => this.#connection.control(code, bytes))
  }

  /**
   * Connects anew: the way back after a reset by another program (`SCARD_W_RESET_CARD`) or an exchange of the card. The ATR is read again.
   * With pcsclite it is a disconnect and a connect, between which another program may take the card. Throws PcscError; then the card is closed.
   */
  reconnect(options: { mode: ShareMode; disposition: Disposition; timeoutMs?: number }): Promise<void> {
    return this.#call('reconnect', options, async () => {
      try {
        await this.#connection.reconnect(options.mode, this.#settings.protocols, options.disposition)
        this.#atr = (await this.#settings.session.readState(this.reader)).atr
      } catch (error) {
        this.#release()
        this.#connection.abandon()
        throw error
      }
    })
  }

  /** What the service says now about the reader and the card in it. Throws PcscError. */
  status(options?: CallOptions): Promise<PcscReader & { readonly protocol: 'T0' | 'T1' | 'other' }> {
    return this.#call('status', options, async () => {
      const raw: RawState = await this.#settings.session.readState(this.reader)
      return { ...describeReader(this.reader, raw), protocol: this.protocol }
    })
  }

  /** Lets the card go. Harmless when called again, or on a card that failed. Throws PcscError. */
  async disconnect(disposition: Disposition, options?: CallOptions): Promise<void> {
    if (this.#closed || this.#broken) return this.#release()
    try {
      await this.#call('disconnect', options, async () => {
        if (this.#closed) return
        this.#release()
        await this.#connection.disconnect(disposition)
      })
    } catch (error) {
      // A call before this one hung: that card is let go whenever the call comes back.
      if (error !== this.#broken || this.#brokenBy === 'disconnect') throw error
      this.#release()
    }
  }

  /** Lets the card go and resets it, so that no password proved and no secure channel is left to the next program (house rule). */
  async close(): Promise<void> {
    try {
      await this.disconnect('reset')
    } catch (error) {
      // The card or the reader is gone: so is everything that close() should have ended.
      if (!(error instanceof PcscError)) throw error
    }
  }

  #brokenBy: PcscOperation | undefined

  #call<T>(operation: PcscOperation, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(async () => {
      if (this.#broken) throw this.#broken
      if (this.#closed && operation !== 'disconnect')
        throw new PcscError(operation, `${operation} ${this.reader}: the card was disconnected`)
      const timeoutMs = checkTimeout(options?.timeoutMs ?? this.#settings.timeoutMs)
      const late = () => {
        const error = pcscFailureNamed(operation, 'SCARD_E_TIMEOUT', { where: `${this.reader} (${timeoutMs} ms)` })
        // Reading the state does not touch the card; anything else leaves it in a state that is not known.
        if (operation !== 'status') this.#break(operation)
        return error
      }
      try {
        return await within(work(), timeoutMs, late)
      } catch (error) {
        if (error instanceof InputError) throw error
        throw toPcscError(operation, error, this.reader)
      }
    })
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  #break(operation: PcscOperation): void {
    this.#broken = new PcscError(
      operation === 'status' ? 'transmit' : operation,
      `${this.reader}: an earlier ${operation} got no answer in time, so the card cannot be used; connect again`,
    )
    this.#brokenBy = operation
    this.#connection.abandon()
    this.#release()
  }

  #release(): void {
    if (this.#closed) return
    this.#closed = true
    this.#settings.onReleased(this)
  }
}
