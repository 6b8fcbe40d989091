import { CryptoError } from '../crypto-error.ts'
import { type CurveName, curvePoint } from '../curve.ts'

/** Whether {@link encodeToPoint} works on the curve: its prime must be 3 modulo 4, which leaves P-224 out (Doc 9303-11, 8th ed., 9.5.1, note). */
export function canEncodeToPoint(curve: CurveName): boolean {
  return (curvePoint(curve).CURVE().p & 3n) === 3n
}

/**
 * Maps a field element onto the curve: the simplified map of Shallue, van de Woestijne and Ulas in its affine form (Doc 9303-11, 8th ed., Appendix B.2).
 * Both candidates are computed and one is taken, so that the work does not depend on `t`, which is secret. Gives the point uncompressed.
 * Throws CryptoError for P-224 and for the three values of `t` that have no image.
 */
export function encodeToPoint(curve: CurveName, t: bigint): Uint8Array {
  const Point = curvePoint(curve)
  const { a, b, p } = Point.CURVE()
  const { Fp } = Point
  if (!canEncodeToPoint(curve)) throw new CryptoError('unsupported', 'the integrated mapping does not work on this curve')
  const alpha = Fp.neg(Fp.sqr(t))
  const denominator = Fp.add(alpha, Fp.sqr(alpha))
  if (Fp.is0(denominator)) throw new CryptoError('argument', 'the field element has no point')
  const x2 = Fp.mul(Fp.mul(Fp.neg(b), Fp.inv(a)), Fp.add(Fp.ONE, Fp.inv(denominator)))
  const x3 = Fp.mul(alpha, x2)
  const curveAt = (x: bigint) => Fp.add(Fp.mul(Fp.add(Fp.sqr(x), a), x), b)
  const h2 = curveAt(x2)
  const u = Fp.mul(Fp.mul(Fp.sqr(t), t), h2)
  const root = Fp.pow(h2, p - 1n - (p + 1n) / 4n)
  const first = { x: x2, y: Fp.mul(root, h2) }
  const second = { x: x3, y: Fp.mul(root, u) }
  const isSquare = Fp.eql(Fp.mul(Fp.sqr(root), h2), Fp.ONE)
  const point = Point.fromAffine(isSquare ? first : second)
  point.assertValidity() // the curves here have cofactor 1: no multiplication by it
  return point.toBytes(false)
}
