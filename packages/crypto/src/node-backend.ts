import { createCipheriv, createDecipheriv, createECDH, createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { concatBytes } from '@kart/codec'
import type { Backend } from './backend.ts'
import { curves } from './curve.ts'
import { encodeEcPrivateKey, encodeEcPublicKey } from './ec-key-coding.ts'
import { nodeModPower, nodeMultiply } from './key-agreement/node-arithmetic.ts'

/** Node hands out Buffers, often slices of a shared pool: what leaves this module is a plain array of its own. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

function cipher(name: string, key: Uint8Array, iv: Uint8Array | null, data: Uint8Array): Uint8Array {
  const running = createCipheriv(name, key, iv).setAutoPadding(false)
  return plain(running.update(data))
}

const zeroBlock = new Uint8Array(16)
const ecbName = (key: Uint8Array) => `aes-${key.length * 8}-ecb`
const cbcName = (key: Uint8Array) => `aes-${key.length * 8}-cbc`

/** Doubling in GF(2^128), NIST SP 800-38B, 6.1. */
function doubled(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16)
  const carry = (block[0]! >> 7) * 0x87
  for (let i = 0; i < 16; i++) out[i] = ((block[i]! << 1) & 0xff) | ((block[i + 1] ?? 0) >> 7)
  out[15]! ^= carry
  return out
}

/** CMAC (NIST SP 800-38B, 6.2) as the last block of a CBC encryption, since node:crypto has no call for it. */
function cmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  const k1 = doubled(cipher(ecbName(key), key, null, zeroBlock))
  const blocks = Math.max(1, Math.ceil(data.length / 16))
  const whole = data.length === blocks * 16
  const mask = whole ? k1 : doubled(k1)
  const message = new Uint8Array(blocks * 16)
  message.set(data)
  if (!whole) message[data.length] = 0x80
  const last = (blocks - 1) * 16
  for (let i = 0; i < 16; i++) message[last + i]! ^= mask[i]!
  return cipher(cbcName(key), key, zeroBlock, message).slice(last)
}

/** The primitives on node:crypto (OpenSSL). */
export const nodeBackend: Backend = {
  digest: (algorithm, data) => plain(createHash(algorithm).update(data).digest()),
  startDigest(algorithm) {
    const running = createHash(algorithm)
    return { update: (data) => void running.update(data), finish: () => plain(running.digest()) }
  },
  aesEcbEncrypt: (key, data) => cipher(ecbName(key), key, null, data),
  aesCbcEncrypt: (key, iv, data) => cipher(cbcName(key), key, iv, data),
  aesCbcDecrypt: (key, iv, data) => plain(createDecipheriv(cbcName(key), key, iv).setAutoPadding(false).update(data)),
  aesCmac: cmac,
  ecdsaVerify(curve, hash, point, data, signature) {
    const key = createPublicKey({ key: Buffer.from(encodeEcPublicKey(curve, point)), format: 'der', type: 'spki' })
    return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature)
  },
  ecdsaSign(curve, hash, scalar, point, data) {
    // Without the public point OpenSSL computes it at every call, which costs more than the signature.
    const key = createPrivateKey({ key: Buffer.from(encodeEcPrivateKey(curve, scalar, point)), format: 'der', type: 'pkcs8' })
    return plain(sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }))
  },
  ecdh(curve, scalar, point) {
    const party = createECDH(curves[curve].nodeName)
    party.setPrivateKey(scalar)
    return plain(party.computeSecret(point))
  },
  ecMultiply: nodeMultiply,
  modPower: nodeModPower,
}

/** EDE triple DES with K1 K2 K1 in CBC mode; single DES is refused by OpenSSL 3, and is the case K1 = K2. */
export function desEde3Cbc(
  direction: 'encrypt' | 'decrypt',
  key1: Uint8Array,
  key2: Uint8Array,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  const key = concatBytes(key1, key2, key1)
  const running = (direction === 'encrypt' ? createCipheriv : createDecipheriv)('des-ede3-cbc', key, iv).setAutoPadding(false)
  const out = plain(running.update(data))
  key.fill(0)
  return out
}
