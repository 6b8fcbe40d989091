import { backend, type HashAlgorithm, type RunningDigest } from './backend.ts'

/** Bytes of each hash function's output. */
export const digestLength = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<HashAlgorithm, number>

/** Hashes a byte string (FIPS 180-4). */
export function digest(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array {
  return backend().digest(algorithm, data)
}

/** Begins a hash over data that come piece by piece, for files too big to hold (FIPS 180-4). */
export function startDigest(algorithm: HashAlgorithm): RunningDigest {
  return backend().startDigest(algorithm)
}
