import { diffieHellman, generateKeyPairSync } from 'node:crypto'
import { encodeTlv, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { loadGroups } from '../testing/vectors.ts'
import { type AgreementGroup, drawScalar } from './agreement-group.ts'
import { multiplyPoint, readPoint, writePoint } from './curve-arithmetic.ts'
import { groupOfAlgorithm, standardizedGroup } from './domain-parameters.ts'
import { EcGroup } from './ec-group.ts'
import { modPow, toBytes, toInteger } from './modular.ts'
import { standardizedDhGroups } from './standardized-dh.ts'

const curveIds = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
const counting = (seed: number) => (length: number) => Uint8Array.from({ length }, (_, i) => (i * 73 + seed * 29 + 5) & 0xff)

const group = (id: number): AgreementGroup => {
  const found = standardizedGroup(id)
  if (found === undefined) throw new Error(`no group ${id}`)
  return found
}

describe('standardized domain parameters', () => {
  it('has 0 to 2 and 8 to 18 and no other', () => {
    const found = Array.from({ length: 40 }, (_, id) => id).filter((id) => standardizedGroup(id) !== undefined)
    expect(found).toEqual([0, 1, 2, ...curveIds])
  })

  it.each(curveIds)('curve %i: products by node:crypto are those of plain affine arithmetic', (id) => {
    const ec = group(id) as EcGroup
    const [a, b] = [drawScalar(ec, counting(1)), drawScalar(ec, counting(2))]
    const plain = (element: Uint8Array, scalar: Uint8Array): string =>
      toHex(writePoint(ec.curve, multiplyPoint(ec.curve, readPoint(ec.curve, element), toInteger(scalar))!))
    const A = ec.multiply(ec.generator, a)
    expect(toHex(A)).toBe(plain(ec.generator, a))
    expect(toHex(ec.multiply(A, b))).toBe(plain(A, b))
    expect(toHex(ec.secret(A, b))).toBe(toHex(ec.secret(ec.multiply(ec.generator, b), a)))
    expect(toHex(ec.secret(A, b))).toBe(plain(A, b).slice(2, 2 + 2 * ec.curve.size))
    const last = toBytes(ec.order - 1n, ec.orderLength)
    expect(toHex(ec.multiply(A, last))).toBe(plain(A, last))
    expect(ec.combine(A, ec.multiply(A, last))).toBeUndefined()
  })

  it.each(curveIds)('P06 curve %i takes no point off the curve, infinity, compressed, unreduced or of another length', (id) => {
    const ec = group(id) as EcGroup
    const off = ec.generator
    off[off.length - 1]! ^= 1
    const unreduced = new Uint8Array(off.length).fill(0xff)
    unreduced[0] = 4
    for (const bad of [off, unreduced, new Uint8Array(off.length), Uint8Array.of(0), new Uint8Array(0), ec.generator.slice(0, -1)])
      expect(ec.take(bad)).toBeUndefined()
    const compressed = ec.generator.slice(0, 1 + ec.curve.size)
    compressed[0] = 2
    expect(ec.take(compressed)).toBeUndefined()
    expect(ec.take(ec.generator)).toEqual(ec.generator)
  })

  it.each(standardizedDhGroups)('integers $parameterId: q divides p - 1 and g has order q', ({ parameters: { p, g, q } }) => {
    expect([(p - 1n) % q, modPow(g, q, p), modPow(2n, p - 1n, p), modPow(3n, q - 1n, q)]).toEqual([0n, 1n, 1n, 1n])
  })

  it.each(standardizedDhGroups)(
    'integers $parameterId: powers by node:crypto are those of plain arithmetic',
    ({ parameterId, parameters }) => {
      const dh = group(parameterId)
      const [a, b] = [drawScalar(dh, counting(3)), drawScalar(dh, counting(4))]
      const A = dh.multiply(dh.generator, a)
      expect(toInteger(A)).toBe(modPow(parameters.g, toInteger(a), parameters.p))
      expect(toInteger(dh.secret(A, b))).toBe(modPow(toInteger(A), toInteger(b), parameters.p))
      expect(dh.take(A)).toEqual(A)
    },
  )

  it.each(standardizedDhGroups)(
    'P06 integers $parameterId: none of 0, 1, p-1, p, none outside the subgroup',
    ({ parameterId, parameters }) => {
      const dh = group(parameterId)
      const size = dh.generator.length
      const { p, q } = parameters
      // Of order 2q when its square alone is in the subgroup: p - 1 times the generator.
      for (const bad of [0n, 1n, p - 1n, p, p - parameters.g]) expect(dh.take(toBytes(bad, size))).toBeUndefined()
      expect(dh.take(new Uint8Array(0))).toBeUndefined()
      expect(dh.take(new Uint8Array(size + 2))).toBeUndefined()
      expect(q).toBe(dh.order)
    },
  )
})

describe('explicit domain parameters', () => {
  const explicit = (name: string): Uint8Array => {
    const spki = generateKeyPairSync('ec', { namedCurve: name, paramEncoding: 'explicit' }).publicKey.export({
      format: 'der',
      type: 'spki',
    })
    const length = spki[1]! === 0x82 ? 4 : 3
    const inner = spki.subarray(length)
    const innerLength = inner[1] === 0x82 ? 4 + ((inner[2]! << 8) | inner[3]!) : inner[1] === 0x81 ? 3 + inner[2]! : 2 + inner[1]!
    return new Uint8Array(inner.subarray(0, innerLength))
  }

  it('a curve that has a name is the named one; one that has none is reckoned with plainly', () => {
    expect(groupOfAlgorithm(explicit('prime256v1'))).toBe(standardizedGroup(12))
    expect(groupOfAlgorithm(explicit('brainpoolP384r1'))).toBe(standardizedGroup(16))
    const koblitz = groupOfAlgorithm(explicit('secp256k1'))
    const alice = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const bob = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const coordinates = (key: typeof alice.publicKey): Uint8Array =>
      new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(-65))
    const d = Buffer.from(alice.privateKey.export({ format: 'jwk' }).d!, 'base64url')
    expect(toHex(koblitz.multiply(koblitz.generator, new Uint8Array(d)))).toBe(toHex(coordinates(alice.publicKey)))
    expect(toHex(koblitz.secret(coordinates(bob.publicKey), new Uint8Array(d)))).toBe(
      toHex(new Uint8Array(diffieHellman({ privateKey: alice.privateKey, publicKey: bob.publicKey }))),
    )
  })

  it('reads standardizedDomainParameters and dhpublicnumber, and refuses what is neither', () => {
    const oid = (hex: string): Uint8Array => encodeTlv(0x06, fromHex(hex))
    expect(groupOfAlgorithm(encodeTlv(0x30, [oid('04007f00070102'), fromHex('02010d')]))).toBe(standardizedGroup(13))
    const { p, g, q } = standardizedDhGroups[0]!.parameters
    const integer = (value: bigint, length: number): Uint8Array => encodeTlv(0x02, [Uint8Array.of(0), toBytes(value, length)])
    const dh = groupOfAlgorithm(
      encodeTlv(0x30, [oid('2a8648ce3e0201'), encodeTlv(0x30, [integer(p, 128), integer(g, 128), integer(q, 20)])]),
    )
    expect([dh.kind, toHex(dh.generator), dh.order]).toEqual(['DH', toHex(toBytes(g, 128)), q])
    for (const bad of [
      encodeTlv(0x30, [oid('04007f00070102'), fromHex('020103')]),
      encodeTlv(0x30, [oid('2a8648ce3d0201'), oid('2a8648ce3d030107')]),
      encodeTlv(0x30, [oid('2a8648ce3e0201'), fromHex('3000')]),
      encodeTlv(0x30, [oid('2a03'), fromHex('3000')]),
      encodeTlv(0x30, oid('2a8648ce3d0201')),
    ])
      expect(() => groupOfAlgorithm(bad)).toThrowError()
  })
})

