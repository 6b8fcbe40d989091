import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, fromHex, toHex } from './bytes.ts'
import { DecodeError, InputError, LimitError } from './errors.ts'
import { vectorGroup } from './testing/vectors.ts'
import {
  decodeTlv,
  decodeTlvList,
  encodeLength,
  encodeTag,
  encodeTlv,
  findTlv,
  isConstructed,
  readTlvHeader,
  requireTlv,
  type Tlv,
  tagHex,
} from './tlv.ts'

interface DecodeInput {
  hex: string
}
interface DecodeExpected {
  tag?: string
  length?: number
  value?: string
  constructed?: boolean
  children?: { tag: string; value: string }[]
}

const rows = vectorGroup<DecodeInput, DecodeExpected>('apdu-tlv-atr/tlv.json', 0, 'decode')
const lengthRows = vectorGroup<{ length: number }, { minimal: string }>('apdu-tlv-atr/tlv.json', 1, 'length')
const valid = rows.filter(({ result }) => result === 'valid')
const invalid = rows.filter(({ result }) => result === 'invalid')

describe('BER-TLV, outside vectors', () => {
  it.each(valid)('decodes row $id $comment', ({ input, expected }) => {
    const object = decodeTlv(fromHex(input.hex))
    expect(tagHex(object.tag).toLowerCase()).toBe(expected.tag)
    if (expected.length !== undefined) expect(object.value.length).toBe(expected.length)
    if (expected.value !== undefined) expect(toHex(object.value)).toBe(expected.value)
    if (expected.constructed !== undefined) {
      expect(isConstructed(object.tag)).toBe(expected.constructed)
      expect(object.children !== undefined).toBe(expected.constructed)
    }
    if (expected.children !== undefined)
      expect(object.children?.map(({ tag, value }) => ({ tag: tagHex(tag).toLowerCase(), value: toHex(value) }))).toEqual(expected.children)
  })

  it.each(valid.filter(({ flags }) => !flags.includes('non-minimal')))(
    'encodes row $id $comment to the same bytes',
    ({ input, expected }) => {
      const tag = Number.parseInt(expected.tag!, 16)
      const value =
        expected.children === undefined
          ? fromHex(input.hex).slice(-expected.length! || fromHex(input.hex).length)
          : expected.children.map((child) => encodeTlv(Number.parseInt(child.tag, 16), fromHex(child.value)))
      expect(toHex(encodeTlv(tag, value))).toBe(input.hex)
    },
  )

  it.each(invalid)('refuses row $id $comment', ({ input }) => {
    expect(() => decodeTlv(fromHex(input.hex))).toThrow(DecodeError)
  })

  it.each(valid.filter(({ flags }) => flags.includes('non-minimal')))('refuses row $id in the minimal mode alone', ({ input }) => {
    expect(() => decodeTlv(fromHex(input.hex), undefined, { minimalLength: true })).toThrow(/fewest bytes/)
  })

  it.each(valid.filter(({ flags }) => !flags.includes('non-minimal')))('takes row $id in the minimal mode too', ({ input }) => {
    expect(decodeTlv(fromHex(input.hex), undefined, { minimalLength: true })).toEqual(decodeTlv(fromHex(input.hex)))
  })

  it.each(lengthRows)('codes length $input.length', ({ input, expected }) => {
    expect(toHex(encodeLength(input.length))).toBe(expected.minimal)
    expect(readTlvHeader(concatBytes(Uint8Array.of(0x81), fromHex(expected.minimal)))).toEqual({
      tag: 0x81,
      headerLength: 1 + expected.minimal.length / 2,
      valueLength: input.length,
    })
  })
})

