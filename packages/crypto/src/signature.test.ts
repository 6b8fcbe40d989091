import { constants, createPrivateKey, generateKeyPairSync, privateEncrypt, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { CardError, concatBytes, DecodeError, encodeTlv, fromHex, toHex } from '@kart/codec'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt } from './big-integer.ts'
import { curvePoint, curves } from './curve.ts'
import { encodeEcPrivateKey } from './ec-key-coding.ts'
import {
  type BackendName,
  CryptoError,
  curveNames,
  decodePublicKey,
  digest,
  ecdh,
  ecdsaPlainToDer,
  generateEcKeyPair,
  type HashAlgorithm,
  publicKeyOf,
  signEcdsa,
  useBackend,
  verifySignature,
} from './index.ts'
import { hexField, vectorGroups, vectorTests } from './testing/vector-file.ts'

const hashNamed = (name: unknown) => `${name}`.toLowerCase().replace('-', '') as HashAlgorithm
const message = new TextEncoder().encode('123400')

describe.each<BackendName>(['noble', 'node'])('outside vectors on %s', (name) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(name)
  })
  afterAll(() => {
    useBackend(before)
  })

  test.each(['brainpoolP256r1-sha256', 'brainpoolP384r1-sha384'])('ECDSA %s, plain and as DER', (file) => {
    let count = 0
    for (const group of vectorGroups(`ec/ecdsa-${file}-plain.json`)) {
      for (const { id, input, result } of group.tests) {
        const [spki, data, signature] = [hexField(group.publicKeySpki), hexField(input.message), hexField(input.signature)]
        const hash = hashNamed(group.hash)
        expect([id, verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'plain' }, data, signature)]).toEqual([id, result === 'valid'])
        // Cut at half, a plain signature of the wrong size can still hold r and s: only right-sized ones mean the same in DER.
        if (signature.length === (file.includes('256r1') ? 64 : 96)) {
          const der = ecdsaPlainToDer(signature)
          expect([id, verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'der' }, data, der)]).toEqual([id, result === 'valid'])
        }
        count++
      }
    }
    expect(count).toBe(81)
  })

  test('ECDSA of active authentication: five curve and hash pairs', () => {
    for (const { input, expected, result } of vectorTests('aa/active-authentication.json', 'ecdsa-generated')) {
      const [spki, challenge, plain] = [hexField(input.spki), hexField(input.rndIfd), hexField(input.signaturePlain)]
      const hash = hashNamed(input.hash)
      expect(verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'plain' }, challenge, plain)).toBe(result === 'valid')
      if (expected.signatureDer !== undefined) {
        expect(toHex(ecdsaPlainToDer(plain))).toBe(expected.signatureDer)
        expect(verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'der' }, challenge, hexField(expected.signatureDer))).toBe(
          result === 'valid',
        )
      }
    }
  })

  test('RSASSA-PSS', () => {
    for (const group of vectorGroups('ec/rsa-pss-2048-sha256.json')) {
      const scheme = { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha256', saltLength: Number(group.saltLength) } as const
      for (const { id, input, result } of group.tests) {
        const valid = verifySignature(hexField(group.publicKeySpki), scheme, hexField(input.message), hexField(input.signature))
        expect([id, valid]).toEqual([id, result === 'valid'])
      }
    }
  })

  test('ECDH: shared secrets and refused keys', () => {
    const outcomes = { agreed: 0, refused: 0 }
    for (const group of vectorGroups('ec/ecdh-brainpoolP256r1.json')) {
      for (const { id, input, expected, result } of group.tests) {
        const scalar = bigIntToBytes(bytesToBigInt(hexField(input.private)), 32)
        const privateKey = encodeEcPrivateKey('brainpoolP256r1', scalar)
        let outcome: string
        try {
          outcome = toHex(ecdh(privateKey, hexField(input.publicSpki)))
          outcomes.agreed++
        } catch (error) {
          expect([id, error instanceof CardError]).toEqual([id, true])
          outcome = 'refused'
          outcomes.refused++
        }
        if (result === 'valid') expect([id, outcome]).toEqual([id, expected.shared])
        else if (result === 'invalid') expect([id, outcome]).toEqual([id, 'refused'])
        else expect(['refused', expected.shared]).toContain(outcome)
      }
    }
    expect(outcomes.agreed).toBeGreaterThanOrEqual(21)
    expect(outcomes.refused).toBeGreaterThanOrEqual(29)
  })

  test('certificate of a real authority with explicit curve parameters verifies under its own key', () => {
    // Certificate ::= SEQUENCE { tbs, algorithm, signature }; the key is the last SEQUENCE of the tbs before the extensions [3].
    const der = new Uint8Array(readFileSync(new URL('../../../test-vectors/lds/csca-germany-013.cer', import.meta.url)))
    const { tbs, spki, signature } = takeCertificateApart(der)
    const key = decodePublicKey(spki)
    expect(key).toMatchObject({ kind: 'ec', explicit: true })
    const hashes: HashAlgorithm[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']
    const matching = hashes.filter((hash) => verifySignature(spki, { kind: 'ecdsa', hash, encoding: 'der' }, tbs, signature))
    expect(matching).toHaveLength(1)
  })
})

