import { DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { activeAuthenticationInfo, activeAuthenticationOid, decodeSecurityInfos, dg14Codec, ecdsaPlainOids } from './dg14.ts'

interface LdsVectors {
  groups: { tests: { comment: string; input: { file: string }; expected: { securityInfoOids?: string[] } }[] }[]
}

// SEQUENCE { 2.23.136.1.1.5, 1, 0.4.0.127.0.7.1.1.4.1.3 }, coded by hand from ISO/IEC 8825-1.
const aaHex = '30170606678108010105020101060a04007f00070101040103'

describe('EF.DG14', () => {
  const rows = vectorJson<LdsVectors>('lds/lds.json').groups.flatMap((group) =>
    group.tests.filter((test) => test.comment.startsWith('DG14')),
  )

  it('has three outside vectors', () => expect(rows).toHaveLength(3))

  it.each(rows.map((row) => [row.comment, row] as const))('decodes %s', (_comment, row) => {
    const bytes = vectorFile(row.input.file)
    const { securityInfos } = dg14Codec.decode(bytes)
    expect(securityInfos.map((info) => info.oid)).toEqual(row.expected.securityInfoOids)
    // What is not opened keeps its bytes: put together they are the file's own set.
    const set = encodeTlv(
      0x31,
      securityInfos.map((info) => info.raw!),
    )
    expect(encodeTlv(0x6e, set)).toEqual(bytes)
  })

  it('codes and reads the active-authentication info', () => {
    const value = { securityInfos: [activeAuthenticationInfo(ecdsaPlainOids.sha256)] }
    const bytes = dg14Codec.encode(value)
    expect(toHex(bytes)).toBe(`6e1b3119${aaHex}`)
    expect(dg14Codec.decode(bytes)).toEqual({
      securityInfos: [
        {
          kind: 'active-authentication',
          oid: activeAuthenticationOid,
          version: 1,
          signatureAlgorithm: '0.4.0.127.0.7.1.1.4.1.3',
          raw: fromHex(aaHex),
        },
      ],
    })
    expect(dg14Codec.encode(dg14Codec.decode(bytes))).toEqual(bytes)
  })

  it('writes the set in DER order whatever order is given', () => {
    const others = decodeSecurityInfos(vectorFile('lds/bsi2008-dg14.bin').slice(4))
    const forward = dg14Codec.encode({ securityInfos: others })
    expect(dg14Codec.encode({ securityInfos: [...others].reverse() })).toEqual(forward)
    const back = dg14Codec.decode(forward).securityInfos.map((info) => toHex(info.raw!))
    expect(back).toEqual([...back].sort())
  })

  it.each([
    ['another tag', `6f1b3119${aaHex}`],
    ['bytes behind it', `6e1b3119${aaHex}00`],
    ['a sequence instead of a set', `6e1b3019${aaHex}`],
    ['an info of one value', '6e0c310a300806066781080101 05'],
    ['version 2', `6e1b3119${aaHex.replace('020101', '020102')}`],
    ['no signature algorithm', '6e0f310d300b0606678108010105020101'],
    ['a length in too many bytes', `6e811b3119${aaHex}`.replace('6e811b3119', '6e1c318119')],
    ['an indefinite length', `6e1d3180${aaHex}0000`],
  ])('refuses %s', (_name, hex) => {
    expect(() => dg14Codec.decode(fromHex(hex))).toThrow(DecodeError)
  })

  it('does not encode what is no object identifier', () => {
    expect(() => dg14Codec.encode({ securityInfos: [activeAuthenticationInfo('ecdsa')] })).toThrow(InputError)
  })

  it('throws nothing but DecodeError and LimitError', () => {
    expectCleanRefusals(dg14Codec.decode, vectorFile('lds/bsi2008-dg14.bin'))
    expectCleanRefusals(dg14Codec.decode, fromHex(`6e1b3119${aaHex}`))
  })
})
