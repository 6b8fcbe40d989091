import { concatBytes, toHex } from '@kart/codec'
import type { HashAlgorithm } from './backend.ts'
import { bigIntToBytes, bytesToBigInt } from './big-integer.ts'
import { digest, digestLength } from './digest.ts'
import { checkRsaKey, type KeyPolicy, type RsaPublicKey } from './public-key.ts'
import { rsaPublicOperation } from './rsa.ts'
import { constantTimeEqual } from './secret-bytes.ts'

/** Trailer fields and the hash function each names (ISO/IEC 9796-2:2010, 8.1.2; ISO/IEC 10118-3 identifiers). BC names none: Doc 9303-11 means SHA-1. */
const trailers = [
  { trailer: 'bc', hash: 'sha1', clause: 'Doc 9303-11, 8th ed., 6.1.2.3' },
  { trailer: '33cc', hash: 'sha1', clause: 'ISO/IEC 10118-3, 33' },
  { trailer: '34cc', hash: 'sha256', clause: 'ISO/IEC 10118-3, 34' },
  { trailer: '35cc', hash: 'sha512', clause: 'ISO/IEC 10118-3, 35' },
  { trailer: '36cc', hash: 'sha384', clause: 'ISO/IEC 10118-3, 36' },
  { trailer: '38cc', hash: 'sha224', clause: 'ISO/IEC 10118-3, 38' },
] as const satisfies readonly { trailer: string; hash: HashAlgorithm; clause: string }[]

/** What a genuine active-authentication signature gives back. */
export interface Iso9796Recovery {
  /** The message representative, as long as the modulus: 6A || M1 || hash || trailer. */
  readonly representative: Uint8Array
  /** M1, the random part that the chip chose. */
  readonly recovered: Uint8Array
  readonly hash: HashAlgorithm
  /** The trailer in hex: `bc` or `xxcc`. */
  readonly trailer: string
}

/** Why a signature was not taken; for a report, not for a choice of what to try next. */
export type Iso9796Problem = 'length' | 'header' | 'trailer' | 'hash'

export type Iso9796Result =
  | { readonly valid: true; readonly recovery: Iso9796Recovery }
  | { readonly valid: false; readonly problem: Iso9796Problem }

/**
 * Checks an ISO/IEC 9796-2 scheme 1 signature with partial recovery over `challenge`, as active authentication makes them (Doc 9303-11, 8th ed., 6.1.2.3).
 * Cards send s or n - s, so both representatives are looked at. House rule: M1 fills all the room (header 6A), as Doc 9303-11 says.
 * `key.modulus` is big-endian without leading zeros. Throws CryptoError for a key refused.
 */
export function verifyIso9796(
  key: Pick<RsaPublicKey, 'modulus' | 'exponent'>,
  challenge: Uint8Array,
  signature: Uint8Array,
  policy: KeyPolicy = {},
): Iso9796Result {
  checkRsaKey(key, policy)
  const opened = rsaPublicOperation(key, signature)
  if (opened === undefined) return { valid: false, problem: 'length' }
  const candidates = [opened, bigIntToBytes(bytesToBigInt(key.modulus) - bytesToBigInt(opened), opened.length)]
  // A representative ends in the nibble C (ISO/IEC 9796-2:2010, 8.2.3), n - J only where J does not: at most one candidate is looked into.
  const representative = candidates.find((candidate) => (candidate[candidate.length - 1]! & 0x0f) === 0x0c)
  if (representative === undefined) return { valid: false, problem: 'trailer' }
  return checkRepresentative(representative, challenge)
}

function checkRepresentative(representative: Uint8Array, challenge: Uint8Array): Iso9796Result {
  const tail = toHex(representative.subarray(-2))
  const row = trailers.find(({ trailer }) => tail.endsWith(trailer))
  if (row === undefined) return { valid: false, problem: 'trailer' }
  if (representative[0] !== 0x6a) return { valid: false, problem: 'header' }
  const hashEnd = representative.length - row.trailer.length / 2
  const hashStart = hashEnd - digestLength[row.hash]
  if (hashStart < 1) return { valid: false, problem: 'length' }
  const recovered = representative.slice(1, hashStart)
  const expected = digest(row.hash, concatBytes(recovered, challenge))
  if (!constantTimeEqual(expected, representative.subarray(hashStart, hashEnd))) return { valid: false, problem: 'hash' }
  return { valid: true, recovery: { representative, recovered, hash: row.hash, trailer: row.trailer } }
}
