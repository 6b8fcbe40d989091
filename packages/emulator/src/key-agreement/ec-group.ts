import { createECDH, type ECDH } from 'node:crypto'
import { equalBytes } from '@kart/codec'
import type { AgreementGroup, Multiplier } from './agreement-group.ts'
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
  readonly #engine: Engine | undefined

  /** `name`: OpenSSL's, of these very parameters. */
  constructor(curve: CurveParameters, name?: string) {
    this.curve = curve
    this.order = curve.n
    this.orderLength = Math.ceil(bitLength(curve.n) / 8)
    this.fieldBits = bitLength(curve.p)
    this.#engine = name === undefined ? undefined : { ecdh: createECDH(name), holds: undefined }
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

  multiplier(scalar: Uint8Array): Multiplier {
    if (this.#engine !== undefined) return new NamedMultiplier(this.curve, this.#engine, scalar)
    const element = (base: Uint8Array): Uint8Array =>
      writeFinite(this.curve, multiplyPoint(this.curve, this.#point(base), toInteger(scalar)))
    return { generator: () => element(this.curve.generator), element, secret: (base) => element(base).slice(1, 1 + this.curve.size) }
  }

  multiply(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    const multiplier = this.multiplier(scalar)
    return equalBytes(element, this.curve.generator) ? multiplier.generator() : multiplier.element(element)
  }

  secret(element: Uint8Array, scalar: Uint8Array): Uint8Array {
    return this.multiplier(scalar).secret(element)
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

  #point(element: Uint8Array): NonNullable<Point> {
    return pointOf(this.curve, element)
  }
}

/** The point of an element that was taken, or came out of this group: it is on the curve. */
function pointOf({ size }: CurveParameters, element: Uint8Array): NonNullable<Point> {
  if (element.length !== 1 + 2 * size || element[0] !== 0x04) throw new Error('an element that was not taken')
  return { x: toInteger(element.subarray(1, 1 + size)), y: toInteger(element.subarray(1 + size)) }
}

function writeFinite(curve: CurveParameters, point: Point): Uint8Array {
  if (point === undefined) throw new Error('a product is the point at infinity')
  return writePoint(curve, point)
}

/** One curve in node:crypto, which costs as much to set up as a tenth of a product, and the scalar that it holds. */
interface Engine {
  readonly ecdh: ECDH
  holds: Uint8Array | undefined
}

/** Products by node:crypto, which multiplies the generator whole and gives the x coordinate alone of any other product: y follows from the next one. */
class NamedMultiplier implements Multiplier {
  readonly #curve: CurveParameters
  readonly #scalar: Uint8Array
  readonly #engine: Engine

  constructor(curve: CurveParameters, engine: Engine, scalar: Uint8Array) {
    this.#curve = curve
    this.#scalar = scalar
    this.#engine = engine
  }

  generator(): Uint8Array {
    this.#use(this.#scalar)
    return new Uint8Array(this.#engine.ecdh.getPublicKey())
  }

  secret(element: Uint8Array): Uint8Array {
    this.#use(this.#scalar)
    return new Uint8Array(this.#engine.ecdh.computeSecret(element))
  }

  element(element: Uint8Array): Uint8Array {
    const curve = this.#curve
    const next = toInteger(this.#scalar) + 1n
    if (next >= curve.n) return writeFinite(curve, multiplyPoint(curve, pointOf(curve, element), next - 1n))
    const x = toInteger(this.secret(element))
    this.#use(toBytes(next, this.#scalar.length))
    const nextX = toInteger(new Uint8Array(this.#engine.ecdh.computeSecret(element)))
    const y = recoverY(curve, pointOf(curve, element), x, nextX)
    if (mod(y * y, curve.p) !== curveAt(curve, x)) throw new Error('a product is not on the curve')
    return writePoint(curve, { x, y })
  }

  #use(scalar: Uint8Array): void {
    if (this.#engine.holds !== scalar) this.#engine.ecdh.setPrivateKey(scalar)
    this.#engine.holds = scalar
  }
}
