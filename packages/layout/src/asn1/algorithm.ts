import { DecodeError, encodeTlv, InputError } from '@kart/codec'
import { DerFields, type DerNode, decodeDer, derExplicit, derOid, derSequence, derSmallInteger } from './der.ts'
import { encodedNull, encodeInteger, encodeOid, encodeSequence } from './der-encode.ts'

/** Digests that certificates and EF.SOD may name (Doc 9303-12, 8th ed., 4.4; MD5 only so that it can be refused by name). */
export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** A signature scheme with everything that verifying needs besides the key. Lengths in bytes. */
export type SignatureScheme =
  | { readonly kind: 'ecdsa'; readonly hash: HashName }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: HashName }
  | { readonly kind: 'rsa-pss'; readonly hash: HashName; readonly mgfHash: HashName; readonly saltLength: number }

/** An AlgorithmIdentifier as it came. */
export interface AlgorithmIdentifier {
  /** Dotted object identifier. */
  readonly oid: string
  /** Parameters in DER; undefined when absent. */
  readonly parameters: Uint8Array | undefined
  /** The whole AlgorithmIdentifier in DER. */
  readonly raw: Uint8Array
}

const hashOids = [
  { name: 'md5', oid: '1.2.840.113549.2.5', clause: 'RFC 3279, 2.1' },
  { name: 'sha1', oid: '1.3.14.3.2.26', clause: 'RFC 3279, 2.1' },
  { name: 'sha224', oid: '2.16.840.1.101.3.4.2.4', clause: 'RFC 5754, 2' },
  { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1', clause: 'RFC 5754, 2' },
  { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2', clause: 'RFC 5754, 2' },
  { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3', clause: 'RFC 5754, 2' },
] as const satisfies readonly { name: HashName; oid: string; clause: string }[]

const signatureOids = [
  { oid: '1.2.840.113549.1.1.4', kind: 'rsa-pkcs1', hash: 'md5', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.113549.1.1.5', kind: 'rsa-pkcs1', hash: 'sha1', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.113549.1.1.14', kind: 'rsa-pkcs1', hash: 'sha224', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.113549.1.1.11', kind: 'rsa-pkcs1', hash: 'sha256', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.113549.1.1.12', kind: 'rsa-pkcs1', hash: 'sha384', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.113549.1.1.13', kind: 'rsa-pkcs1', hash: 'sha512', clause: 'RFC 8017, A.2.4' },
  { oid: '1.2.840.10045.4.1', kind: 'ecdsa', hash: 'sha1', clause: 'RFC 3279, 2.2.3' },
  { oid: '1.2.840.10045.4.3.1', kind: 'ecdsa', hash: 'sha224', clause: 'RFC 5758, 3.2' },
  { oid: '1.2.840.10045.4.3.2', kind: 'ecdsa', hash: 'sha256', clause: 'RFC 5758, 3.2' },
  { oid: '1.2.840.10045.4.3.3', kind: 'ecdsa', hash: 'sha384', clause: 'RFC 5758, 3.2' },
  { oid: '1.2.840.10045.4.3.4', kind: 'ecdsa', hash: 'sha512', clause: 'RFC 5758, 3.2' },
] as const satisfies readonly { oid: string; kind: 'rsa-pkcs1' | 'ecdsa'; hash: HashName; clause: string }[]

const rsaEncryptionOid = '1.2.840.113549.1.1.1'
const rsaPssOid = '1.2.840.113549.1.1.10'
const mgf1Oid = '1.2.840.113549.1.1.8'

/** Reads an AlgorithmIdentifier (RFC 5280, 4.1.1.2). */
export function readAlgorithm(node: DerNode | undefined, what: string): AlgorithmIdentifier {
  const fields = derSequence(node, what, 1, 2)
  return { oid: derOid(fields[0], what), parameters: fields[1]?.raw.slice(), raw: node!.raw.slice() }
}

/** The digest of this object identifier; undefined when it is none we know. */
export function hashOfOid(oid: string): HashName | undefined {
  return hashOids.find((row) => row.oid === oid)?.name
}

/** AlgorithmIdentifier of a digest, parameters absent (RFC 5754, 2). */
export function encodeHashAlgorithm(hash: HashName): Uint8Array {
  return encodeSequence(encodeOid(oidOfHash(hash)))
}

function oidOfHash(hash: HashName): string {
  const row = hashOids.find((candidate) => candidate.name === hash)
  if (row === undefined) throw new InputError('hash', 'not a digest we know')
  return row.oid
}

/** Output length of a digest in bytes. */
export function hashLength(hash: HashName): number {
  return { md5: 16, sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 }[hash]
}

/**
 * What a signature algorithm identifier means; undefined for one we do not know. `digest` is the digest named beside it in a SignerInfo, for the identifier
 * rsaEncryption, which names none (RFC 5754, 3.2). Throws DecodeError for malformed RSASSA-PSS parameters.
 */
export function signatureSchemeOf(algorithm: AlgorithmIdentifier, digest?: HashName): SignatureScheme | undefined {
  if (algorithm.oid === rsaPssOid) return readPssParameters(algorithm.parameters)
  if (algorithm.oid === rsaEncryptionOid) return digest === undefined ? undefined : { kind: 'rsa-pkcs1', hash: digest }
  const row = signatureOids.find((candidate) => candidate.oid === algorithm.oid)
  return row === undefined ? undefined : { kind: row.kind, hash: row.hash }
}

/** RSASSA-PSS-params with its defaults (RFC 8017, A.2.3); a mask function that is not MGF1 or an unknown digest gives undefined. */
function readPssParameters(parameters: Uint8Array | undefined): SignatureScheme | undefined {
  const what = 'RSASSA-PSS parameters'
  if (parameters === undefined) throw new DecodeError(what, 'are missing')
  const fields = new DerFields(derSequence(decodeDer(parameters, what), what, 0, 4), what)
  const hashNode = fields.optional(0xa0)
  const maskNode = fields.optional(0xa1)
  const saltNode = fields.optional(0xa2)
  const trailerNode = fields.optional(0xa3)
  fields.end()
  const hash = hashNode === undefined ? 'sha1' : hashOfOid(readAlgorithm(derExplicit(hashNode, 0xa0, what), what).oid)
  let mgfHash: HashName | undefined = 'sha1'
  if (maskNode !== undefined) {
    const mask = derExplicit(maskNode, 0xa1, what)
    const { oid } = readAlgorithm(mask, what)
    mgfHash = oid === mgf1Oid ? hashOfOid(readAlgorithm(mask.children[1], what).oid) : undefined
  }
  const saltLength = saltNode === undefined ? 20 : derSmallInteger(derExplicit(saltNode, 0xa2, what), what)
  const trailer = trailerNode === undefined ? 1 : derSmallInteger(derExplicit(trailerNode, 0xa3, what), what)
  if (trailer !== 1 || hash === undefined || mgfHash === undefined) return undefined
  return { kind: 'rsa-pss', hash, mgfHash, saltLength }
}

/** AlgorithmIdentifier of a signature scheme (RFC 5758, 3.2; RFC 8017, A.2). Throws InputError for one without an identifier. */
export function encodeSignatureAlgorithm(scheme: SignatureScheme): Uint8Array {
  if (scheme.kind === 'rsa-pss') {
    const parameters = encodeSequence(
      encodeTlv(0xa0, encodeSequence(encodeOid(oidOfHash(scheme.hash)), encodedNull)),
      encodeTlv(0xa1, encodeSequence(encodeOid(mgf1Oid), encodeSequence(encodeOid(oidOfHash(scheme.mgfHash)), encodedNull))),
      encodeTlv(0xa2, encodeInteger(scheme.saltLength)),
    )
    return encodeSequence(encodeOid(rsaPssOid), parameters)
  }
  const row = signatureOids.find((candidate) => candidate.kind === scheme.kind && candidate.hash === scheme.hash)
  if (row === undefined) throw new InputError('signatureAlgorithm', 'no object identifier for this scheme')
  return scheme.kind === 'ecdsa' ? encodeSequence(encodeOid(row.oid)) : encodeSequence(encodeOid(row.oid), encodedNull)
}
