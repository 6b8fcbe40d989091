import { DecodeError, LimitError } from '@kart/codec'
import { FrameCutter } from '../frame-cutter.ts'

/** Kinds of frames between Kart's virtual reader and a card in it (packages/emulator/ifd/kart-ifd.c). */
export const frameKinds = { putIn: 0x00, powerOn: 0x01, powerOff: 0x02, reset: 0x03, command: 0x04, atr: 0x81, response: 0x84 } as const

export interface KartFrame {
  readonly kind: number
  readonly payload: Uint8Array
}

/** The longest payload: an extended APDU whole, or its response (pcsc-lite's MAX_BUFFER_SIZE_EXTENDED). */
export const longestPayload = 65_548

/** Kind in one byte, length in four (big-endian), then the payload. Throws LimitError above `limit` bytes. */
export function encodeKartFrame(kind: number, payload: Uint8Array, limit = longestPayload): Uint8Array {
  if (payload.length > limit) throw new LimitError('virtual reader frame in bytes', limit)
  const frame = new Uint8Array(5 + payload.length)
  frame[0] = kind
  new DataView(frame.buffer).setUint32(1, payload.length)
  frame.set(payload, 5)
  return frame
}

/** Cuts a stream of bytes, however it arrives, back into frames. */
export class KartFrameReader {
  readonly #cutter = new FrameCutter(5, lengthIn)

  /** Takes the next bytes of the stream and gives every frame that they complete. Throws DecodeError for a frame above the limit. */
  push(chunk: Uint8Array): KartFrame[] {
    return this.#cutter.push(chunk).map(({ header, payload }) => ({ kind: header[0]!, payload }))
  }
}

function lengthIn(header: Uint8Array): number {
  const length = new DataView(header.buffer, header.byteOffset).getUint32(1)
  if (length > longestPayload) throw new DecodeError('virtual reader frame', `${length} bytes where at most ${longestPayload} fit`)
  return length
}
