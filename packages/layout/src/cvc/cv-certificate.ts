import { DecodeError, encodeTlv, InputError, joinBytes, LimitError } from '@kart/codec'
import { type Chat, decodeChat, encodeChat } from './chat.ts'
import { type CvPublicKey, decodeCvPublicKey, encodeCvPublicKey } from './cv-public-key.ts'
import { decodeCvcDate, encodeCvcDate } from './cvc-date.ts'
import { decodeKeyReference, encodeKeyReference } from './key-reference.ts'
import { OrderedObjects, objectIdentifier } from './ordered-objects.ts'

/** A certificate extension (BSI TR-03110-3 v2.21, C.3), not opened: no card may refuse a certificate for one that it does not know. */
export interface CvExtension {
  readonly oid: string
  /** The whole discretionary data template DO'73' as it came. */
  readonly raw: Uint8Array
}

/** What a CV certificate says (BSI TR-03110-3 v2.21, C.1). */
export interface CvBody {
  /** Certification authority reference: the name of the key that verifies the signature. */
  readonly authorityReference: string
  readonly publicKey: CvPublicKey
  /** Certificate holder reference: the name of this key. */
  readonly holderReference: string
  readonly authorization: Chat
  /** First day, `YYYY-MM-DD` in GMT. */
  readonly effective: string
  /** Last day, `YYYY-MM-DD` in GMT. */
  readonly expiration: string
  readonly extensions: readonly CvExtension[]
}

/** A CV certificate with the bytes that it was read from. */
export interface CvCertificate extends CvBody {
  /** ECDSA: r || s; RSA: as long as the modulus. */
  readonly signature: Uint8Array
  /** The certificate body DO'7F4E' with tag and length: what the signature is over. */
  readonly body: Uint8Array
  /** The whole DO'7F21'. */
  readonly raw: Uint8Array
}

/** Longest certificate or request, in bytes (house rule: RSA-8192 with extensions fits). */
export const maxCvcLength = 8192
/** Longest signature, in bytes. */
export const maxCvcSignature = 1024

const what = 'CV certificate'

/** Profile 1, coded 0: the only one there is (C.1.1). */
export const profileOne = encodeTlv(0x5f29, Uint8Array.of(0))

/** Throws unless these are DO'5F29' 00. */
export function checkProfile(value: Uint8Array, name: string): void {
  if (value.length !== 1 || value[0] !== 0) throw new DecodeError(name, 'a profile that is not version 1')
}

/** Value of the one data object that fills the bytes, which must have this tag. Throws DecodeError or LimitError. */
export function wholeObject(bytes: Uint8Array, tag: number, name: string): Uint8Array {
  if (bytes.length > maxCvcLength) throw new LimitError(name, maxCvcLength)
  const outer = new OrderedObjects(bytes, name)
  const value = outer.required(tag, name)
  outer.end()
  return value
}

/** Takes body and signature out of a DO'7F21' value. */
export function bodyAndSignature(value: Uint8Array, name: string): { body: Uint8Array; signature: Uint8Array } {
  const objects = new OrderedObjects(value, name)
  const body = objects.required(0x7f4e, 'certificate body')
  const signature = checkedSignature(objects.required(0x5f37, 'signature'), name)
  objects.end()
  return { body, signature }
}

/** Throws DecodeError for a signature that is empty or too long to be one. */
export function checkedSignature(signature: Uint8Array, name: string): Uint8Array {
  if (signature.length === 0 || signature.length > maxCvcSignature) throw new DecodeError(name, `a signature of ${signature.length} bytes`)
  return signature
}

/** Value of a DO'65'. */
export function decodeCvExtensions(value: Uint8Array | undefined): readonly CvExtension[] {
  if (value === undefined) return []
  const objects = new OrderedObjects(value, 'CV certificate extensions')
  const extensions: CvExtension[] = []
  for (let object = objects.any(); object !== undefined; object = objects.any()) {
    if (object.tag !== 0x73) throw new DecodeError('CV certificate extensions', 'something that is no discretionary data template')
    const inner = new OrderedObjects(object.value, 'CV certificate extension')
    const oid = objectIdentifier(inner.required(0x06, 'object identifier'), 'CV certificate extension')
    extensions.push({ oid, raw: encodeTlv(0x73, object.value) })
  }
  if (extensions.length === 0) throw new DecodeError('CV certificate extensions', 'are empty')
  return extensions
}

/** The whole DO'65', or nothing where there are no extensions. */
export function encodeCvExtensions(extensions: readonly CvExtension[]): Uint8Array {
  if (extensions.length === 0) return new Uint8Array(0)
  const value = joinBytes(extensions.map(({ raw }) => raw))
  let read: readonly CvExtension[]
  try {
    read = decodeCvExtensions(value)
  } catch (cause) {
    throw new InputError('extensions', 'not data templates of an object identifier and its data', { cause })
  }
  if (read.length !== extensions.length || read.some(({ oid }, i) => oid !== extensions[i]!.oid))
    throw new InputError('extensions', 'their bytes are not of the object identifiers beside them')
  return encodeTlv(0x65, value)
}

/** Decodes a CV certificate: every data object of the profile, in its order, none besides. Throws DecodeError or LimitError. */
export function decodeCvCertificate(bytes: Uint8Array): CvCertificate {
  const { body, signature } = bodyAndSignature(wholeObject(bytes, 0x7f21, what), what)
  const objects = new OrderedObjects(body, what)
  checkProfile(objects.required(0x5f29, 'profile identifier'), what)
  const authorityReference = decodeKeyReference(objects.required(0x42, 'authority reference'), `${what}, authority reference`)
  const publicKey = decodeCvPublicKey(objects.required(0x7f49, 'public key'))
  const holderReference = decodeKeyReference(objects.required(0x5f20, 'holder reference'), `${what}, holder reference`)
  const authorization = decodeChat(objects.required(0x7f4c, 'holder authorization'))
  const effective = decodeCvcDate(objects.required(0x5f25, 'effective date'), `${what}, effective date`)
  const expiration = decodeCvcDate(objects.required(0x5f24, 'expiration date'), `${what}, expiration date`)
  const extensions = decodeCvExtensions(objects.optional(0x65))
  objects.end()
  return {
    authorityReference,
    publicKey,
    holderReference,
    authorization,
    effective,
    expiration,
    extensions,
    signature,
    body: encodeTlv(0x7f4e, body), // byte for byte what came: tag fixed, length in its only form
    raw: bytes.slice(),
  }
}

/** Codes the certificate body DO'7F4E', which is what gets signed. Throws InputError. */
export function encodeCvBody(body: CvBody): Uint8Array {
  return encodeTlv(0x7f4e, [
    profileOne,
    encodeTlv(0x42, encodeKeyReference(body.authorityReference, 'authorityReference')),
    encodeCvPublicKey(body.publicKey),
    encodeTlv(0x5f20, encodeKeyReference(body.holderReference, 'holderReference')),
    encodeChat(body.authorization),
    encodeTlv(0x5f25, encodeCvcDate(body.effective, 'effective')),
    encodeTlv(0x5f24, encodeCvcDate(body.expiration, 'expiration')),
    encodeCvExtensions(body.extensions),
  ])
}

/** Puts body (the whole DO'7F4E') and signature together to DO'7F21'. Throws InputError for a signature that is empty or too long. */
export function encodeCvCertificate(body: Uint8Array, signature: Uint8Array): Uint8Array {
  if (signature.length === 0 || signature.length > maxCvcSignature) throw new InputError('signature', 'is empty or too long')
  return encodeTlv(0x7f21, [body, encodeTlv(0x5f37, signature)])
}
