import { createDiffieHellman, type DiffieHellman } from 'node:crypto'
import type { AgreementGroup, Multiplier } from './agreement-group.ts'
import { bitLength, mod, modPow, toBytes, toInteger } from './modular.ts'

/** A prime, and a generator of the subgroup of prime order q of the integers modulo it (RFC 2631; RFC 5114). */
export interface DhParameters {
  readonly p: bigint
  readonly g: bigint
  readonly q: bigint
}

/** The subgroup of order q in the integers modulo p; powers by node:crypto. */
export class DhGroup implements AgreementGroup {
  readonly kind = 'DH'
  readonly order: bigint
  readonly orderLength: number
  readonly fieldBits: number
  readonly #p: bigint
  readonly #generator: bigint
  readonly #size: number
  #engine: DiffieHellman | undefined

  constructor({ p, g, q }: DhParameters) {
    this.#p = p
    this.#generator = g
    this.order = q
    this.orderLength = Math.ceil(bitLength(q) / 8)
    this.fieldBits = bitLength(p)
    this.#size = Math.ceil(this.fieldBits / 8)
  }

  get generator(): Uint8Array {
    return toBytes(this.#generator, this.#size)
  }

  /** An integer of 2..p-2 whose power by q is 1; leading zero bytes may be missing (BSI TR-03110-3 v2.21, D.2.1.1) or one be too many. */
  take(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === 0 || bytes.length > this.#size + 1) return undefined
    const value = toInteger(bytes)
    if (value < 2n || value > this.#p - 2n) return undefined
    const element = toBytes(value, this.#size)
    // By q - 1, not q: OpenSSL gives no power that is 1. A small order may divide q - 1 too, and then it gives none here either.
    const inverse = this.#inverse(element)
    return inverse !== undefined && mod(inverse * value, this.#p) === 1n ? element : undefined
  }

  multiplier(scalar: Uint8Array): Multiplier {
    const element = (base: Uint8Array): Uint8Array => this.#power(base, scalar)
    return { generator: () => element(this.generator), element, secret: element }
  }

  multiply(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    return this.#power(element, scalar)
  }

  secret(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    return this.#power(element, scalar)
  }

  combine(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
    const product = mod(toInteger(a) * toInteger(b), this.#p)
    return product === 1n ? undefined : toBytes(product, this.#size)
  }

  /** Raised to the cofactor it is in the subgroup (Doc 9303-11, 8th ed., 4.4.3.3.2). */
  encode(pseudoRandom: bigint): Uint8Array | undefined {
    const value = modPow(mod(pseudoRandom, this.#p), (this.#p - 1n) / this.order, this.#p)
    return value <= 1n ? undefined : toBytes(value, this.#size)
  }

  #inverse(element: Uint8Array): bigint | undefined {
    try {
      return toInteger(this.#power(element, toBytes(this.order - 1n, this.orderLength)))
    } catch {
      return undefined
    }
  }

  // The secret that a private key makes with a public one is a power: that one call is used for all of them.
  #power(element: Uint8Array, exponent: Uint8Array): Uint8Array {
    this.#engine ??= createDiffieHellman(toBytes(this.#p, this.#size), toBytes(this.#generator, this.#size))
    this.#engine.setPrivateKey(exponent)
    const power = this.#engine.computeSecret(element)
    this.#engine.setPrivateKey(new Uint8Array([1]))
    return toBytes(toInteger(power), this.#size)
  }
}
