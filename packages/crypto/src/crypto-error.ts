import { CardError } from '@kart/codec'

/** Why a primitive refused: a wrong-sized argument, a key that is malformed, a key that the policy forbids, or something not supported. */
export type CryptoErrorReason = 'argument' | 'invalid-key' | 'key-policy' | 'unsupported'

/** A primitive refused its input. The message names the field, never its value. */
export class CryptoError extends CardError {
  readonly code = 'crypto'
  readonly reason: CryptoErrorReason

  constructor(reason: CryptoErrorReason, problem: string, options?: { cause?: unknown }) {
    super(problem, options)
    this.reason = reason
  }
}
