import { generateKeyPairSync } from 'node:crypto'
import { encodeTlv } from '@kart/codec'
import type { AgreementGroup } from '../key-agreement/agreement-group.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import { loadPrivateKey } from './private-key.ts'

/** What kind of key pair: bits of the modulus, or of the curve's field. */
export interface HolderKeyKind {
  readonly type: 'rsa' | 'ec'
  readonly size: number
}

/** Lengths of an RSA modulus that the card makes, in bits. */
const moduli: readonly number[] = [2048, 3072, 4096]

/** NIST's curves by the bits of their field: OpenSSL's name, and number among the standardized domain parameters (Doc 9303-11, 8th ed., 9.5.1). */
const curves: ReadonlyMap<number, { readonly name: string; readonly parameterId: number }> = new Map([
  [256, { name: 'prime256v1', parameterId: 12 }],
  [384, { name: 'secp384r1', parameterId: 15 }],
  [521, { name: 'secp521r1', parameterId: 18 }],
])

/** Whether the card makes such keys. */
export function isKnownKind({ type, size }: HolderKeyKind): boolean {
  return type === 'rsa' ? moduli.includes(size) : curves.has(size)
}

/** Makes a fresh key pair, PKCS #8, DER; public exponent 65537. Takes 0.1 to 2 s for RSA, in which nothing else runs. Undefined for a kind that the card does not make. */
export function generateHolderKey(kind: HolderKeyKind): Uint8Array | undefined {
  if (!isKnownKind(kind)) return undefined
  const { privateKey } =
    kind.type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: kind.size, publicExponent: 0x10001 })
      : generateKeyPairSync('ec', { namedCurve: curves.get(kind.size)?.name ?? '' })
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
}

/** Whether the stored bytes are a private key of this kind. */
export function isHolderKey({ type, size }: HolderKeyKind, pkcs8: Uint8Array): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails: details } = loadPrivateKey(pkcs8).privateKey
    if (type === 'rsa') return asymmetricKeyType === 'rsa' && details?.modulusLength === size && moduli.includes(size)
    return asymmetricKeyType === 'ec' && details?.namedCurve === curves.get(size)?.name
  } catch {
    return false
  }
}

/** The group of a curve with so many bits to its field. Throws Error for one that the card has not. */
export function groupOfBits(bits: number): AgreementGroup {
  const group = standardizedGroup(curves.get(bits)?.parameterId ?? -1)
  if (group === undefined) throw new Error('a key on a curve that the card has not')
  return group
}

const bytesOf = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64url'))

/** Modulus and public exponent, big-endian without leading zeros. */
export function rsaNumbers(pkcs8: Uint8Array): { readonly modulus: Uint8Array; readonly exponent: Uint8Array } {
  const { n, e } = loadPrivateKey(pkcs8).publicKey.export({ format: 'jwk' })
  return { modulus: bytesOf(n), exponent: bytesOf(e) }
}

/** The public point, 04 || x || y (BSI TR-03111 v2.10, 3.2.1). */
export function publicPoint(bits: number, pkcs8: Uint8Array): Uint8Array {
  const spki = loadPrivateKey(pkcs8).publicKey.export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-(1 + 2 * Math.ceil(bits / 8))))
}

/** The private value of a key on a curve, big-endian in the order's width. */
export function privateValue(pkcs8: Uint8Array): Uint8Array {
  return bytesOf(loadPrivateKey(pkcs8).privateKey.export({ format: 'jwk' }).d)
}

/** The public key as a data object: DO'7F49' { DO'81' modulus, DO'82' exponent } or { DO'86' point } (ISO/IEC 7816-8:2021, 10.3). */
export function publicKeyObject({ type, size }: HolderKeyKind, pkcs8: Uint8Array): Uint8Array {
  if (type === 'ec') return encodeTlv(0x7f49, encodeTlv(0x86, publicPoint(size, pkcs8)))
  const { modulus, exponent } = rsaNumbers(pkcs8)
  return encodeTlv(0x7f49, [encodeTlv(0x81, modulus), encodeTlv(0x82, exponent)])
}
