import { CardError } from '@kart/codec'

/** The card is not in the state that a personalization step needs, or did not do what the step asked; says what holds on the card now. */
export class PersonalizationError extends CardError {
  readonly code = 'personalization'
  /** The step that stopped (`open`, `write`, `verify`, ...). */
  readonly step: string

  constructor(step: string, problem: string, options?: { cause?: unknown }) {
    super(`${step}: ${problem}`, options)
    this.step = step
  }
}