describe('third-party vectors of key agreement, brainpoolP256r1', () => {
  // Rows whose key is 04 || x || y on the curve named by its identifier; the others are about the DER around it, which the card does not read.
  const prefix = '305a301406072a8648ce3d020106092b2403030208010107034200'
  const rows = loadGroups('ec/ecdh-brainpoolP256r1.json').flatMap(({ tests }) =>
    tests.filter(({ input }) => input.publicSpki!.startsWith(prefix) && input.publicSpki!.length === prefix.length + 130),
  )
  const ec = group(13) as EcGroup
  const plain = new EcGroup(ec.curve)

  it.each(rows)('$id $flags', ({ input, expected, result }) => {
    const point = fromHex(input.publicSpki!.slice(prefix.length))
    const scalar = fromHex(input.private!).slice(-32)
    const taken = ec.take(point)
    expect(taken !== undefined).toBe(result !== 'invalid')
    if (taken === undefined) return
    expect(toHex(ec.secret(taken, scalar))).toBe(expected.shared)
    expect(toHex(plain.secret(taken, scalar))).toBe(expected.shared)
    expect(toHex(ec.multiply(taken, scalar))).toBe(toHex(plain.multiply(taken, scalar)))
  })

  it('has rows of both kinds', () => {
    expect(rows.filter(({ result }) => result === 'invalid').length).toBeGreaterThan(3)
    expect(rows.length).toBeGreaterThan(20)
  })
})
