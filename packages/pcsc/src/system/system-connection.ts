import type { BackendConnection, CardPower, Disposition, RawStatus, ShareMode } from '../backend.ts'
import { type PcscError, type PcscOperation, pcscFailure } from '../errors.ts'
import { type Lane, type LanePool, longestExchange } from './lane.ts'
import { awaitTurn, isTaken, takeTurn } from './reader-turns.ts'
import type { ServiceLine } from './service-line.ts'
import type { CallCount, Native, Winscard, WinscardFunction } from './winscard.ts'

const shareModes: Record<ShareMode, number> = { exclusive: 1, shared: 2, direct: 3 }
const dispositions: Record<Disposition, number> = { leave: 0, reset: 1, unpower: 2, eject: 3 }

/** Longest attribute value (pcsc-lite's MAX_BUFFER_SIZE). */
const longestAttribute = 264

/** Codes after which a context is not used again: the service does not know it, or is gone. */
const staleCodes: readonly number[] = [0x80100001, 0x80100003, 0x80100013, 0x8010001d, 0x8010001e]

/** SCARD_PROTOCOL_RAW of pcsc-lite. */
const rawProtocol = 4

/** Bits of SCardStatus in pcsc-lite and the PCSC framework, the highest that is set deciding. */
const powerBits: readonly (readonly [number, CardPower])[] = [
  [0x40, 'specific'],
  [0x20, 'negotiable'],
  [0x10, 'powered'],
  [0x08, 'swallowed'],
  [0x04, 'present'],
]
/** Values of SCardStatus in winscard. */
const powerValues: readonly CardPower[] = ['absent', 'absent', 'present', 'swallowed', 'powered', 'negotiable', 'specific']

function powerOf(state: number, wide: boolean): CardPower {
  if (wide) return powerValues[state & 0xff] ?? 'absent'
  return powerBits.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'absent'
}

export interface ConnectionParts {
  readonly winscard: Winscard
  readonly calls: CallCount
  readonly pool: LanePool
  readonly reader: string
}

/** A connection over a native context of its own. */
class SystemConnection implements BackendConnection {
  readonly #parts: ConnectionParts
  readonly #lane: Lane
  readonly #card: Native
  #protocol: number
  #atr: Uint8Array | undefined
  #running: Promise<unknown> = Promise.resolve()
  #over = false
  #stale = false
  #endTurn: (() => void) | undefined

  constructor(parts: ConnectionParts, lane: Lane, card: Native, protocol: number) {
    this.#parts = parts
    this.#lane = lane
    this.#card = card
    this.#protocol = protocol
  }

  get protocol(): number {
    return this.#protocol
  }

