import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { bigIntToBytes, bytesToBigInt } from '../big-integer.ts'
import { CryptoError } from '../crypto-error.ts'
import { type CurveName, curvePoint, curves } from '../curve.ts'

/**
 * scalar times point by node:crypto, which gives x coordinates only: with x(kP) and x((k+1)P) the y coordinate of kP follows (Brier and Joye, PKC 2002, 4).
 * The result is checked to be on the curve, so that no fault in either half goes unseen.
 */
export function nodeMultiply(curve: CurveName, scalar: Uint8Array, point: Uint8Array): Uint8Array {
  const Point = curvePoint(curve)
  const { Fp } = Point
  const { a, b, n } = Point.CURVE()
  const k = bytesToBigInt(scalar)
  const base = Point.fromBytes(point)
  // Two cases in which k or k + 1 is no private key, or kP + P no sum of different points.
  if (k === 1n) return point.slice()
  if (k === n - 1n) return base.negate().toBytes(false)
  const party = createECDH(curves[curve].nodeName)
  if (base.equals(Point.BASE)) {
    party.setPrivateKey(scalar)
    return new Uint8Array(party.getPublicKey())
  }
  const abscissa = (value: bigint) => {
    const bytes = bigIntToBytes(value, scalar.length)
    party.setPrivateKey(bytes)
    bytes.fill(0)
    return bytesToBigInt(party.computeSecret(point))
  }
  const { x, y } = base
  const x1 = abscissa(k)
  const x2 = abscissa(k + 1n)
  const curveAt = (at: bigint) => Fp.add(Fp.mul(Fp.add(Fp.sqr(at), a), at), b)
  // (y1 - y)^2 = (x2 + x + x1) (x1 - x)^2 is the law of addition for kP + P; y1^2 is known from the curve.
  const square = Fp.mul(Fp.add(Fp.add(x2, x), x1), Fp.sqr(Fp.sub(x1, x)))
  const y1 = Fp.div(Fp.sub(Fp.add(curveAt(x1), Fp.sqr(y)), square), Fp.add(y, y))
  if (!Fp.eql(Fp.sqr(y1), curveAt(x1))) throw new CryptoError('invalid-key', 'the product is not a point on the curve')
  return Point.fromAffine({ x: x1, y: y1 }).toBytes(false)
}

const dhKeyAgreement = encodeTlv(0x06, fromHex('2a864886f70d010301'))
const zero = Uint8Array.of(0)

function integer(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const shortest = bytes.subarray(start)
  return encodeTlv(0x02, (shortest[0] ?? 0) >= 0x80 ? concatBytes(zero, shortest) : shortest)
}

/**
 * base^exponent mod prime as a Diffie-Hellman agreement of node:crypto, in constant time. Keys go in as DER: a DiffieHellman object would test the prime
 * for primality each time, which takes half a second. The generator written into them is of no consequence.
 */
export function nodeModPower(prime: Uint8Array, base: Uint8Array, exponent: Uint8Array): Uint8Array {
  if (exponent.every((byte) => byte === 0)) return bigIntToBytes(1n, prime.length)
  const algorithm = encodeTlv(0x30, [dhKeyAgreement, encodeTlv(0x30, [integer(prime), encodeTlv(0x02, Uint8Array.of(2))])])
  const pkcs8 = encodeTlv(0x30, [encodeTlv(0x02, zero), algorithm, encodeTlv(0x04, integer(exponent))])
  const spki = encodeTlv(0x30, [algorithm, encodeTlv(0x03, concatBytes(zero, integer(base)))])
  try {
    const privateKey = createPrivateKey({ key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.length), format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey({ key: Buffer.from(spki.buffer, spki.byteOffset, spki.length), format: 'der', type: 'spki' })
    return new Uint8Array(diffieHellman({ privateKey, publicKey }))
  } catch {
    throw new CryptoError('invalid-key', 'the power is 1 or p-1') // OpenSSL gives neither out; no cause: it may hold what it was given
  } finally {
    pkcs8.fill(0)
  }
}
