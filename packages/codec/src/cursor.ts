import { DecodeError } from './errors.ts'

/** Reads a byte string from front to back; every read past the end is a DecodeError that says where. */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #what: string
  readonly #base: number
  #offset = 0

  /** `what` names the format in errors; `base` is added to reported offsets (the start of `bytes` in the outermost input). */
  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.#bytes = bytes
    this.#what = what
    this.#base = base
  }

  /** Offset of the next byte, from the start of the outermost input. */
  get offset(): number {
    return this.#base + this.#offset
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  #need(length: number, field: string): void {
    if (!Number.isInteger(length) || length < 0) throw this.error(`${field} has no valid length`)
    if (length > this.remaining) throw this.error(`${field} needs ${length} bytes, ${this.remaining} left`)
  }

  /** A DecodeError at the present offset. */
  error(problem: string): DecodeError {
    return new DecodeError(this.#what, problem, { offset: this.offset })
  }

  u8(field = 'a byte'): number {
    this.#need(1, field)
    return this.#bytes[this.#offset++]!
  }

  u16(field = 'a 16-bit integer'): number {
    this.#need(2, field)
    const value = (this.#bytes[this.#offset]! << 8) | this.#bytes[this.#offset + 1]!
    this.#offset += 2
    return value
  }

  u32(field = 'a 32-bit integer'): number {
    return this.u16(field) * 65536 + this.u16(field)
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number, field = 'a byte string'): Uint8Array {
    this.#need(length, field)
    const out = this.#bytes.slice(this.#offset, this.#offset + length)
    this.#offset += length
    return out
  }

  /** Passes over `length` bytes. */
  skip(length: number, field = 'a byte string'): void {
    this.#need(length, field)
    this.#offset += length
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /** Throws DecodeError when bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw this.error(`${this.remaining} bytes left over`)
  }
}
