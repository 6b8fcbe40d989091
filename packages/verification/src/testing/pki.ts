import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex } from '@kart/codec'

// A certificate and EF.SOD writer for tests, on node:crypto alone: it shares nothing with the reading side, and every field can be made wrong.

export interface TestKey {
  readonly privateKey: KeyObject
  readonly spki: Uint8Array
}

const bytes = (buffer: Buffer) => new Uint8Array(buffer)

export function ecKey(namedCurve = 'P-256'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  return { privateKey, spki: bytes(publicKey.export({ type: 'spki', format: 'der' })) }
}

/** Key pair of fixed bytes: RSA of odd sizes takes long to generate. */
export function rsaKey(modulusLength: number): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return { privateKey, spki: bytes(publicKey.export({ type: 'spki', format: 'der' })) }
}

/** An elliptic-curve key whose SubjectPublicKeyInfo spells its curve out, with parameters of the caller's choosing. */
export function explicitEcKey(privateKey: KeyObject, parameters: Uint8Array, point: Uint8Array): TestKey {
  return { privateKey, spki: seq(seq(oid('1.2.840.10045.2.1'), parameters), bitString(point)) }
}

export const seq = (...parts: Uint8Array[]) => encodeTlv(0x30, parts)
export const setOf = (...parts: Uint8Array[]) => encodeTlv(0x31, parts)
export const octets = (value: Uint8Array) => encodeTlv(0x04, value)
export const bitString = (value: Uint8Array, unused = 0) => encodeTlv(0x03, concatBytes(Uint8Array.of(unused), value))
export const explicit = (number: number, value: Uint8Array) => encodeTlv(0xa0 + number, value)
export const bool = (value: boolean) => encodeTlv(0x01, Uint8Array.of(value ? 0xff : 0))
export const nul = encodeTlv(0x05)

export function int(value: number | Uint8Array): Uint8Array {
  let content = typeof value === 'number' ? fromHex(value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0')) : value
  if (content[0]! >= 0x80) content = concatBytes(Uint8Array.of(0), content)
  return encodeTlv(0x02, content)
}

export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]]
  const out: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128))
    out.push(...groups)
  }
  return encodeTlv(0x06, Uint8Array.from(out))
}

const text = (value: string, tag = 0x0c) => encodeTlv(tag, new TextEncoder().encode(value))

export function time(at: string): Uint8Array {
  return encodeTlv(0x17, new TextEncoder().encode(`${at.slice(2).replace(/[-:T]/g, '').slice(0, 12)}Z`))
}

/** Name C, CN; country left out where undefined. */
export function name(country: string | undefined, commonName: string): Uint8Array {
  const part = (type: string, value: Uint8Array) => setOf(seq(oid(type), value))
  return seq(...(country === undefined ? [] : [part('2.5.4.6', text(country, 0x13))]), part('2.5.4.3', text(commonName)))
}

export const hashOids: Record<string, string> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
}

