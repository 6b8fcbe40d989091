import { concatBytes, DecodeError, encodeTlv, InputError } from '@kart/codec'
import { type DerNode, decodeDer, derBitString, derIntegerBytes, derOid, derSequence, derTag } from '../asn1/der.ts'
import { encodeBitString, encodeOid, encodeSequence } from '../asn1/der-encode.ts'

/** Curves that we name, with their object identifiers (SEC 2; RFC 5639). */
export const namedCurves = [
  { curve: 'P-256', oid: '1.2.840.10045.3.1.7', fieldBytes: 32 },
  { curve: 'P-384', oid: '1.3.132.0.34', fieldBytes: 48 },
  { curve: 'P-521', oid: '1.3.132.0.35', fieldBytes: 66 },
  { curve: 'brainpoolP256r1', oid: '1.3.36.3.3.2.8.1.1.7', fieldBytes: 32 },
  { curve: 'brainpoolP384r1', oid: '1.3.36.3.3.2.8.1.1.11', fieldBytes: 48 },
  { curve: 'brainpoolP512r1', oid: '1.3.36.3.3.2.8.1.1.13', fieldBytes: 64 },
] as const

export type NamedCurve = (typeof namedCurves)[number]['curve']

/** An elliptic-curve public key. */
export interface EcPublicKeyInfo {
  readonly algorithm: 'ec'
  /** Name of the curve; undefined when its parameters are explicit or its OID is not one of {@link namedCurves}. */
  readonly curve: NamedCurve | undefined
  /** OID of the curve; undefined when the parameters are explicit. */
  readonly curveOid: string | undefined
  /** Encoded point as it came (04 || x || y); on a named curve its length fits. Whether it lies on the curve is not checked here. */
  readonly point: Uint8Array
}

/** An RSA public key. */
export interface RsaPublicKeyInfo {
  readonly algorithm: 'rsa'
  /** Modulus, big-endian, without leading zeros. */
  readonly modulus: Uint8Array
  /** Public exponent, big-endian, without leading zeros. */
  readonly exponent: Uint8Array
  /** Bits of the modulus. */
  readonly bits: number
  /** The modulus INTEGER lacked its leading 00, so that DER reads it as negative; taken as unsigned here, refused by OpenSSL. */
  readonly negativeModulus: boolean
}

/** A public key of another algorithm. */
export interface OtherPublicKeyInfo {
  readonly algorithm: 'other'
  readonly oid: string
}

export type PublicKeyInfo = EcPublicKeyInfo | RsaPublicKeyInfo | OtherPublicKeyInfo

const ecPublicKeyOid = '1.2.840.10045.2.1'
const rsaEncryptionOid = '1.2.840.113549.1.1.1'
/** Longest RSA modulus we open, in bytes (house rule). */
const maxModulus = 1024

function unsigned(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  return bytes.slice(start)
}

function decodeRsa(bits: Uint8Array, what: string): RsaPublicKeyInfo {
  const items = derSequence(decodeDer(bits, what), what, 2, 2)
  const content = derIntegerBytes(items[0], `${what}, modulus`)
  const modulus = unsigned(content)
  const exponentContent = derIntegerBytes(items[1], `${what}, exponent`)
  if (exponentContent[0]! > 0x7f) throw new DecodeError(what, 'a negative RSA exponent')
  const exponent = unsigned(exponentContent)
  if (modulus.length > maxModulus)
    throw new DecodeError(what, `an RSA modulus of ${modulus.length} bytes where at most ${maxModulus} are allowed`)
  if (modulus[0] === 0 || exponent[0] === 0) throw new DecodeError(what, 'an RSA modulus or exponent of zero')
  if (exponent.length > 8) throw new DecodeError(what, `an RSA exponent of ${exponent.length} bytes where at most 8 are allowed`)
  return {
    algorithm: 'rsa',
    modulus,
    exponent,
    bits: 8 * modulus.length - (Math.clz32(modulus[0]!) - 24),
    negativeModulus: content[0]! > 0x7f,
  }
}

function wholeBytes(node: DerNode | undefined, what: string): Uint8Array {
  const { bytes, unused } = derBitString(node, what)
  if (unused !== 0) throw new DecodeError(what, 'a key that is not whole bytes')
  return bytes
}

/** Decodes a SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 5480 for elliptic curves; RFC 8017, A.1.1 for RSA). Throws DecodeError or LimitError. */
export function decodePublicKeyInfo(bytes: Uint8Array, what = 'SubjectPublicKeyInfo'): PublicKeyInfo {
  const items = derSequence(decodeDer(bytes, what), what, 2, 2)
  const algorithm = derSequence(items[0], `${what}, algorithm`, 1, 2)
  const oid = derOid(algorithm[0], `${what}, algorithm`)
  const bits = wholeBytes(items[1], what)
  if (oid === rsaEncryptionOid) return decodeRsa(bits, what)
  if (oid !== ecPublicKeyOid) return { algorithm: 'other', oid }
  const parameters = algorithm[1]
  if (parameters === undefined) throw new DecodeError(what, 'an elliptic-curve key without parameters')
  if (parameters.tag !== derTag.oid) return { algorithm: 'ec', curve: undefined, curveOid: undefined, point: bits }
  const curveOid = derOid(parameters, what)
  const row = namedCurves.find((candidate) => candidate.oid === curveOid)
  if (row !== undefined && (bits.length !== 1 + 2 * row.fieldBytes || bits[0] !== 0x04))
    throw new DecodeError(what, `not an uncompressed point of ${row.curve}`)
  return { algorithm: 'ec', curve: row?.curve, curveOid, point: bits }
}

const encodeUnsigned = (number: Uint8Array): Uint8Array =>
  encodeTlv(0x02, number[0]! > 0x7f ? concatBytes(Uint8Array.of(0), number) : number)

/** Codes the SubjectPublicKeyInfo of an RSA key (RFC 8017, A.1.1); both numbers big-endian without leading zeros. Throws InputError. */
export function encodeRsaPublicKeyInfo(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  for (const [field, number] of [
    ['modulus', modulus],
    ['exponent', exponent],
  ] as const)
    if (number.length === 0 || number.length > maxModulus || number[0] === 0)
      throw new InputError(field, 'not a number without leading zeros')
  const key = encodeSequence(encodeUnsigned(modulus), encodeUnsigned(exponent))
  return encodeSequence(encodeSequence(encodeOid(rsaEncryptionOid), encodeTlv(0x05)), encodeBitString(key))
}

/** Codes the SubjectPublicKeyInfo of a point on a named curve (RFC 5480). `point` = 04 || x || y; throws InputError for another length or form. */
export function encodeEcPublicKeyInfo(curve: NamedCurve, point: Uint8Array): Uint8Array {
  const row = namedCurves.find((candidate) => candidate.curve === curve)
  if (row === undefined || point.length !== 1 + 2 * row.fieldBytes || point[0] !== 0x04)
    throw new InputError('point', `not an uncompressed point of ${curve}`)
  return encodeSequence(encodeSequence(encodeOid(ecPublicKeyOid), encodeOid(row.oid)), encodeBitString(point))
}
