import { backend } from '../backend.ts'
import { bigIntToBytes, bitLength, bytesToBigInt } from '../big-integer.ts'
import { CryptoError } from '../crypto-error.ts'
import { type CurveName, curvePoint, curves } from '../curve.ts'
import { checkPoint } from '../public-key.ts'
import { randomBytes } from '../secret-bytes.ts'
import type { AgreementGroup, RandomSource } from './agreement-group.ts'
import { drawPrivateKey } from './draw-private-key.ts'
import { canEncodeToPoint, encodeToPoint } from './point-encoding.ts'

/** The points of a named curve of cofactor 1. */
export class EcGroup implements AgreementGroup {
  readonly kind = 'ecdh'
  readonly name: CurveName
  readonly elementLength: number
  readonly privateLength: number
  readonly fieldBits: number
  readonly canMap: boolean
  readonly #order: bigint
  readonly #prime: bigint

  constructor(name: CurveName) {
    const { fieldBytes, orderBytes } = curves[name]
    const { n, p } = curvePoint(name).CURVE()
    this.name = name
    this.elementLength = 1 + 2 * fieldBytes
    this.privateLength = orderBytes
    this.fieldBits = bitLength(p)
    this.canMap = canEncodeToPoint(name)
    this.#order = n
    this.#prime = p
  }

  get generator(): Uint8Array {
    return curvePoint(this.name).BASE.toBytes(false)
  }

  generatePrivateKey(random: RandomSource = randomBytes): Uint8Array {
    return drawPrivateKey(this.#order, this.privateLength, random)
  }

  check(element: Uint8Array): Uint8Array {
    return checkPoint(this.name, element).slice()
  }

  power(element: Uint8Array, exponent: Uint8Array): Uint8Array {
    const scalar = this.#scalar(exponent)
    try {
      return backend().ecMultiply(this.name, scalar, checkPoint(this.name, element))
    } finally {
      scalar.fill(0)
    }
  }

  combine(a: Uint8Array, b: Uint8Array): Uint8Array {
    const Point = curvePoint(this.name)
    const sum = Point.fromBytes(checkPoint(this.name, a)).add(Point.fromBytes(checkPoint(this.name, b)))
    if (sum.is0()) throw new CryptoError('invalid-key', 'the sum is the point at infinity')
    return sum.toBytes(false)
  }

  sharedSecret(privateKey: Uint8Array, peer: Uint8Array): Uint8Array {
    const scalar = this.#scalar(privateKey)
    try {
      return backend().ecdh(this.name, scalar, checkPoint(this.name, peer))
    } finally {
      scalar.fill(0)
    }
  }

  mapToElement(pseudoRandom: Uint8Array): { readonly reduced: Uint8Array; readonly element: Uint8Array } {
    const t = bytesToBigInt(pseudoRandom) % this.#prime
    return { reduced: bigIntToBytes(t, curves[this.name].fieldBytes), element: encodeToPoint(this.name, t) }
  }

  #scalar(exponent: Uint8Array): Uint8Array {
    const value = bytesToBigInt(exponent) % this.#order
    if (value === 0n) throw new CryptoError('invalid-key', 'the multiplier is a multiple of the group order')
    return bigIntToBytes(value, this.privateLength)
  }
}