describe('BER-TLV refusals', () => {
  it.each([
    ['X01 indefinite length', '7f61800000', DecodeError, /indefinite/],
    ['X01 length beyond the file', '30840000ffff00', DecodeError, /claims 65535 bytes, 1 left/],
    ['X01 length with the 32-bit sign', '0484ffffffff00', DecodeError, /claims 4294967295 bytes/],
    ['X01 length of 5 bytes', '04850000000001aa', DecodeError, /length field of 6 bytes/],
    ['X01 length field announced as FF', '04ff', DecodeError, /length field of 128 bytes/],
    ['X01 tag of 5 bytes', '1f8181818101', DecodeError, /more than four bytes/],
    ['X01 tag without end', `1f${'ff'.repeat(40)}`, DecodeError, /more than four bytes/],
    ['X01 tag 00', '0000', DecodeError, /00 is not a tag/],
    ['first subsequent tag byte 00', '1f0001aa', DecodeError, /00 or 80/],
    ['first subsequent tag byte 80', '1f800101aa', DecodeError, /00 or 80/],
    ['child longer than its parent', '30030402aa04', DecodeError, /claims 2 bytes, 1 left/],
    ['child header cut by its parent', '300104020000', DecodeError, /ends inside a tag or length field/],
  ] as const)('%s', (_name, hex, kind, message) => {
    expect(() => decodeTlvList(fromHex(hex))).toThrow(kind)
    expect(() => decodeTlvList(fromHex(hex))).toThrow(message)
  })

  it('X01 zero length: an empty value is an object, no bytes at all are none', () => {
    expect(decodeTlvList(fromHex('3000'))).toEqual([{ tag: 0x30, value: new Uint8Array(0), children: [] }])
    expect(decodeTlvList(new Uint8Array(0))).toEqual([])
    expect(() => decodeTlv(new Uint8Array(0))).toThrow(DecodeError)
  })

  it('X01 nesting of 100000 is a LimitError, with whatever depth the caller asks for', () => {
    let length = 0
    const headers: Uint8Array[] = []
    for (let i = 0; i < 100_000; i++) {
      const header = concatBytes(Uint8Array.of(0x30), encodeLength(length))
      headers.push(header)
      length += header.length
    }
    const nested = new Uint8Array(length)
    let end = 0
    for (const header of headers.reverse()) {
      nested.set(header, end)
      end += header.length
    }
    expect(() => decodeTlv(nested)).toThrow(new LimitError('BER-TLV nesting', 16))
    expect(() => decodeTlv(nested, undefined, { depth: 1_000_000 })).toThrow(new LimitError('BER-TLV nesting', 64))
  })

  it('bounds depth to the level', () => {
    const nested = (levels: number): Uint8Array => (levels === 0 ? encodeTlv(0x04) : encodeTlv(0x30, nested(levels - 1)))
    expect(decodeTlv(nested(16)).tag).toBe(0x30)
    expect(() => decodeTlv(nested(17))).toThrow(LimitError)
    expect(decodeTlv(nested(3), undefined, { depth: 3 }).tag).toBe(0x30)
    expect(() => decodeTlv(nested(3), undefined, { depth: 2 })).toThrow(LimitError)
  })

  it('bounds the number of objects, those inside others included', () => {
    const flat = fromHex('8000'.repeat(10))
    expect(decodeTlvList(flat, { nodes: 10 })).toHaveLength(10)
    expect(() => decodeTlvList(flat, { nodes: 9 })).toThrow(LimitError)
    expect(() => decodeTlvList(encodeTlv(0x30, flat), { nodes: 10 })).toThrow(LimitError)
    expect(() => decodeTlvList(fromHex('8000'.repeat(10_001)))).toThrow(LimitError)
  })

  it('wants the tag it is told to expect, and one object', () => {
    expect(() => decodeTlv(fromHex('6100'), 0x60)).toThrow('BER-TLV at byte 0: tag 61 where 60 is expected')
    expect(() => decodeTlv(fromHex('800081008200'))).toThrow('3 data objects where one is expected')
  })
})

