/** A piece of a stream: a header of fixed length, and as many bytes as it announces. */
export interface Frame {
  readonly header: Uint8Array
  readonly payload: Uint8Array
}

/** Cuts a stream of bytes, however it arrives, back into frames. Holds at most one incomplete frame. */
export class FrameCutter {
  readonly #header: Uint8Array
  readonly #lengthOf: (header: Uint8Array) => number
  #headerFilled = 0
  #payload: Uint8Array | undefined
  #filled = 0

  /** `lengthOf` reads a payload's length, bytes, from its header; what it throws, `push` throws. */
  constructor(headerLength: number, lengthOf: (header: Uint8Array) => number) {
    this.#header = new Uint8Array(headerLength)
    this.#lengthOf = lengthOf
  }

  /** Takes the next bytes of the stream and gives every frame that they complete. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = []
    let at = 0
    for (;;) {
      if (!this.#payload) {
        const taken = chunk.subarray(at, at + this.#header.length - this.#headerFilled)
        this.#header.set(taken, this.#headerFilled)
        this.#headerFilled += taken.length
        at += taken.length
        if (this.#headerFilled < this.#header.length) return frames
        this.#payload = new Uint8Array(this.#lengthOf(this.#header))
        this.#filled = 0
        this.#headerFilled = 0
      }
      const taken = chunk.subarray(at, at + this.#payload.length - this.#filled)
      this.#payload.set(taken, this.#filled)
      this.#filled += taken.length
      at += taken.length
      if (this.#filled < this.#payload.length) return frames
      frames.push({ header: this.#header.slice(), payload: this.#payload })
      this.#payload = undefined
    }
  }
}
