import { CardError } from '@kart/codec'

/** Why a PIN did not do what it was to do. */
export type PinProblem =
  | 'wrong' // a try is gone
  | 'blocked' // no try is left
  | 'refused' // the card takes no PIN here, or not now
  | 'weak' // the card's own policy does not take the new PIN
  | 'not-changed-yet' // the PIN of the letter still stands, and signs nothing

/** A PIN was not taken, or does not let the card do what was asked: what to do next stands in the message, the PIN never. */
export class PinError extends CardError {
  readonly code = 'pin'
  readonly problem: PinProblem
  /** Label of the PIN. */
  readonly pin: string
  /** Tries that are left, where the card said so. */
  readonly triesLeft: number | undefined

  constructor(pin: string, problem: PinProblem, text: string, options: { readonly triesLeft?: number; readonly cause?: unknown } = {}) {
    super(`${pin}: ${text}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.pin = pin
    this.problem = problem
    this.triesLeft = options.triesLeft
  }
}
