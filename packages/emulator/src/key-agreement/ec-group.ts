import { createECDH } from 'node:crypto'
import { equalBytes } from '@kart/codec'
import type { AgreementGroup } from './agreement-group.ts'
import {
  addPoints,
  canEncode,
  curveAt,
  encodeToPoint,
  multiplyPoint,
  type Point,
  readPoint,
  recoverY,
  writePoint,
} from './curve-arithmetic.ts'
import type { CurveParameters } from './curve-parameters.ts'
import { bitLength, mod, toBytes, toInteger } from './modular.ts'

/** The points of a curve: by node:crypto where that knows it by a name, else by plain affine arithmetic. */
export class EcGroup implements AgreementGroup {
  readonly kind = 'ECDH'
  readonly order: bigint
  readonly orderLength: number
  readonly fieldBits: number
  readonly curve: CurveParameters
  readonly #name: string | undefined

  /** `name`: OpenSSL's, of these very parameters. */
  constructor(curve: CurveParameters, name?: string) {
    this.curve = curve
    this.order = curve.n
    this.orderLength = Math.ceil(bitLength(curve.n) / 8)
    this.fieldBits = bitLength(curve.p)
    this.#name = name
  }

  get generator(): Uint8Array {
    return this.curve.generator.slice()
  }

  take(bytes: Uint8Array): Uint8Array | undefined {
    const point = readPoint(this.curve, bytes)
    if (point === undefined) return undefined
    // With a cofactor the curve has points of small order.
    if (this.curve.cofactor !== 1 && multiplyPoint(this.curve, point, this.order) !== undefined) return undefined
    return bytes.slice()
  }

  multiply(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    return this.#multiplyFast(element, scalar) ?? this.#finite(multiplyPoint(this.curve, this.#point(element), toInteger(scalar)))
  }

  secret(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    if (this.#name !== undefined) return this.#x(this.#name, element, scalar)
    return this.multiply(element, scalar).slice(1, 1 + this.curve.size)
  }

  combine(a: Uint8Array, b: Uint8Array): Uint8Array | undefined {
    const sum = addPoints(this.curve, this.#point(a), this.#point(b))
    return sum && writePoint(this.curve, sum)
  }

  encode(pseudoRandom: bigint): Uint8Array | undefined {
    const point = canEncode(this.curve) ? encodeToPoint(this.curve, mod(pseudoRandom, this.curve.p)) : undefined
    const cleared = this.curve.cofactor === 1 ? point : multiplyPoint(this.curve, point, BigInt(this.curve.cofactor))
    return cleared && writePoint(this.curve, cleared)
  }

  /** node:crypto multiplies the generator whole, and gives the x coordinate alone of any other product: y follows from the next one. */
  #multiplyFast(element: Uint8Array, scalar: Uint8Array): Uint8Array | undefined {
    const name = this.#name
    if (name === undefined) return undefined
    if (equalBytes(element, this.curve.generator)) {
      const ecdh = createECDH(name)
      ecdh.setPrivateKey(scalar)
      return new Uint8Array(ecdh.getPublicKey())
    }
    const next = toInteger(scalar) + 1n
    if (next >= this.order) return undefined
    const x = toInteger(this.#x(name, element, scalar))
    const nextX = toInteger(this.#x(name, element, toBytes(next, this.orderLength)))
    const y = recoverY(this.curve, this.#point(element), x, nextX)
    if (mod(y * y, this.curve.p) !== curveAt(this.curve, x)) throw new Error('a product is not on the curve')
    return writePoint(this.curve, { x, y })
  }

  #x(name: string, element: Uint8Array, scalar: Uint8Array): Uint8Array {
    const ecdh = createECDH(name)
    ecdh.setPrivateKey(scalar)
    return new Uint8Array(ecdh.computeSecret(element))
  }

  #point(element: Uint8Array): NonNullable<Point> {
    const point = readPoint(this.curve, element)
    if (point === undefined) throw new Error('an element that was not taken')
    return point
  }

  #finite(point: Point): Uint8Array {
    if (point === undefined) throw new Error('a product is the point at infinity')
    return writePoint(this.curve, point)
  }
}
