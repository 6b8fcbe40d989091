import type { CardTransport } from '@kart/apdu'
import { InputError } from '@kart/codec'
import type { BackendConnection, BackendSession, CardPower, Disposition, Protocol, RawStatus, ShareMode } from './backend.ts'
import { checkTimeout } from './deadline.ts'
import { PcscError, type PcscOperation, pcscFailureNamed, type SessionEnd, toPcscError } from './errors.ts'
import { describeReader, type PcscReader } from './readers.ts'

/** Extended length: 4 bytes of header, 3 + 65535 of data, 2 of Le (ISO/IEC 7816-3:2006, 12.1.3). */
const longestCommand = 65_544

/** Bits of SCARD_PROTOCOL_T0 and SCARD_PROTOCOL_T1. */
export const protocolBits: Record<Protocol, number> = { T0: 1, T1: 2, any: 3 }

/** A bound for one call, in milliseconds; without it the bound given on connect. */
export interface CallOptions {
  readonly timeoutMs?: number
}

/** How a transaction is bounded and what becomes of the card at its end. */
export interface TransactionOptions extends CallOptions {
  /** `leave` without it. */
  readonly disposition?: Disposition
}

/** A connected card as the service sees it. */
export interface CardStatus extends PcscReader {
  readonly protocol: 'T0' | 'T1' | 'other'
  /** Power and protocol state of the card; undefined with the backend pcsclite, which has no such call. */
  readonly power: CardPower | undefined
  /** `open`, or why this session with the card is over. */
  readonly session: 'open' | SessionEnd
}

/** Calls that a card whose session is over still takes. */
const afterTheEnd: readonly PcscOperation[] = ['status', 'reconnect', 'disconnect']
/** Calls whose failure says how the session stands. */
const tellingTheEnd: readonly PcscOperation[] = ['transmit', 'control', 'status', 'begin', 'end', 'get-attribute', 'set-attribute']

/** What a card needs from the context that connected it. */
export interface CardSettings {
  readonly reader: string
  readonly session: BackendSession
  readonly connection: BackendConnection
  readonly atr: Uint8Array
  /** The service's count of insertions and removals when the card was connected; undefined where the connection itself tells of an exchange. */
  readonly insertion: number | undefined
  readonly protocols: number
  readonly timeoutMs: number
  /** Called once when the card is let go. */
  onReleased(card: PcscCard): void
}

/**
 * A card connected over PC/SC: one session with one insertion of one card. Calls are carried out one after another; none is ever repeated by
 * itself. When the card is taken out the session is over for good, and another card in the same reader needs a connection of its own; when
 * another program reset the card it is over until {@link reconnect}. After a call that got no answer in time the card is unusable: every
 * later call is refused at once, because what the card did meanwhile is not known.
 */
