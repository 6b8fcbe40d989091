import { constants, createHash, generateKeyPairSync, privateEncrypt, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type BackendName,
  CryptoError,
  digest,
  digestLength,
  encodePkcs1Block,
  type HashAlgorithm,
  startDigest,
  useBackend,
} from './index.ts'

const data = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) & 0xff)

describe.each<BackendName>(['noble', 'node'])('a digest piece by piece on %s', (name) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(name)
  })
  afterAll(() => {
    useBackend(before)
  })

  test.each(Object.keys(digestLength) as HashAlgorithm[])('%s is that of the whole', (hash) => {
    for (const size of [1, 63, 64, 65, 1000, 3000]) {
      const running = startDigest(hash)
      for (let at = 0; at < data.length; at += size) running.update(data.subarray(at, at + size))
      expect(running.finish()).toEqual(new Uint8Array(createHash(hash).update(data).digest()))
    }
  })
})

describe('the block that an RSA key signs', () => {
  test('is what OpenSSL takes for a PKCS#1 v1.5 signature once the key has done its part', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      const block = encodePkcs1Block(hash, digest(hash, data), 256)
      const signature = privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block)
      expect(verify(hash, data, publicKey, signature)).toBe(true)
    }
  })

  test('is refused for a digest of another length and a modulus too short', () => {
    expect(() => encodePkcs1Block('sha256', new Uint8Array(31), 256)).toThrow(CryptoError)
    expect(() => encodePkcs1Block('sha512', new Uint8Array(64), 80)).toThrow(CryptoError)
  })
})
