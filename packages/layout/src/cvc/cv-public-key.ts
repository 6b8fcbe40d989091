import { DecodeError, encodeTlv, InputError } from '@kart/codec'
import { encodeOid } from '../asn1/der-encode.ts'
import { OrderedObjects, objectIdentifier } from './ordered-objects.ts'
import { terminalAlgorithm } from './terminal-algorithm.ts'

/** Domain parameters of an elliptic curve, each an unsigned integer big-endian without leading zeros; the generator 04 || x || y. */
export interface CvDomainParameters {
  readonly prime: Uint8Array
  readonly a: Uint8Array
  readonly b: Uint8Array
  readonly generator: Uint8Array
  readonly order: Uint8Array
  /** Undefined when the certificate leaves it out. */
  readonly cofactor: Uint8Array | undefined
}

/** An RSA key of terminal authentication. */
export interface CvRsaPublicKey {
  readonly kind: 'rsa'
  /** One of the `terminalAlgorithms`. */
  readonly oid: string
  /** Big-endian without leading zeros. */
  readonly modulus: Uint8Array
  /** Big-endian without leading zeros, at most 32 bits (A.7.3.2). */
  readonly exponent: Uint8Array
}

/** An elliptic-curve key of terminal authentication. Whether the point lies on the curve is not checked here. */
export interface CvEcPublicKey {
  readonly kind: 'ec'
  /** One of the `terminalAlgorithms`. */
  readonly oid: string
  /** Undefined when they are inherited from the CVCA. */
  readonly domain: CvDomainParameters | undefined
  /** 04 || x || y. */
  readonly point: Uint8Array
}

export type CvPublicKey = CvRsaPublicKey | CvEcPublicKey

const what = 'CV certificate public key'
/** Longest RSA modulus, in bytes (house rule). */
const maxModulus = 1024
/** Longest coordinate, in bytes: P-521's. */
const maxField = 66

/** Why these bytes are no unsigned integer in the form of D.2.1.1; undefined when they are. */
function integerProblem(bytes: Uint8Array, max: number): string | undefined {
  if (bytes.length === 0) return 'is empty'
  if (bytes.length > max) return `${bytes.length} bytes where at most ${max} are allowed`
  return bytes[0] === 0 && bytes.length > 1 ? 'has a leading zero byte' : undefined
}

function pointProblem(bytes: Uint8Array, prime: Uint8Array | undefined): string | undefined {
  if (bytes[0] !== 0x04 || bytes.length % 2 !== 1 || bytes.length < 3) return 'is not an uncompressed point'
  if (bytes.length > 1 + 2 * maxField) return `${bytes.length} bytes where at most ${1 + 2 * maxField} are allowed`
  return prime !== undefined && bytes.length !== 1 + 2 * prime.length ? 'is not as long as the prime asks' : undefined
}

/** What is wrong with a key, as field and problem. */
function keyProblem(key: CvPublicKey): readonly [field: string, problem: string] | undefined {
  const algorithm = terminalAlgorithm(key.oid)
  if (algorithm === undefined) return ['algorithm', 'is none of terminal authentication']
  if ((algorithm.kind === 'ecdsa') !== (key.kind === 'ec')) return ['algorithm', 'is not of this kind of key']
  const rows: (readonly [string, string | undefined])[] =
    key.kind === 'rsa'
      ? [
          ['modulus', integerProblem(key.modulus, maxModulus)],
          ['exponent', integerProblem(key.exponent, 4)],
        ]
      : [...(key.domain === undefined ? [] : domainProblems(key.domain)), ['point', pointProblem(key.point, key.domain?.prime)]]
  for (const [field, problem] of rows) if (problem !== undefined) return [field, problem]
  return undefined
}

function domainProblems(domain: CvDomainParameters): (readonly [string, string | undefined])[] {
  return [
    ['prime', integerProblem(domain.prime, maxField)],
    ['a', integerProblem(domain.a, maxField)],
    ['b', integerProblem(domain.b, maxField)],
    ['generator', pointProblem(domain.generator, domain.prime)],
    ['order', integerProblem(domain.order, maxField)],
    ['cofactor', domain.cofactor === undefined ? undefined : integerProblem(domain.cofactor, 8)],
  ]
}

/** Value of a DO'7F49' of a CV certificate (BSI TR-03110-3 v2.21, D.3.1 and D.3.3): fixed order, domain parameters all there or all absent. Throws DecodeError. */
export function decodeCvPublicKey(value: Uint8Array): CvPublicKey {
  const objects = new OrderedObjects(value, what)
  const oid = objectIdentifier(objects.required(0x06, 'algorithm'), what)
  const algorithm = terminalAlgorithm(oid)
  if (algorithm === undefined) throw new DecodeError(what, 'an algorithm that is none of terminal authentication')
  const key = algorithm.kind === 'ecdsa' ? ecFields(objects, oid) : rsaFields(objects, oid)
  objects.end()
  const problem = keyProblem(key)
  if (problem !== undefined) throw new DecodeError(what, problem.join(' '))
  return key
}

function rsaFields(objects: OrderedObjects, oid: string): CvRsaPublicKey {
  return { kind: 'rsa', oid, modulus: objects.required(0x81, 'modulus'), exponent: objects.required(0x82, 'public exponent') }
}

function ecFields(objects: OrderedObjects, oid: string): CvEcPublicKey {
  const prime = objects.optional(0x81)
  if (prime === undefined) return { kind: 'ec', oid, domain: undefined, point: objects.required(0x86, 'public point') }
  const a = objects.required(0x82, 'first coefficient')
  const b = objects.required(0x83, 'second coefficient')
  const generator = objects.required(0x84, 'base point')
  const order = objects.required(0x85, 'order')
  const point = objects.required(0x86, 'public point')
  return { kind: 'ec', oid, domain: { prime, a, b, generator, order, cofactor: objects.optional(0x87) }, point }
}

/** The whole DO'7F49'. Throws InputError. */
export function encodeCvPublicKey(key: CvPublicKey): Uint8Array {
  const problem = keyProblem(key)
  if (problem !== undefined) throw new InputError(`publicKey.${problem[0]}`, problem[1])
  if (key.kind === 'rsa') return encodeTlv(0x7f49, [encodeOid(key.oid), encodeTlv(0x81, key.modulus), encodeTlv(0x82, key.exponent)])
  const { domain } = key
  if (domain === undefined) return encodeTlv(0x7f49, [encodeOid(key.oid), encodeTlv(0x86, key.point)])
  return encodeTlv(0x7f49, [
    encodeOid(key.oid),
    encodeTlv(0x81, domain.prime),
    encodeTlv(0x82, domain.a),
    encodeTlv(0x83, domain.b),
    encodeTlv(0x84, domain.generator),
    encodeTlv(0x85, domain.order),
    encodeTlv(0x86, key.point),
    ...(domain.cofactor === undefined ? [] : [encodeTlv(0x87, domain.cofactor)]),
  ])
}
