import { generateKeyPairSync } from 'node:crypto'
import { bytesToUint, DecodeError, decodeTlv, type Tlv } from '@kart/codec'
import { bitLength, toInteger } from './modular.ts'

/** A curve y² = x³ + ax + b over the integers modulo p, and a point of prime order n on it. */
export interface CurveParameters {
  readonly p: bigint
  readonly a: bigint
  readonly b: bigint
  /** 04 || x || y. */
  readonly generator: Uint8Array
  readonly n: bigint
  readonly cofactor: number
  /** Bytes of a coordinate. */
  readonly size: number
}

const what = 'EC domain parameters'

/** ECParameters of a prime field, spelled out (BSI TR-03111 v2.10, 5.1.1; ANSI X9.62). Throws DecodeError. */
export function readCurveParameters(parameters: Tlv): CurveParameters {
  const [version, field, curve, base, order, cofactor] = parameters.children ?? []
  const [fieldType, prime] = field?.children ?? []
  const [a, b] = curve?.children ?? []
  const wellFormed =
    version?.tag === 0x02 && fieldType?.tag === 0x06 && prime?.tag === 0x02 && a?.tag === 0x04 && b?.tag === 0x04 && base?.tag === 0x04
  if (!wellFormed || order?.tag !== 0x02) throw new DecodeError(what, 'not those of a curve over a prime field')
  const p = toInteger(prime.value)
  const size = Math.ceil(bitLength(p) / 8)
  if (base.value[0] !== 0x04 || base.value.length !== 1 + 2 * size)
    throw new DecodeError(what, 'the generator is not an uncompressed point')
  return {
    p,
    a: toInteger(a.value),
    b: toInteger(b.value),
    generator: base.value.slice(),
    n: toInteger(order.value),
    cofactor: cofactor === undefined ? 1 : bytesToUint(cofactor.value),
    size,
  }
}

const known = new Map<string, CurveParameters>()

/** The parameters of a curve that OpenSSL knows by this name, as it spells them out itself. */
export function curveByName(name: string): CurveParameters {
  const held = known.get(name)
  if (held) return held
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: name, paramEncoding: 'explicit' })
  const spki = decodeTlv(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), 0x30)
  const parameters = spki.children?.[0]?.children?.[1]
  if (parameters === undefined) throw new DecodeError(what, 'none in the key')
  const curve = readCurveParameters(parameters)
  known.set(name, curve)
  return curve
}
