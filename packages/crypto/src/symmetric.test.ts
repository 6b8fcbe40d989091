import { DecodeError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aesCbcDecrypt,
  aesCbcEncrypt,
  aesCmac,
  aesEcbEncrypt,
  type BackendName,
  CryptoError,
  constantTimeEqual,
  desEde3CbcDecrypt,
  desEde3CbcEncrypt,
  digest,
  type KeyAlgorithm,
  kbkdfCmacCounter,
  kdf9303,
  keyCheckValue,
  padMethod2,
  randomBytes,
  retailMac,
  unpadMethod2,
  useBackend,
  wipe,
} from './index.ts'
import { nobleBackend } from './noble-backend.ts'
import { nodeBackend } from './node-backend.ts'
import { hexField, vectorGroups, vectorTests } from './testing/vector-file.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const aesKey = fc.constantFrom(16, 24, 32).chain(bytes)

describe.each<BackendName>(['noble', 'node', 'auto'])('outside vectors on %s', (name) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(name)
  })
  afterAll(() => {
    useBackend(before)
  })

  test('AES-CMAC: SP 800-38B and RFC 4493', () => {
    let count = 0
    for (const group of vectorGroups('kdf/cmac.json')) {
      for (const { input, expected } of group.tests) {
        const key = hexField(input.key)
        if (expected.l !== undefined) expect(toHex(aesEcbEncrypt(key, new Uint8Array(16)))).toBe(expected.l)
        else expect(toHex(aesCmac(key, hexField(input.message)))).toBe(expected.mac)
        count++
      }
    }
    expect(count).toBe(13)
  })

  test('AES-CMAC: edge cases, changed tags and wrong key sizes', () => {
    for (const group of vectorGroups('kdf/cmac-edge.json')) {
      for (const { input, expected, flags, result } of group.tests) {
        const mac = () => aesCmac(hexField(input.key), hexField(input.message))
        if (flags.includes('InvalidKeySize')) expect(mac).toThrow(CryptoError)
        else expect(constantTimeEqual(mac(), hexField(expected.mac))).toBe(result === 'valid')
      }
    }
  })

  test('SP 800-108 counter mode with CMAC', () => {
    for (const group of vectorGroups('kdf/nist-kbkdf-cmac.json')) {
      for (const { input, expected } of group.tests) {
        const out = kbkdfCmacCounter({
          key: hexField(input.ki),
          before: hexField(input.dataBefore),
          after: hexField(input.dataAfter),
          bits: Number(input.bits),
        })
        expect(toHex(out)).toBe(expected.ko)
      }
    }
  })

  test('card key diversification, SCP03 derivation and key check values', () => {
    for (const { input, expected } of vectorTests('kdf/diversification.json', 'kdf3-aes')) {
      const key = hexField(input.master)
      const after = Uint8Array.of(0, 0, 0, Number(input.keyType), 0, ...hexField(input.kdd))
      const out = kbkdfCmacCounter({ key, before: new Uint8Array(0), after, bits: key.length * 8 })
      expect(toHex(out)).toBe(expected.key)
      expect(toHex(keyCheckValue(out))).toBe(expected.kcv)
    }
    for (const { input, expected } of vectorTests('kdf/diversification.json', 'scp03-kdf')) {
      const bits = Number(input.bits)
      const before =
        input.before === undefined
          ? Uint8Array.of(...new Uint8Array(11), Number(input.constant), 0, bits >> 8, bits & 0xff)
          : hexField(input.before)
      const out = kbkdfCmacCounter({ key: hexField(input.key), before, after: hexField(input.after ?? input.context), bits })
      expect(toHex(out)).toBe(expected.key)
      expect(toHex(keyCheckValue(out))).toBe(expected.kcv)
    }
    for (const { input, expected } of vectorTests('kdf/diversification.json', 'kcv'))
      expect(toHex(keyCheckValue(hexField(input.key), `${input.type}` === '3des' ? 'desede' : 'aes'))).toBe(expected.kcv)
    const wrap = vectorTests('kdf/diversification.json', 'key-wrap').find(({ input }) => input.dek !== undefined)
    expect(toHex(aesCbcEncrypt(hexField(wrap?.input.dek), new Uint8Array(16), hexField(wrap?.input.key)))).toBe(wrap?.expected.wrapped)
  })

  test('triple DES: EMV and VISA2 diversification, SCP02 session keys and key wrap', () => {
    const zero = new Uint8Array(8)
    const ecb = (key: Uint8Array, data: Uint8Array) =>
      Uint8Array.of(...desEde3CbcEncrypt(key, zero, data.slice(0, 8)), ...desEde3CbcEncrypt(key, zero, data.slice(8)))
    for (const { input, expected } of vectorTests('kdf/diversification.json', 'emv-visa2-3des')) {
      const key = ecb(hexField(input.master), hexField(input.block))
      expect(toHex(key)).toBe(expected.key)
      expect(toHex(keyCheckValue(key, 'desede'))).toBe(expected.kcv)
    }
    const session = (key: Uint8Array, constant: unknown, counter: unknown) =>
      desEde3CbcEncrypt(key, zero, Uint8Array.of(...hexField(constant), ...hexField(counter), ...new Uint8Array(12)))
    for (const { input, expected } of vectorTests('kdf/diversification.json', 'scp02-session'))
      expect(toHex(session(hexField(input.key), input.constant, input.counter))).toBe(expected.key)
    const wrap = vectorTests('kdf/diversification.json', 'key-wrap').find(({ input }) => input.dekStatic !== undefined)
    const dek = session(hexField(wrap?.input.dekStatic), '0181', wrap?.input.counter)
    expect(toHex(ecb(dek, hexField(wrap?.input.key)))).toBe(wrap?.expected.wrapped)
  })

  test('key derivation of Doc 9303-11, 9.7.1', () => {
    for (const { input, expected } of vectorTests('bac-sm/bac-sm.json', 'kdf')) {
      const algorithm = `${input.keyAlgorithm}` === '3des' ? 'desede' : (input.keyAlgorithm as KeyAlgorithm)
      expect(toHex(kdf9303(hexField(input.secret), Number(input.counter), algorithm))).toBe(expected.key)
    }
  })

  test('keys for AES-192 and AES-256 (self-made: two other programs agree)', () => {
    const secret = vectorTests('bac-sm/bac-sm.json', 'kdf').find(({ expected }) => expected.key === 'f5f0e35c0d7161ee6724ee513a0d9a7f')
      ?.input.secret
    for (const group of vectorGroups('pace/sm-aes.json')) {
      const algorithm = `${group.cipher}`.toLowerCase().replace('-', '') as KeyAlgorithm
      expect(toHex(kdf9303(hexField(secret), 1, algorithm))).toBe(group.ksEnc)
      expect(toHex(kdf9303(hexField(secret), 2, algorithm))).toBe(group.ksMac)
    }
  })

  test('digests of "abc" (FIPS 180-4 examples)', () => {
    const abc = Uint8Array.of(0x61, 0x62, 0x63)
    expect(toHex(digest('sha1', abc))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
    expect(toHex(digest('sha224', abc))).toBe('23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7')
    expect(toHex(digest('sha256', abc))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(toHex(digest('sha384', abc))).toBe(
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    )
    expect(toHex(digest('sha512', abc))).toBe(
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    )
  })

  test('AES-CBC (NIST SP 800-38A, F.2.1 and F.2.5)', () => {
    const iv = hexField('000102030405060708090a0b0c0d0e0f')
    const message = hexField('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51')
    const rows = [
      ['2b7e151628aed2a6abf7158809cf4f3c', '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2'],
      [
        '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
        'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d',
      ],
    ]
    for (const [key, encrypted] of rows) {
      expect(toHex(aesCbcEncrypt(hexField(key), iv, message))).toBe(encrypted)
      expect(toHex(aesCbcDecrypt(hexField(key), iv, hexField(encrypted)))).toBe(toHex(message))
    }
  })
})

