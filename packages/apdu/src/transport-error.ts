import { CardError } from '@kart/codec'

/** Whether the command of a failed exchange may have reached the card: a command that may have must not be repeated blindly. */
export type Reached = 'no' | 'maybe' | 'yes'

/** The reader or the link to the card failed. */
export class TransportError extends CardError {
  readonly code: 'transport' | 'reader' = 'transport'
  readonly reached: Reached

  constructor(message: string, options: { reached: Reached; cause?: unknown }) {
    super(message, options)
    this.reached = options.reached
  }
}
