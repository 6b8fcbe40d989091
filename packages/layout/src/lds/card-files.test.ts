import { DecodeError, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CardProfile, nationalId } from '../profile.ts'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { fileCodecs } from './codecs.ts'
import { efAtrInfoCodec } from './ef-atr-info.ts'
import { efDirCodec } from './ef-dir.ts'
import { efGdoCodec } from './ef-gdo.ts'

/** Files of objects side by side: a prefix may end between two of them, so only what is thrown is looked at. */
function expectOwnErrors(decode: (bytes: Uint8Array) => unknown, valid: Uint8Array): void {
  const edits = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 5 })
  fc.assert(
    fc.property(edits, fc.nat(valid.length), (list, end) => {
      const changed = valid.slice(0, end)
      for (const [at, byte] of list) if (at < end) changed[at] = byte
      try {
        decode(changed)
      } catch (error) {
        if (!(error instanceof DecodeError) && !(error instanceof LimitError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
}

describe('EF.DIR', () => {
  const emrtd = { aid: fromHex('a0000002471001'), label: 'eMRTD' }
  const pkcs15 = {
    aid: fromHex('a000000063504b43532d3135'),
    label: 'کارت',
    path: fromHex('3f005015'),
    other: [{ tag: 0x73, value: fromHex('0400') }],
  }
  const hex = '61104f07a0000002471001500565' + '4d525444' + '61224f0ca000000063504b43532d31355008daa9d8a7d8b1d8aa51043f00501573020400'

  it('encodes by ISO/IEC 7816-4, 12.2.2 (coded by hand) and decodes it', () => {
    expect(toHex(efDirCodec.encode({ applications: [emrtd, pkcs15] }))).toBe(hex)
    expect(efDirCodec.decode(fromHex(hex))).toEqual({ applications: [emrtd, pkcs15] })
  })

  it('reads a bare AID and padded records', () => {
    expect(efDirCodec.decode(fromHex('4f07a00000024710010000'))).toEqual({ applications: [{ aid: emrtd.aid }] })
    expect(efDirCodec.decode(fromHex(`${hex.slice(0, 36)}0000ff`))).toEqual({ applications: [emrtd] })
  })

  it.each([
    ['nothing', ''],
    ['only padding', '0000'],
    ['a template without an AID', '61035001' + '41'],
    ['an empty AID', '61024f00'],
    ['an AID of 17 bytes', `61134f11${'a0'.repeat(17)}`],
    ['an object that is no template', '6203' + '4f01a0'],
    ['a label twice', '61094f01a0500141500142'],
    ['a path of an odd number of bytes', '61064f01a051013f'],
    ['a label that is no UTF-8', '61064f01a05001ff'],
    ['a template cut off', '61104f07a000'],
  ])('refuses %s', (_what, bytes) => expect(() => efDirCodec.decode(fromHex(bytes))).toThrow(DecodeError))

  it('does not encode what it would not read', () => {
    for (const entry of [
      { aid: new Uint8Array(0) },
      { aid: new Uint8Array(17) },
      { ...emrtd, label: '' },
      { ...emrtd, path: new Uint8Array(3) },
    ])
      expect(() => efDirCodec.encode({ applications: [entry] })).toThrow(InputError)
    expect(() => efDirCodec.encode({ applications: [] })).toThrow(InputError)
    expect(() => efDirCodec.encode({ applications: [{ ...emrtd, other: [{ tag: 0x50, value: new Uint8Array(1) }] }] })).toThrow(InputError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    expectCleanRefusals(efDirCodec.decode, efDirCodec.encode({ applications: [pkcs15] }))
    expectOwnErrors(efDirCodec.decode, fromHex(hex))
  })
})

describe('EF.ATR/INFO', () => {
  const value = {
    cardServiceData: 0xb8,
    preIssuingData: fromHex('4b415254'),
    cardCapabilities: fromHex('31c573'),
    extendedLength: { maxCommandLength: 65535, maxResponseLength: 65538 },
    other: [{ tag: 0xe0, value: fromHex('020101') }],
  }
  const hex = '4301b846044b415254470331c5737f660a020300ffff0203010002e003020101'

  it('encodes by ISO/IEC 7816-4, 12.2.3 and 12.7.1 (coded by hand) and decodes it', () => {
    expect(toHex(efAtrInfoCodec.encode(value))).toBe(hex)
    expect(efAtrInfoCodec.decode(fromHex(hex))).toEqual(value)
  })

  it('reads lengths written without the 00 in front, and of one byte', () => {
    expect(efAtrInfoCodec.decode(fromHex('7f66080202ffff0202ffff'))).toEqual({
      extendedLength: { maxCommandLength: 65535, maxResponseLength: 65535 },
    })
    expect(toHex(efAtrInfoCodec.encode({ extendedLength: { maxCommandLength: 127, maxResponseLength: 128 } }))).toBe('7f660702017f02020080')
  })

  it.each([
    ['nothing', ''],
    ['service data of two bytes', '43020000'],
    ['capabilities of four bytes', '470400000000'],
    ['no capabilities', '4700'],
    ['one length', '7f6604' + '0202ffff'],
    ['three lengths', '7f6609' + '020101020101020101'],
    ['an empty length', '7f6604' + '02000200'],
    ['a length of five bytes', '7f660a' + '02050000000001020101'],
    ['lengths of another tag', '7f6606' + '030101020101'],
    ['an object twice', '4301b84301b8'],
  ])('refuses %s', (_what, bytes) => expect(() => efAtrInfoCodec.decode(fromHex(bytes))).toThrow(DecodeError))

  it('does not encode what it would not read', () => {
    const lengths = (maxCommandLength: number) => ({ extendedLength: { maxCommandLength, maxResponseLength: 256 } })
    for (const each of [
      {},
      { cardServiceData: 256 },
      { preIssuingData: new Uint8Array(0) },
      { cardCapabilities: new Uint8Array(4) },
      lengths(0),
      lengths(2 ** 24),
      lengths(1.5),
    ])
      expect(() => efAtrInfoCodec.encode(each)).toThrow(InputError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    expectCleanRefusals(efAtrInfoCodec.decode, efAtrInfoCodec.encode({ extendedLength: value.extendedLength }))
    expectOwnErrors(efAtrInfoCodec.decode, fromHex(hex))
  })
})

describe('EF.GDO', () => {
  const value = { serialNumber: fromHex('89980000000000000015'), other: [{ tag: 0x5f20, value: fromHex('4b') }] }
  const hex = '5a0a899800000000000000155f20014b'

  it('encodes by ISO/IEC 7816-4, 12.2.4 (coded by hand) and decodes it', () => {
    expect(toHex(efGdoCodec.encode(value))).toBe(hex)
    expect(efGdoCodec.decode(fromHex(hex))).toEqual(value)
  })

  it.each([
    ['nothing', ''],
    ['no serial number', '5f20014b'],
    ['an empty serial number', '5a00'],
    ['a serial number of 17 bytes', `5a11${'00'.repeat(17)}`],
    ['two serial numbers', '5a01015a0102'],
  ])('refuses %s', (_what, bytes) => expect(() => efGdoCodec.decode(fromHex(bytes))).toThrow(DecodeError))

  it('does not encode what it would not read', () => {
    for (const serialNumber of [new Uint8Array(0), new Uint8Array(17)])
      expect(() => efGdoCodec.encode({ serialNumber })).toThrow(InputError)
    expect(() => efGdoCodec.encode({ ...value, other: [{ tag: 0x5a, value: value.serialNumber }] })).toThrow(InputError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    expectCleanRefusals(efGdoCodec.decode, efGdoCodec.encode({ serialNumber: value.serialNumber }))
    expectOwnErrors(efGdoCodec.decode, fromHex(hex))
  })
})

describe('the codec of every format', () => {
  it('is there for each file of the profile, and refuses an empty file with its own error', () => {
    const profile: CardProfile = nationalId
    for (const file of profile.applications.flatMap((application) => application.files))
      expect(() => fileCodecs[file.format].decode(new Uint8Array(0)), file.name).toThrow(DecodeError)
  })
})
