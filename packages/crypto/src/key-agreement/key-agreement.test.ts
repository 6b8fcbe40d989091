import { readFileSync } from 'node:fs'
import { concatBytes, DecodeError, encodeTlv, fromHex, toHex } from '@kart/codec'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt, modPow } from '../big-integer.ts'
import { curvePoint, curves } from '../curve.ts'
import {
  type AgreementGroup,
  agreementGroup,
  type BackendName,
  CryptoError,
  curveNames,
  decodeAgreementKey,
  decodeDomainParameters,
  groupNames,
  standardizedGroup,
  standardizedParameters,
  useBackend,
} from '../index.ts'
import { hexField, vectorGroups } from '../testing/vector-file.ts'
import { modpGroups, modpNames } from './modp-parameters.ts'
import { encodeToPoint } from './point-encoding.ts'

const backends: readonly BackendName[] = ['noble', 'node']

interface Agreement {
  readonly terminalPublicKey: string
  readonly chipPublicKey: string
  readonly sharedSecretX?: string
  readonly sharedSecret?: string
  readonly sharedSecretH?: string
  readonly mappedGenerator?: string
}

describe.each(backends)('the worked examples of Doc 9303-11 on %s', (name) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(name)
  })
  afterAll(() => {
    useBackend(before)
  })

  test.each([
    ['pace-ecdh-gm-aes128', 'brainpoolP256r1'],
    ['pace-cam-aes128', 'brainpoolP256r1'],
    ['pace-dh-gm-aes128', 'MODP-1024-160'],
  ] as const)('%s: public keys, H, mapped generator, shared secret', (file, groupName) => {
    const { input, expected } = vectorGroups(`pace/${file}.json`)[0]!.tests[0]!
    const group = agreementGroup(groupName)
    const mapping = expected.mapping as Agreement
    const agreement = expected.agreement as Agreement
    const x = hexField(input.mappingTerminalPrivateKey)
    expect(toHex(group.power(group.generator, x))).toBe(mapping.terminalPublicKey)
    const h = group.power(group.check(hexField(mapping.chipPublicKey)), x)
    expect(toHex(h)).toBe(mapping.sharedSecretH)
    const generator = group.combine(group.power(group.generator, hexField(input.nonce ?? expected.nonce)), h)
    expect(toHex(generator)).toBe(mapping.mappedGenerator)
    const y = hexField(input.terminalPrivateKey)
    expect(toHex(group.power(generator, y))).toBe(agreement.terminalPublicKey)
    expect(toHex(group.sharedSecret(y, hexField(agreement.chipPublicKey)))).toBe(agreement.sharedSecretX ?? agreement.sharedSecret)
  })

  test.each([
    ['pace-ecdh-im-aes128', 'brainpoolP256r1'],
    ['pace-dh-im-aes128', 'MODP-1024-160'],
  ] as const)('%s: the pseudo-random integer and the element it maps to', (file, groupName) => {
    const { expected } = vectorGroups(`pace/${file}.json`)[0]!.tests[0]!
    const { reduced, element } = agreementGroup(groupName).mapToElement(hexField(expected.r))
    expect([toHex(reduced), toHex(element)]).toEqual([expected.rp, expected.mappedGenerator])
  })
})

