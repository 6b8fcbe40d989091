import { DecodeError, readTlvHeader } from '@kart/codec'

/** Reads DER (ISO/IEC 8825-1:2021, 10) element by element, as far as keys and signatures need it; every refusal is a DecodeError. */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #offset = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Tag of the next element, or undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#offset]
  }

  /** Content of the next element, which must carry this tag. */
  element(tag: number): Uint8Array {
    const header = readTlvHeader(this.#bytes, this.#offset, { minimalLength: true })
    if (header === undefined) throw this.error('ends inside a tag or length field')
    if (header.tag !== tag) throw this.error(`tag ${header.tag.toString(16)} where ${tag.toString(16)} is expected`)
    const start = this.#offset + header.headerLength
    const end = start + header.valueLength
    if (end > this.#bytes.length) throw this.error(`element of ${header.valueLength} bytes, ${this.#bytes.length - start} left`)
    this.#offset = end
    return this.#bytes.slice(start, end)
  }

  /** A reader over the content of the next element. */
  inside(tag: number): DerReader {
    return new DerReader(this.element(tag), this.#what)
  }

  /** Content of an INTEGER that is positive or zero, without its sign byte. */
  unsigned(): Uint8Array {
    const content = this.element(0x02)
    const first = content[0]
    if (first === undefined) throw this.error('an integer without content')
    if (first >= 0x80) throw this.error('a negative integer')
    if (first === 0 && content.length > 1) {
      if (content[1]! < 0x80) throw this.error('an integer not coded in the fewest bytes')
      return content.slice(1)
    }
    return content
  }

  /** Content of a BIT STRING of whole bytes. */
  bitString(): Uint8Array {
    const content = this.element(0x03)
    if (content[0] !== 0) throw this.error('a bit string that is not of whole bytes')
    return content.slice(1)
  }

  /** All bytes not yet read. */
  rest(): Uint8Array {
    const out = this.#bytes.slice(this.#offset)
    this.#offset = this.#bytes.length
    return out
  }

  /** Throws when bytes are left over. */
  end(): void {
    if (this.remaining > 0) throw this.error(`${this.remaining} bytes left over`)
  }

  error(problem: string): DecodeError {
    return new DecodeError(this.#what, problem, { offset: this.#offset })
  }
}
