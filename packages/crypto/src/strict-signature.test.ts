import { constants, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { bytesToBigInt } from './big-integer.ts'
import { curvePoint } from './curve.ts'
import { CryptoError, digest, generateEcKeyPair, signEcdsa, useBackend, verifySignature } from './index.ts'

const message = new TextEncoder().encode('123400')

describe('V11 signatures that are not strict', () => {
  const { privateKeyPkcs8, publicKeySpki } = generateEcKeyPair('P-256')
  const scheme = { kind: 'ecdsa', hash: 'sha256', encoding: 'der' } as const
  let plain = signEcdsa(privateKeyPkcs8, 'sha256', message, 'plain')
  // r without its top bit set has no sign byte, so that a spare zero in front of it is all that is wrong.
  while (plain[0]! >= 0x80 || plain[0] === 0) plain = signEcdsa(privateKeyPkcs8, 'sha256', message, 'plain')
  const { n } = curvePoint('P-256').CURVE()
  const integer = (value: bigint) => {
    const hex = value.toString(16)
    const even = hex.length % 2 === 0 ? hex : `0${hex}`
    return encodeTlv(0x02, fromHex(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even))
  }
  const r = bytesToBigInt(plain.slice(0, 32))
  const s = bytesToBigInt(plain.slice(32))
  const good = encodeTlv(0x30, [integer(r), integer(s)])
  const rows: [string, Uint8Array][] = [
    ['r = 0', encodeTlv(0x30, [integer(0n), integer(s)])],
    ['s = 0', encodeTlv(0x30, [integer(r), integer(0n)])],
    ['r = n', encodeTlv(0x30, [integer(n), integer(s)])],
    ['s + n', encodeTlv(0x30, [integer(r), integer(s + n)])],
    ['bytes after', concatBytes(good, Uint8Array.of(0))],
    ['bytes inside', encodeTlv(0x30, [integer(r), integer(s), integer(1n)])],
    ['one integer', encodeTlv(0x30, [integer(r)])],
    ['negative r', encodeTlv(0x30, [encodeTlv(0x02, concatBytes(Uint8Array.of(0xff), plain.slice(0, 32))), integer(s)])],
    ['r with a spare zero', encodeTlv(0x30, [encodeTlv(0x02, concatBytes(Uint8Array.of(0), plain.slice(0, 32))), integer(s)])],
    ['r with two spare zeros', encodeTlv(0x30, [encodeTlv(0x02, concatBytes(Uint8Array.of(0, 0), plain.slice(0, 32))), integer(s)])],
    ['empty integer', encodeTlv(0x30, [encodeTlv(0x02), integer(s)])],
    ['long-form length', concatBytes(Uint8Array.of(0x30, 0x81, good[1]!), good.slice(2))],
    ['indefinite length', concatBytes(Uint8Array.of(0x30, 0x80), good.slice(2), Uint8Array.of(0, 0))],
    ['a SET', concatBytes(Uint8Array.of(0x31), good.slice(1))],
    ['plain where DER is due', plain],
    ['empty', new Uint8Array(0)],
  ]
  for (const backend of ['noble', 'node'] as const) {
    test(`V11 ECDSA on ${backend}`, () => {
      useBackend(backend)
      expect(verifySignature(publicKeySpki, scheme, message, good)).toBe(true)
      for (const [why, signature] of rows) expect([why, verifySignature(publicKeySpki, scheme, message, signature)]).toEqual([why, false])
      useBackend('auto')
    })

    test(`V11 RSA on ${backend}: short PKCS#1 padding with exponent 3, wrong hash identifier, other salt length`, () => {
      useBackend(backend)
      const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
      const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }))
      const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const
      const signature = new Uint8Array(sign('sha256', message, pair.privateKey))
      expect(verifySignature(spki, pkcs1, message, signature)).toBe(true)
      expect(verifySignature(spki, { kind: 'rsa-pkcs1', hash: 'sha384' }, message, signature)).toBe(false)
      expect(verifySignature(spki, pkcs1, message, signature.slice(1))).toBe(false)
      expect(verifySignature(spki, pkcs1, message, concatBytes(new Uint8Array(1), signature))).toBe(false)
      // 00 01 FF*8 00 DigestInfo garbage: what a cube-root forger can make (Bleichenbacher 2006).
      const info = fromHex('3031300d060960864801650304020105000420')
      const forged = new Uint8Array(256)
      forged.set(concatBytes(Uint8Array.of(0, 1), new Uint8Array(8).fill(0xff), Uint8Array.of(0), info, digest('sha256', message)))
      const raw = new Uint8Array(privateEncrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, forged))
      expect(verifySignature(spki, pkcs1, message, raw)).toBe(false)
      const pss = new Uint8Array(
        sign('sha256', message, { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }),
      )
      const scheme20 = { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha256', saltLength: 20 } as const
      expect(verifySignature(spki, scheme20, message, pss)).toBe(true)
      expect(verifySignature(spki, { ...scheme20, saltLength: 32 }, message, pss)).toBe(false)
      expect(verifySignature(spki, { ...scheme20, saltLength: 19 }, message, pss)).toBe(false)
      expect(verifySignature(spki, { ...scheme20, mgfHash: 'sha1' }, message, pss)).toBe(false)
      useBackend('auto')
    })
  }

  test('V11 PSS with another hash in the mask is checked too', () => {
    const pair = generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      hashAlgorithm: 'sha256',
      mgf1HashAlgorithm: 'sha1',
      saltLength: 32 as never,
    })
    const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }))
    const signature = new Uint8Array(sign('sha256', message, pair.privateKey))
    const scheme = { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha1', saltLength: 32 } as const
    expect(verifySignature(spki, scheme, message, signature)).toBe(true)
    expect(verifySignature(spki, scheme, message.slice(1), signature)).toBe(false)
    expect(() => verifySignature(spki, { ...scheme, mgfHash: 'sha256' }, message, signature)).toThrow(CryptoError)
    expect(() => verifySignature(spki, { kind: 'rsa-pkcs1', hash: 'sha256' }, message, signature)).toThrow(CryptoError)
  })
})