const ecdsaOids: Record<string, string> = { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' }
const rsaOids: Record<string, string> = { md5: '1.2.840.113549.1.1.4', sha256: '1.2.840.113549.1.1.11' }

export function signatureAlgorithm(key: KeyObject, hash: string): Uint8Array {
  return key.asymmetricKeyType === 'rsa' ? seq(oid(rsaOids[hash]!), nul) : seq(oid(ecdsaOids[hash]!))
}

export interface Extension {
  readonly oid: string
  readonly critical?: boolean
  readonly value: Uint8Array
}

export const keyUsage = (bits: number): Extension => ({
  oid: '2.5.29.15',
  critical: true,
  value: bitString(Uint8Array.of(bits), Math.clz32(bits & -bits) === 32 ? 0 : 31 - Math.clz32(bits & -bits)),
})
export const digitalSignature = keyUsage(0x80)
export const keyCertSign = keyUsage(0x06)
export const authority: Extension = { oid: '2.5.29.19', critical: true, value: seq(bool(true), int(0)) }
export const extendedKeyUsage = (purpose: string): Extension => ({ oid: '2.5.29.37', value: seq(oid(purpose)) })
export const subjectKeyId = (id: Uint8Array): Extension => ({ oid: '2.5.29.14', value: octets(id) })
export const authorityKeyId = (id: Uint8Array): Extension => ({ oid: '2.5.29.35', value: seq(encodeTlv(0x80, id)) })

/** privateKeyUsagePeriod with either end (`2024-01-01T00:00:00`) or both. */
export const privateKeyUsagePeriod = (notBefore: string | undefined, notAfter: string | undefined): Extension => {
  const end = (tag: number, at: string | undefined) => (at === undefined ? [] : [text(`${at.replace(/[-:T]/g, '')}Z`, tag)])
  return { oid: '2.5.29.16', value: seq(...end(0x80, notBefore), ...end(0x81, notAfter)) }
}

export const documentTypeList = (...types: string[]): Extension => ({
  oid: '2.23.136.1.1.6.2',
  value: seq(int(0), setOf(...types.map((type) => text(type, 0x13)))),
})

/** Key identifier: SHA-1 of the SubjectPublicKeyInfo (any value serves). */
export const keyId = (key: TestKey) => bytes(createHash('sha1').update(key.spki).digest())

export interface CertificateParts {
  readonly subject: Uint8Array
  readonly key: TestKey
  readonly issuer: Uint8Array
  readonly issuerKey: TestKey
  readonly extensions?: readonly Extension[]
  readonly serial?: number
  readonly notBefore?: string
  readonly notAfter?: string
  readonly hash?: string
  readonly version?: 1 | 2 | 3
}

export function certificate(parts: CertificateParts): Uint8Array {
  const { issuerKey, extensions = [], hash = 'sha256', version = 3 } = parts
  const algorithm = signatureAlgorithm(issuerKey.privateKey, hash)
  const tbs = seq(
    ...(version === 1 ? [] : [explicit(0, int(version - 1))]),
    int(parts.serial ?? 0x1234),
    algorithm,
    parts.issuer,
    seq(time(parts.notBefore ?? '2024-01-01T00:00:00'), time(parts.notAfter ?? '2034-01-01T00:00:00')),
    parts.subject,
    parts.key.spki,
    ...(extensions.length === 0
      ? []
      : [explicit(3, seq(...extensions.map((one) => seq(oid(one.oid), ...(one.critical ? [bool(true)] : []), octets(one.value)))))]),
  )
  return seq(tbs, algorithm, bitString(bytes(sign(hash, tbs, issuerKey.privateKey))))
}

export interface SodParts {
  readonly dataGroups: Readonly<Record<number, Uint8Array>>
  readonly key: TestKey
  readonly certificates: readonly Uint8Array[]
  /** issuer and serial of the signer, or what stands in for them. */
  readonly sid: Uint8Array
  readonly ldsHash?: string
  readonly signerHash?: string
  readonly announcedHash?: string
  readonly signatureHash?: string
  readonly contentType?: string
  readonly signedContentType?: string | undefined
  readonly messageDigest?: Uint8Array | undefined
  readonly signingTime?: string
  readonly version?: number
  readonly signerVersion?: number
  readonly signature?: (signedAttributes: Uint8Array) => Uint8Array
  /** Changes the coded signed attributes before they are signed (order, extra attributes). */
  readonly attributes?: (attributes: Uint8Array[]) => Uint8Array[]
  readonly signers?: number
}

export const issuerAndSerial = (issuer: Uint8Array, serial = 0x1234) => seq(issuer, int(serial))

export function sod(parts: SodParts): Uint8Array {
  const {
    ldsHash = 'sha256',
    signerHash = 'sha256',
    announcedHash = signerHash,
    signatureHash = signerHash,
    contentType = '2.23.136.1.1.1',
  } = parts
  const hash = (algorithm: string, data: Uint8Array) => bytes(createHash(algorithm).update(data).digest())
  const content = seq(
    int(0),
    seq(oid(hashOids[ldsHash]!)),
    seq(...Object.entries(parts.dataGroups).map(([group, file]) => seq(int(Number(group)), octets(hash(ldsHash, file))))),
  )
  const attribute = (type: string, value: Uint8Array) => seq(oid(type), setOf(value))
  const signedContentType = 'signedContentType' in parts ? parts.signedContentType : contentType
  const messageDigest = 'messageDigest' in parts ? parts.messageDigest : hash(signerHash, content)
  const list = [
    ...(signedContentType === undefined ? [] : [attribute('1.2.840.113549.1.9.3', oid(signedContentType))]),
    ...(parts.signingTime === undefined ? [] : [attribute('1.2.840.113549.1.9.5', time(parts.signingTime))]),
    ...(messageDigest === undefined ? [] : [attribute('1.2.840.113549.1.9.4', octets(messageDigest))]),
  ]
  const attributes = setOf(...(parts.attributes?.(list) ?? list))
  const signature = parts.signature?.(attributes) ?? bytes(sign(signatureHash, attributes, parts.key.privateKey))
  const signer = seq(
    int(parts.signerVersion ?? (parts.sid[0] === 0x80 ? 3 : 1)),
    parts.sid,
    seq(oid(hashOids[signerHash]!)),
    concatBytes(Uint8Array.of(0xa0), attributes.subarray(1)),
    signatureAlgorithm(parts.key.privateKey, signatureHash),
    octets(signature),
  )
  const signedData = seq(
    int(parts.version ?? 3),
    setOf(seq(oid(hashOids[announcedHash]!))),
    seq(oid(contentType), explicit(0, octets(content))),
    ...(parts.certificates.length === 0 ? [] : [encodeTlv(0xa0, [...parts.certificates])]),
    setOf(...Array.from({ length: parts.signers ?? 1 }, () => signer)),
  )
  return encodeTlv(0x77, seq(oid('1.2.840.113549.1.7.2'), explicit(0, signedData)))
}

/** Parts of a certificate revocation list; serial numbers as small integers. */
export interface RevocationListParts {
  readonly issuer: Uint8Array
  readonly issuerKey: TestKey
  readonly serials?: readonly number[]
  readonly thisUpdate?: string
  readonly nextUpdate?: string | undefined
  readonly extensions?: readonly Extension[]
  readonly hash?: string
}

/** A revocation list, version 2, signed with SHA-256 unless told. */
export function revocationList(parts: RevocationListParts): Uint8Array {
  const { issuer, issuerKey, serials = [], thisUpdate = '2026-05-01T00:00:00', extensions = [], hash = 'sha256' } = parts
  const nextUpdate = 'nextUpdate' in parts ? parts.nextUpdate : '2026-08-01T00:00:00'
  const algorithm = signatureAlgorithm(issuerKey.privateKey, hash)
  const extension = (one: Extension) => seq(oid(one.oid), ...(one.critical ? [bool(true)] : []), octets(one.value))
  const tbs = seq(
    int(1),
    algorithm,
    issuer,
    time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [time(nextUpdate)]),
    ...(serials.length === 0 ? [] : [seq(...serials.map((serial) => seq(int(serial), time('2026-04-01T00:00:00'))))]),
    ...(extensions.length === 0 ? [] : [explicit(0, seq(...extensions.map(extension)))]),
  )
  return seq(tbs, algorithm, bitString(bytes(sign(hash, tbs, issuerKey.privateKey))))
}

