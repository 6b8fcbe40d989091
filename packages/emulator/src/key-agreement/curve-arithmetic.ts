import { concatBytes } from '@kart/codec'
import type { CurveParameters } from './curve-parameters.ts'
import { mod, modInverse, modPow, toBytes, toInteger } from './modular.ts'

/** A point in affine coordinates; undefined = the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined

/** The right side of the curve's equation. */
export function curveAt({ p, a, b }: CurveParameters, x: bigint): bigint {
  return mod((x * x + a) * x + b, p)
}

/** The finite point that 04 || x || y says, when its coordinates are reduced and it is on the curve. */
export function readPoint(curve: CurveParameters, bytes: Uint8Array): Point {
  const { p, size } = curve
  if (bytes.length !== 1 + 2 * size || bytes[0] !== 0x04) return undefined
  const x = toInteger(bytes.subarray(1, 1 + size))
  const y = toInteger(bytes.subarray(1 + size))
  return x < p && y < p && mod(y * y, p) === curveAt(curve, x) ? { x, y } : undefined
}

/** 04 || x || y. */
export function writePoint({ size }: CurveParameters, point: NonNullable<Point>): Uint8Array {
  return concatBytes(Uint8Array.of(0x04), toBytes(point.x, size), toBytes(point.y, size))
}

/** Chord and tangent (BSI TR-03111 v2.10, 2.3.1). */
export function addPoints({ p, a }: CurveParameters, first: Point, second: Point): Point {
  if (first === undefined) return second
  if (second === undefined) return first
  const doubled = first.x === second.x
  if (doubled && mod(first.y + second.y, p) === 0n) return undefined
  const slope = doubled
    ? (3n * first.x * first.x + a) * modInverse(2n * first.y, p)
    : (second.y - first.y) * modInverse(second.x - first.x, p)
  const x = mod(slope * slope - first.x - second.x, p)
  return { x, y: mod(slope * (first.x - x) - first.y, p) }
}

/** Double and add. Not in constant time: an emulator's card is a test artefact. */
export function multiplyPoint(curve: CurveParameters, point: Point, scalar: bigint): Point {
  let sum: Point
  let power = point
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = addPoints(curve, sum, power)
    power = addPoints(curve, power, power)
  }
  return sum
}

/**
 * The y coordinate of Q = kP, from P and the x coordinates of Q and Q + P: what is left to compute where a library gives x coordinates only
 * (É. Brier, M. Joye: Weierstraß Elliptic Curves and Side-Channel Attacks, PKC 2002, proposition 3).
 */
export function recoverY({ p, a, b }: CurveParameters, point: NonNullable<Point>, x: bigint, nextX: bigint): bigint {
  const difference = point.x - x
  const numerator = 2n * b + (a + point.x * x) * (point.x + x) - nextX * difference * difference
  return mod(mod(numerator, p) * modInverse(2n * point.y, p), p)
}

/** Whether {@link encodeToPoint} works: its prime must be 3 modulo 4. */
export function canEncode({ p }: CurveParameters): boolean {
  return (p & 3n) === 3n
}

/** Maps a field element onto the curve (Doc 9303-11, 8th ed., Appendix B.2, steps 1 to 9); undefined where it has no image. */
export function encodeToPoint(curve: CurveParameters, t: bigint): Point {
  const { p, a, b } = curve
  const alpha = mod(-t * t, p)
  const denominator = mod(alpha + alpha * alpha, p)
  if (denominator === 0n) return undefined
  const x2 = mod(mod(-b * modInverse(a, p), p) * (1n + modInverse(denominator, p)), p)
  const x3 = mod(alpha * x2, p)
  const h2 = curveAt(curve, x2)
  const u = mod(t * t * t * h2, p)
  const root = modPow(h2, p - 1n - (p + 1n) / 4n, p)
  // Both candidates are computed and one is taken.
  const first = { x: x2, y: mod(root * h2, p) }
  const second = { x: x3, y: mod(root * u, p) }
  return mod(root * root * h2, p) === 1n ? first : second
}
