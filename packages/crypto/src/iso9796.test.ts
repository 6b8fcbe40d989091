import { concatBytes, fromHex, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt, modPow } from './big-integer.ts'
import { CryptoError, digest, type HashAlgorithm, verifyIso9796 } from './index.ts'
import { hexField, vectorTests } from './testing/vector-file.ts'

const file = 'aa/active-authentication.json'

describe('outside vectors', () => {
  test('Doc 9303-11, Appendix F: the representative is 6A, M1, SHA-1 of M1 and the challenge, BC', () => {
    const [row] = vectorTests(file, 'appendix-f')
    const [m1, challenge] = [hexField(row?.input.m1), hexField(row?.input.rndIfd)]
    expect(toHex(concatBytes(m1, challenge))).toBe(row?.expected.m)
    const h = digest('sha1', concatBytes(m1, challenge))
    expect(toHex(h)).toBe(row?.expected.h)
    expect(toHex(concatBytes(Uint8Array.of(0x6a), m1, h, Uint8Array.of(0xbc)))).toBe(row?.expected.f)
  })

  test.each(['rsa-published', 'rsa-generated'])('%s', (name) => {
    for (const { id, input, expected, result } of vectorTests(file, name)) {
      const key = { modulus: hexField(input.modulus), exponent: BigInt(Number(input.exponent)) }
      const outcome = verifyIso9796(key, hexField(input.rndIfd), hexField(input.signature))
      expect([id, outcome.valid]).toEqual([id, result === 'valid'])
      if (!outcome.valid) continue
      expect(toHex(outcome.recovery.representative)).toBe(expected.f)
      expect(outcome.recovery.hash).toBe(expected.hash)
      expect(outcome.recovery.trailer).toBe(expected.trailer)
      const m1 = expected.m1 ?? input.m1
      expect(toHex(outcome.recovery.recovered)).toBe(m1)
    }
  })

  test('both s and n - s are taken', () => {
    for (const { input } of vectorTests(file, 'rsa-generated')) {
      const modulus = hexField(input.modulus)
      const other = bigIntToBytes(bytesToBigInt(modulus) - bytesToBigInt(hexField(input.signature)), modulus.length)
      expect(verifyIso9796({ modulus, exponent: BigInt(Number(input.exponent)) }, hexField(input.rndIfd), other).valid).toBe(true)
    }
  })
})

describe('P13 signatures that do not hold', () => {
  const row = vectorTests(file, 'rsa-generated').find(({ comment }) => comment.startsWith('RSA-2048 sha256'))
  const modulus = hexField(row?.input.modulus)
  const d = bytesToBigInt(hexField(row?.input.privateExponent))
  const key = { modulus, exponent: BigInt(Number(row?.input.exponent)) }
  const challenge = hexField(row?.input.rndIfd)

  const signed = (header: string, hash: HashAlgorithm, trailer: string, hashLength: number, over = challenge) => {
    const m1 = new Uint8Array(modulus.length - 1 - hashLength - trailer.length / 2).fill(0x11)
    const f = concatBytes(fromHex(header), m1, digest(hash, concatBytes(m1, over)), fromHex(trailer))
    return bigIntToBytes(modPow(bytesToBigInt(f), d, bytesToBigInt(modulus)), modulus.length)
  }

  test('P13 the maker of these signatures makes good ones too', () => {
    expect(verifyIso9796(key, challenge, signed('6a', 'sha256', '34cc', 32)).valid).toBe(true)
    expect(verifyIso9796(key, challenge, signed('6a', 'sha1', 'bc', 20)).valid).toBe(true)
    expect(verifyIso9796(key, challenge, signed('6a', 'sha1', '33cc', 20)).valid).toBe(true)
  })

  test('P13 wrong trailer, wrong header, another hash than the trailer names, nonce not ours, wrong length', () => {
    const problem = (signature: Uint8Array, c = challenge) => {
      const outcome = verifyIso9796(key, c, signature)
      return outcome.valid ? 'valid' : outcome.problem
    }
    expect(problem(signed('6a', 'sha256', '37cc', 32))).toBe('trailer')
    expect(problem(signed('6a', 'sha256', '34bb', 32))).toBe('trailer')
    expect(problem(signed('4a', 'sha256', '34cc', 32))).toBe('header')
    expect(problem(signed('6b', 'sha256', '34cc', 32))).toBe('header')
    expect(problem(signed('6a', 'sha256', 'bc', 32))).toBe('hash')
    expect(problem(signed('6a', 'sha256', '34cc', 32, fromHex('0102030405060708')))).toBe('hash')
    expect(problem(signed('6a', 'sha256', '34cc', 32), challenge.slice(1))).toBe('hash')
    expect(problem(signed('6a', 'sha256', '34cc', 32).slice(1))).toBe('length')
    expect(problem(modulus)).toBe('length')
    expect(problem(new Uint8Array(modulus.length))).not.toBe('valid')
  })

  test('P13 modulus below the minimum, exponent 1', () => {
    const small = { modulus: hexField(vectorTests(file, 'rsa-published')[0]?.input.modulus), exponent: 65537n }
    const signature = hexField(vectorTests(file, 'rsa-published')[0]?.input.signature)
    expect(verifyIso9796(small, new Uint8Array(8), signature).valid).toBe(true)
    expect(() => verifyIso9796(small, new Uint8Array(8), signature, { minRsaBits: 2048 })).toThrow(CryptoError)
    expect(() => verifyIso9796({ ...small, exponent: 1n }, new Uint8Array(8), signature)).toThrow(CryptoError)
  })
})
