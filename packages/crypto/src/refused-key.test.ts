import { readFileSync } from 'node:fs'
import { CardError, concatBytes, DecodeError, encodeTlv, fromHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bigIntToBytes } from './big-integer.ts'
import { curvePoint, curves } from './curve.ts'
import { decodePublicKey, generateEcKeyPair, signEcdsa, verifySignature } from './index.ts'

const message = new TextEncoder().encode('123400')

describe('V06 keys that are refused', () => {
  const rsa = (modulus: bigint, exponent: bigint) => {
    const integer = (value: bigint) => {
      const hex = value.toString(16)
      const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
      return encodeTlv(0x02, bytes[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes)
    }
    const key = encodeTlv(0x30, [integer(modulus), integer(exponent)])
    const algorithm = encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a864886f70d010101')), encodeTlv(0x05)])
    return encodeTlv(0x30, [algorithm, encodeTlv(0x03, concatBytes(Uint8Array.of(0), key))])
  }
  const modulus2048 = (1n << 2047n) + 12345n
  const scheme = { kind: 'rsa-pkcs1', hash: 'sha256' } as const
  const verify = (spki: Uint8Array) => () => verifySignature(spki, scheme, message, new Uint8Array(256))

  test('V06 RSA exponent 1, even exponent, huge exponent, even modulus, 512 bits, 16384 bits', () => {
    expect(verify(rsa(modulus2048, 65537n))()).toBe(false)
    expect(verify(rsa(modulus2048, 1n))).toThrow(expect.objectContaining({ code: 'crypto', reason: 'invalid-key' }))
    expect(verify(rsa(modulus2048, 4n))).toThrow(expect.objectContaining({ reason: 'invalid-key' }))
    expect(verify(rsa(modulus2048, (1n << 100n) + 1n))).toThrow(expect.objectContaining({ reason: 'key-policy' }))
    expect(verify(rsa(modulus2048 + 1n, 65537n))).toThrow(expect.objectContaining({ reason: 'invalid-key' }))
    expect(verify(rsa((1n << 511n) + 1n, 65537n))).toThrow(expect.objectContaining({ reason: 'key-policy' }))
    expect(verify(rsa((1n << 16383n) + 1n, 65537n))).toThrow(expect.objectContaining({ reason: 'key-policy' }))
    expect(() => decodePublicKey(rsa(modulus2048, 65537n), { minRsaBits: 3072 })).toThrow(expect.objectContaining({ reason: 'key-policy' }))
  })

  test('V06 a modulus that DER reads as negative', () => {
    const dg15 = new Uint8Array(readFileSync(new URL('../../../test-vectors/lds/bsi2008-dg15.bin', import.meta.url)))
    expect(() => decodePublicKey(dg15.slice(dg15.indexOf(0x30)))).toThrow(DecodeError)
  })

  test('V06 explicit parameters: the named curve’s own are taken, a forged generator is not', () => {
    const { p, a, b, n, Gx, Gy } = curvePoint('P-256').CURVE()
    const bytes = (value: bigint) => bigIntToBytes(value, 32)
    const unsigned = (value: bigint) => encodeTlv(0x02, value >> 255n ? concatBytes(Uint8Array.of(0), bytes(value)) : bytes(value))
    const own = generateEcKeyPair('P-256')
    const key = decodePublicKey(own.publicKeySpki)
    const point = key.kind === 'ec' ? key.point : new Uint8Array(0)
    const spki = (
      generator: Uint8Array,
      order: bigint,
      cofactor: Uint8Array = encodeTlv(0x02, Uint8Array.of(1)),
      coefficient = a,
      constant = b,
    ) =>
      encodeTlv(0x30, [
        encodeTlv(0x30, [
          encodeTlv(0x06, fromHex('2a8648ce3d0201')),
          encodeTlv(0x30, [
            encodeTlv(0x02, Uint8Array.of(1)),
            encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a8648ce3d0101')), unsigned(p)]),
            encodeTlv(0x30, [encodeTlv(0x04, bytes(coefficient)), encodeTlv(0x04, bytes(constant))]),
            encodeTlv(0x04, generator),
            unsigned(order),
            cofactor,
          ]),
        ]),
        encodeTlv(0x03, concatBytes(Uint8Array.of(0), point)),
      ])
    const base = concatBytes(Uint8Array.of(4), bytes(Gx), bytes(Gy))
    const signature = signEcdsa(own.privateKeyPkcs8, 'sha256', message, 'der')
    const scheme = { kind: 'ecdsa', hash: 'sha256', encoding: 'der' } as const
    expect(verifySignature(spki(base, n), scheme, message, signature)).toBe(true)
    // CVE-2020-0601: G' = Q makes the private key 1.
    const refused = expect.objectContaining({ code: 'crypto', reason: 'unsupported' })
    expect(() => verifySignature(spki(point, n), scheme, message, signature)).toThrow(refused)
    expect(() => verifySignature(spki(base, n, new Uint8Array(0)), scheme, message, signature)).toThrow(refused)
    expect(() => verifySignature(spki(base, n - 2n), scheme, message, signature)).toThrow(refused)
    expect(() => verifySignature(spki(base, n, encodeTlv(0x02, Uint8Array.of(2))), scheme, message, signature)).toThrow(refused)
    expect(() => verifySignature(spki(base, n, undefined, a, b - 1n), scheme, message, signature)).toThrow(refused)
    expect(() => verifySignature(spki(base, n, undefined, a - 1n), scheme, message, signature)).toThrow(refused)
  })

  test('V06 points off the curve, at infinity, compressed; curves that the policy leaves out; key of the wrong kind', () => {
    const { publicKeySpki } = generateEcKeyPair('P-256')
    const off = publicKeySpki.slice()
    off[off.length - 1]! ^= 1
    expect(() => decodePublicKey(off)).toThrow(expect.objectContaining({ reason: 'invalid-key' }))
    const withPoint = (point: Uint8Array) =>
      encodeTlv(0x30, [
        encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a8648ce3d0201')), encodeTlv(0x06, fromHex(curves['P-256'].oid))]),
        encodeTlv(0x03, concatBytes(Uint8Array.of(0), point)),
      ])
    expect(() => decodePublicKey(withPoint(Uint8Array.of(0)))).toThrow(expect.objectContaining({ reason: 'invalid-key' }))
    expect(() => decodePublicKey(withPoint(curvePoint('P-256').BASE.toBytes(true)))).toThrow(
      expect.objectContaining({ reason: 'invalid-key' }),
    )
    expect(() => decodePublicKey(publicKeySpki, { curves: ['P-384'] })).toThrow(expect.objectContaining({ reason: 'key-policy' }))
    expect(() => verifySignature(publicKeySpki, scheme, message, message)).toThrow(expect.objectContaining({ reason: 'invalid-key' }))
    expect(() => verifySignature(rsa(modulus2048, 65537n), { kind: 'ecdsa', hash: 'sha256', encoding: 'der' }, message, message)).toThrow(
      expect.objectContaining({ reason: 'invalid-key' }),
    )
  })

  test('V06 no bytes make the key decoder throw anything but a CardError', () => {
    const seeds = [generateEcKeyPair('P-256').publicKeySpki, generateEcKeyPair('brainpoolP384r1').publicKeySpki, rsa(modulus2048, 65537n)]
    const only = (bytes: Uint8Array) => {
      try {
        decodePublicKey(bytes)
      } catch (error) {
        if (!(error instanceof CardError)) throw error
      }
    }
    for (const seed of seeds) {
      for (let bit = 0; bit < Math.min(seed.length, 60) * 8; bit++) {
        const flipped = seed.slice()
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        only(flipped)
      }
      for (let length = 0; length < seed.length; length++) only(seed.slice(0, length))
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), only))
  })
})
