import { LimitError } from '@kart/codec'
import { FrameCutter } from '../frame-cutter.ts'

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
  readonly #cutter = new FrameCutter(2, ([high = 0, low = 0]) => high * 256 + low)

  /** Takes the next bytes of the stream and gives every message that they complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    return this.#cutter.push(chunk).map(({ payload }) => payload)
  }
}
