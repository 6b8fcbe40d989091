import { concatBytes, DecodeError, encodeAscii, encodeTlv, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { parseMrz } from '../mrz/read-mrz.ts'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { dg1Codec } from './dg1.ts'

interface Row {
  readonly comment: string
  readonly input: { readonly file: string }
  readonly expected: { readonly mrz: string; readonly lines: string[] }
}
const rows = vectorJson<{ groups: { tests: Row[] }[] }>('lds/lds.json').groups[0]!.tests.filter((each) => each.comment.startsWith('DG1 '))
const td1 = 'I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<'

describe('EF.DG1', () => {
  it('has the vectors', () => expect(rows.length).toBe(3))

  it.each(rows)('decodes $comment and encodes it back byte for byte', ({ input, expected }) => {
    const bytes = vectorFile(input.file)
    const value = dg1Codec.decode(bytes)
    expect(value).toEqual({ mrz: expected.mrz })
    expect(parseMrz(value.mrz).issuer).toBe('D')
    expect(toHex(dg1Codec.encode(value))).toBe(toHex(bytes))
  })

  it('codes a TD1 zone as Doc 9303-10 says', () => {
    const bytes = dg1Codec.encode({ mrz: td1 })
    expect(toHex(bytes)).toBe(`615d5f1f5a${toHex(encodeAscii(td1))}`)
    expect(dg1Codec.decode(bytes)).toEqual({ mrz: td1 })
  })

  it('V13 decodes a zone with a wrong check digit, which only the reader of the zone judges; and does not write one', () => {
    const wrong = td1.replace('D231458907', 'D231458908')
    expect(dg1Codec.decode(encodeTlv(0x61, encodeTlv(0x5f1f, encodeAscii(wrong))))).toEqual({ mrz: wrong })
    expect(() => dg1Codec.encode({ mrz: wrong })).toThrow(InputError)
    expect(() => dg1Codec.encode({ mrz: `${td1.slice(0, 30)}\n${td1.slice(30)}` })).toThrow(InputError)
  })

  it.each([
    ['another length', encodeTlv(0x61, encodeTlv(0x5f1f, encodeAscii(td1.slice(1))))],
    ['a byte above 7F', encodeTlv(0x61, encodeTlv(0x5f1f, concatBytes(encodeAscii(td1.slice(1)), Uint8Array.of(0xc3))))],
    ['another tag', encodeTlv(0x61, encodeTlv(0x5f1e, encodeAscii(td1)))],
    ['two zones', encodeTlv(0x61, [encodeTlv(0x5f1f, encodeAscii(td1)), encodeTlv(0x5f1f, encodeAscii(td1))])],
    ['another outer tag', encodeTlv(0x62, encodeTlv(0x5f1f, encodeAscii(td1)))],
    ['something behind', concatBytes(dg1Codec.encode({ mrz: td1 }), Uint8Array.of(0))],
    ['nothing inside', encodeTlv(0x61)],
  ])('refuses %s', (_what, bytes) => expect(() => dg1Codec.decode(bytes)).toThrow(DecodeError))

  it('X01 X02 throws nothing else on hostile bytes', () => expectCleanRefusals(dg1Codec.decode, dg1Codec.encode({ mrz: td1 })))
})
