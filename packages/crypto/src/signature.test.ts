import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { CardError, concatBytes, DecodeError, toHex } from '@kart/codec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt } from './big-integer.ts'
import { curvePoint } from './curve.ts'
import { encodeEcPrivateKey } from './ec-key-coding.ts'
import {
  type BackendName,
  CryptoError,
  curveNames,
  decodePublicKey,
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
