import { LimitError } from '@kart/codec'

/** The longest message a frame can hold: its length stands in two bytes. */
export const longestMessage = 0xffff

/** A message with its length in two bytes before it, big-endian (vsmartcard, vpcd protocol). Throws LimitError above 65535 bytes. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  if (message.length > longestMessage) throw new LimitError('vpcd message in bytes', longestMessage)
  const frame = new Uint8Array(2 + message.length)
  frame[0] = message.length >> 8
  frame[1] = message.length & 0xff
  frame.set(message, 2)
  return frame
}

/** Cuts a stream of bytes, however it arrives, back into messages. Holds at most one incomplete message. */
export class FrameReader {
  readonly #header = new Uint8Array(2)
  #headerFilled = 0
  #message: Uint8Array | undefined
  #filled = 0

  /** Takes the next bytes of the stream and gives every message that they complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    let at = 0
    while (at < chunk.length) {
      if (!this.#message) {
        this.#header[this.#headerFilled++] = chunk[at++]!
        if (this.#headerFilled < 2) continue
        this.#message = new Uint8Array(this.#header[0]! * 256 + this.#header[1]!)
        this.#filled = 0
        this.#headerFilled = 0
      }
      const taken = chunk.subarray(at, at + this.#message.length - this.#filled)
      this.#message.set(taken, this.#filled)
      this.#filled += taken.length
      at += taken.length
      if (this.#filled === this.#message.length) {
        messages.push(this.#message)
        this.#message = undefined
      }
    }
    return messages
  }
}
