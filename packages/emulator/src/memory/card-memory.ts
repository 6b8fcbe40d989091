import { CardError } from '@kart/codec'
import type { MonotonicCounter } from './monotonic-counter.ts'

/** The emulated card's non-volatile memory: one image, replaced as a whole. */
export interface CardMemory {
  /** The stored image; undefined = none yet. Throws CardMemoryError. */
  load(): Uint8Array | undefined
  /** Replaces the image: afterwards, whatever happened, the old or the new one is there, whole. Throws CardMemoryError. */
  store(image: Uint8Array): void
  /** Tells an older image from the newest one (C16); without it a memory that is put back is not noticed. */
  readonly counter?: MonotonicCounter
  /** Lets the memory go, where it holds something open. Harmless when called again. */
  close?(): void
}

/** The memory is damaged, of another version, in use, or cannot be written; the message says what is wrong and what to do. */
export class CardMemoryError extends CardError {
  readonly code = 'card-memory'
}

/** Memory that lives as long as the object; `image` is what it starts with. */
export function inMemory(image?: Uint8Array): CardMemory {
  let held = image?.slice()
  return {
    load: () => held?.slice(),
    store: (next) => {
      held = next.slice()
    },
  }
}
