import { CardError, concatBytes, decodeTlvList, encodeTlv, type Tlv, toHex } from '@kart/codec'
import type { CurveDomain } from './curve.ts'

/** Roles by the two leading bits of the relative authorization (BSI TR-03110-4 v2.21, 2.1.1; Doc 9303-12, 8th ed., 7.2.2.4). */
const roles = ['terminal', 'dv-foreign', 'dv-domestic', 'cvca'] as const
export type CvRole = (typeof roles)[number]

/** Certificate holder authorization template: what kind of terminal, which role, which rights. */
export interface Chat {
  /** Value of the terminal type's DO'06', in hex. */
  readonly type: string
  readonly role: CvRole
  /** The relative authorization, role bits and all; 1 byte, 5 for an authentication terminal. */
  readonly template: Uint8Array
}

/** Terminal types and the length of their template (BSI TR-03110-4 v2.21, 2). */
export const terminalTypes = {
  inspectionSystem: '04007f000703010201',
  authenticationTerminal: '04007f000703010202',
  signatureTerminal: '04007f000703010203',
} as const
const templateLengths: Readonly<Record<string, number>> = {
  [terminalTypes.inspectionSystem]: 1,
  [terminalTypes.authenticationTerminal]: 5,
  [terminalTypes.signatureTerminal]: 1,
}

/** A public key as the certificate has it. */
export type CvPublicKey =
  | { readonly kind: 'rsa'; readonly algorithm: string; readonly modulus: Uint8Array; readonly exponent: Uint8Array }
  /** `domain` undefined: inherited from the CVCA. */
  | { readonly kind: 'ec'; readonly algorithm: string; readonly domain: CurveDomain | undefined; readonly point: Uint8Array }

/** A CV certificate, read but not verified. */
export interface CvCertificate {
  /** Certification authority reference and certificate holder reference, ISO/IEC 8859-1. */
  readonly authority: string
  readonly holder: string
  /** `algorithm` is the value of its DO'06', in hex. */
  readonly publicKey: CvPublicKey
  readonly chat: Chat
  /** YYMMDD as six characters: first and last day. */
  readonly effective: string
  readonly expiration: string
  /** The data templates DO'73' of DO'65', whole: kept, not understood. */
  readonly extensions: readonly Uint8Array[]
  /** The whole DO'7F4E', which the signature is over. */
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

/** The certificate is not of the profile; the card answers 6A80. */
export class CvcFormatError extends Error {}

const fail = (what: string): never => {
  throw new CvcFormatError(what)
}

/** Most bytes of a certificate, whole. */
export const longestCertificate = 4096

/** Data objects of one level in their fixed order, coded in DER (BSI TR-03110-3 v2.21, D.1). */
class Level {
  readonly #objects: readonly Tlv[]
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#objects = decodeTlvList(bytes, { constructed: false, minimalLength: true, nodes: 32 })
  }

  take(tag: number): Uint8Array {
    return this.takeIf(tag) ?? fail('a data object is missing or misplaced')
  }

  takeIf(tag: number): Uint8Array | undefined {
    const object = this.#objects[this.#at]
    if (object?.tag !== tag) return undefined
    this.#at++
    return object.value
  }

  isEmpty(): boolean {
    return this.#at === this.#objects.length
  }

  end(): void {
    if (!this.isEmpty()) fail('a data object that the profile does not have')
  }
}

/** Reads a whole DO'7F21' (BSI TR-03110-3 v2.21, C.1). Throws CvcFormatError. */
export function readCvCertificate(bytes: Uint8Array): CvCertificate {
  return guarded(() => {
    if (bytes.length > longestCertificate) fail('too long')
    const outer = new Level(bytes)
    const value = outer.take(0x7f21)
    outer.end()
    return readInside(value)
  })
}

/** Reads body and signature side by side, as PSO: Verify Certificate brings them (BSI TR-03110-3 v2.21, B.14.5). Throws CvcFormatError. */
export function readVerifiedObjects(bytes: Uint8Array): CvCertificate {
  return guarded(() => (bytes.length > longestCertificate ? fail('too long') : readInside(bytes)))
}

function guarded<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof CardError) throw new CvcFormatError('not BER-TLV in the fewest bytes', { cause })
    throw cause
  }
}

function readInside(bytes: Uint8Array): CvCertificate {
  const level = new Level(bytes)
  const content = level.take(0x7f4e)
  const signature = level.take(0x5f37)
  level.end()
  if (signature.length === 0) fail('no signature')
  const body = new Level(content)
  const profile = body.take(0x5f29)
  if (profile.length !== 1 || profile[0] !== 0) fail('another profile')
  const authority = readReference(body.take(0x42))
  const publicKey = readPublicKey(body.take(0x7f49))
  const holder = readReference(body.take(0x5f20))
  const chat = readChat(body.take(0x7f4c))
  const effective = readDate(body.take(0x5f25))
  const expiration = readDate(body.take(0x5f24))
  // TR-03105-3.2, ISO7816_J_21: no day lies in such a period.
  if (expiration < effective) fail('a period that ends before it begins')
  const extensions = readExtensions(body.takeIf(0x65))
  body.end()
  return { authority, holder, publicKey, chat, effective, expiration, extensions, body: encodeTlv(0x7f4e, content), signature }
}