describe('groups', () => {
  test.each(modpNames)('%s: the order divides p - 1 and the generator has it', (name) => {
    const [p, g, q] = [modpGroups[name].p, modpGroups[name].g, modpGroups[name].q].map((hex) => BigInt(`0x${hex}`)) as [
      bigint,
      bigint,
      bigint,
    ]
    expect((p - 1n) % q).toBe(0n)
    expect([modPow(g, q, p), modPow(2n, p - 1n, p), modPow(3n, q - 1n, q)]).toEqual([1n, 1n, 1n])
    expect([modpGroups[name].p.length, modpGroups[name].q.length]).toEqual([
      2 * modpGroups[name].primeBytes,
      2 * modpGroups[name].orderBytes,
    ])
  })

  test.each(groupNames)('%s: node and noble give the same products and secrets', (name) => {
    const group = agreementGroup(name)
    const both = (work: () => Uint8Array) =>
      backends.map((backend) => {
        const before = useBackend(backend)
        try {
          return toHex(work())
        } finally {
          useBackend(before)
        }
      })
    for (let i = 0; i < 3; i++) {
      const [a, b] = [group.generatePrivateKey(), group.generatePrivateKey()]
      const [point, again] = both(() => group.power(group.generator, a))
      expect(again).toBe(point)
      const [product, productAgain] = both(() => group.power(fromHex(point!), b))
      expect(productAgain).toBe(product)
      const [secret, secretAgain] = both(() => group.sharedSecret(b, fromHex(point!)))
      expect(secretAgain).toBe(secret)
      expect(group.kind === 'dh' ? secret : `04${secret}`).toBe(group.kind === 'dh' ? product : product!.slice(0, 2 + secret!.length))
      expect(both(() => group.check(fromHex(product!)))).toEqual([product, product])
    }
  })

  test.each(['P-256', 'brainpoolP384r1', 'P-521'] as const)('%s: 1, 2, n-2 and n-1 times a point on both', (name) => {
    const group = agreementGroup(name)
    const Point = curvePoint(name)
    const { n } = Point.CURVE()
    const base = Point.BASE.multiply(7n)
    for (const backend of backends) {
      const before = useBackend(backend)
      for (const [k, expected] of [
        [1n, base],
        [2n, base.double()],
        [n - 2n, base.double().negate()],
        [n - 1n, base.negate()],
      ] as const)
        expect(toHex(group.power(base.toBytes(false), bigIntToBytes(k, group.privateLength)))).toBe(expected.toHex(false))
      useBackend(before)
    }
  })

  test('a private key is drawn until it fits, from as many bits as the order has', () => {
    const group = agreementGroup('P-521')
    const draws = [new Uint8Array(66), new Uint8Array(66).fill(0xff), concatBytes(Uint8Array.of(0xfe, 0x12), new Uint8Array(64).fill(7))]
    const key = group.generatePrivateKey(() => draws.shift()!)
    expect(toHex(key)).toBe(`0012${'07'.repeat(64)}`)
    expect(draws).toHaveLength(0)
    expect(() => group.generatePrivateKey((length) => new Uint8Array(length))).toThrow(CryptoError)
    expect(() => group.generatePrivateKey(() => new Uint8Array(65).fill(1))).toThrow(CryptoError)
  })
})

describe.each(backends)('P06 elements that are refused, on %s', (backend) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(backend)
  })
  afterAll(() => {
    useBackend(before)
  })

  const refused = (group: AgreementGroup, element: Uint8Array) => {
    expect(() => group.check(element)).toThrow(CryptoError)
    if (group.kind === 'ecdh') {
      expect(() => group.power(element, Uint8Array.of(5))).toThrow(CryptoError)
      expect(() => group.sharedSecret(Uint8Array.of(5), element)).toThrow(CryptoError)
      expect(() => group.combine(group.generator, element)).toThrow(CryptoError)
    }
  }

  test('a point that is not on the curve, infinity, compressed, of another length', () => {
    for (const name of curveNames) {
      const group = agreementGroup(name)
      const off = group.generator
      off[off.length - 1]! ^= 1
      const outside = group.generator
      outside.fill(0xff, 1)
      const compressed = concatBytes(Uint8Array.of(2), group.generator.slice(1, 1 + curves[name].fieldBytes))
      const hybrid = group.generator
      hybrid[0] = 6
      for (const element of [
        off,
        outside,
        compressed,
        hybrid,
        Uint8Array.of(0),
        new Uint8Array(group.elementLength),
        new Uint8Array(0),
        group.generator.slice(1),
      ])
        refused(group, element)
    }
  })

  test('a published negative: the mapping key off the curve', () => {
    const row = vectorGroups('pace/pace-ecdh-gm-aes128.json')[0]!.tests.find((each) => each.flags.includes('off-curve'))!
    refused(agreementGroup('brainpoolP256r1'), hexField(row.input.chipPublicKey))
  })

  test('an integer that is 0, 1, p-1, p or of a small subgroup', () => {
    for (const name of modpNames) {
      const group = agreementGroup(name)
      const p = bytesToBigInt(fromHex(modpGroups[name].p))
      const q = bytesToBigInt(fromHex(modpGroups[name].q))
      // The elements of small order: h^((p-1)/r) for the small primes r of the cofactor.
      const small = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n].filter((r) => ((p - 1n) / q) % r === 0n)
      expect(small.length).toBeGreaterThan(0)
      const inSmall = small.map((r) => [2n, 3n, 5n, 7n].map((h) => modPow(h, (p - 1n) / r, p)).find((value) => value !== 1n)!)
      // A generator times an element of order 2 has the right look and the wrong order.
      const twisted = p - bytesToBigInt(group.generator)
      for (const value of [0n, 1n, p - 1n, p, p + 1n, ...inSmall, twisted, 2n]) {
        if (modPow(value, q, p) === 1n && value !== 1n && value < p) continue
        const bytes = value.toString(16).padStart(2 * group.elementLength, '0')
        refused(group, fromHex(bytes))
      }
      refused(group, new Uint8Array(0))
      refused(group, concatBytes(Uint8Array.of(0), group.generator))
      expect(toHex(group.check(group.generator))).toBe(toHex(group.generator))
    }
  })

  test('a multiple of the order, a sum that is infinity, a product that is 1', () => {
    for (const name of ['P-256', 'brainpoolP512r1', 'MODP-2048-256'] as const) {
      const group = agreementGroup(name)
      const order =
        group.kind === 'dh'
          ? fromHex(modpGroups['MODP-2048-256'].q)
          : bigIntToBytes(curvePoint(name as 'P-256').CURVE().n, group.privateLength)
      const lessOne = bigIntToBytes(bytesToBigInt(order) - 1n, group.privateLength)
      for (const exponent of [new Uint8Array(16), new Uint8Array(0), order]) {
        expect(() => group.power(group.generator, exponent)).toThrow(CryptoError)
        expect(() => group.sharedSecret(exponent, group.generator)).toThrow(CryptoError)
      }
      expect(() => group.combine(group.generator, group.power(group.generator, lessOne))).toThrow(CryptoError)
    }
  })

  test('the mapping onto a curve: values without an image, and P-224, where there is none at all', () => {
    const { p } = curvePoint('P-256').CURVE()
    for (const t of [0n, 1n, p - 1n]) expect(() => encodeToPoint('P-256', t)).toThrow(CryptoError)
    expect(agreementGroup('P-224').canMap).toBe(false)
    expect(() => agreementGroup('P-224').mapToElement(Uint8Array.of(5))).toThrow(CryptoError)
    for (const value of [0n, 1n]) expect(() => agreementGroup('MODP-1024-160').mapToElement(bigIntToBytes(value, 1))).toThrow(CryptoError)
  })
})

