import { createECDH, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { concatBytes, decodeTlv, equalBytes, type Tlv } from '@kart/codec'

/** Curves among the standardized domain parameters (BSI TR-03110-3 v2.21, A.2.1.1; Doc 9303-11, 8th ed., 9.5.1), by OpenSSL's names. */
const curveNames = {
  8: 'prime192v1',
  9: 'brainpoolP192r1',
  10: 'secp224r1',
  11: 'brainpoolP224r1',
  12: 'prime256v1',
  13: 'brainpoolP256r1',
  14: 'brainpoolP320r1',
  15: 'secp384r1',
  16: 'brainpoolP384r1',
  17: 'brainpoolP512r1',
  18: 'secp521r1',
} as const

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

/** The curve with this number among the standardized domain parameters; undefined = none of 8..18. */
export function curveOfParameter(parameterId: number): Curve | undefined {
  return Object.hasOwn(curveNames, parameterId) ? curveNamed(curveNames[parameterId as keyof typeof curveNames]) : undefined
}

/** The known curve that has exactly these domain parameters; undefined = none (Doc 9303-11, 8th ed., 7.1.4.2.2: no others are taken). */
export function curveOfDomain(domain: CurveDomain): Curve | undefined {
  if (domain.cofactor !== undefined && !(domain.cofactor.length === 1 && domain.cofactor[0] === 1)) return undefined
  const fields = ['prime', 'a', 'b', 'generator', 'order'] as const
  for (const name of Object.values(curveNames)) {
    const curve = curveNamed(name)
    if (fields.every((field) => equalBytes(curve.domain[field], domain[field]))) return curve
  }
  return undefined
}

// OpenSSL is asked for the parameters, so that no table of ours stands between a certificate and the curve that is computed on.
function curveNamed(name: string): Curve {
  const held = known.get(name)
  if (held) return held
  const explicit = decodeTlv(spkiOf(name, 'explicit'), 0x30).children?.[0]?.children?.[1]?.children ?? []
  const [, field, coefficients, generator, order] = explicit
  const prime = integerOf(field?.children?.[1])
  const domain = {
    prime,
    a: trimmed(coefficients?.children?.[0]?.value ?? nothing),
    b: trimmed(coefficients?.children?.[1]?.value ?? nothing),
    generator: generator?.value ?? nothing,
    order: integerOf(order),
    cofactor: Uint8Array.of(1),
  }
  const fieldLength = prime.length
  const curve = {
    name,
    fieldLength,
    orderLength: domain.order.length,
    domain,
    keyPrefix: spkiOf(name, 'named').slice(0, -(1 + 2 * fieldLength)),
  }
  known.set(name, curve)
  return curve
}

const nothing = new Uint8Array(0)

function spkiOf(name: string, paramEncoding: 'named' | 'explicit'): Uint8Array {
  const pair = generateKeyPairSync('ec', {
    namedCurve: name,
    paramEncoding,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  return new Uint8Array(pair.publicKey)
}

/** Without leading zero bytes; one byte 00 for zero. */
export function trimmed(bytes: Uint8Array): Uint8Array {
  let at = 0
  while (at < bytes.length - 1 && bytes[at] === 0) at++
  return bytes.slice(at)
}

const integerOf = (object: Tlv | undefined): Uint8Array => trimmed(object?.value ?? nothing)

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

/**
 * ECKA of the card's private key with a terminal's point (BSI TR-03111 v2.10, 4.3.1): the x coordinate in the field's width. Undefined for bytes that are no
 * point of the curve; the point at infinity has no uncompressed coding.
 */
export function agreeOnCurve(curve: Curve, privateKey: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  if (!isPointCoded(curve, point)) return undefined
  try {
    const ecdh = createECDH(curve.name)
    ecdh.setPrivateKey(privateKey)
    return new Uint8Array(ecdh.computeSecret(point))
  } catch {
    return undefined
  }
}
