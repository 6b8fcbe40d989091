import { toHex } from '@kart/codec'
import type { HashAlgorithm } from './backend.ts'
import { CryptoError } from './crypto-error.ts'
import type { DerReader } from './der.ts'

/** Object identifiers of the hash functions, content bytes in hex (RFC 4055, 2.1; RFC 8017, B.1). */
export const hashOids = {
  sha1: '2b0e03021a',
  sha224: '608648016503040204',
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
} as const satisfies Record<HashAlgorithm, string>

/** Reads an AlgorithmIdentifier of a hash function, with NULL or no parameters. Throws DecodeError; CryptoError for any other function. */
export function readHashAlgorithm(reader: DerReader): HashAlgorithm {
  const algorithm = reader.inside(0x30)
  const oid = toHex(algorithm.element(0x06))
  if (algorithm.remaining > 0 && algorithm.element(0x05).length > 0) throw algorithm.error('NULL with content')
  algorithm.end()
  const row = (Object.entries(hashOids) as [HashAlgorithm, string][]).find(([, value]) => value === oid)
  if (row === undefined) throw new CryptoError('unsupported', 'a hash function other than SHA-1 and SHA-2')
  return row[0]
}