// Country code, mnemonic of at most nine characters, sequence number of five (A.7.1).
const reference = /^[A-Z]{2}[\x20-\x7e\xa0-\xff]{0,9}[0-9A-Za-z]{5}$/

/** A key's name: country, mnemonic, sequence number (BSI TR-03110-3 v2.21, A.7.1). Throws CvcFormatError. */
export function readReference(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 17))
  return reference.test(text) ? text : fail('a reference that is no name of a key')
}

function unsigned(bytes: Uint8Array): Uint8Array {
  return bytes.length > 0 && (bytes.length === 1 || bytes[0] !== 0) ? bytes : fail('an integer that is not coded in the fewest bytes')
}

/** Object identifiers of keys of terminal authentication: id-TA-RSA and id-TA-ECDSA with one more byte (BSI TR-03110-3 v2.21, A.7.3). */
const rsaPrefix = '04007f000702020201'
const ecdsaPrefix = '04007f000702020202'

function readPublicKey(value: Uint8Array): CvPublicKey {
  const level = new Level(value)
  const algorithm = toHex(level.take(0x06))
  const key = algorithm.startsWith(rsaPrefix)
    ? ({ kind: 'rsa', algorithm, modulus: unsigned(level.take(0x81)), exponent: unsigned(level.take(0x82)) } as const)
    : algorithm.startsWith(ecdsaPrefix)
      ? readCurveKey(level, algorithm)
      : fail('a key of another protocol')
  level.end()
  return key
}

/** Domain parameters are all there, but perhaps for the cofactor, or all absent (D.3.3). */
function readCurveKey(level: Level, algorithm: string): CvPublicKey {
  const prime = level.takeIf(0x81)
  if (prime === undefined) return { kind: 'ec', algorithm, domain: undefined, point: level.take(0x86) }
  const a = unsigned(level.take(0x82))
  const b = unsigned(level.take(0x83))
  const generator = level.take(0x84)
  const order = unsigned(level.take(0x85))
  const point = level.take(0x86)
  const cofactor = level.takeIf(0x87)
  return { kind: 'ec', algorithm, domain: { prime: unsigned(prime), a, b, generator, order, cofactor }, point }
}

/** Value of a DO'7F4C' (BSI TR-03110-3 v2.21, C.1.5). Throws CvcFormatError. */
export function readChat(value: Uint8Array): Chat {
  return guarded(() => {
    const level = new Level(value)
    const type = toHex(level.take(0x06))
    const template = level.take(0x53)
    level.end()
    if (!Object.hasOwn(templateLengths, type) || template.length !== templateLengths[type])
      fail('an authorization of no known terminal type')
    return { type, role: roles[template[0]! >> 6]!, template }
  })
}

/** Six unpacked digits YYMMDD, a day of the years 2000..2099 (BSI TR-03110-3 v2.21, D.2.1.3), as text. Throws CvcFormatError. */
export function readDate(bytes: Uint8Array): string {
  if (bytes.length !== 6 || bytes.some((digit) => digit > 9)) fail('a date that is not six digits')
  const [year, month, day] = [0, 2, 4].map((at) => bytes[at]! * 10 + bytes[at + 1]!) as [number, number, number]
  const last = new Date(Date.UTC(2000 + year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > last) fail('a date that is no day of the calendar')
  return bytes.join('')
}

/** The bytes of a date. */
export function dateBytes(date: string): Uint8Array {
  return Uint8Array.from(date, Number)
}

function readExtensions(value: Uint8Array | undefined): readonly Uint8Array[] {
  if (value === undefined) return []
  const level = new Level(value)
  const extensions: Uint8Array[] = []
  while (!level.isEmpty()) {
    const content = level.take(0x73)
    new Level(content).take(0x06)
    extensions.push(encodeTlv(0x73, content))
  }
  return extensions.length > 0 ? extensions : fail('an empty list of extensions')
}

/**
 * The certificate as the card keeps it once it is a trust point: the whole DO'7F21'. A link that inherits its domain parameters gets those written in
 * (house rule), for the card must not depend on a predecessor that it will drop; its signature was verified before and is not looked at again.
 */
export function keptCertificate(certificate: CvCertificate, domain: CurveDomain | undefined): Uint8Array {
  const { publicKey, body, signature } = certificate
  const whole = (content: Uint8Array) => encodeTlv(0x7f21, [content, encodeTlv(0x5f37, signature)])
  if (publicKey.kind === 'rsa' || publicKey.domain !== undefined || domain === undefined) return whole(body)
  const algorithm = Uint8Array.from(Buffer.from(publicKey.algorithm, 'hex'))
  const key = encodeTlv(0x7f49, [
    encodeTlv(0x06, algorithm),
    encodeTlv(0x81, domain.prime),
    encodeTlv(0x82, domain.a),
    encodeTlv(0x83, domain.b),
    encodeTlv(0x84, domain.generator),
    encodeTlv(0x85, domain.order),
    encodeTlv(0x86, publicKey.point),
    ...(domain.cofactor === undefined ? [] : [encodeTlv(0x87, domain.cofactor)]),
  ])
  const objects = decodeTlvList(decodeTlvList(body, { constructed: false })[0]!.value, { constructed: false })
  return whole(encodeTlv(0x7f4e, [concatBytes(...objects.map(({ tag, value }) => (tag === 0x7f49 ? key : encodeTlv(tag, value))))]))
}
