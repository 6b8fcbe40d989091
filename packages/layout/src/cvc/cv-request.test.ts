import { concatBytes, DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile } from '../testing/vectors.ts'
import { decodeCvCertificate } from './cv-certificate.ts'
import { cvRequestOuterData, decodeCvRequest, encodeAuthenticatedCvRequest, encodeCvRequest, encodeCvRequestBody } from './cv-request.ts'
import { efCvcaCodec } from './ef-cvca.ts'
import { decodeKeyReference, encodeKeyReference } from './key-reference.ts'

const root = decodeCvCertificate(vectorFile('cvc/DECVCAEPASS00102.cvcert'))
const terminal = decodeCvCertificate(vectorFile('cvc/cvat-DEDEMODEV00038.cvcert'))
const body = { authorityReference: undefined, publicKey: root.publicKey, holderReference: 'IRTERM00001', extensions: [] }
const signature = fromHex('0102030405060708')
const inner = encodeCvRequest(encodeCvRequestBody(body), signature)

describe('CV certificate requests', () => {
  it('the bytes are those of BSI TR-03110-3 v2.21, C.2 and D', () => {
    const key = toHex(root.body).match(/7f49[0-9a-f]+?(?=5f2010)/)![0]
    const content = fromHex(`5f290100${key}5f200b49525445524d3030303031`)
    expect(toHex(encodeCvRequestBody(body))).toBe(toHex(encodeTlv(0x7f4e, content)))
    expect(toHex(inner)).toBe(toHex(encodeTlv(0x7f21, [encodeTlv(0x7f4e, content), fromHex('5f37080102030405060708')])))
  })

  it.each([
    ['the least', body],
    ['with the authority asked for', { ...body, authorityReference: 'IRCVCA00001' }],
    ['with extensions', { ...body, authorityReference: 'IRCVCA00001', extensions: terminal.extensions }],
  ])('%s: what is encoded decodes to the same', (_what, value) => {
    const bytes = encodeCvRequest(encodeCvRequestBody(value), signature)
    const request = decodeCvRequest(bytes)
    expect(request).toMatchObject(value)
    expect(request.outer).toBeUndefined()
    expect(toHex(request.raw)).toBe(toHex(bytes))
    expect(toHex(request.body)).toBe(toHex(encodeCvRequestBody(value)))
    expect(toHex(encodeCvRequest(request.body, request.signature))).toBe(toHex(bytes))
  })

  it('an authenticated request keeps what its outer signature is over', () => {
    const bytes = encodeAuthenticatedCvRequest(inner, 'IROLD00001', fromHex('aabb'))
    expect(toHex(bytes)).toBe(toHex(encodeTlv(0x67, [inner, fromHex('420a49524f4c443030303031'), fromHex('5f3702aabb')])))
    const { outer, ...request } = decodeCvRequest(bytes)
    expect(outer).toEqual({ authorityReference: 'IROLD00001', signature: fromHex('aabb'), signed: cvRequestOuterData(inner, 'IROLD00001') })
    expect(request.holderReference).toBe('IRTERM00001')
    expect(toHex(cvRequestOuterData(inner, 'IROLD00001'))).toBe(`${toHex(inner)}420a49524f4c443030303031`)
  })

  it.each<[string, Uint8Array]>([
    ['a certificate', root.raw],
    ['something behind', concatBytes(inner, fromHex('0400'))],
    ['an authentication without the outer signature', encodeTlv(0x67, [inner, fromHex('420a49524f4c443030303031')])],
    ['an authentication without the reference', encodeTlv(0x67, [inner, fromHex('5f3702aabb')])],
    ['an authentication with an empty signature', encodeTlv(0x67, [inner, fromHex('420a49524f4c4430303030315f3700')])],
    ['an authentication around an authentication', encodeTlv(0x67, encodeAuthenticatedCvRequest(inner, 'IROLD00001', fromHex('aabb')))],
  ])('refuses %s', (_what, bytes) => expect(() => decodeCvRequest(bytes)).toThrow(DecodeError))

  it('does not encode a curve’s key without domain parameters, or an empty signature', () => {
    expect(() => encodeCvRequestBody({ ...body, publicKey: terminal.publicKey })).toThrow('publicKey.domain')
    expect(() => encodeAuthenticatedCvRequest(inner, 'IROLD00001', new Uint8Array(0))).toThrow(InputError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    expectCleanRefusals(decodeCvRequest, inner)
    expectCleanRefusals(decodeCvRequest, encodeAuthenticatedCvRequest(inner, 'IROLD00001', fromHex('aabb')))
  })
})

describe('EF.CVCA', () => {
  const two = `420e${toHex(new TextEncoder().encode('DETESTeID00004'))}420e${toHex(new TextEncoder().encode('DETESTeID00002'))}`.padEnd(
    72,
    '0',
  )

  it.each([
    [['DETESTeID00004', 'DETESTeID00002'], two],
    [['IRCVCA00001'], `420b${toHex(new TextEncoder().encode('IRCVCA00001'))}`.padEnd(72, '0')],
  ])('%j', (authorityReferences, hex) => {
    expect(toHex(efCvcaCodec.encode({ authorityReferences }))).toBe(hex)
    expect(efCvcaCodec.decode(fromHex(hex))).toEqual({ authorityReferences })
  })

  it('takes a file without its filling', () =>
    expect(efCvcaCodec.decode(fromHex(two.replace(/0+$/, '')).slice(0, 32))).toEqual({
      authorityReferences: ['DETESTeID00004', 'DETESTeID00002'],
    }))

  it.each([
    ['nothing', ''],
    ['zeros', '00'.repeat(36)],
    ['another tag', '430a49524f4c443030303031'],
    ['a reference cut off', '420a49524f4c4430303030'],
    ['37 bytes', `${two}00`],
    ['filling that is not zero', '420a49524f4c4430303030310001'],
    ['three references', '420a49524f4c443030303031'.repeat(3)],
    ['a reference of 17 bytes', `4211${'41'.repeat(17)}`],
  ])('refuses %s', (_what, hex) => expect(() => efCvcaCodec.decode(fromHex(hex))).toThrow(DecodeError))

  it('does not encode none or three', () => {
    expect(() => efCvcaCodec.encode({ authorityReferences: [] })).toThrow(InputError)
    expect(() => efCvcaCodec.encode({ authorityReferences: ['IRCVCA00001', 'IRCVCA00002', 'IRCVCA00003'] })).toThrow(InputError)
  })
})

describe('key references', () => {
  it.each([
    ['IRSOCIETÉ00001', '4952534f43494554c93030303031'],
    ['DE00001', '44453030303031'],
  ])('%s, one byte a character', (text, hex) => {
    expect(toHex(encodeKeyReference(text))).toBe(hex)
    expect(decodeKeyReference(fromHex(hex))).toBe(text)
  })
})
