// The plan's sets of CV certificates (TR-03105-3.2, 2.4): good ones, and ones spoiled in one point and signed all the same.
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes, decodeTlvList, encodeTlv, fromHex } from '@kart/codec'
import { type CurveName, curveNamed } from '../../../emulator/src/eac/curve.ts'
import { keepTrust, type TrustView, trustPointOf, withTrustPoint } from '../../../emulator/src/eac/terminal-trust.ts'
import type { TerminalTrust } from '../../../emulator/src/memory/card-state.ts'

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const digits = (date: string): Uint8Array => Uint8Array.from(date, Number)

/** A key pair that signs certificates or challenges. */
export interface TestKey {
  readonly privateKey: KeyObject
  /** Value of the algorithm's DO'06', hex. */
  readonly algorithm: string
  readonly hash: string
  /** Objects of DO'7F49' after DO'06': domain parameters (DO'81'..'85' and '87'), and the public value. */
  readonly domain: readonly Uint8Array[]
  readonly value: readonly Uint8Array[]
}

const hashes = { '03': 'sha256', '04': 'sha384', '05': 'sha512' } as const

/** An ECDSA key; `algorithm` is the last byte of id-TA-ECDSA. */
export function ecKey(curve: CurveName = 'prime256v1', algorithm: keyof typeof hashes = '03'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const { prime, a, b, generator, order } = curveNamed(curve).domain
  const point = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-generator.length))
  const domain = [prime, a, b, generator, order].map((value, i) => encodeTlv(0x81 + i, value))
  return {
    privateKey,
    algorithm: `04007f000702020202${algorithm}`,
    hash: hashes[algorithm],
    domain: [...domain, fromHex('870101')],
    value: [encodeTlv(0x86, point)],
  }
}

/** An RSA key, RSASSA-PKCS1-v1_5 with SHA-256. */
export function rsaKey(bits = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const { n, e } = publicKey.export({ format: 'jwk' }) as { n: string; e: string }
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))
  return {
    privateKey,
    algorithm: '04007f00070202020102',
    hash: 'sha256',
    domain: [],
    value: [encodeTlv(0x81, bytes(n)), encodeTlv(0x82, bytes(e))],
  }
}

/** The key's signature in the form of certificates: r || s, or the RSA integer. */
export function signWith({ privateKey, hash }: TestKey, data: Uint8Array): Uint8Array {
  const ec = privateKey.asymmetricKeyType === 'ec'
  const options = ec ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : { key: privateKey, padding: constants.RSA_PKCS1_PADDING }
  return new Uint8Array(sign(hash, data, options))
}

export const terminalTypes = { is: '04007f000703010201', at: '04007f000703010202', st: '04007f000703010203' } as const
const roles = { cvca: 0xc0, domestic: 0x80, foreign: 0x40, terminal: 0x00 } as const

export interface CertificateInput {
  readonly authority: string
  readonly holder: string
  readonly role: keyof typeof roles
  /** Rights below the role, hex of the whole template without role bits; an inspection system's 03 unless told. */
  readonly rights?: string
  readonly type?: keyof typeof terminalTypes
  /** YYMMDD. */
  readonly from: string
  readonly to: string
  readonly key: TestKey
  readonly signer: TestKey
  /** Changes the objects of the body by tag before it is signed; undefined takes one out. */
  readonly edit?: Readonly<Record<number, Uint8Array | undefined>>
}

/** A certificate as PSO: Verify Certificate carries it. */
export interface TestCertificate {
  readonly input: CertificateInput
  /** DO'7F4E' and DO'5F37', whole. */
  readonly body: Uint8Array
  readonly signature: Uint8Array
  /** Both, side by side. */
  readonly objects: Uint8Array
}

/** DO'7F49' value of a key, objects left out or added by `change`. */
export function keyObjects(
  key: TestKey,
  withDomain: boolean,
  algorithm: string | undefined = key.algorithm,
  more: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const oid = algorithm === undefined ? new Uint8Array(0) : encodeTlv(0x06, fromHex(algorithm))
  const cofactor = key.domain.at(-1) ?? new Uint8Array(0)
  const rest = withDomain && key.domain.length > 0 ? [...key.domain.slice(0, -1), ...key.value, cofactor] : key.value
  return concatBytes(oid, ...rest, more)
}

