import { DecodeError, decodeTlvList, encodeTlv, type Tlv, tagHex } from '@kart/codec'
import { decodeDer, derOid } from '../asn1/der.ts'

/** Most data objects at one level of a CV certificate; the longest list of TR-03110-3, D has nine. */
const maxObjects = 32

/** The data objects at one level, in DER (lengths in the fewest bytes), to be taken one by one in the order in which the standard fixes them. */
export class OrderedObjects {
  readonly #objects: readonly Tlv[]
  readonly #what: string
  #next = 0

  /** `what` names the template in errors. Throws DecodeError or LimitError. */
  constructor(bytes: Uint8Array, what: string) {
    this.#objects = decodeTlvList(bytes, { constructed: false, minimalLength: true, nodes: maxObjects })
    this.#what = what
  }

  /** Value of the next data object, which must have this tag. */
  required(tag: number, field: string): Uint8Array {
    const value = this.optional(tag)
    if (value !== undefined) return value
    const found = this.#objects[this.#next]
    throw new DecodeError(
      this.#what,
      found === undefined ? `${field} (${tagHex(tag)}) is missing` : `${tagHex(found.tag)} where ${field} (${tagHex(tag)}) is expected`,
    )
  }

  /** Value of the next data object if it has this tag; otherwise undefined, and nothing is taken. */
  optional(tag: number): Uint8Array | undefined {
    const object = this.#objects[this.#next]
    if (object?.tag !== tag) return undefined
    this.#next++
    return object.value
  }

  /** The next data object whatever its tag; undefined at the end. */
  any(): Tlv | undefined {
    const object = this.#objects[this.#next]
    if (object !== undefined) this.#next++
    return object
  }

  /** Throws DecodeError when data objects are left. */
  end(): void {
    const left = this.#objects[this.#next]
    if (left !== undefined) throw new DecodeError(this.#what, `data object ${tagHex(left.tag)} stands where none is expected`)
  }
}

/** The dotted form of the value of a DO'06'. Throws DecodeError. */
export function objectIdentifier(value: Uint8Array, what: string): string {
  return derOid(decodeDer(encodeTlv(0x06, value), what), what)
}
