import { readFileSync } from 'node:fs'
import { DecodeError, encodeTlv, fromHex, LimitError, toHex } from '@kart/codec'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeDer } from '../asn1/der.ts'
import { decodeCertificate } from './certificate.ts'
import { readName, sameName } from './distinguished-name.ts'

const vectors = new URL('../../../../test-vectors/', import.meta.url)
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, vectors)))

describe('certificates of the vectors', () => {
  test('a German CSCA: name, key usage, constraints, key identifiers, private key usage period', () => {
    const csca = decodeCertificate(bytesOf('lds/csca-germany-013.cer'))
    expect(csca.subject.text).toBe('C=DE, O=bund, OU=bsi, serialNumber=013, CN=csca-germany')
    expect(csca.issuer.country).toBe('DE')
    expect(csca.keyUsage).toEqual(['keyCertSign', 'cRLSign'])
    expect(csca.basicConstraints).toEqual({ ca: true, pathLength: 0 })
    expect(toHex(csca.subjectKeyId!)).toBe('6044f245f2e071d4d564f4e577d63669dbeb1859')
    expect(toHex(csca.authorityKeyId!)).toBe('6044f245f2e071d4d564f4e577d63669dbeb1859')
    expect(csca.privateKeyUsagePeriod).toEqual({ notBefore: new Date('2008-02-26T13:43:04Z'), notAfter: new Date('2011-02-26T12:35:56Z') })
    expect(csca.extendedKeyUsage).toBeUndefined()
    expect(csca.signatureScheme).toEqual({ kind: 'ecdsa', hash: 'sha256' })
  })

  test('an RSASSA-PSS document signer', () => {
    const signer = decodeCertificate(bytesOf('pa/rsa-pss-sha256-ds.cer'))
    expect(signer.signatureScheme).toEqual({ kind: 'rsa-pss', hash: 'sha256', mgfHash: 'sha256', saltLength: 32 })
    expect(signer.keyUsage).toEqual(['digitalSignature'])
    expect(signer.basicConstraints).toBeUndefined()
  })
})

describe('refusals', () => {
  const der = bytesOf('pa/ecdsa-p256-sha256-ds.cer')

  test('every byte flipped, one at a time: DecodeError, LimitError, or a certificate', () => {
    for (const file of ['pa/ecdsa-p256-sha256-ds.cer', 'pa/rsa-pss-sha256-csca.cer', 'lds/csca-germany-013.cer']) {
      const raw = bytesOf(file)
      for (let at = 0; at < raw.length; at++)
        for (const mask of [0x01, 0x20, 0x80, 0xff]) {
          const flipped = raw.slice()
          flipped[at]! ^= mask
          decodesOrRefuses(flipped)
        }
    }
  })

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decodesOrRefuses(encodeTlv(0x30, bytes))),
      { numRuns: 2000 },
    )
  })

  test('a signature algorithm that differs inside and outside the signed part', () => {
    const hex = toHex(der)
    const at = hex.lastIndexOf('300a06082a8648ce3d040302')
    expect(at).toBeGreaterThan(0)
    expect(() => decodeCertificate(fromHex(`${hex.slice(0, at)}300a06082a8648ce3d040303${hex.slice(at + 24)}`))).toThrow(
      /inside and outside/,
    )
  })

  test('a length that is not in its shortest form, a time that does not exist', () => {
    const hex = toHex(der)
    expect(() => decodeCertificate(fromHex(hex.replace('170d323330313031', '170d323330323330')))).toThrow(/does not exist/)
    expect(() => decodeDer(fromHex('3081020500'), 'x')).toThrow(DecodeError)
  })

  function decodesOrRefuses(bytes: Uint8Array): void {
    try {
      decodeCertificate(bytes)
    } catch (error) {
      expect(error instanceof DecodeError || error instanceof LimitError, String(error)).toBe(true)
    }
  }
})

describe('names', () => {
  const name = (...parts: [oid: string, tag: number, text: string][]) =>
    readName(
      decodeDer(
        encodeTlv(
          0x30,
          parts.map(([oid, tag, text]) =>
            encodeTlv(0x31, encodeTlv(0x30, [encodeTlv(0x06, fromHex(oid)), encodeTlv(tag, new TextEncoder().encode(text))])),
          ),
        ),
        'name',
      ),
    )

  test('same text in another string type, case or spacing is the same name; another text or order is not', () => {
    const a = name(['550406', 0x13, 'IR'], ['550403', 0x0c, 'Country Signer'])
    expect(sameName(a, name(['550406', 0x13, 'ir'], ['550403', 0x13, 'country  signer ']))).toBe(true)
    expect(sameName(a, name(['550406', 0x13, 'IR'], ['550403', 0x0c, 'Country Signer 2']))).toBe(false)
    expect(sameName(a, name(['550403', 0x0c, 'Country Signer'], ['550406', 0x13, 'IR']))).toBe(false)
    expect(sameName(a, name(['550406', 0x13, 'IR']))).toBe(false)
  })

  test('X04 control and direction-changing characters of a name do not come through its text', () => {
    const text = name(['550406', 0x13, 'IR'], ['550403', 0x0c, 'a\u202eb\u0000c\nd']).text
    expect(text).toBe('C=IR, CN=a\ufffdb\ufffdc\ufffdd')
  })

  test('keep the zero-width non-joiner of Persian names, and say which is the family name', () => {
    const { text } = name(['550404', 0x0c, 'نمونه\u200cپور'], ['55042a', 0x0c, 'آزمون\u200f'])
    expect(text).toBe('SN=نمونه\u200cپور, GN=آزمون\ufffd')
  })
})
