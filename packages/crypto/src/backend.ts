import type { CurveName } from './curve.ts'
import { nobleBackend } from './noble-backend.ts'
import { nodeBackend } from './node-backend.ts'

/** Hash functions of Doc 9303-12 and TR-03110; SHA-1 is here for BAC, its keys and old active authentication only. */
export type HashAlgorithm = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** A hash over data that come piece by piece. */
export interface RunningDigest {
  update(data: Uint8Array): void
  /** The hash of all pieces; nothing can be added then. */
  finish(): Uint8Array
}

/** The primitives that exist twice; arguments are already checked by the public functions. */
export interface Backend {
  digest(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array
  startDigest(algorithm: HashAlgorithm): RunningDigest
  /** AES block by block, no chaining; whole blocks. */
  aesEcbEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array
  aesCmac(key: Uint8Array, data: Uint8Array): Uint8Array
  /** `point` is the uncompressed public point, `signature` r and s in the order's width, both in 1..n-1. */
  ecdsaVerify(curve: CurveName, hash: HashAlgorithm, point: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean
  /** `scalar` is a private key in the order's width, `point` its public point where known; gives r and s in the order's width. */
  ecdsaSign(curve: CurveName, hash: HashAlgorithm, scalar: Uint8Array, point: Uint8Array | undefined, data: Uint8Array): Uint8Array
  /** The x coordinate of scalar times point, in the field's width. */
  ecdh(curve: CurveName, scalar: Uint8Array, point: Uint8Array): Uint8Array
  /** The point scalar times point, uncompressed; `scalar` in 1..n-1 in the order's width. */
  ecMultiply(curve: CurveName, scalar: Uint8Array, point: Uint8Array): Uint8Array
  /** base^exponent modulo an odd prime, in the prime's width; `base` in 2..p-2. */
  modPower(prime: Uint8Array, base: Uint8Array, exponent: Uint8Array): Uint8Array
}

/** Which implementation answers: `noble` or `node` for everything, or `auto`. */
export type BackendName = 'noble' | 'node' | 'auto'

/** Bytes from which node:crypto's fixed cost of a call is less than what it saves (measured on Node 20: equal at about 256 bytes, 10 times at 16 KiB). */
const nodePaysFrom = 512

/** @noble for short inputs, node:crypto where it is faster: long inputs, ECDSA verification and ECDH. */
const autoBackend: Backend = {
  digest: (algorithm, data) => (data.length >= nodePaysFrom ? nodeBackend : nobleBackend).digest(algorithm, data),
  startDigest: nodeBackend.startDigest,
  aesEcbEncrypt: (key, data) => (data.length >= nodePaysFrom ? nodeBackend : nobleBackend).aesEcbEncrypt(key, data),
  aesCbcEncrypt: (key, iv, data) => (data.length >= nodePaysFrom ? nodeBackend : nobleBackend).aesCbcEncrypt(key, iv, data),
  aesCbcDecrypt: (key, iv, data) => (data.length >= nodePaysFrom ? nodeBackend : nobleBackend).aesCbcDecrypt(key, iv, data),
  aesCmac: (key, data) => (data.length >= nodePaysFrom ? nodeBackend : nobleBackend).aesCmac(key, data),
  ecdsaVerify: nodeBackend.ecdsaVerify,
  ecdsaSign: nobleBackend.ecdsaSign, // node:crypto signs faster but takes 1.5 ms and more to import a key, which every call here does
  ecdh: nodeBackend.ecdh,
  ecMultiply: nodeBackend.ecMultiply, // twice the work of one ECDH, and still 2 to 8 times faster
  modPower: nodeBackend.modPower,
}

const backends = { noble: nobleBackend, node: nodeBackend, auto: autoBackend } as const satisfies Record<BackendName, Backend>

let current: BackendName = 'auto'

/** Chooses the implementation for the whole process and gives back the one before; tests run everything on `noble` and on `node`. */
export function useBackend(name: BackendName): BackendName {
  const before = current
  current = name
  return before
}

/** The implementation in use. */
export function backend(): Backend {
  return backends[current]
}

/** Name of the implementation in use. */
export function backendInUse(): BackendName {
  return current
}
