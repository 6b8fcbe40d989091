import { constants, createPrivateKey, createPublicKey, publicDecrypt } from 'node:crypto'
import { fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { modPow, toBytes, toInteger } from '../key-agreement/modular.ts'
import { loadGroups } from '../testing/vectors.ts'
import {
  generateRsaKey,
  isUsableRsaKey,
  messageRepresentative,
  modulusOfByte,
  type RecoverableHash,
  rsaPublicNumbers,
  signRecoverably,
} from './rsa-key.ts'

const groups = loadGroups('aa/active-authentication.json')
const group = (name: string) => groups.find((each) => each.name === name)!.tests

/** PKCS #8 of a key known by modulus and both exponents: the primes follow from e · d - 1 (NIST SP 800-56B, appendix C). */
function privateKeyOf(modulus: string, e: number, exponent: string): Uint8Array {
  const [n, d] = [toInteger(fromHex(modulus)), toInteger(fromHex(exponent))]
  let odd = BigInt(e) * d - 1n
  while (odd % 2n === 0n) odd /= 2n
  const divisor = (a: bigint, b: bigint): bigint => (b === 0n ? a : divisor(b, a % b))
  for (let base = 2n; ; base++) {
    let x = modPow(base, odd, n)
    while (x !== 1n && x !== n - 1n) {
      const next = (x * x) % n
      if (next === 1n) {
        const [p, q] = [divisor(x - 1n, n), n / divisor(x - 1n, n)]
        const text = (value: bigint) => Buffer.from(toBytes(value, Math.ceil(value.toString(16).length / 2))).toString('base64url')
        const jwk = {
          kty: 'RSA',
          n: text(n),
          e: text(BigInt(e)),
          d: text(d),
          p: text(p),
          q: text(q),
          dp: text(d % (p - 1n)),
          dq: text(d % (q - 1n)),
          qi: text(modPow(q, p - 2n, p)),
        }
        return new Uint8Array(createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' }))
      }
      x = next
    }
  }
}

describe('signatures with message recovery, the card alone', () => {
  it('Doc 9303-11 appendix F: the message representative', () => {
    const { input, expected } = group('appendix-f')[0]!
    const m1 = fromHex(input.m1!)
    const given = (length: number) => (length === m1.length ? m1 : expect.fail(`${length} bytes of M1`))
    expect(toHex(messageRepresentative(Number(input.modulusBits) / 8, 'sha1', fromHex(input.rndIfd!), given))).toBe(expected.f)
  })

  const rows = group('rsa-generated').filter(({ expected }) => expected.hash === 'sha1' || expected.hash === 'sha256')
  it.each(rows)('$comment: representative and signature byte for byte', ({ input, expected, flags }) => {
    const privateKey = privateKeyOf(input.modulus!, Number(input.exponent), input.privateExponent!)
    const hash = expected.hash as RecoverableHash
    const signature = signRecoverably({ privateKey }, hash, fromHex(input.rndIfd!), () => fromHex(input.m1!))!
    expect(toHex(messageRepresentative(signature.length, hash, fromHex(input.rndIfd!), () => fromHex(input.m1!)))).toBe(expected.f)
    // Some cards send the smaller of s and n - s, as these rows have it; this one sends s.
    const smaller = toBytes(toInteger(fromHex(input.modulus!)) - toInteger(signature), signature.length)
    expect([toHex(signature), toHex(smaller)]).toContain(input.signature)
    if (!flags.includes('min-form')) expect(toHex(signature)).toBe(input.signature)
  })

  it('has a row of each hash', () => {
    expect(new Set(rows.map(({ expected }) => expected.trailer))).toEqual(new Set(['bc', '34cc']))
  })
})

describe('keys of the card’s own', () => {
  it.each([
    [0x11, 2048],
    [0x12, 3072],
    [0x13, 4096],
    [0x01, undefined],
    [0x10, undefined],
    [0x14, undefined],
  ])('byte %i names a modulus of %s bits', (byte, bits) => {
    expect(modulusOfByte(byte)).toBe(bits)
  })

  it('has the length asked for, exponent 65537, and signs what its public half opens', () => {
    const key = generateRsaKey(2048)
    expect(isUsableRsaKey(key)).toBe(true)
    expect(isUsableRsaKey({ ...key, modulusBits: 3072 })).toBe(false)
    expect(isUsableRsaKey({ ...key, privateKey: key.privateKey.slice(1) })).toBe(false)
    const { modulus, exponent } = rsaPublicNumbers(key)
    expect([modulus.length, modulus[0]! >> 7, toHex(exponent)]).toEqual([256, 1, '010001'])
    const challenge = fromHex('0102030405060708')
    const [first, second] = [0, 1].map((fill) => signRecoverably(key, 'sha256', challenge, (length) => new Uint8Array(length).fill(fill))!)
    expect(toHex(first!)).not.toBe(toHex(second!))
    const publicKey = createPublicKey({ key: { kty: 'RSA', n: Buffer.from(modulus).toString('base64url'), e: 'AQAB' }, format: 'jwk' })
    const opened = toHex(new Uint8Array(publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, first!)))
    expect(opened.startsWith(`6a${'00'.repeat(221)}`)).toBe(true)
    expect(opened.endsWith('34cc')).toBe(true)
  })
})
