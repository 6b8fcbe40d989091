import { fromHex } from '@kart/codec'
import { backend } from '../backend.ts'
import { bigIntToBytes, bitLength, bytesToBigInt } from '../big-integer.ts'
import { CryptoError } from '../crypto-error.ts'
import { randomBytes } from '../secret-bytes.ts'
import type { AgreementGroup, RandomSource } from './agreement-group.ts'
import { drawPrivateKey } from './draw-private-key.ts'
import { type ModpName, modpGroups } from './modp-parameters.ts'

/** A subgroup of prime order of the integers modulo a prime (RFC 5114). */
export class ModpGroup implements AgreementGroup {
  readonly kind = 'dh'
  readonly name: ModpName
  readonly elementLength: number
  readonly privateLength: number
  readonly fieldBits: number
  readonly canMap = true
  readonly #p: bigint
  readonly #q: bigint
  readonly #prime: Uint8Array

  constructor(name: ModpName) {
    const row = modpGroups[name]
    this.name = name
    this.elementLength = row.primeBytes
    this.privateLength = row.orderBytes
    this.#prime = fromHex(row.p)
    this.#p = bytesToBigInt(this.#prime)
    this.#q = bytesToBigInt(fromHex(row.q))
    this.fieldBits = bitLength(this.#p)
  }

  get generator(): Uint8Array {
    return fromHex(modpGroups[this.name].g)
  }

  generatePrivateKey(random: RandomSource = randomBytes): Uint8Array {
    return drawPrivateKey(this.#q, this.privateLength, random)
  }

  check(element: Uint8Array): Uint8Array {
    const full = this.#inRange(element)
    // p - 1 has small factors: only the power by q tells an element of the subgroup from one that would give away bits of a private key.
    // The power by q - 1 is the inverse there; OpenSSL would not give out the 1 of the power by q itself.
    const inverse = this.#raise(full, bigIntToBytes(this.#q - 1n, this.privateLength))
    if ((bytesToBigInt(inverse) * bytesToBigInt(full)) % this.#p !== 1n)
      throw new CryptoError('invalid-key', 'the public key is not in the subgroup of prime order')
    return full
  }

  power(element: Uint8Array, exponent: Uint8Array): Uint8Array {
    const value = bytesToBigInt(exponent) % this.#q
    if (value === 0n) throw new CryptoError('invalid-key', 'the exponent is a multiple of the group order')
    const bytes = bigIntToBytes(value, this.privateLength)
    try {
      return this.#notNeutral(this.#raise(this.#inRange(element), bytes))
    } finally {
      bytes.fill(0)
    }
  }

  combine(a: Uint8Array, b: Uint8Array): Uint8Array {
    const product = (bytesToBigInt(this.#inRange(a)) * bytesToBigInt(this.#inRange(b))) % this.#p
    return this.#notNeutral(bigIntToBytes(product, this.elementLength))
  }

  sharedSecret(privateKey: Uint8Array, peer: Uint8Array): Uint8Array {
    return this.power(peer, privateKey)
  }

  mapToElement(pseudoRandom: Uint8Array): { readonly reduced: Uint8Array; readonly element: Uint8Array } {
    const reduced = bytesToBigInt(pseudoRandom) % this.#p
    const bytes = bigIntToBytes(reduced, this.elementLength)
    if (reduced < 2n || reduced > this.#p - 2n) throw new CryptoError('argument', 'the integer maps to no generator')
    const cofactor = bigIntToBytes((this.#p - 1n) / this.#q, this.elementLength)
    return { reduced: bytes, element: this.#notNeutral(this.#raise(bytes, cofactor)) }
  }

  #raise(base: Uint8Array, exponent: Uint8Array): Uint8Array {
    return backend().modPower(this.#prime, base, exponent)
  }

  /** An integer in 2..p-2, in full width; leading zeros may be missing (TR-03110-3, D.2.1.1 codes unsigned integers without them). */
  #inRange(element: Uint8Array): Uint8Array {
    if (element.length === 0 || element.length > this.elementLength)
      throw new CryptoError('invalid-key', 'the public key is not as long as the prime')
    const value = bytesToBigInt(element)
    if (value < 2n || value > this.#p - 2n) throw new CryptoError('invalid-key', 'the public key is not in 2..p-2')
    return bigIntToBytes(value, this.elementLength)
  }

  #notNeutral(element: Uint8Array): Uint8Array {
    if (bytesToBigInt(element) === 1n) throw new CryptoError('invalid-key', 'the result is the neutral element')
    return element
  }
}
