import { concatBytes, encodeTlv } from '@kart/codec'
import {
  CryptoError,
  type CurveName,
  curveDomain,
  decodePublicKey,
  digestLength,
  type KeyPolicy,
  type SignatureScheme,
  verifySignature,
} from '@kart/crypto'
import {
  type CvDomainParameters,
  type CvEcPublicKey,
  type CvPublicKey,
  encodeOid,
  type TerminalAlgorithm,
  type TerminalAlgorithmName,
  type TerminalAlgorithmRow,
  terminalAlgorithm,
  terminalAlgorithms,
} from '@kart/layout'

/** Which keys and algorithms of CV certificates are taken. */
export interface CvKeyPolicy {
  /** Fewest bits of an RSA modulus; 2048 unless told (Doc 9303-11, 8th ed., 7.1.4.1.2). */
  readonly minRsaBits?: number
  /** Signature algorithms; all that do not use SHA-1 unless told (house rule). */
  readonly algorithms?: readonly TerminalAlgorithmName[]
  /** Curves; all that are known unless told. */
  readonly curves?: readonly CurveName[]
}

/** A public key of a CV certificate, checked, with the domain parameters that it was given or has inherited. */
export interface CvKey {
  readonly algorithm: TerminalAlgorithm
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** Of a curve's key; undefined for RSA. */
  readonly domain: CvDomainParameters | undefined
}

const withoutSha1 = terminalAlgorithms.filter(({ hash }) => hash !== 'sha1').map(({ name }) => name)
const primeField = encodeOid('1.2.840.10045.1.1')
const ecPublicKey = encodeOid('1.2.840.10045.2.1')
const rsaEncryption = encodeOid('1.2.840.113549.1.1.1')
const one = Uint8Array.of(1)

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => encodeTlv(0x30, parts)
const integer = (bytes: Uint8Array): Uint8Array => encodeTlv(0x02, bytes[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes)
const bitString = (bytes: Uint8Array): Uint8Array => encodeTlv(0x03, concatBytes(Uint8Array.of(0), bytes))

/** The curve spelled out, for the key decoder to hold against the curves that it knows (an absent cofactor is 1, as theirs all are). */
function ecSpki(point: Uint8Array, domain: CvDomainParameters): Uint8Array {
  const parameters = sequence(
    integer(one),
    sequence(primeField, integer(domain.prime)),
    sequence(encodeTlv(0x04, domain.a), encodeTlv(0x04, domain.b)),
    encodeTlv(0x04, domain.generator),
    integer(domain.order),
    integer(domain.cofactor ?? one),
  )
  return sequence(sequence(ecPublicKey, parameters), bitString(point))
}

/**
 * Opens the key of a certificate (BSI TR-03110-3 v2.21, D.3): its own domain parameters, or `inherited` ones where it has none. Domain parameters must be
 * exactly those of a known curve, generator and order included, and the point must lie on it. Throws CryptoError for a key or algorithm that is malformed
 * or that the policy refuses.
 */
export function openCvKey(key: CvPublicKey, inherited: CvDomainParameters | undefined, policy: CvKeyPolicy = {}): CvKey {
  const algorithm = terminalAlgorithm(key.oid)
  if (algorithm === undefined || !(policy.algorithms ?? withoutSha1).includes(algorithm.name))
    throw new CryptoError('key-policy', 'a signature algorithm that the policy does not take')
  const rules: KeyPolicy = { minRsaBits: policy.minRsaBits ?? 2048, ...(policy.curves === undefined ? {} : { curves: policy.curves }) }
  if (key.kind === 'rsa') {
    const spki = sequence(sequence(rsaEncryption, encodeTlv(0x05)), bitString(sequence(integer(key.modulus), integer(key.exponent))))
    decodePublicKey(spki, rules)
    return { algorithm, spki, domain: undefined }
  }
  const domain = key.domain ?? inherited
  if (domain === undefined) throw new CryptoError('invalid-key', 'a key on a curve without domain parameters')
  const spki = ecSpki(key.point, domain)
  decodePublicKey(spki, rules)
  return { algorithm, spki, domain }
}

/** The signature scheme of an algorithm. */
export function schemeOf(algorithm: TerminalAlgorithmRow): SignatureScheme {
  const { kind, hash } = algorithm
  if (kind === 'ecdsa') return { kind, hash, encoding: 'plain' }
  return kind === 'rsa-pkcs1' ? { kind, hash } : { kind, hash, mgfHash: hash, saltLength: digestLength[hash] }
}

/** Whether the key made `signature` over `data`: ECDSA plain, RSA v1.5 or PSS as the key's algorithm says. A malformed signature is false. */
export function verifyCvSignature(key: CvKey, data: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(key.spki, schemeOf(key.algorithm), data, signature, { minRsaBits: 1024 })
}

/**
 * The public key of a CV certificate from a DER SubjectPublicKeyInfo, for the algorithm named; a curve's key with its domain parameters spelled out.
 * Throws DecodeError or CryptoError, also for an algorithm of another kind of key.
 */
export function cvPublicKey(spki: Uint8Array, name: TerminalAlgorithmName): CvPublicKey {
  const { oid, kind } = terminalAlgorithms.find((row) => row.name === name)!
  const key = decodePublicKey(spki)
  if ((key.kind === 'ec') !== (kind === 'ecdsa')) throw new CryptoError('argument', 'the algorithm is not of this kind of key')
  if (key.kind === 'ec') return { kind: 'ec', oid, domain: curveDomain(key.curve), point: key.point }
  const exponent = encodeExponent(key.exponent)
  return { kind: 'rsa', oid, modulus: key.modulus, exponent }
}

function encodeExponent(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn))
  return Uint8Array.from(bytes)
}

/** The same key without its domain parameters, as document verifiers and terminals have it. RSA keys come back as they are. */
export function withoutDomain(key: CvPublicKey): CvPublicKey {
  if (key.kind === 'rsa') return key
  const bare: CvEcPublicKey = { ...key, domain: undefined }
  return bare
}
