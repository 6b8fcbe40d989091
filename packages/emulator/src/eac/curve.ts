import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { concatBytes, equalBytes } from '@kart/codec'
import { curveByName } from '../key-agreement/curve-parameters.ts'
import { bitLength, toBytes } from '../key-agreement/modular.ts'

/** OpenSSL's names of the curves among the standardized domain parameters (BSI TR-03110-3 v2.21, A.2.1.1; Doc 9303-11, 8th ed., 9.5.1). */
const curveNames = [
  'prime192v1',
  'brainpoolP192r1',
  'secp224r1',
  'brainpoolP224r1',
  'prime256v1',
  'brainpoolP256r1',
  'brainpoolP320r1',
  'secp384r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
  'secp521r1',
] as const
export type CurveName = (typeof curveNames)[number]

/** Domain parameters as a CV certificate spells them: unsigned integers without leading zeros, the generator 04 || x || y. */
export interface CurveDomain {
  readonly prime: Uint8Array
  readonly a: Uint8Array
  readonly b: Uint8Array
  readonly generator: Uint8Array
  readonly order: Uint8Array
  /** Undefined where it is left out. */
  readonly cofactor: Uint8Array | undefined
}

/** One curve that the card computes on; every one has cofactor 1. */
export interface Curve {
  /** OpenSSL's name. */
  readonly name: string
  /** Bytes of a coordinate. */
  readonly fieldLength: number
  /** Bytes of a number below the order. */
  readonly orderLength: number
  readonly domain: CurveDomain
  /** DER SubjectPublicKeyInfo without the point at its end. */
  readonly keyPrefix: Uint8Array
}

const known = new Map<string, Curve>()

/** The known curve that has exactly these domain parameters; undefined = none (Doc 9303-11, 8th ed., 7.1.4.2.2: no others are taken). */
export function curveOfDomain(domain: CurveDomain): Curve | undefined {
  if (domain.cofactor !== undefined && !(domain.cofactor.length === 1 && domain.cofactor[0] === 1)) return undefined
  const fields = ['prime', 'a', 'b', 'generator', 'order'] as const
  return curveNames.map(curveNamed).find((curve) => fields.every((field) => equalBytes(curve.domain[field], domain[field])))
}

/** The curve of this name. */
export function curveNamed(name: CurveName): Curve {
  const held = known.get(name)
  if (held) return held
  const { p, a, b, n, generator, size } = curveByName(name)
  const domain = { prime: unsigned(p), a: unsigned(a), b: unsigned(b), generator, order: unsigned(n), cofactor: Uint8Array.of(1) }
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: name })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const curve = { name, fieldLength: size, orderLength: domain.order.length, domain, keyPrefix: spki.slice(0, -(1 + 2 * size)) }
  known.set(name, curve)
  return curve
}

/** The integer in the fewest bytes (BSI TR-03110-3 v2.21, D.2.1.1). */
const unsigned = (value: bigint): Uint8Array => toBytes(value, Math.ceil(bitLength(value) / 8))

/** Whether these bytes are an uncompressed point in the curve's width. */
function isPointCoded(curve: Curve, point: Uint8Array): boolean {
  return point[0] === 0x04 && point.length === 1 + 2 * curve.fieldLength
}

/** A public key for verification; undefined when the point is not on the curve. */
export function curvePublicKey(curve: Curve, point: Uint8Array): KeyObject | undefined {
  if (!isPointCoded(curve, point)) return undefined
  try {
    return createPublicKey({ key: Buffer.from(concatBytes(curve.keyPrefix, point)), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