describe('BER-TLV modes', () => {
  it('passes over padding only where told', () => {
    const padded = fromHex('0000ff8001aa00008101bbffff')
    expect(decodeTlvList(padded, { padding: true }).map(({ tag }) => tag)).toEqual([0x80, 0x81])
    expect(() => decodeTlvList(padded)).toThrow(DecodeError)
    expect(() => decodeTlvList(fromHex('8001aa00'))).toThrow(DecodeError)
  })

  it('keeps constructed objects closed where told', () => {
    expect(decodeTlv(fromHex('3003040200'), undefined, { constructed: false })).toEqual({ tag: 0x30, value: fromHex('040200') })
    expect(() => decodeTlv(fromHex('3003040200'))).toThrow(DecodeError)
  })

  it('copies its values', () => {
    const source = fromHex('8002aabb')
    const { value } = decodeTlv(source)
    source[2] = 0
    expect(toHex(value)).toBe('aabb')
  })

  it('reads a header from any offset and says when there is too little', () => {
    const bytes = fromHex('ffff7f618203e8')
    expect(readTlvHeader(bytes, 2)).toEqual({ tag: 0x7f61, headerLength: 5, valueLength: 1000 })
    for (let end = 2; end < bytes.length; end++) expect(readTlvHeader(bytes.slice(0, end), 2)).toBeUndefined()
  })

  it.each([
    ['8101', 1],
    ['817f', 127],
    ['820080', 128],
    ['8200ff', 255],
    ['83000100', 256],
    ['8300ffff', 65535],
    ['8400010000', 65536],
  ])('takes length %s by BER, and refuses it in the minimal mode', (hex, length) => {
    const bytes = concatBytes(Uint8Array.of(0x04), fromHex(hex))
    expect(readTlvHeader(bytes)?.valueLength).toBe(length)
    expect(() => readTlvHeader(bytes, 0, { minimalLength: true })).toThrow(/fewest bytes/)
  })

  it('finds objects', () => {
    const list = decodeTlvList(fromHex('8001aa8101bb8001cc'))
    expect(toHex(findTlv(list, 0x80)!.value)).toBe('aa')
    expect(findTlv(list, 0x82)).toBeUndefined()
    expect(findTlv(undefined, 0x80)).toBeUndefined()
    expect(toHex(requireTlv(list, 0x81, 'FCI').value)).toBe('bb')
    expect(() => requireTlv(list, 0x7f49, 'FCI')).toThrow('FCI: data object 7F49 is missing')
  })
})

describe('tags and lengths', () => {
  it.each([
    [0x01, '01'],
    [0x5c, '5c'],
    [0x5f01, '5f01'],
    [0x7f61, '7f61'],
    [0x5f8101, '5f8101'],
    [0x1fff7f, '1fff7f'],
    [0xbf818201, 'bf818201'],
  ])('tag %d', (tag, hex) => {
    expect(toHex(encodeTag(tag))).toBe(hex)
    expect(decodeTlv(concatBytes(fromHex(hex), Uint8Array.of(0))).tag).toBe(tag)
  })

  it.each([0, -1, 0.5, Number.NaN, 2 ** 32, 0x1f, 0x5f80, 0x5f00, 0x5f8001, 0x1234, 0x5f0101, 0x3f8182])('refuses tag %d', (tag) => {
    expect(() => encodeTag(tag)).toThrow(InputError)
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 32])('refuses length %d', (length) => {
    expect(() => encodeLength(length)).toThrow(InputError)
  })

  it('codes the longest length', () => {
    expect(toHex(encodeLength(0xffffffff))).toBe('84ffffffff')
  })
})

describe('BER-TLV properties', () => {
  const primitiveTag = fc.constantFrom(0x01, 0x04, 0x5c, 0x80, 0x5f01, 0x5f36, 0x9f7f, 0x5f8101)
  const constructedTag = fc.constantFrom(0x30, 0x31, 0x60, 0x7f61, 0x7f49, 0xa0, 0xbf8101)
  const { tree } = fc.letrec<{ tree: Tlv }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      fc.record({ tag: primitiveTag, value: fc.uint8Array({ maxLength: 200 }) }),
      fc
        .record({ tag: constructedTag, children: fc.array(tie('tree') as fc.Arbitrary<Tlv>, { maxLength: 4 }) })
        .map(({ tag, children }) => ({ tag, children, value: concatBytes(...children.map(bytesOf)) })),
    ),
  }))

  function bytesOf(object: Tlv): Uint8Array {
    return encodeTlv(object.tag, object.children === undefined ? object.value : object.children.map(bytesOf))
  }

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(tree, (object) => {
        expect(decodeTlv(bytesOf(object))).toEqual(object)
      }),
    )
  })

  it('encodes what it decodes, where lengths are minimal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        let list: Tlv[]
        try {
          list = decodeTlvList(bytes, { minimalLength: true })
        } catch {
          return true
        }
        return equalBytes(concatBytes(...list.map(bytesOf)), bytes)
      }),
      { numRuns: 5000 },
    )
  })
})
