import { decodeImage, encodeImage } from './card-image.ts'
import { type CardMemory, CardMemoryError } from './card-memory.ts'
import type { CardState } from './card-state.ts'
import { setBack } from './monotonic-counter.ts'

/** The card's state over its memory: read at will, replaced by whole commits. */
export class CardStore {
  readonly #memory: CardMemory
  #state: CardState | undefined

  /** Throws CardMemoryError when the memory holds no card or a damaged one. */
  constructor(memory: CardMemory) {
    this.#memory = memory
    this.#state = CardStore.#read(memory)
  }

  static #read(memory: CardMemory): CardState {
    const image = memory.load()
    if (image === undefined) throw new CardMemoryError('the memory holds no card: make one first')
    const state = decodeImage(image)
    const { counter } = memory
    if (counter === undefined) return state
    // The power may have failed between image and counter: one step is made good before anything is answered, so that it can be used once.
    const known = counter.read()
    if (state.generation < known) throw setBack()
    if (state.generation > known) counter.raise(state.generation)
    return state
  }

  /** The state as last committed. Throws CardMemoryError after a failed write that could not be read back. */
  get state(): CardState {
    if (this.#state === undefined)
      throw new CardMemoryError('the card memory could not be read back after a failed write: start the card again')
    return this.#state
  }

  /** Replaces the state in one write, before the command's answer leaves. After a failed write the memory is read again: it says what holds. */
  commit(next: CardState): void {
    try {
      const numbered = { ...next, generation: this.state.generation + 1 }
      this.#memory.store(encodeImage(numbered))
      this.#memory.counter?.raise(numbered.generation)
      this.#state = numbered
    } catch (cause) {
      this.#state = undefined
      this.reload()
      throw cause
    }
  }

  /** Reads the memory again; a failure leaves the card without a state. */
  reload(): void {
    try {
      this.#state = CardStore.#read(this.#memory)
    } catch {
      this.#state = undefined
    }
  }

  close(): void {
    this.#memory.close?.()
  }
}
