import type { PcscEvent } from './readers.ts'

/** Events waiting for one `for await` loop. */
export class EventQueue implements AsyncIterableIterator<PcscEvent> {
  readonly #waiting: PcscEvent[] = []
  readonly #takers: { resolve(result: IteratorResult<PcscEvent>): void; reject(error: unknown): void }[] = []
  readonly #onEnd: (queue: EventQueue) => void
  #ended = false
  #failure: { readonly error: unknown } | undefined

  constructor(onEnd: (queue: EventQueue) => void) {
    this.#onEnd = onEnd
  }

  push(event: PcscEvent): void {
    if (this.#ended) return
    const taker = this.#takers.shift()
    if (taker) taker.resolve({ done: false, value: event })
    else this.#waiting.push(event)
  }

  /** No more events. What already waits is still given out; then the loop ends, or throws `failure.error`. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    this.#onEnd(this)
    for (const taker of this.#takers.splice(0)) {
      const error = this.#takeFailure()
      if (error) taker.reject(error.error)
      else taker.resolve({ done: true, value: undefined })
    }
  }

  next(): Promise<IteratorResult<PcscEvent>> {
    const event = this.#waiting.shift()
    if (event) return Promise.resolve({ done: false, value: event })
    if (!this.#ended) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    const error = this.#takeFailure()
    return error ? Promise.reject(error.error) : Promise.resolve({ done: true, value: undefined })
  }

  return(): Promise<IteratorResult<PcscEvent>> {
    this.#waiting.length = 0
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }
}
