// The parts of the package pcsclite 1.0.1 that Kart uses, in types of our own: the package is optional, and its types with it.

export type PcscliteCallback<T> = (error: unknown, value: T) => void

/** A reader object: either one that watches (handed out by `reader`), or one that holds a connection. */
export interface PcscliteReader {
  readonly name: string
  readonly connected: boolean
  /** Starts a thread that reports the state now and whenever it changes. */
  get_status(callback: (error: unknown, state: number, atr?: Uint8Array) => void): void
  connect(options: { share_mode: number; protocol: number }, callback: PcscliteCallback<number>): void
  disconnect(disposition: number, callback: (error: unknown) => void): void
  transmit(data: Uint8Array, longestResponse: number, protocol: number, callback: PcscliteCallback<Uint8Array>): void
  control(data: Uint8Array, code: number, longestResponse: number, callback: PcscliteCallback<Uint8Array>): void
  /** Ends the thread that `get_status` started; blocks until it has ended. */
  close(): void
  on(event: 'status', listener: (status: { state: number; atr?: Uint8Array }) => void): void
  on(event: 'error', listener: (error: unknown) => void): void
  on(event: 'end', listener: () => void): void
}

export type PcscliteReaderConstructor = new (name: string) => PcscliteReader

export interface PcscliteService {
  /** Called by the package itself on the next tick; the callback gets every list of readers, each name ending in a zero byte. */
  start(callback: (error: unknown, names?: Uint8Array) => void): void
  close(): void
  on(event: 'reader', listener: (reader: PcscliteReader) => void): void
  on(event: 'error', listener: (error: unknown) => void): void
}

/** What `require('pcsclite')` gives. Throws when no service runs. */
export type PcscliteModule = () => PcscliteService
