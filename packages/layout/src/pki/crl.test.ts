import { readFileSync } from 'node:fs'
import { CardError, DecodeError, encodeTlv, fromHex, toHex } from '@kart/codec'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeRevocationList } from './crl.ts'

const der = new Uint8Array(readFileSync(new URL('../../../../test-vectors/pa/revoking.crl', import.meta.url)))

describe('decodeRevocationList', () => {
  test('reads another program’s list as openssl prints it', () => {
    const list = decodeRevocationList(der)
    expect(list.issuer.text).toBe('C=UT, O=Kart Test, CN=CSCA ecdsa-bp256-sha256')
    expect([list.thisUpdate, list.nextUpdate]).toEqual([new Date('2023-12-15T00:00:00Z'), new Date('2024-03-15T00:00:00Z')])
    expect(list.revoked.map(({ serialNumber, revokedAt }) => [toHex(serialNumber), revokedAt])).toEqual([
      ['289ab85bc39daf59b16fbe6413b5cb79399c6b2e', new Date('2023-12-01T00:00:00Z')],
    ])
    expect(list.signatureScheme).toEqual({ kind: 'ecdsa', hash: 'sha256' })
    expect(list.unknownCritical).toEqual([])
    expect(toHex(list.raw)).toBe(toHex(der))
    expect(toHex(der)).toContain(toHex(list.tbs))
  })

  test.each([
    ['nothing', ''],
    ['no list', '3000'],
    ['a byte behind it', `${toHex(der)}00`],
    ['cut off', toHex(der.slice(0, -1))],
    ['a certificate', toHex(readFileSync(new URL('../../../../test-vectors/pa/ecdsa-p256-sha256-ds.cer', import.meta.url)))],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeRevocationList(fromHex(hex))).toThrow(DecodeError)
  })

  test('X01 a list longer than the bound is refused before it is read', () => {
    expect(() => decodeRevocationList(encodeTlv(0x30, new Uint8Array(1024 * 1024)))).toThrow(CardError)
  })

  test('X02 every byte turned, one at a time, is read or refused with a typed error', () => {
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = der.slice()
        changed[at]! ^= by
        try {
          decodeRevocationList(changed)
        } catch (error) {
          expect(error).toBeInstanceOf(CardError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
