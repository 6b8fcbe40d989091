import { concatBytes, DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile } from '../testing/vectors.ts'
import { dg3Codec, minutiaeFinger } from './dg3.ts'
import { fingerOfSubtype, fingerPositions, subtypeOfFinger } from './finger-position.ts'

const nist = vectorFile('nist/fmr.iso2005')
const header = '80020101 810108 820109 87020101 88020001'

/** The data group spelled out as the standard's table has it. */
function wrap(records: readonly Uint8Array[], headers: readonly string[] = records.map(() => header), count = records.length): Uint8Array {
  const templates = records.map((record, i) => encodeTlv(0x7f60, [encodeTlv(0xa1, fromHex(headers[i]!)), encodeTlv(0x5f2e, record)]))
  return encodeTlv(0x63, encodeTlv(0x7f61, [Uint8Array.of(0x02, 0x01, count), ...templates]))
}

describe('finger positions', () => {
  it('names each of the ten fingers by hand and finger bits', () => {
    // Doc 9303-10, 8th ed., 4.7.3: bits 2-1 hand (01 right, 10 left), bits 5-3 finger (001 thumb .. 101 little).
    for (const { position, subtype } of fingerPositions.slice(1)) {
      const finger = position <= 5 ? position : position - 5
      expect(subtype).toBe((finger << 2) | (position <= 5 ? 0b01 : 0b10))
    }
    expect(subtypeOfFinger(2)).toBe(0x09)
    expect(fingerOfSubtype(0x0a)).toBe(7)
    expect(fingerOfSubtype(0x03)).toBeUndefined()
    expect(() => subtypeOfFinger(11)).toThrow(InputError)
  })
})

describe('EF.DG3', () => {
  it('decodes one and several fingers and keeps the records as they came', () => {
    const two = wrap([nist, nist], [header, '82010A 87020101 88020001'])
    const value = dg3Codec.decode(two)
    expect(value.fingers.map((finger) => [finger.position, finger.kind])).toEqual([
      [2, 'minutiae'],
      [7, 'minutiae'],
    ])
    expect(value.fingers[1]!.record).toEqual(nist)
    expect(dg3Codec.encode(value)).toEqual(two)
  })

  it('encodes fingers as the table has them', () => {
    expect(dg3Codec.encode({ fingers: [minutiaeFinger(nist, 2)] })).toEqual(wrap([nist]))
  })

  it('keeps a finger image and a format of another owner unopened', () => {
    expect(dg3Codec.decode(wrap([nist], ['820109 87020101 88020007'])).fingers[0]!.kind).toBe('image')
    expect(dg3Codec.decode(wrap([nist], ['820109 8702001B 88020201'])).fingers[0]!.kind).toBe('other')
  })

  it('codes a holder without fingers with random bytes beside the empty group', () => {
    const empty = dg3Codec.encode({ fingers: [], filler: fromHex('0102030405060708') })
    expect(toHex(empty)).toBe('63107f610302010053080102030405060708')
    expect(dg3Codec.decode(empty)).toEqual({ fingers: [], filler: fromHex('0102030405060708') })
    expect(dg3Codec.decode(fromHex('63067f6103020100'))).toEqual({ fingers: [] })
    expect(() => dg3Codec.encode({ fingers: [] })).toThrow(InputError)
    expect(() => dg3Codec.encode({ fingers: [], filler: new Uint8Array(4) })).toThrow(InputError)
    expect(() => dg3Codec.encode({ fingers: [minutiaeFinger(nist, 2)], filler: new Uint8Array(8) })).toThrow(InputError)
  })

  it.each([
    ['a count that is not true', wrap([nist], [header], 2)],
    ['no subtype', wrap([nist], ['810108 87020101 88020001'])],
    ['a face', wrap([nist], ['810102 820109 87020101 88020001'])],
    ['V14 an empty record', wrap([new Uint8Array(0)])],
    ['ten templates', wrap(Array.from({ length: 10 }, () => nist))],
    ['bytes behind it', concatBytes(wrap([nist]), Uint8Array.of(0, 0))],
    ['random bytes beside fingers', encodeTlv(0x63, [wrap([nist]).slice(4), fromHex('53020102')])],
  ])('refuses %s', (_name, bytes) => {
    expect(() => dg3Codec.decode(bytes)).toThrow(DecodeError)
  })

  it('does not encode ten fingers', () => {
    expect(() => dg3Codec.encode({ fingers: Array.from({ length: 10 }, () => minutiaeFinger(nist, 1)) })).toThrow(InputError)
  })

  it('throws nothing but DecodeError and LimitError', () => expectCleanRefusals(dg3Codec.decode, wrap([nist, nist])))
})
