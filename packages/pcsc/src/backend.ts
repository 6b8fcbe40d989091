/** How a card is shared with other programs while it is connected; `direct` reaches the reader alone, with or without a card in it. */
export type ShareMode = 'shared' | 'exclusive' | 'direct'
/** Which transmission protocol to ask for (ISO/IEC 7816-3); `any` leaves the choice to the service. */
export type Protocol = 'T0' | 'T1' | 'any'
/** What happens to the card on disconnect. */
export type Disposition = 'leave' | 'reset' | 'unpower' | 'eject'

/** A reader's state as PC/SC reports it: flags in the lower 16 bits, the count of insertions and removals in the upper 16. */
export interface RawState {
  readonly state: number
  /** Answer to reset, empty without a card. */
  readonly atr: Uint8Array
}

/** What PC/SC says of a connected card: its power and protocol (SCardStatus). */
export interface RawStatus {
  readonly power: CardPower
  /** SCARD_PROTOCOL_T0 (1), SCARD_PROTOCOL_T1 (2), 0 for none, or another value as the service gave it. */
  readonly protocol: number
  readonly atr: Uint8Array
}

/**
 * The states of SCardStatus: no card; a card out of position; in position without power; with power; reset, waiting for a protocol to be
 * chosen; ready, its protocol chosen.
 */
export type CardPower = 'absent' | 'present' | 'swallowed' | 'powered' | 'negotiable' | 'specific'

/** What a backend tells the context while it is open, never from inside one of the backend's own calls. */
export interface BackendListener {
  /** Every reader there is now, in the order of the service. */
  readers(names: readonly string[]): void
  /** A reader's state changed, or is told for the first time. */
  state(reader: string, raw: RawState): void
  /** The service is gone: nothing more will be told. */
  lost(error: unknown): void
}

/** A connection to one card. Promises may stay open for ever when the driver hangs: the context bounds each by a timeout. */
export interface BackendConnection {
  /** SCARD_PROTOCOL_T0 (1), SCARD_PROTOCOL_T1 (2) or another value as the service gave it. */
  readonly protocol: number
  /** Answer to reset as read on the last connect or reconnect; undefined where the backend leaves it to the reader's state. */
  readonly atr: Uint8Array | undefined
  /** Sends a copy of the command that is taken before the call returns. */
  transmit(command: Uint8Array): Promise<Uint8Array>
  control(code: number, data: Uint8Array): Promise<Uint8Array>
  reconnect(mode: ShareMode, protocols: number, disposition: Disposition): Promise<void>
  disconnect(disposition: Disposition): Promise<void>
  /** Waits until no other program holds the card, then holds it. */
  beginTransaction(): Promise<void>
  endTransaction(disposition: Disposition): Promise<void>
  /** What the service says of this very connection; fails when its card was removed or reset. */
  status(): Promise<RawStatus>
  getAttribute(id: number): Promise<Uint8Array>
  setAttribute(id: number, value: Uint8Array): Promise<void>
  /** Lets go of a connection with a call that does not come back; whenever it does, the card is released. */
  abandon(): void
}

/** An open link to the smart-card service. */
export interface BackendSession {
  /** Native calls that have not come back. Node cannot end the process while there is one. */
  readonly pendingCalls: number
  /** Asks the service for a reader's state, afresh. */
  readState(reader: string): Promise<RawState>
  connect(reader: string, mode: ShareMode, protocols: number): Promise<BackendConnection>
  /** Whether the service still knows this session. */
  isValid(): Promise<boolean>
  listGroups(): Promise<readonly string[]>
  /** Waits in the service for any change of readers and cards: true when there was one, false when time or signal ended the wait. */
  waitForChange(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean>
  close(): Promise<void>
}

/** One way to reach PC/SC. Rejections are PcscError, or errors whose text ends in the code as `(0x8010000c)`. */
export interface PcscBackend {
  readonly name: string
  /** Opens the service and resolves after `listener.readers` was told the first list. */
  open(listener: BackendListener, timeoutMs: number): Promise<BackendSession>
}