test('every field element but three maps onto the curve, both branches taken', () => {
  for (const name of ['P-256', 'brainpoolP256r1', 'brainpoolP384r1', 'P-521'] as const) {
    const Point = curvePoint(name)
    for (let t = 2n; t < 20n; t++) Point.fromBytes(encodeToPoint(name, t)).assertValidity()
  }
})

describe('domain parameters', () => {
  test('the table of Doc 9303-11, 9.5.1', () => {
    expect(standardizedParameters.map((row) => row.id)).toEqual([0, 1, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])
    expect(standardizedGroup(13)).toBe('brainpoolP256r1')
    for (const id of [3, 7, 8, 9, 19, 31, 32, -1]) expect(standardizedGroup(id)).toBeUndefined()
  })

  const standardized = (id: string) => fromHex(`300c060704007f00070102${id}`)
  const integer = (hex: string) => encodeTlv(0x02, fromHex(Number.parseInt(hex.slice(0, 2), 16) >= 0x80 ? `00${hex}` : hex))
  const dh = (row: { p: string; g: string; q: string }) =>
    encodeTlv(0x30, [fromHex('06072a8648ce3e0201'), encodeTlv(0x30, [integer(row.p), integer(row.g), integer(row.q)])])

  test('by number, by name, spelled out', () => {
    expect(decodeDomainParameters(standardized('02010d'))).toBe('brainpoolP256r1')
    expect(decodeDomainParameters(standardized('020100'))).toBe('MODP-1024-160')
    expect(decodeDomainParameters(fromHex('301306072a8648ce3d020106082a8648ce3d030107'))).toBe('P-256')
    for (const name of modpNames) expect(decodeDomainParameters(dh(modpGroups[name]))).toBe(name)
  })

  test('explicit parameters of a published DG14 are those of brainpoolP224r1; one bit of the generator changed, and they are nobody’s', () => {
    const file = new Uint8Array(readFileSync(new URL('../../../../test-vectors/lds/bsi2008-dg14.bin', import.meta.url)))
    const start = toHex(file).indexOf('3081d406072a8648ce3d0201') / 2
    const algorithm = file.slice(start, start + 3 + 0xd4)
    expect(decodeDomainParameters(algorithm)).toBe('brainpoolP224r1')
    const generator = toHex(algorithm).indexOf('04390') / 2 + 2
    algorithm[generator + 5]! ^= 1
    expect(decodeDomainParameters(algorithm)).toBeUndefined()
  })

  test('P06 bad parameterId: reserved, not taken, unknown groups and forged generators give no group', () => {
    for (const id of ['020103', '020108', '02011f', '020120', '02020100']) {
      const bytes = id.length === 6 ? standardized(id) : fromHex(`300d060704007f00070102${id}`)
      expect(decodeDomainParameters(bytes)).toBeUndefined()
    }
    const row = modpGroups['MODP-2048-256']
    expect(decodeDomainParameters(dh({ ...row, g: '04' }))).toBeUndefined()
    expect(decodeDomainParameters(dh({ ...row, q: row.q.replace(/3$/, '1') }))).toBeUndefined()
    expect(decodeDomainParameters(fromHex('301306072a8648ce3d020106082a8648ce3d030108'))).toBeUndefined()
    expect(decodeDomainParameters(fromHex('300806062a864886f70d'))).toBeUndefined()
  })

  test('malformed parameters are DecodeErrors', () => {
    for (const hex of [
      '',
      '30',
      '3000',
      '300c060704007f000701020201',
      '300d060704007f0007010202010d00',
      '300c060704007f000701020201ff',
      '300906072a8648ce3d0201',
    ])
      expect(() => decodeDomainParameters(fromHex(hex))).toThrow(DecodeError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(255), fc.nat(60), (bytes, value, at) => {
        const changed = dh(modpGroups['MODP-1024-160'])
        changed[at] = value
        for (const input of [bytes, changed])
          try {
            decodeDomainParameters(input)
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error
          }
      }),
      { numRuns: 300 },
    )
  })
})