export function certificate(input: CertificateInput): TestCertificate {
  const { authority, holder, role, rights = '03', type = 'is', from, to, key, signer, edit = {} } = input
  const template = fromHex(rights)
  template[0]! |= roles[role]
  const objects: Record<number, Uint8Array | undefined> = {
    24361: Uint8Array.of(0),
    66: ascii(authority),
    32585: keyObjects(key, role === 'cvca'),
    24352: ascii(holder),
    32588: concatBytes(encodeTlv(0x06, fromHex(terminalTypes[type])), encodeTlv(0x53, template)),
    24357: digits(from),
    24356: digits(to),
    ...edit,
  }
  const order = [0x5f29, 0x42, 0x7f49, 0x5f20, 0x7f4c, 0x5f25, 0x5f24]
  const present = order.flatMap((tag) => (objects[tag] === undefined ? [] : [encodeTlv(tag, objects[tag])]))
  const body = encodeTlv(0x7f4e, concatBytes(...present))
  const signature = encodeTlv(0x5f37, signWith(signer, body))
  return { input, body, signature, objects: concatBytes(body, signature) }
}

/** The certificate with another signature value. */
export const withSignature = ({ body, signature }: TestCertificate, change: (value: Uint8Array) => Uint8Array): Uint8Array =>
  concatBytes(body, encodeTlv(0x5f37, change(decodeTlvList(signature)[0]!.value.slice())))

/** The root's first and last day, and the card's date when it is issued. */
export const days = { from: '260101', to: '271231' } as const

const root = (key: TestKey, holder: string, type: keyof typeof terminalTypes = 'is') =>
  certificate({
    authority: holder,
    holder,
    role: 'cvca',
    key,
    signer: key,
    ...days,
    type,
    rights: type === 'at' ? '3f7fffffff' : '03',
  })

export const keys = { root: ecKey(), rsaRoot: rsaKey(), rsaDv: rsaKey(), dv: ecKey(), terminal: ecKey() }
export const names = { root: 'DECVCA00001', rsaRoot: 'DECVCA0000R', dv: 'DEDV00001', terminal: 'DEIS00001' } as const

export const roots = {
  ec: root(keys.root, names.root),
  rsa: root(keys.rsaRoot, names.rsaRoot),
  at: root(keys.root, 'DECVCAAT001', 'at'),
  st: root(keys.root, 'DECVCAST001', 'st'),
}

/** Trust in these roots on the root's first day. */
export function rootTrust(...points: readonly TestCertificate[]): TerminalTrust {
  const all = points.length > 0 ? points : [roots.ec]
  const empty: TrustView = { points: [], date: '000101' }
  return keepTrust(all.reduce((view, { objects }) => withTrustPoint(view, trustPointOf(encodeTlv(0x7f21, objects))!), empty))
}

/** A document verifier below the root, valid for the first month unless told. */
export const verifier = (change: Partial<CertificateInput> = {}): TestCertificate =>
  certificate({
    authority: names.root,
    holder: names.dv,
    role: 'domestic',
    from: '260101',
    to: '260131',
    key: keys.dv,
    signer: keys.root,
    ...change,
  })

/** A terminal below that verifier. */
export const terminal = (change: Partial<CertificateInput> = {}): TestCertificate =>
  certificate({
    authority: names.dv,
    holder: names.terminal,
    role: 'terminal',
    from: '260101',
    to: '260131',
    key: keys.terminal,
    signer: keys.dv,
    ...change,
  })

/** A successor of the root. */
export const link = (change: Partial<CertificateInput> & Pick<CertificateInput, 'holder' | 'key'>): TestCertificate =>
  certificate({ authority: names.root, role: 'cvca', from: '260101', to: '281231', signer: keys.root, ...change })
