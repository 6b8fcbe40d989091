import { DecodeError, encodeTlv, fromHex, readTlvHeader, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { decodeSecurityInfos } from '../lds/dg14.ts'
import { vectorJson } from '../testing/vectors.ts'
import { decodeEacInfos, withNamedCurve } from './eac-infos.ts'

interface Row {
  readonly id: number
  readonly comment: string
  readonly input: { readonly efCardAccess: string }
  readonly expected: { readonly securityInfos: readonly { readonly oid: string; readonly raw: string }[] }
}
const rows = vectorJson<{ groups: { tests: Row[] }[] }>('eac/ef-cardaccess.json').groups[0]!.tests

// Read off the SecurityInfos that the vector file prints one by one.
const offers: Readonly<Record<number, { ca: readonly string[]; ta: readonly number[] }>> = {
  1: { ca: ['ecdh aes128 v2 key 1'], ta: [2] },
  2: { ca: ['dh aes128 v2 key 1'], ta: [2] },
  3: { ca: ['ecdh aes128 v2 key 72'], ta: [2] },
  4: { ca: ['ecdh desede v1 key 3'], ta: [1] },
  5: { ca: ['ecdh aes128 v2 key 65', 'ecdh aes128 v2 key 69'], ta: [2] },
}

describe('SecurityInfos of extended access control', () => {
  it.each(rows)('$id $comment', ({ id, input, expected }) => {
    // One of the five was recorded with the status word 6282 behind it.
    const file = fromHex(input.efCardAccess)
    const header = readTlvHeader(file)!
    const infos = decodeSecurityInfos(file.slice(0, header.headerLength + header.valueLength))
    expect(infos.map((info) => [info.oid, toHex(info.raw!)])).toEqual(expected.securityInfos.map(({ oid, raw }) => [oid, raw]))
    const { chipAuthentication, publicKeys, terminalAuthentication } = decodeEacInfos(infos)
    expect(
      chipAuthentication.map(({ protocol, version, keyId }) => `${protocol.agreement} ${protocol.cipher} v${version} key ${keyId}`),
    ).toEqual(offers[id]!.ca)
    expect(terminalAuthentication.map(({ version }) => version)).toEqual(offers[id]!.ta)
    expect(publicKeys).toEqual([])
  })

  const point = `04${'ab'.repeat(64)}`
  const named = `305a301406072a8648ce3d020106092b24030302080101070342${'00'}${point}`

  it('writes standardized domain parameters as the curve’s name, and leaves the rest as it is', () => {
    const spki = fromHex(`3052300c060704007f0007010202010d034200${point}`)
    expect(toHex(withNamedCurve(spki))).toBe(named)
    expect(toHex(withNamedCurve(fromHex(named)))).toBe(named)
  })

  it.each([
    ['the number of no curve', `3052300c060704007f00070102020100034200${point}`],
    ['no number', `304f3009060704007f00070102034200${point}`],
    ['bits that are not whole bytes', `3052300c060704007f0007010202010d034201${point}`.replace(/ab$/, 'aa')],
    ['no key info', '3000'],
  ])('refuses %s', (_what, hex) => expect(() => withNamedCurve(fromHex(hex))).toThrow(DecodeError))

  const infosOf = (...raw: string[]) => decodeSecurityInfos(encodeTlv(0x31, raw.map(fromHex)))
  const keyInfo = (oid: string, number: string) => toHex(encodeTlv(0x30, fromHex(`0609${oid}${named}${number}`)))

  it('opens keys with and without a number', () => {
    const { publicKeys } = decodeEacInfos(infosOf(keyInfo('04007f000702020102', ''), keyInfo('04007f000702020101', '020103')))
    expect(publicKeys.map(({ agreement, spki, keyId }) => [agreement, toHex(spki), keyId])).toEqual([
      ['ecdh', named, undefined],
      ['dh', named, 3],
    ])
    expect(() => decodeEacInfos(infosOf(keyInfo('04007f000702020102', '0201ff')))).toThrow(DecodeError)
    expect(() => decodeEacInfos(infosOf('300e060904007f0007020201020201ff'))).toThrow(DecodeError)
  })

  it('passes over versions above 2, and refuses version 0', () => {
    expect(decodeEacInfos(infosOf('300f060a04007f00070202030202020103')).chipAuthentication).toEqual([])
    expect(() => decodeEacInfos(infosOf('300f060a04007f00070202030202020100'))).toThrow(DecodeError)
  })
})
