import { cbc, cmac, ecb } from '@noble/ciphers/aes.js'
import { ecdsa } from '@noble/curves/abstract/weierstrass.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { Backend } from './backend.ts'
import { curvePoint } from './curve.ts'
import { modPowerLadder } from './key-agreement/mod-power.ts'

const hashes = { sha1, sha224, sha256, sha384, sha512 }
const unpadded = { disablePadding: true } as const
// The digest is ours (prehash false) because any hash may meet any curve; cards and issuers do not send the low s that noble asks for by default.
const plain = { prehash: false, lowS: false, format: 'compact' } as const

/** The primitives on @noble/hashes, @noble/ciphers and @noble/curves. */
export const nobleBackend: Backend = {
  digest: (algorithm, data) => hashes[algorithm](data),
  startDigest(algorithm) {
    const running = hashes[algorithm].create()
    return { update: (data) => void running.update(data), finish: () => running.digest() }
  },
  aesEcbEncrypt: (key, data) => ecb(key, unpadded).encrypt(data),
  aesCbcEncrypt: (key, iv, data) => cbc(key, iv, unpadded).encrypt(data),
  aesCbcDecrypt: (key, iv, data) => cbc(key, iv, unpadded).decrypt(data),
  aesCmac: (key, data) => cmac(data, key),
  ecdsaVerify: (curve, hash, point, data, signature) =>
    ecdsa(curvePoint(curve), hashes[hash]).verify(signature, hashes[hash](data), point, plain),
  ecdsaSign: (curve, hash, scalar, _point, data) =>
    ecdsa(curvePoint(curve), hashes[hash]).sign(hashes[hash](data), scalar, { ...plain, extraEntropy: true }),
  ecdh(curve, scalar, point) {
    const Point = curvePoint(curve)
    const shared = Point.fromBytes(point).multiply(Point.Fn.fromBytes(scalar)).toBytes(false)
    return shared.slice(1, 1 + Point.Fp.BYTES)
  },
  ecMultiply(curve, scalar, point) {
    const Point = curvePoint(curve)
    const base = Point.fromBytes(point)
    const k = Point.Fn.fromBytes(scalar)
    return (base.equals(Point.BASE) ? Point.BASE : base).multiply(k).toBytes(false) // the generator itself has precomputed multiples
  },
  modPower: modPowerLadder,
}