export class PcscCard implements CardTransport {
  /** Name of the reader the card is in. */
  readonly reader: string
  readonly #settings: CardSettings
  readonly #connection: BackendConnection
  #atr: Uint8Array
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #broken: PcscError | undefined
  #closed = false
  #ended: SessionEnd | undefined
  #inTransaction = false

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
    // What is waited for may change meanwhile: then it is a copy that is sent. The connection takes its own copy of what is sent at once.
    const bytes = this.#waiting === 0 ? command : command.slice()
    return this.#call('transmit', options, () => this.#connection.transmit(bytes), this.#checkResponse)
  }

  readonly #checkResponse = (response: Uint8Array): Uint8Array => {
    if (response.length >= 2) return response
    // Some drivers report success with nothing when the card has gone meanwhile.
    const problem = `transmit ${this.reader}: the reader gave ${response.length} bytes, less than a status word; check that the card is still in it`
    throw new PcscError('transmit', problem, { reached: 'maybe' })
  }

  /** Sends a control command to the reader's driver: `code` is the platform's whole control code, unsigned 32 bits. Throws PcscError. */
  control(code: number, data: Uint8Array = new Uint8Array(), options?: CallOptions): Promise<Uint8Array> {
    if (!isWord(code)) return Promise.reject(new InputError('code', 'not an unsigned number of 32 bits'))
    const bytes = data.slice()
    return this.#call('control', options, () => this.#connection.control(code, bytes))
  }

  /**
   * Begins a new session with the same card: the way back after a reset by another program. The ATR is read again. Refuses when the card was
   * taken out meanwhile, also when a card is in the reader again (house rule): what is known of the old one must not be believed of the new.
   * With pcsclite it is a disconnect and a connect, between which another program may take the card. Throws PcscError.
   */
  reconnect(options: { mode: ShareMode; disposition: Disposition; timeoutMs?: number }): Promise<void> {
    return this.#call('reconnect', options, async () => {
      await this.#requireSameInsertion()
      try {
        await this.#connection.reconnect(options.mode, this.#settings.protocols, options.disposition)
        this.#atr = this.#connection.atr ?? (await this.#settings.session.readState(this.reader)).atr
      } catch (error) {
        this.#release()
        this.#connection.abandon()
        throw error
      }
      this.#ended = undefined
    })
  }

  /**
   * Runs work while no other program can reach the card (SCardBeginTransaction; backend `system`), and ends the transaction whether the work
   * succeeds or throws. Waits for other programs' transactions within the time limit. Throws PcscError, also for a transaction within a
   * transaction of this card.
   */
  async transaction<T>(work: () => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    if (this.#inTransaction)
      throw new PcscError('begin', `${this.reader}: this card is in a transaction already; do all of it in one, or await the first`)
    this.#inTransaction = true
    try {
      await this.#call('begin', options, () => this.#connection.beginTransaction())
      let result: T
      try {
        result = await work()
      } catch (error) {
        // The work's own error says more than a failed end.
        await this.#endTransaction(options).catch(() => undefined)
        throw error
      }
      await this.#endTransaction(options)
      return result
    } finally {
      this.#inTransaction = false
    }
  }

  async #endTransaction(options: TransactionOptions): Promise<void> {
    // Whoever disconnects, or loses the card, ends the transaction with it.
    if (this.#closed || this.#broken) return
    await this.#call('end', options, () => this.#connection.endTransaction(options.disposition ?? 'leave'))
  }

  /** An attribute of reader or card by its identifier (SCARD_ATTR_..., such as 0x00010100, the vendor's name; backend `system`). Throws PcscError. */
  getAttribute(id: number, options?: CallOptions): Promise<Uint8Array> {
    if (!isWord(id)) return Promise.reject(new InputError('id', 'not an unsigned number of 32 bits'))
    return this.#call('get-attribute', options, () => this.#connection.getAttribute(id))
  }

  /** Sets an attribute that the reader's driver lets be set, 0 to 65548 bytes (backend `system`). Throws PcscError. */
  setAttribute(id: number, value: Uint8Array, options?: CallOptions): Promise<void> {
    if (!isWord(id)) return Promise.reject(new InputError('id', 'not an unsigned number of 32 bits'))
    if (value.length > 65_548) return Promise.reject(new InputError('value', 'longer than 65548 bytes'))
    const bytes = value.slice()
    return this.#call('set-attribute', options, () => this.#connection.setAttribute(id, bytes))
  }

  /** What the service says now about the reader, the card in it and this session. Throws PcscError. */
  status(options?: CallOptions): Promise<CardStatus> {
    return this.#call('status', options, async () => {
      const own = await this.#ownStatus()
      const raw = await this.#settings.session.readState(this.reader)
      return {
        ...describeReader(this.reader, raw),
        protocol: this.protocol,
        power: this.#ended === 'removed' ? 'absent' : own?.power,
        session: this.#ended ?? 'open',
      }
    })
  }

  /** The status of the connection; undefined where the session is over, which is noted, or where the backend has no such call. */
  async #ownStatus(): Promise<RawStatus | undefined> {
    try {
      return await this.#connection.status()
    } catch (error) {
      const failure = toPcscError('transmit', error, this.reader)
      if (failure.sessionEnd !== undefined) this.#ended ??= failure.sessionEnd
      else if (failure.pcscName !== 'SCARD_E_UNSUPPORTED_FEATURE') throw failure
      else if (await this.#wasExchanged()) this.#ended = 'removed'
      return undefined
    }
  }

  async #wasExchanged(): Promise<boolean> {
    const { insertion, session } = this.#settings
    return insertion !== undefined && (await session.readState(this.reader)).state >>> 16 !== insertion
  }

  async #requireSameInsertion(): Promise<void> {
    await this.#ownStatus()
    if (this.#ended === 'removed') throw this.#sessionOver('reconnect', 'removed')
  }

  #sessionOver(operation: PcscOperation, end: SessionEnd): PcscError {
    if (end === 'reset') {
      const problem = `${operation} ${this.reader}: the session is over, because the card was reset; reconnect and begin it again`
      return new PcscError(operation, problem, { pcscCode: 0x80100068 })
    }
    const problem = `${operation} ${this.reader}: the session is over, because the card was taken out; connect to the card that is there now`
    return new PcscError(operation, problem, { pcscCode: 0x80100069 })
  }

  /** Lets the card go. Harmless when called again, or on a card that failed. Throws PcscError. */
  async disconnect(disposition: Disposition, options?: CallOptions): Promise<void> {
    if (this.#closed || this.#broken) return this.#release()
    try {
      await this.#call('disconnect', options, async () => {
        if (this.#closed) return
        this.#release()
        // A card that is gone has nothing to reset; pcsc-lite takes a reset that fails in an unplugged reader for a mute card there, and tells it.
        await this.#connection.disconnect(this.#ended === 'removed' ? 'leave' : disposition)
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

  /** Carries a call out in its turn: at once where none is before it. Few promises, because each costs a share of a quick card's time. */
  #call<T>(operation: PcscOperation, options: CallOptions | undefined, work: () => Promise<T>, check?: (value: T) => T): Promise<T> {
    const carryOut = () => this.#carryOut(operation, options, work, check)
    const turn = this.#waiting === 0 ? carryOut() : this.#tail.then(carryOut)
    this.#waiting++
    this.#tail = turn.then(this.#done, this.#done)
    return turn
  }

  readonly #done = (): void => {
    this.#waiting--
  }

  #carryOut<T>(
    operation: PcscOperation,
    options: CallOptions | undefined,
    work: () => Promise<T>,
    check: ((value: T) => T) | undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuse(operation)
      const timeoutMs = checkTimeout(options?.timeoutMs ?? this.#settings.timeoutMs)
      const timer = setTimeout(() => {
        const error = pcscFailureNamed(operation, 'SCARD_E_TIMEOUT', { where: `${this.reader} (${timeoutMs} ms)` })
        // Reading the state does not touch the card; anything else leaves it in a state that is not known.
        if (operation !== 'status') this.#break(operation)
        reject(error)
      }, timeoutMs)
      const fail = (error: unknown) => {
        clearTimeout(timer)
        if (error instanceof InputError) return reject(error)
        const failure = toPcscError(operation, error, this.reader)
        if (tellingTheEnd.includes(operation)) this.#ended ??= failure.sessionEnd
        reject(failure)
      }
      const succeed = (value: T) => {
        clearTimeout(timer)
        try {
          resolve(check ? check(value) : value)
        } catch (error) {
          fail(error)
        }
      }
      work().then(succeed, fail)
    })
  }

  /** Throws for a card that takes no such call any more. */
  #refuse(operation: PcscOperation): void {
    if (this.#broken) throw this.#broken
    if (this.#closed && operation !== 'disconnect') throw new PcscError(operation, `${operation} ${this.reader}: the card was disconnected`)
    if (this.#ended && !afterTheEnd.includes(operation)) throw this.#sessionOver(operation, this.#ended)
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

const isWord = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffffffff
