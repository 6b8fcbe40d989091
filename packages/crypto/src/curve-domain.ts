import { bigIntToBytes } from './big-integer.ts'
import { type CurveName, curvePoint } from './curve.ts'

/** A curve's domain parameters as unsigned big-endian integers in the fewest bytes, the generator as 04 || x || y. */
export interface CurveDomain {
  readonly prime: Uint8Array
  readonly a: Uint8Array
  readonly b: Uint8Array
  readonly generator: Uint8Array
  readonly order: Uint8Array
  readonly cofactor: Uint8Array
}

const shortest = (value: bigint): Uint8Array => bigIntToBytes(value, Math.max(1, Math.ceil(value.toString(16).length / 2)))

/** The domain parameters of a named curve, as CV certificates spell them out (BSI TR-03110-3 v2.21, D.2.1.1 and D.3.3). */
export function curveDomain(curve: CurveName): CurveDomain {
  const Point = curvePoint(curve)
  const { p, a, b, n, h } = Point.CURVE()
  return {
    prime: shortest(p),
    a: shortest(a),
    b: shortest(b),
    generator: Point.BASE.toBytes(false),
    order: shortest(n),
    cofactor: shortest(h),
  }
}