describe('the two implementations agree', () => {
  test('digests', () => {
    fc.assert(
      fc.property(fc.constantFrom('sha1', 'sha224', 'sha256', 'sha384', 'sha512'), fc.uint8Array({ maxLength: 2000 }), (hash, data) => {
        expect(nodeBackend.digest(hash, data)).toEqual(nobleBackend.digest(hash, data))
      }),
    )
  })

  test('AES-CMAC', () => {
    fc.assert(
      fc.property(aesKey, fc.uint8Array({ maxLength: 100 }), (key, data) => {
        expect(nodeBackend.aesCmac(key, data)).toEqual(nobleBackend.aesCmac(key, data))
      }),
    )
  })

  test('AES-ECB and AES-CBC, and decryption is the inverse', () => {
    const blocks = fc.integer({ min: 1, max: 40 }).chain((count) => bytes(16 * count))
    fc.assert(
      fc.property(aesKey, bytes(16), blocks, (key, iv, data) => {
        const encrypted = nobleBackend.aesCbcEncrypt(key, iv, data)
        expect(nodeBackend.aesCbcEncrypt(key, iv, data)).toEqual(encrypted)
        expect(nodeBackend.aesCbcDecrypt(key, iv, encrypted)).toEqual(data)
        expect(nobleBackend.aesCbcDecrypt(key, iv, encrypted)).toEqual(data)
        expect(nodeBackend.aesEcbEncrypt(key, data)).toEqual(nobleBackend.aesEcbEncrypt(key, data))
      }),
    )
  })
})