/** The parts of a self-signed certificate that its signature is about, by a plain walk over its elements. */
function takeCertificateApart(der: Uint8Array): { tbs: Uint8Array; spki: Uint8Array; signature: Uint8Array } {
  const elements = (bytes: Uint8Array, from: number, to: number) => {
    const list: { tag: number; start: number; value: number; end: number }[] = []
    for (let at = from; at < to; ) {
      let length = bytes[at + 1]!
      let value = at + 2
      if (length > 0x80) {
        const count = length & 0x7f
        length = Number(bytesToBigInt(bytes.slice(value, value + count)))
        value += count
      }
      list.push({ tag: bytes[at]!, start: at, value, end: value + length })
      at = value + length
    }
    return list
  }
  const outer = elements(der, 0, der.length)[0]!
  const [tbs, , bits] = elements(der, outer.value, outer.end)
  const fields = elements(der, tbs!.value, tbs!.end).filter(({ tag }) => tag === 0x30)
  const spki = fields[fields.length - 1]!
  return {
    tbs: der.slice(tbs!.start, tbs!.end),
    spki: der.slice(spki.start, spki.end),
    signature: der.slice(bits!.value + 1, bits!.end),
  }
}

describe('signing: each implementation verifies what the other made', () => {
  const hashes: HashAlgorithm[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']
  test.each(curveNames)('%s', (curve) => {
    const { privateKeyPkcs8, publicKeySpki } = generateEcKeyPair(curve)
    expect(toHex(publicKeyOf(privateKeyPkcs8))).toBe(toHex(publicKeySpki))
    expect(() => createPrivateKey({ key: Buffer.from(privateKeyPkcs8), format: 'der', type: 'pkcs8' })).not.toThrow()
    const hash = hashes[curveNames.indexOf(curve) % hashes.length]!
    for (const [signer, verifier] of [
      ['noble', 'node'],
      ['node', 'noble'],
    ] as const) {
      for (const encoding of ['der', 'plain'] as const) {
        useBackend(signer)
        const signature = signEcdsa(privateKeyPkcs8, hash, message, encoding)
        useBackend(verifier)
        expect(verifySignature(publicKeySpki, { kind: 'ecdsa', hash, encoding }, message, signature)).toBe(true)
        expect(verifySignature(publicKeySpki, { kind: 'ecdsa', hash, encoding }, message.slice(1), signature)).toBe(false)
        signature[signature.length - 1]! ^= 1
        expect(verifySignature(publicKeySpki, { kind: 'ecdsa', hash, encoding }, message, signature)).toBe(false)
      }
    }
    const other = generateEcKeyPair(curve)
    const shared = ['noble', 'node'].map((name) => {
      useBackend(name as BackendName)
      return toHex(ecdh(privateKeyPkcs8, other.publicKeySpki))
    })
    expect(shared[0]).toBe(shared[1])
    useBackend('auto')
  })

  test('the public key of scalar 1 on P-256 is the generator (SEC 2 v2, 2.4.2)', () => {
    const scalar = bigIntToBytes(1n, 32)
    const spki = publicKeyOf(encodeEcPrivateKey('P-256', scalar))
    expect(toHex(spki)).toContain(
      '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    )
  })
})

describe('private keys', () => {
  const { privateKeyPkcs8, publicKeySpki } = generateEcKeyPair('P-256')

  test('what OpenSSL writes is taken, and signs', () => {
    const native = generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })
    const pkcs8 = new Uint8Array(native.privateKey.export({ format: 'der', type: 'pkcs8' }))
    const spki = new Uint8Array(native.publicKey.export({ format: 'der', type: 'spki' }))
    expect(toHex(publicKeyOf(pkcs8))).toBe(toHex(spki))
    const signature = signEcdsa(pkcs8, 'sha256', message, 'plain')
    expect(verifySignature(spki, { kind: 'ecdsa', hash: 'sha256', encoding: 'plain' }, message, signature)).toBe(true)
  })

  test('scalar 0, n and beyond, another length, a point off the curve, RSA, bytes after: refused, and no message holds the scalar', () => {
    const { n } = curvePoint('P-256').CURVE()
    const refusals = [
      encodeEcPrivateKey('P-256', new Uint8Array(32)),
      encodeEcPrivateKey('P-256', bigIntToBytes(n, 32)),
      encodeEcPrivateKey('P-256', new Uint8Array(32).fill(0xff)),
      encodeEcPrivateKey('P-256', new Uint8Array(31).fill(1)),
      encodeEcPrivateKey('P-256', bigIntToBytes(5n, 32), new Uint8Array(65).fill(4)),
      new Uint8Array(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'der', type: 'pkcs8' })),
    ]
    for (const key of refusals) expect(() => signEcdsa(key, 'sha256', message, 'der')).toThrow(CryptoError)
    expect(() => signEcdsa(concatBytes(privateKeyPkcs8, Uint8Array.of(0)), 'sha256', message, 'der')).toThrow(DecodeError)
    expect(() => ecdh(privateKeyPkcs8, generateEcKeyPair('P-384').publicKeySpki)).toThrow(CryptoError)
    expect(() => signEcdsa(publicKeySpki, 'sha256', message, 'der')).toThrow(DecodeError)
    const beyond = n + 0x1234567890n
    try {
      signEcdsa(encodeEcPrivateKey('P-256', bigIntToBytes(beyond, 32)), 'sha256', message, 'der')
    } catch (error) {
      const shown = inspect(error, { showHidden: true, depth: 9 })
      expect(shown).toContain('1..n-1')
      for (const form of [beyond.toString(), beyond.toString(16)]) expect(shown).not.toContain(form)
    }
    expect.hasAssertions()
  })
})

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
