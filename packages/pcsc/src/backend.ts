/** How a card is shared with other programs while it is connected. */
export type ShareMode = 'shared' | 'exclusive'
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
  transmit(command: Uint8Array): Promise<Uint8Array>
  control(code: number, data: Uint8Array): Promise<Uint8Array>
  reconnect(mode: ShareMode, protocols: number, disposition: Disposition): Promise<void>
  disconnect(disposition: Disposition): Promise<void>
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
  close(): Promise<void>
}

/** One way to reach PC/SC. Rejections are PcscError, or errors whose text ends in the code as `(0x8010000c)`. */
export interface PcscBackend {
  readonly name: string
  /** Opens the service and resolves after `listener.readers` was told the first list. */
  open(listener: BackendListener, timeoutMs: number): Promise<BackendSession>
}
