import { constants, generateKeyPairSync, privateEncrypt } from 'node:crypto'
import { concatBytes, DecodeError, encodeTlv, fromHex, uintToBytes } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { CryptoError, decodePssParameters, digest, useBackend, verifySignature } from './index.ts'

const message = new TextEncoder().encode('123400')
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }))
const scheme = { kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha256', saltLength: 32 } as const

/** What may be wrong with an encoded message (RFC 8017, 9.1.1). */
interface Flaw {
  readonly trailer?: number
  readonly marker?: number
  /** Put where the zero padding is. */
  readonly padding?: number
  readonly topBit?: boolean
  readonly prefix?: Uint8Array
}

/** Encodes and signs as RFC 8017, 9.1.1 says, but for the flaw. */
function signFlawed(flaw: Flaw): Uint8Array {
  for (let attempt = 0; ; attempt++) {
    const salt = new Uint8Array(32).fill(attempt)
    const h = digest('sha256', concatBytes(flaw.prefix ?? new Uint8Array(8), digest('sha256', message), salt))
    const db = concatBytes(new Uint8Array(190), Uint8Array.of(flaw.marker ?? 1), salt)
    db[100] = flaw.padding ?? 0
    const mask = concatBytes(...Array.from({ length: 7 }, (_, i) => digest('sha256', concatBytes(h, uintToBytes(i, 4)))))
    const encoded = concatBytes(
      db.map((byte, i) => byte ^ mask[i]!),
      h,
      Uint8Array.of(flaw.trailer ?? 0xbc),
    )
    encoded[0]! &= 0x7f
    if (flaw.topBit) encoded[0]! |= 0x80
    try {
      return new Uint8Array(privateEncrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, encoded))
    } catch (error) {
      if (!flaw.topBit || attempt > 200) throw error // with the top bit set the number may be beyond the modulus: another salt
    }
  }
}

describe.each(['noble', 'node'] as const)('V11 RSASSA-PSS encodings on %s', (name) => {
  const verify = (flaw: Flaw) => {
    const before = useBackend(name)
    try {
      return verifySignature(spki, scheme, message, signFlawed(flaw))
    } finally {
      useBackend(before)
    }
  }

  test('V11 without a flaw it holds', () => {
    expect(verify({})).toBe(true)
  })

  test('V11 trailer CC, marker 02, padding not zero, top bit set, first eight bytes not zero', () => {
    expect(verify({ trailer: 0xcc })).toBe(false)
    expect(verify({ marker: 2 })).toBe(false)
    expect(verify({ padding: 1 })).toBe(false)
    expect(verify({ topBit: true })).toBe(false)
    expect(verify({ prefix: new Uint8Array(8).fill(1) })).toBe(false)
  })
})

describe('RSASSA-PSS-params (RFC 4055, 3.1)', () => {
  const sha256 = encodeTlv(0x30, [encodeTlv(0x06, fromHex('608648016503040201')), encodeTlv(0x05)])
  const sha384 = encodeTlv(0x30, encodeTlv(0x06, fromHex('608648016503040202')))
  const mgf1 = (hash: Uint8Array) => encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a864886f70d010108')), hash])
  const integer = (...bytes: number[]) => encodeTlv(0x02, Uint8Array.from(bytes))

  test('defaults, and all fields', () => {
    expect(decodePssParameters(fromHex('3000'))).toEqual({ hash: 'sha1', mgfHash: 'sha1', saltLength: 20 })
    const fields = [encodeTlv(0xa0, sha256), encodeTlv(0xa1, mgf1(sha384)), encodeTlv(0xa2, integer(32)), encodeTlv(0xa3, integer(1))]
    expect(decodePssParameters(encodeTlv(0x30, fields))).toEqual({ hash: 'sha256', mgfHash: 'sha384', saltLength: 32 })
  })

  test('another trailer, mask function or hash, a huge salt: CryptoError', () => {
    const otherMask = encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a864886f70d010109')), sha256])
    const md5 = encodeTlv(0x30, [encodeTlv(0x06, fromHex('2a864886f70d0205')), encodeTlv(0x05)])
    for (const field of [encodeTlv(0xa3, integer(2)), encodeTlv(0xa1, otherMask), encodeTlv(0xa0, md5), encodeTlv(0xa2, integer(4, 1))])
      expect(() => decodePssParameters(encodeTlv(0x30, field))).toThrow(CryptoError)
  })

  test('fields out of order or twice, bytes after, a negative salt: DecodeError', () => {
    for (const bytes of [
      encodeTlv(0x30, [encodeTlv(0xa2, integer(32)), encodeTlv(0xa0, sha256)]),
      encodeTlv(0x30, [encodeTlv(0xa0, sha256), encodeTlv(0xa0, sha256)]),
      concatBytes(encodeTlv(0x30), Uint8Array.of(0)),
      encodeTlv(0x30, encodeTlv(0xa2, integer(0x80))),
      encodeTlv(0x30, encodeTlv(0xa0, [sha256, sha256])),
      new Uint8Array(0),
    ])
      expect(() => decodePssParameters(bytes)).toThrow(DecodeError)
  })
})
