import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { dataGroupOfTag, dataGroups, dataGroupTag } from './data-group-tag.ts'
import { efComCodec } from './ef-com.ts'

interface Row {
  readonly comment: string
  readonly input: { readonly file: string; readonly hex: string }
  readonly expected: { readonly ldsVersion: string; readonly unicodeVersion: string; readonly tagList: string }
}
const row = vectorJson<{ groups: { tests: Row[] }[] }>('lds/lds.json').groups[0]!.tests.find((each) => each.comment === 'EF.COM')!

describe('EF.COM', () => {
  it('decodes the published file and encodes it back byte for byte', () => {
    const bytes = vectorFile(row.input.file)
    expect(toHex(bytes)).toBe(row.input.hex)
    const value = efComCodec.decode(bytes)
    expect(value).toEqual({ ldsVersion: row.expected.ldsVersion, unicodeVersion: row.expected.unicodeVersion, dataGroups: [1, 2, 3, 14] })
    expect(value.dataGroups.map((number) => dataGroupTag(number)!.toString(16)).join('')).toBe(row.expected.tagList)
    expect(toHex(efComCodec.encode(value))).toBe(row.input.hex)
  })

  it('encodes every data group, and reads it back', () => {
    const value = { ldsVersion: '0108', unicodeVersion: '040000', dataGroups: dataGroups.map((group) => group.number) }
    const bytes = efComCodec.encode(value)
    expect(toHex(bytes)).toBe('60225f0104303130385f36063034303030305c10' + '61756376656667' + '68696a6b6c6d6e6f70')
    expect(efComCodec.decode(bytes)).toEqual(value)
  })

  it('the table of tags is one to one', () => {
    for (const { number, tag } of dataGroups) expect([dataGroupOfTag(tag), dataGroupTag(number)]).toEqual([number, tag])
    expect(dataGroupTag(17)).toBeUndefined()
    expect(dataGroupOfTag(0x60)).toBeUndefined()
  })

  it.each([
    ['no tag 60', '6100'],
    ['version missing', '600d5f36063034303030305c026175'],
    ['version not digits', '60145f0104303130585f36063034303030305c026175'],
    ['Unicode version short', '60135f0104303130375f360530343030305c026175'],
    ['tag of no data group', '60145f0104303130375f36063034303030305c026160'],
    ['data group listed twice', '60145f0104303130375f36063034303030305c026161'],
    ['object twice', '60185f0104303130375f36063034303030305c0261755c026175'],
    ['object beside', '60165f0104303130375f36063034303030305c0261750400'],
    ['something behind', `${row.input.hex}00`],
    ['a tag cut off in the list', '60145f0104303130375f36063034303030305c02615f'],
  ])('refuses %s', (_what, hex) => expect(() => efComCodec.decode(fromHex(hex))).toThrow(DecodeError))

  it.each([
    ['ldsVersion', { ldsVersion: '1.8' }],
    ['unicodeVersion', { unicodeVersion: '4' }],
    ['dataGroups', { dataGroups: [1, 17] }],
    ['dataGroups', { dataGroups: [1, 1] }],
  ])('does not encode a wrong %s', (field, change) => {
    const encode = () => efComCodec.encode({ ldsVersion: '0108', unicodeVersion: '040000', dataGroups: [1], ...change })
    expect(encode).toThrow(InputError)
    expect(encode).toThrow(field)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => expectCleanRefusals(efComCodec.decode, vectorFile(row.input.file)))
})