describe('retail MAC and padding', () => {
  test('MAC vectors', () => {
    for (const { input, expected } of vectorTests('kdf/retail-mac.json', 'mac'))
      expect(toHex(retailMac(hexField(input.key), hexField(input.message), `${input.padding}` === 'none' ? 'none' : 'method-2'))).toBe(
        expected.mac,
      )
  })

  test('padding vectors, both ways', () => {
    for (const { input, expected, result } of vectorTests('kdf/retail-mac.json', 'padding')) {
      const block = Number(input.block)
      if (result === 'invalid') {
        expect(() => unpadMethod2(hexField(input.padded), block)).toThrow(DecodeError)
      } else {
        expect(toHex(padMethod2(hexField(input.data), block))).toBe(expected.padded)
        expect(toHex(unpadMethod2(hexField(expected.padded), block))).toBe(input.data)
      }
    }
  })

  test('a refusal to unpad says the same whatever is wrong', () => {
    const messages = ['', '00'.repeat(8), '0001020304050681', '80', '8000000000000000'.concat('00'.repeat(8))].map((hex) => {
      try {
        unpadMethod2(hexField(hex), 8)
        return 'accepted'
      } catch (error) {
        return (error as Error).message
      }
    })
    expect(new Set(messages)).toEqual(new Set(['padding: not padding method 2']))
  })

  test('triple-DES decryption is the inverse', () => {
    fc.assert(
      fc.property(bytes(16), bytes(8), bytes(24), (key, iv, data) => {
        expect(desEde3CbcDecrypt(key, iv, desEde3CbcEncrypt(key, iv, data))).toEqual(data)
      }),
    )
  })
})

test('arguments of the wrong size are CryptoError', () => {
  const b = (length: number) => new Uint8Array(length)
  const calls = [
    () => desEde3CbcEncrypt(b(24), b(8), b(8)),
    () => desEde3CbcEncrypt(b(16), b(16), b(8)),
    () => desEde3CbcDecrypt(b(16), b(8), b(7)),
    () => retailMac(b(8), b(8)),
    () => retailMac(b(16), b(9), 'none'),
    () => retailMac(b(16), b(0), 'none'),
    () => aesCbcEncrypt(b(15), b(16), b(16)),
    () => aesCbcDecrypt(b(16), b(8), b(16)),
    () => aesCbcDecrypt(b(16), b(16), b(17)),
    () => aesEcbEncrypt(b(16), b(8)),
    () => padMethod2(b(1), 0),
    () => kdf9303(b(16), -1, 'desede'),
    () => kbkdfCmacCounter({ key: b(16), before: b(0), after: b(0), bits: 12 }),
    () => kbkdfCmacCounter({ key: b(16), before: b(0), after: b(0), bits: 128 * 256 }),
    () => randomBytes(-1),
  ]
  for (const call of calls) expect(call).toThrow(CryptoError)
})

test('constant-time comparison, wiping, random', () => {
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  const secret = Uint8Array.of(1, 2, 3)
  wipe(secret)
  expect(secret).toEqual(new Uint8Array(3))
  expect(randomBytes(32)).toHaveLength(32)
  expect(toHex(randomBytes(32))).not.toBe(toHex(randomBytes(32)))
})
