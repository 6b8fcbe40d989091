import { CardError } from '@kart/codec'

/** Kart's virtual reader cannot be reached, or the link to it broke. */
export class VirtualReaderError extends CardError {
  readonly code = 'reader'
  /** The reader's socket. */
  readonly socket: string

  constructor(socket: string, problem: string, options?: { cause?: unknown }) {
    super(`virtual reader ${socket}: ${problem}`, options)
    this.socket = socket
  }
}
