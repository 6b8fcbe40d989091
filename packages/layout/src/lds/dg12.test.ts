import { DecodeError, encodeTlv, encodeUtf8, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { type Dg12, dg12Codec } from './dg12.ts'

const full: Dg12 = {
  issuingAuthority: ['1234', 'اداره ثبت احوال نمونه'],
  dateOfIssue: { year: 2026, month: 11, day: 22 },
  otherPersons: ['نمونه پور'],
  endorsements: 'ندارد',
  taxExitRequirements: 'NONE',
  imageOfFront: fromHex('ffd8ffd9'),
  imageOfRear: fromHex('ffd8ffd900'),
  personalizedAt: '2026-11-22T14:05:09',
  personalizationSystem: 'KART-0001',
  other: [{ tag: 0x5f57, value: fromHex('00') }],
}

describe('EF.DG12', () => {
  it('codes the kinds of the example of Doc 9303-10, 4.7.12', () => {
    const value: Dg12 = {
      issuingAuthority: ['UNITED STATES OF AMERICA'],
      dateOfIssue: { year: 2002, month: 5, day: 31 },
      endorsements: 'SMOKING',
    }
    const ascii = (text: string) => toHex(encodeUtf8(text))
    const hex = `5c06${'5f195f265f1b'}5f1918${ascii('UNITED STATES OF AMERICA')}5f2608${ascii('20020531')}5f1b07${ascii('SMOKING')}`
    expect(toHex(dg12Codec.encode(value))).toBe(`6c${(hex.length / 2).toString(16)}${hex}`)
    expect(dg12Codec.decode(fromHex(`6c${(hex.length / 2).toString(16)}${hex}`))).toEqual(value)
  })

  it('round trips every field, and the bytes of each come back', () => {
    const bytes = dg12Codec.encode(full)
    expect(dg12Codec.decode(bytes)).toEqual(full)
    expect(toHex(dg12Codec.encode(dg12Codec.decode(bytes)))).toBe(toHex(bytes))
    expect(toHex(bytes)).toContain(`5f550e${toHex(encodeUtf8('20261122140509'))}`)
  })

  const field = (tag: number, value: Uint8Array) => encodeTlv(0x6c, [encodeTlv(0x5c, fromHex(tag.toString(16))), encodeTlv(tag, value)])

  it('takes dates and times in BCD', () => {
    expect(dg12Codec.decode(field(0x5f26, fromHex('20020531'))).dateOfIssue).toEqual({ year: 2002, month: 5, day: 31 })
    expect(dg12Codec.decode(field(0x5f55, fromHex('20261122140509'))).personalizedAt).toBe('2026-11-22T14:05:09')
  })

  it.each(['20261122240000', '20261122146000', '20261322000000', '20261122000060', '20260022000000', '2026112214050', '2026112214050x'])(
    'refuses the time %s',
    (text) => expect(() => dg12Codec.decode(field(0x5f55, encodeUtf8(text)))).toThrow(DecodeError),
  )

  it.each([
    ['no tag list', '6c045f1b0131'],
    ['an object the list does not name', '6c085c025f195f1b0131'],
    ['a list that names what is not there', '6c045c025f19'],
    ['another outer tag', '6b025c00'],
    ['something behind', '6c025c0000'],
  ])('refuses %s', (_what, hex) => expect(() => dg12Codec.decode(fromHex(hex))).toThrow(DecodeError))

  it.each([
    ['personalizedAt', { personalizedAt: '2026-11-22 14:05:09' }],
    ['personalizedAt', { personalizedAt: '2026-11-31T14:05:09' }],
    ['date', { dateOfIssue: { year: 0 } }],
    ['issuingAuthority', { issuingAuthority: [''] }],
  ])('does not encode a wrong %s', (name, value) => {
    expect(() => dg12Codec.encode(value)).toThrow(InputError)
    expect(() => dg12Codec.encode(value)).toThrow(name)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => expectCleanRefusals(dg12Codec.decode, dg12Codec.encode(full)))
})