/** A country's PKI: one CSCA, one document signer. */
export interface TestPki {
  readonly cscaKey: TestKey
  readonly cscaName: Uint8Array
  readonly csca: Uint8Array
  readonly signerKey: TestKey
  readonly signer: Uint8Array
}

export interface PkiOptions {
  readonly country?: string | undefined
  readonly signerCountry?: string | undefined
  readonly cscaKey?: TestKey
  readonly signerKey?: TestKey
  readonly signerParts?: Partial<CertificateParts>
  readonly cscaParts?: Partial<CertificateParts>
}

export function pki(options: PkiOptions = {}): TestPki {
  const country = 'country' in options ? options.country : 'IR'
  const cscaKey = options.cscaKey ?? ecKey('P-384')
  const signerKey = options.signerKey ?? ecKey()
  const cscaName = name(country, 'Test CSCA')
  const csca = certificate({
    subject: cscaName,
    issuer: cscaName,
    key: cscaKey,
    issuerKey: cscaKey,
    serial: 1,
    extensions: [authority, keyCertSign, subjectKeyId(keyId(cscaKey))],
    ...options.cscaParts,
  })
  const signer = certificate({
    subject: name('signerCountry' in options ? options.signerCountry : country, 'Test DS'),
    issuer: cscaName,
    key: signerKey,
    issuerKey: cscaKey,
    extensions: [digitalSignature, authorityKeyId(keyId(cscaKey))],
    ...options.signerParts,
  })
  return { cscaKey, cscaName, csca, signerKey, signer }
}

/** A private key from PKCS#8 in DER. */
export function privateKeyFrom(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
}
