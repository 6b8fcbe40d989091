import { concatBytes, encodeTlv, InputError } from '@kart/codec'
import {
  bodyAndSignature,
  type CvExtension,
  checkedSignature,
  checkProfile,
  decodeCvExtensions,
  encodeCvCertificate,
  encodeCvExtensions,
  maxCvcSignature,
  profileOne,
  wholeObject,
} from './cv-certificate.ts'
import { type CvPublicKey, decodeCvPublicKey, encodeCvPublicKey } from './cv-public-key.ts'
import { decodeKeyReference, encodeKeyReference } from './key-reference.ts'
import { OrderedObjects } from './ordered-objects.ts'

/** What a certificate request says (BSI TR-03110-3 v2.21, C.2). */
export interface CvRequestBody {
  /** The authority's key that the applicant expects to sign; undefined when left out. */
  readonly authorityReference: string | undefined
  /** With its domain parameters where it is on a curve (D.3.3). */
  readonly publicKey: CvPublicKey
  readonly holderReference: string
  readonly extensions: readonly CvExtension[]
}

/** The additional signature of an authenticated request, by a key that the authority knows already. */
export interface CvOuterSignature {
  readonly authorityReference: string
  readonly signature: Uint8Array
  /** What the signature is over: the inner DO'7F21' and the reference DO'42'. */
  readonly signed: Uint8Array
}

/** A certificate request with the bytes that it was read from. */
export interface CvRequest extends CvRequestBody {
  /** Made with the key in the request. */
  readonly signature: Uint8Array
  /** The request's body DO'7F4E' with tag and length: what the inner signature is over. */
  readonly body: Uint8Array
  readonly outer: CvOuterSignature | undefined
  /** All that came: DO'7F21', or DO'67' around it. */
  readonly raw: Uint8Array
}

const what = 'CV certificate request'

/** Decodes a request, with or without the authentication DO'67' around it. Throws DecodeError or LimitError. */
export function decodeCvRequest(bytes: Uint8Array): CvRequest {
  if (bytes[0] !== 0x67) return { ...decodeInner(wholeObject(bytes, 0x7f21, what)), outer: undefined, raw: bytes.slice() }
  const objects = new OrderedObjects(wholeObject(bytes, 0x67, what), what)
  const inner = objects.required(0x7f21, 'request')
  const reference = objects.required(0x42, 'authority reference of the outer signature')
  const signature = checkedSignature(objects.required(0x5f37, 'outer signature'), what)
  objects.end()
  const authorityReference = decodeKeyReference(reference, `${what}, authority reference`)
  const outer = { authorityReference, signature, signed: concatBytes(encodeTlv(0x7f21, inner), encodeTlv(0x42, reference)) }
  return { ...decodeInner(inner), outer, raw: bytes.slice() }
}

function decodeInner(value: Uint8Array): Omit<CvRequest, 'outer' | 'raw'> {
  const { body, signature } = bodyAndSignature(value, what)
  const objects = new OrderedObjects(body, what)
  checkProfile(objects.required(0x5f29, 'profile identifier'), what)
  const authority = objects.optional(0x42)
  const publicKey = decodeCvPublicKey(objects.required(0x7f49, 'public key'))
  const holderReference = decodeKeyReference(objects.required(0x5f20, 'holder reference'), `${what}, holder reference`)
  const extensions = decodeCvExtensions(objects.optional(0x65))
  objects.end()
  return {
    authorityReference: authority && decodeKeyReference(authority, `${what}, authority reference`),
    publicKey,
    holderReference,
    extensions,
    signature,
    body: encodeTlv(0x7f4e, body),
  }
}

/** Codes the request's body DO'7F4E', which the applicant signs with the new key. Throws InputError, also for a curve's key without domain parameters. */
export function encodeCvRequestBody(body: CvRequestBody): Uint8Array {
  if (body.publicKey.kind === 'ec' && body.publicKey.domain === undefined)
    throw new InputError('publicKey.domain', 'a request must carry its domain parameters')
  return encodeTlv(0x7f4e, [
    profileOne,
    body.authorityReference === undefined
      ? new Uint8Array(0)
      : encodeTlv(0x42, encodeKeyReference(body.authorityReference, 'authorityReference')),
    encodeCvPublicKey(body.publicKey),
    encodeTlv(0x5f20, encodeKeyReference(body.holderReference, 'holderReference')),
    encodeCvExtensions(body.extensions),
  ])
}

/** Puts a request's body (the whole DO'7F4E') and its inner signature together to DO'7F21'. Throws InputError. */
export function encodeCvRequest(body: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeCvCertificate(body, signature)
}

/** What the outer signature of an authenticated request is over (C.2.6): the request DO'7F21' and the reference of the signing key. Throws InputError. */
export function cvRequestOuterData(request: Uint8Array, authorityReference: string): Uint8Array {
  return concatBytes(request, encodeTlv(0x42, encodeKeyReference(authorityReference, 'authorityReference')))
}

/** Wraps a request DO'7F21' and its outer signature into the authentication DO'67'. Throws InputError. */
export function encodeAuthenticatedCvRequest(request: Uint8Array, authorityReference: string, signature: Uint8Array): Uint8Array {
  if (signature.length === 0 || signature.length > maxCvcSignature) throw new InputError('signature', 'is empty or too long')
  return encodeTlv(0x67, [cvRequestOuterData(request, authorityReference), encodeTlv(0x5f37, signature)])
}
