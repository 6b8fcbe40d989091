import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { dg15Codec, dg15FromPoint, dg15FromRsa } from './dg15.ts'

interface LdsVectors {
  groups: {
    tests: { comment: string; flags: string[]; input: { file: string }; expected: { modulus: string; exponent: number; bits: number } }[]
  }[]
}

// The base points of P-256 (SEC 2, 2.4.2) and brainpoolP256r1 (RFC 5639, 3.4).
const p256 = fromHex(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
)
const brainpool = fromHex(
  '048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997',
)

describe('EF.DG15', () => {
  const rows = vectorJson<LdsVectors>('lds/lds.json').groups.flatMap((group) =>
    group.tests.filter((test) => test.comment.startsWith('DG15')),
  )

  it('codes an RSA key as OpenSSL does, and no number with leading zeros', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { n, e } = publicKey.export({ format: 'jwk' })
    const [modulus, exponent] = [n, e].map((text) => new Uint8Array(Buffer.from(text!, 'base64url'))) as [Uint8Array, Uint8Array]
    const value = dg15FromRsa(modulus, exponent)
    expect(toHex(value.subjectPublicKeyInfo)).toBe(publicKey.export({ type: 'spki', format: 'der' }).toString('hex'))
    expect(value.key).toMatchObject({ algorithm: 'rsa', bits: 2048, negativeModulus: false })
    for (const bad of [new Uint8Array(0), Uint8Array.of(0, 1), new Uint8Array(1025).fill(1)]) {
      expect(() => dg15FromRsa(bad, exponent)).toThrow(InputError)
      expect(() => dg15FromRsa(modulus, bad)).toThrow(InputError)
    }
  })

  it('has three outside vectors', () => expect(rows).toHaveLength(3))

  it.each(rows.map((row) => [row.comment, row] as const))('decodes %s', (_comment, row) => {
    const bytes = vectorFile(row.input.file)
    const { key, subjectPublicKeyInfo } = dg15Codec.decode(bytes)
    if (key.algorithm !== 'rsa') throw new Error('an RSA key is expected')
    expect(toHex(key.modulus)).toBe(row.expected.modulus)
    expect(toHex(key.exponent)).toBe(row.expected.exponent.toString(16).padStart(6, '0'))
    expect(key.bits).toBe(row.expected.bits)
    expect(key.negativeModulus).toBe(row.flags.includes('negative-modulus'))
    expect(bytes.slice(-subjectPublicKeyInfo.length)).toEqual(subjectPublicKeyInfo)
    expect(dg15Codec.encode(dg15Codec.decode(bytes))).toEqual(bytes)
  })

  it('builds an elliptic-curve key as node:crypto writes it', () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: Buffer.from(p256.slice(1, 33)).toString('base64url'),
      y: Buffer.from(p256.slice(33)).toString('base64url'),
    }
    const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' })
    const value = dg15FromPoint('P-256', p256)
    expect(toHex(value.subjectPublicKeyInfo)).toBe(toHex(new Uint8Array(spki)))
    expect(toHex(dg15Codec.encode(value))).toBe(`6f5b${toHex(new Uint8Array(spki))}`)
    expect(dg15Codec.decode(dg15Codec.encode(value))).toEqual(value)
    expect(value.key).toEqual({ algorithm: 'ec', curve: 'P-256', curveOid: '1.2.840.10045.3.1.7', point: p256 })
  })

  it('knows the brainpool curves', () => {
    const { key } = dg15Codec.decode(dg15Codec.encode(dg15FromPoint('brainpoolP256r1', brainpool)))
    expect(key).toMatchObject({ algorithm: 'ec', curve: 'brainpoolP256r1', point: brainpool })
  })

  it.each([
    ['another tag', '6e'],
    ['an unfinished file', '6f5b3059'],
    ['an empty file', '6f00'],
    ['a point that is cut', '6f3030 2e301306072a8648ce3d020106082a8648ce3d030107031700046b17d1f2e12c4247f8bce6e563a440f277037d81'],
    ['a key without parameters', '6f0f300d300906072a8648ce3d0201030000'],
    ['an RSA exponent of zero', '6f1c301a300d06092a864886f70d0101010500030900300602010f020100'],
    ['an RSA modulus of zero', '6f1c301a300d06092a864886f70d01010105000309003006020100020103'],
    ['a negative RSA exponent', '6f1c301a300d06092a864886f70d010101050003090030060201000201ff'],
  ])('refuses %s', (_name, hex) => {
    expect(() => dg15Codec.decode(fromHex(hex))).toThrow(DecodeError)
  })

  it('does not build from a compressed point or one of another curve', () => {
    expect(() => dg15FromPoint('P-256', p256.slice(0, 33))).toThrow(InputError)
    expect(() => dg15FromPoint('P-384', p256)).toThrow(InputError)
  })

  it('throws nothing but DecodeError and LimitError', () => {
    expectCleanRefusals(dg15Codec.decode, vectorFile('lds/etsi-dg15.bin'))
    expectCleanRefusals(dg15Codec.decode, dg15Codec.encode(dg15FromPoint('P-256', p256)))
  })
})
