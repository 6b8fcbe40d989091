import { constants, createECDH, createHash, createPrivateKey, createPublicKey, publicDecrypt, publicEncrypt, verify } from 'node:crypto'
import { concatBytes, decodeTlv, fromHex, toHex } from '@kart/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadGroups } from '../testing/vectors.ts'
import { agreeWith, applyRsaKey, digestInteger, FaultFoundError, signDigest } from './checked-private-key.ts'
import { generateHolderKey, isHolderKey, publicKeyObject, publicPoint, rsaNumbers } from './holder-key.ts'
import * as raw from './raw-private-key.ts'

vi.mock('./raw-private-key.ts', { spy: true })
afterEach(() => {
  vi.restoreAllMocks()
})

const groups = loadGroups('ec/nist-curves.json')
const group = (name: string) => groups.find((each) => each.name === name)!.tests
const curves = {
  'P-256': { bits: 256, name: 'prime256v1' },
  'P-384': { bits: 384, name: 'secp384r1' },
  'P-521': { bits: 521, name: 'secp521r1' },
}
type Curve = keyof typeof curves

/** PKCS #8 of a private value. */
function keyOf(curve: Curve, privateKey: string): Uint8Array {
  const ecdh = createECDH(curves[curve].name)
  ecdh.setPrivateKey(fromHex(privateKey))
  const point = ecdh.getPublicKey()
  const size = (point.length - 1) / 2
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const jwk = {
    kty: 'EC',
    crv: curve,
    d: text(fromHex(privateKey)),
    x: text(point.subarray(1, 1 + size)),
    y: text(point.subarray(1 + size)),
  }
  return new Uint8Array(createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' }))
}

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const rsa = generateHolderKey({ type: 'rsa', size: 2048 })!
const publicRsa = createPublicKey({
  key: { kty: 'RSA', n: Buffer.from(rsaNumbers(rsa).modulus).toString('base64url'), e: 'AQAB' },
  format: 'jwk',
})

describe('ECDSA on the card', () => {
  it.each(group('ecdsa'))('$comment: the signature of that nonce', ({ input, expected }) => {
    const curve = input.curve as Curve
    const key = keyOf(curve, input.privateKey!)
    const digest = new Uint8Array(createHash(input.hash!).update(fromHex(input.message!)).digest())
    const signature = signDigest(curves[curve].bits, key, digest, () => fromHex(input.nonce!))!
    const integers = decodeTlv(signature, 0x30, { minimalLength: true }).children!.map(({ tag, value }) => [
      tag,
      BigInt(`0x${toHex(value)}`),
    ])
    expect(integers).toEqual([
      [2, BigInt(`0x${expected.r}`)],
      [2, BigInt(`0x${expected.s}`)],
    ])
  })

  const hashes = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const
  it.each([256, 384, 521].flatMap((bits) => hashes.map((hash) => [bits, hash] as const)))(
    'field of %i bits, %s: node:crypto verifies, whatever the length of the digest',
    (bits, hash) => {
      const key = generateHolderKey({ type: 'ec', size: bits })!
      const message = random(100)
      const digest = new Uint8Array(createHash(hash).update(message).digest())
      const publicKey = createPublicKey(createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' }))
      expect(verify(hash, message, publicKey, signDigest(bits, key, digest, random)!)).toBe(true)
      // A stock tool fills a short digest up with zeros in front.
      const filled = concatBytes(new Uint8Array(Math.max(0, Math.ceil(bits / 8) - digest.length)), digest)
      expect(verify(hash, message, publicKey, signDigest(bits, key, filled, random)!)).toBe(true)
    },
  )

  it('never signs twice with one nonce', () => {
    const key = generateHolderKey({ type: 'ec', size: 256 })!
    const r = () => toHex(decodeTlv(signDigest(256, key, new Uint8Array(32).fill(1), random)!, 0x30).children![0]!.value)
    expect(new Set(Array.from({ length: 20 }, r)).size).toBe(20)
  })

  it('takes an integer of the order, which no hash gives, and one of all ones', () => {
    const key = generateHolderKey({ type: 'ec', size: 256 })!
    const order = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
    for (const digest of [order, new Uint8Array(32), new Uint8Array(32).fill(0xff), Uint8Array.of(1)])
      expect(signDigest(256, key, digest, random)?.[0]).toBe(0x30)
  })

  it.each([
    [256, '', undefined],
    [256, `${'11'.repeat(32)}22`, BigInt(`0x${'11'.repeat(32)}`)],
    [384, 'ff'.repeat(64), BigInt(`0x${'ff'.repeat(48)}`)],
    [521, `01${'ff'.repeat(65)}`, (1n << 521n) - 1n],
    [521, `02${'00'.repeat(65)}`, undefined],
    [521, '00'.repeat(67), undefined],
  ])('field of %i bits, digest %s', (bits, digest, integer) => {
    expect(digestInteger(bits, fromHex(digest))).toBe(integer)
  })
})

describe('key agreement on the card', () => {
  it.each(group('ecdh'))('$comment: the secret', ({ input, expected }) => {
    const curve = input.curve as Curve
    expect(toHex(agreeWith(curves[curve].bits, keyOf(curve, input.privateKey!), fromHex(input.point!))!)).toBe(expected.secret)
  })

  it('takes no point off the curve', () => {
    const { input } = group('ecdh')[0]!
    const key = keyOf('P-256', input.privateKey!)
    const point = fromHex(input.point!)
    const wrong = [point.with(64, point[64]! ^ 1), point.subarray(0, 64), point.with(0, 0x02), new Uint8Array(65), Uint8Array.of(0)]
    for (const each of wrong) expect(agreeWith(256, key, each)).toBeUndefined()
  })
})

describe('the RSA private key on the card', () => {
  it('gives what the public key takes back', () => {
    const block = random(256).with(0, 0)
    const opened = publicDecrypt({ key: publicRsa, padding: constants.RSA_NO_PADDING }, applyRsaKey(rsa, block)!)
    expect(toHex(new Uint8Array(opened))).toBe(toHex(block))
    const sealed = new Uint8Array(publicEncrypt({ key: publicRsa, padding: constants.RSA_NO_PADDING }, block))
    expect(toHex(applyRsaKey(rsa, sealed)!)).toBe(toHex(block))
  })

  it('takes no representative at the modulus, above it or of another length', () => {
    const { modulus } = rsaNumbers(rsa)
    for (const block of [modulus, new Uint8Array(256).fill(0xff), new Uint8Array(255), new Uint8Array(257), new Uint8Array(0)])
      expect(applyRsaKey(rsa, block)).toBeUndefined()
  })
})

describe('a fault in the computation (C19)', () => {
  it('in one bit of an RSA result lets nothing leave', async () => {
    const right = (await vi.importActual<typeof raw>('./raw-private-key.ts')).rsaPower
    vi.mocked(raw.rsaPower).mockImplementationOnce((...args) => {
      const result = right(...args)
      return result.with(100, result[100]! ^ 0x10)
    })
    const block = random(256).with(0, 0)
    expect(() => applyRsaKey(rsa, block)).toThrow(FaultFoundError)
    expect(applyRsaKey(rsa, block)).toHaveLength(256)
  })

  it.each([
    ['r', { r: 1n, s: 0n }],
    ['s', { r: 0n, s: 1n }],
  ])('in %s of a signature lets nothing leave', async (_, { r, s }) => {
    const right = (await vi.importActual<typeof raw>('./raw-private-key.ts')).ecdsaSign
    vi.mocked(raw.ecdsaSign).mockImplementationOnce((...args) => {
      const signature = right(...args)
      return { r: signature.r ^ r, s: signature.s ^ s }
    })
    const key = generateHolderKey({ type: 'ec', size: 256 })!
    expect(() => signDigest(256, key, new Uint8Array(32).fill(7), random)).toThrow(FaultFoundError)
  })

  it.each([
    ['r of nought', { r: 0n, s: 1n }],
    ['s of nought', { r: 1n, s: 0n }],
    ['s as large as the order', { r: 1n, s: BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551') }],
  ])('that gives %s is seen', (_, wrong) => {
    vi.mocked(raw.ecdsaSign).mockReturnValueOnce(wrong)
    const key = generateHolderKey({ type: 'ec', size: 256 })!
    expect(() => signDigest(256, key, new Uint8Array(32).fill(7), random)).toThrow(FaultFoundError)
  })

  it('in a shared secret lets nothing leave', () => {
    const key = generateHolderKey({ type: 'ec', size: 256 })!
    vi.mocked(raw.agreeSecret).mockReturnValueOnce(new Uint8Array(32))
    expect(() => agreeWith(256, key, publicPoint(256, key))).toThrow(FaultFoundError)
  })
})

describe('kinds of keys', () => {
  it.each([
    ['rsa', 1024],
    ['rsa', 2047],
    ['rsa', 0],
    ['rsa', 256],
    ['ec', 192],
    ['ec', 2048],
    ['ec', 512],
  ] as const)('%s of %i bits is not made', (type, size) => {
    expect(generateHolderKey({ type, size })).toBeUndefined()
  })

  it('knows a stored key by its kind', () => {
    const ec = generateHolderKey({ type: 'ec', size: 384 })!
    expect(isHolderKey({ type: 'ec', size: 384 }, ec)).toBe(true)
    expect(isHolderKey({ type: 'ec', size: 256 }, ec)).toBe(false)
    expect(isHolderKey({ type: 'rsa', size: 384 }, ec)).toBe(false)
    expect(isHolderKey({ type: 'rsa', size: 2048 }, rsa)).toBe(true)
    expect(isHolderKey({ type: 'rsa', size: 3072 }, rsa)).toBe(false)
    expect(isHolderKey({ type: 'rsa', size: 2048 }, rsa.slice(1))).toBe(false)
  })

  it('shows the public key as a data object', () => {
    const [modulus, exponent] = decodeTlv(publicKeyObject({ type: 'rsa', size: 2048 }, rsa), 0x7f49).children!
    expect([modulus!.tag, modulus!.value.length, modulus!.value[0]! >> 7, exponent!.tag, toHex(exponent!.value)]).toEqual([
      0x81,
      256,
      1,
      0x82,
      '010001',
    ])
    const ec = generateHolderKey({ type: 'ec', size: 521 })!
    const [point] = decodeTlv(publicKeyObject({ type: 'ec', size: 521 }, ec), 0x7f49).children!
    expect([point!.tag, point!.value.length, point!.value[0]]).toEqual([0x86, 133, 4])
  })
})
