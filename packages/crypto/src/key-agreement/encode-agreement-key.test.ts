import { createPublicKey } from 'node:crypto'
import { fromHex, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { CryptoError } from '../crypto-error.ts'
import { agreementGroup, groupNames } from './agreement-group.ts'
import { decodeAgreementKey } from './agreement-key.ts'
import { decodeDomainParameters } from './domain-parameters.ts'
import { encodeAgreementKey, encodeDomainParameters } from './encode-agreement-key.ts'

const twice = (name: (typeof groupNames)[number]) => agreementGroup(name).power(agreementGroup(name).generator, Uint8Array.of(2))

describe('encodeAgreementKey', () => {
  test.each(groupNames)('%s: what is spelled out is read back', (name) => {
    const spki = encodeAgreementKey(name, twice(name))
    expect(decodeDomainParameters(encodeDomainParameters(name))).toBe(name)
    const { group, element } = decodeAgreementKey(spki)
    expect(group.name).toBe(name)
    expect(toHex(element)).toBe(toHex(twice(name)))
  })

  test.each(groupNames.filter((name) => agreementGroup(name).kind === 'ecdh'))('%s: OpenSSL takes the key', (name) => {
    const key = createPublicKey({ key: Buffer.from(encodeAgreementKey(name, twice(name))), format: 'der', type: 'spki' })
    expect(key.asymmetricKeyType).toBe('ec')
  })

  test('P-256 is spelled out as in SEC 2, 2.4.2', () => {
    expect(toHex(encodeDomainParameters('P-256'))).toBe(
      '3081ec06072a8648ce3d02013081e0020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff' +
        '30440420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b' +
        '0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5' +
        '022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101',
    )
  })

  test('refuses what is not in the group', () => {
    const off = twice('P-256')
    off[64]! ^= 1
    for (const element of [off, fromHex('04'), new Uint8Array(65)]) expect(() => encodeAgreementKey('P-256', element)).toThrow(CryptoError)
    expect(() => encodeAgreementKey('MODP-2048-256', Uint8Array.of(1))).toThrow(CryptoError)
  })
})
