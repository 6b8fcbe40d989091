import { CardError } from '@kart/codec'

/**
 * A protected exchange failed and the session is over. The message is always the same: which check failed would help whoever forged the answer.
 */
export class SecureMessagingError extends CardError {
  readonly code = 'secure-messaging'
  /** The status word that came over the wire, where one did; nothing vouches for it. */
  readonly sw: number | undefined

  constructor(sw?: number) {
    super('secure messaging failed: the answer is not protected as the session demands, or the session was over already')
    this.sw = sw
  }
}

/** A mutual authentication failed: the keys are not the card's, or this is not the card. */
export class AuthenticationError extends CardError {
  readonly code = 'authentication'
  /** The protocol: `BAC`, `SCP03`. */
  readonly protocol: string
  /** The status word with which the card refused, where it did. */
  readonly sw: number | undefined

  constructor(protocol: string, problem: string, options?: { sw?: number }) {
    super(`${protocol}: ${problem}`)
    this.protocol = protocol
    this.sw = options?.sw
  }
}