  get atr(): Uint8Array | undefined {
    return this.#atr
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    const { winscard, calls, reader } = this.#parts
    if (isTaken(reader, this)) {
      const copy = command.slice()
      return awaitTurn(reader, this).then(() => this.transmit(copy))
    }
    const { send, receive, length, line } = this.#lane
    if (line?.takes(command.length)) return this.#transmitByLine(line, command)
    line?.pause()
    const { t0, t1, raw } = winscard.pci
    send.set(command)
    length.setWord(longestExchange)
    const args = {
      card: this.#card,
      pci: this.#protocol === 1 ? t0 : this.#protocol === 2 ? t1 : raw,
      send,
      sendLength: command.length,
      receive,
      receiveLength: length,
    }
    const running = new Promise<Uint8Array>((resolve, reject) => {
      winscard.transmit(calls, args, (error, code) => {
        // A PIN or a key may have stood there.
        send.fill(0, 0, args.sendLength)
        if (error) reject(error)
        else if (code === 0) resolve(this.#take())
        else reject(this.#failure('transmit', code))
      })
    })
    this.#running = running
    return running
  }

  #transmitByLine(line: ServiceLine, command: Uint8Array): Promise<Uint8Array> {
    const protocol = this.#protocol === 1 || this.#protocol === 2 ? this.#protocol : rawProtocol
    const pciBytes = 2 * this.#parts.winscard.platform.dwordBytes
    const running = new Promise<Uint8Array>((resolve, reject) => {
      line.exchange({ card: Number(this.#card), protocol, pciBytes, command }, (code, response) => {
        if (response) resolve(response)
        else reject(this.#failure('transmit', code))
      })
    })
    this.#running = running
    return running
  }

  async control(code: number, data: Uint8Array): Promise<Uint8Array> {
    const { send, receive, length } = this.#lane
    send.set(data)
    length.setWord(0)
    try {
      await this.#call('control', 'SCardControl', code, send, data.length, receive, longestExchange, length.memory)
      return this.#take()
    } finally {
      send.fill(0, 0, data.length)
    }
  }

  async reconnect(mode: ShareMode, protocols: number, disposition: Disposition): Promise<void> {
    const { length } = this.#lane
    await this.#call(
      'reconnect',
      'SCardReconnect',
      shareModes[mode],
      mode === 'direct' ? 0 : protocols,
      dispositions[disposition],
      length.memory,
    )
    this.#protocol = length.getWord()
    await this.readAtr()
  }

  async disconnect(disposition: Disposition): Promise<void> {
    if (this.#over) return
    this.#over = true
    try {
      await this.#call('disconnect', 'SCardDisconnect', dispositions[disposition])
    } finally {
      this.#endTurn?.()
      this.#endTurn = undefined
      await this.#parts.pool.giveBack(this.#lane, !this.#stale)
    }
  }

  async beginTransaction(): Promise<void> {
    const endTurn = await takeTurn(this.#parts.reader, this)
    try {
      if (this.#over) throw pcscFailure('begin', 0x80100003, { where: this.#parts.reader })
      await this.#call('begin', 'SCardBeginTransaction')
      this.#endTurn = endTurn
    } catch (error) {
      endTurn()
      throw error
    }
  }

  async endTransaction(disposition: Disposition): Promise<void> {
    try {
      await this.#call('end', 'SCardEndTransaction', dispositions[disposition])
    } finally {
      this.#endTurn?.()
      this.#endTurn = undefined
    }
  }

  async status(): Promise<RawStatus> {
    const { winscard } = this.#parts
    const [nameLength, state, protocol, atrLength] = [winscard.dword(), winscard.dword(), winscard.dword(), winscard.dword(36)]
    const atr = new Uint8Array(36)
    await this.#call('status', 'SCardStatus', null, nameLength.memory, state.memory, protocol.memory, atr, atrLength.memory)
    return {
      power: powerOf(state.getWord(), winscard.platform.wide),
      protocol: protocol.getWord(),
      atr: atr.slice(0, atrLength.getWord()),
    }
  }

  async readAtr(): Promise<void> {
    this.#atr = (await this.status()).atr
  }

  async getAttribute(id: number): Promise<Uint8Array> {
    const { receive, length } = this.#lane
    // pcsc-lite refuses to be offered more room than its longest attribute takes.
    length.setWord(longestAttribute)
    await this.#call('get-attribute', 'SCardGetAttrib', id, receive, length.memory)
    return this.#take()
  }

  async setAttribute(id: number, value: Uint8Array): Promise<void> {
    const { send } = this.#lane
    send.set(value)
    try {
      await this.#call('set-attribute', 'SCardSetAttrib', id, send, value.length)
    } finally {
      send.fill(0, 0, value.length)
    }
  }

  abandon(): void {
    if (this.#over) return
    this.#lane.line?.abandon()
    const release = () => this.disconnect('reset').catch(() => undefined)
    this.#running.then(release, release)
  }

  /** What the last call left in the lane, which is wiped behind it. */
  #take(): Uint8Array {
    const { receive, length } = this.#lane
    const count = Math.min(length.getWord(), receive.length)
    const taken = receive.slice(0, count)
    receive.fill(0, 0, count)
    return taken
  }

  async #call(operation: PcscOperation, name: WinscardFunction, ...args: readonly unknown[]): Promise<void> {
    const { winscard, calls, reader } = this.#parts
    await awaitTurn(reader, this)
    this.#lane.line?.pause()
    const running = winscard.call(calls, name, this.#card, ...args)
    this.#running = running
    const code = await running
    if (code !== 0) throw this.#failure(operation, code)
  }

  #failure(operation: PcscOperation, code: number): PcscError {
    if (staleCodes.includes(code)) this.#stale = true
    return pcscFailure(operation, code, { where: this.#parts.reader })
  }
}

/** Connects to the card in a reader. Throws PcscError. */
export async function connectSystem(parts: ConnectionParts, mode: ShareMode, protocols: number): Promise<BackendConnection> {
  const { winscard, calls, pool, reader } = parts
  const lane = await pool.take()
  const card = winscard.handle()
  const wanted = mode === 'direct' ? 0 : protocols
  const code = await winscard.call(calls, 'SCardConnect', lane.context, reader, shareModes[mode], wanted, card.memory, lane.length.memory)
  if (code !== 0) {
    await pool.giveBack(lane, !staleCodes.includes(code))
    throw pcscFailure('connect', code, { where: reader })
  }
  const connection = new SystemConnection(parts, lane, card.get(), lane.length.getWord())
  try {
    await connection.readAtr()
  } catch (error) {
    // A reader alone has no card to give an ATR.
    if (mode === 'direct') return connection
    connection.abandon()
    throw error
  }
  return connection
}