describe('public keys of key agreement', () => {
  const spkiOf = (algorithm: Uint8Array, key: Uint8Array) =>
    encodeTlv(0x30, [algorithm, encodeTlv(0x03, concatBytes(Uint8Array.of(0), key))])
  const standardized = (id: number) => concatBytes(fromHex('300c060704007f000701020201'), Uint8Array.of(id))

  test('the key of a published DG14, its curve spelled out; off the curve it is refused', () => {
    const hex = toHex(new Uint8Array(readFileSync(new URL('../../../../test-vectors/lds/bsi2008-dg14.bin', import.meta.url))))
    const start = hex.indexOf('3081d406072a8648ce3d0201') / 2
    const algorithm = fromHex(hex).slice(start, start + 3 + 0xd4)
    const point = fromHex(hex)
      .slice(start + 3 + 0xd4 + 3)
      .slice(0, 57)
    const { group, element } = decodeAgreementKey(spkiOf(algorithm, point))
    expect([group.name, toHex(element)]).toEqual(['brainpoolP224r1', toHex(point)])
    expect(() => decodeAgreementKey(spkiOf(algorithm, point.with(56, point[56]! ^ 1)))).toThrow(CryptoError)
  })

  test('an integer, in the prime’s width though DER drops its leading zeros; longer ones and unknown groups are refused', () => {
    const group = agreementGroup('MODP-1024-160')
    // A power of the generator that begins with a zero byte.
    let element = group.generator
    while (element[0] !== 0) element = group.combine(element, group.generator)
    const shortest = element.slice(element.findIndex((byte) => byte !== 0))
    const integer = encodeTlv(0x02, shortest[0]! < 0x80 ? shortest : concatBytes(Uint8Array.of(0), shortest))
    expect(toHex(decodeAgreementKey(spkiOf(standardized(0), integer)).element)).toBe(toHex(element))
    expect(() => decodeAgreementKey(spkiOf(standardized(3), integer))).toThrow(CryptoError)
    expect(() => decodeAgreementKey(spkiOf(standardized(0), encodeTlv(0x02, new Uint8Array(129).fill(1))))).toThrow(CryptoError)
    expect(() => decodeAgreementKey(spkiOf(standardized(0), element))).toThrow(DecodeError)
    expect(() => decodeAgreementKey(spkiOf(standardized(0), concatBytes(integer, Uint8Array.of(0))))).toThrow(DecodeError)
  })

  test('X01 X02 bytes that are no key: DecodeError or CryptoError, and nothing else', () => {
    const good = spkiOf(standardized(13), agreementGroup('brainpoolP256r1').generator)
    expect(decodeAgreementKey(good).group.name).toBe('brainpoolP256r1')
    const inputs = [...good].flatMap((byte, i) => [good.slice(0, i), good.with(i, byte ^ 1), good.with(i, byte ^ 0x80)])
    for (const input of inputs) {
      let error: unknown
      try {
        decodeAgreementKey(input)
      } catch (thrown) {
        error = thrown
      }
      expect(error instanceof DecodeError || error instanceof CryptoError, toHex(input)).toBe(true)
    }
  })
})
