import { generateKeyPairSync } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { bigIntToBytes, bitLength, bytesToBigInt, modPow } from '../big-integer.ts'
import { vectorTests } from '../testing/vector-file.ts'
import { checkNewKey, type ExpectedKey } from './check-new-key.ts'
import { hasRocaFingerprint } from './roca.ts'
import { seenInMemory } from './seen-keys.ts'
import { primesBelow } from './small-primes.ts'

const unsigned = (value: bigint) => {
  const bytes = bigIntToBytes(value, Math.ceil(bitLength(value) / 8))
  return encodeTlv(0x02, bytes[0]! > 0x7f ? concatBytes(Uint8Array.of(0), bytes) : bytes)
}

function rsaSpki(modulus: bigint, exponent = 65537n): Uint8Array {
  const key = encodeTlv(0x30, [unsigned(modulus), unsigned(exponent)])
  return encodeTlv(0x30, [fromHex('300d06092a864886f70d0101010500'), encodeTlv(0x03, concatBytes(Uint8Array.of(0), key))])
}

const made = (key: { export(options: { type: 'spki'; format: 'der' }): Buffer }) =>
  new Uint8Array(key.export({ type: 'spki', format: 'der' }))
const rsaKey = (bits: number) => made(generateKeyPairSync('rsa', { modulusLength: bits }).publicKey)
const ecKey = (namedCurve: string) => made(generateKeyPairSync('ec', { namedCurve }).publicKey)

const codes = async (spki: Uint8Array, expected: ExpectedKey, seen = seenInMemory()) =>
  (await checkNewKey(spki, expected, seen)).map(({ code }) => code)

// The product of two primes of the seeds' own making; what matters is that no small prime divides it.
const p = 2n ** 521n - 1n
const q = 2n ** 607n - 1n
const modulus = p * q
const bits = bitLength(modulus)

describe('the fingerprint of CVE-2017-15361', () => {
  test.each(vectorTests('rsa/roca.json', 'moduli'))('of the authors’ modulus $id', ({ input, expected }) => {
    const { modulus } = input as { modulus: string }
    expect(hasRocaFingerprint(fromHex(modulus))).toBe((expected as { fingerprint: boolean }).fingerprint)
  })

  test('in a product of two numbers of the flawed form, whatever their size', () => {
    const product = primesBelow(168).reduce((value, prime) => value * BigInt(prime), 1n)
    for (const [k, a] of [
      [3n ** 500n, 12_345n],
      [7n ** 300n, 98_765_432_109n],
      [0n, 1n],
    ] as const) {
      const factor = k * product + modPow(65537n, a, product)
      const other = 11n ** 200n * product + modPow(65537n, a + 77n, product)
      const whole = factor * other
      expect(hasRocaFingerprint(bigIntToBytes(whole, Math.ceil(bitLength(whole) / 8)))).toBe(true)
      expect(hasRocaFingerprint(bigIntToBytes(whole + 2n, Math.ceil(bitLength(whole) / 8)))).toBe(false)
    }
  })

  test('in no key that OpenSSL makes', () => {
    for (let i = 0; i < 20; i++) {
      const { n } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
      expect(hasRocaFingerprint(new Uint8Array(Buffer.from(n!, 'base64url')))).toBe(false)
    }
  })
})

describe('a key before certification', () => {
  test('is good when it is what was asked for', async () => {
    expect(await codes(rsaKey(2048), { kind: 'rsa', bits: 2048 })).toEqual([])
    expect(await codes(ecKey('P-256'), { kind: 'ec', curve: 'P-256' })).toEqual([])
    expect(await codes(ecKey('P-384'), { kind: 'ec', curve: 'P-384' })).toEqual([])
    expect(await codes(rsaSpki(modulus), { kind: 'rsa', bits })).toEqual([])
  })

  test('is refused when it is another algorithm, curve or length', async () => {
    expect(await codes(rsaKey(2048), { kind: 'rsa', bits: 3072 })).toEqual(['modulus-length'])
    expect(await codes(rsaKey(512), { kind: 'rsa', bits: 2048 })).toEqual(['modulus-length'])
    expect(await codes(rsaKey(1024), { kind: 'ec', curve: 'P-256' })).toEqual(['other-algorithm'])
    expect(await codes(ecKey('P-256'), { kind: 'rsa', bits: 2048 })).toEqual(['other-algorithm'])
    expect(await codes(ecKey('P-256'), { kind: 'ec', curve: 'P-384' })).toEqual(['other-algorithm'])
    const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey
    expect(await codes(made(explicit), { kind: 'ec', curve: 'P-256' })).toEqual(['other-algorithm'])
  })

  test('is refused when its point is off the curve or at infinity', async () => {
    const spki = ecKey('P-256')
    const off = spki.slice()
    off[off.length - 1]! ^= 1
    expect(await codes(off, { kind: 'ec', curve: 'P-256' })).toEqual(['invalid'])
    expect(await codes(fromHex('3019301306072a8648ce3d020106082a8648ce3d03010703020000'), { kind: 'ec', curve: 'P-256' })).toEqual([
      'invalid',
    ])
    expect(await codes(spki.subarray(1), { kind: 'ec', curve: 'P-256' })).toEqual(['malformed'])
  })

  test.each([
    ['exponent', rsaSpki(modulus, 3n), { kind: 'rsa', bits }],
    ['small-factor', rsaSpki(65_521n * p * q), { kind: 'rsa', bits: bitLength(65_521n * p * q) }],
    ['small-factor', rsaSpki(3n * p * q), { kind: 'rsa', bits: bitLength(3n * p * q) }],
    ['prime-modulus', rsaSpki(2n ** 1279n - 1n), { kind: 'rsa', bits: 1279 }],
    ['invalid', rsaSpki(modulus - 1n), { kind: 'rsa', bits }],
    ['invalid', rsaSpki(modulus, 4n), { kind: 'rsa', bits }],
  ] as const)('is refused for %s', async (code, spki, expected) => {
    expect(await codes(spki, expected)).toEqual([code])
  })

  test('is refused with a modulus of the flawed library', async () => {
    const flawed = bytesToBigInt(fromHex((vectorTests('rsa/roca.json', 'moduli')[2]!.input as { modulus: string }).modulus))
    expect(await codes(rsaSpki(flawed), { kind: 'rsa', bits: 2048 })).toEqual(['roca'])
  })

  test('is refused when seen before, also under another exponent, sign or coding', async () => {
    const seen = seenInMemory()
    expect(await codes(rsaSpki(modulus), { kind: 'rsa', bits }, seen)).toEqual([])
    expect(await codes(rsaSpki(modulus, 65539n), { kind: 'rsa', bits }, seen)).toEqual(['seen-before'])
    const spki = ecKey('P-256')
    const fieldPrime = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
    const y = bytesToBigInt(spki.subarray(-32))
    const negated = concatBytes(spki.subarray(0, spki.length - 32), bigIntToBytes(fieldPrime - y, 32))
    expect(await codes(spki, { kind: 'ec', curve: 'P-256' }, seen)).toEqual([])
    expect(await codes(negated, { kind: 'ec', curve: 'P-256' }, seen)).toEqual(['seen-before'])
    expect(await codes(ecKey('P-256'), { kind: 'ec', curve: 'P-256' }, seen)).toEqual([])
  })

  test('is not remembered when it is refused', async () => {
    const seen = seenInMemory()
    expect(await codes(rsaSpki(modulus, 3n), { kind: 'rsa', bits }, seen)).toEqual(['exponent'])
    expect(await codes(rsaSpki(modulus), { kind: 'rsa', bits }, seen)).toEqual([])
  })
})
