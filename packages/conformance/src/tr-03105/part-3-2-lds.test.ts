import { decodeTlv, decodeTlvList, encodeTlv, fromHex, type Tlv, toHex } from '@kart/codec'
import { createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { execute } from '@kart/personalization'
import { describe, expect } from 'vitest'
import { readIssuedCard } from '../testing/read-issued-card.ts'
import { chipSerial, executeOptions, specimenImage } from '../testing/specimen.ts'
import { agreesWithTable, testCase } from './case.ts'

/** The specimen's card as it was personalized, every file read from it. */
const image = specimenImage()
const memory = inMemory()
await execute(createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: chipSerial }).transport(), image, executeOptions)
const issued = () => new EmulatedCard({ memory })
const files = await readIssuedCard(issued().transport(), image)
const file = (name: string): Uint8Array => files.get(name)!

const strictly = { constructed: false, minimalLength: true } as const
const children = (value: Uint8Array): readonly Tlv[] => decodeTlvList(value, strictly)
/** Tag and size of objects that fill what they stand in. */
const tagsOf = (list: readonly Tlv[]): string[] => list.map(({ tag }) => tag.toString(16))

/** The TerminalAuthenticationInfo elements of EF.DG14: what follows each object identifier. */
function terminalInfos(): readonly { readonly oid: string; readonly rest: readonly Tlv[] }[] {
  const set = decodeTlv(decodeTlv(file('EF.DG14'), 0x6e, strictly).value, 0x31, strictly).value
  return children(set)
    .map(({ value }) => children(value))
    .map(([oid, ...rest]) => ({ oid: toHex(oid!.value), rest }))
    .filter(({ oid }) => oid.startsWith('04007f0007020202'))
}

describe('EF.DG14', () => {
  testCase('LDS_E_2', () => {
    const infos = terminalInfos()
    expect(infos.length).toBeGreaterThan(0)
    expect(infos.some(({ rest }) => toHex(rest[0]!.value) === '01')).toBe(true)
    expect(infos.every(({ oid }) => oid === '04007f0007020202')).toBe(true)
  })
  testCase('LDS_E_5', () => {
    const infos = terminalInfos().filter(({ rest }) => toHex(rest[0]!.value) === '01')
    expect(infos.length).toBeGreaterThan(0)
    for (const { rest } of infos) {
      expect(rest[0]!.tag).toBe(0x02)
      expect(rest.length).toBeLessThanOrEqual(2)
      const reference = rest[1] ? children(rest[1].value) : []
      expect(reference.every(({ tag }) => tag === 0x04)).toBe(true)
    }
  })
})

describe('EF.CVCA', () => {
  testCase('LDS_F_1', () => {
    const content = file('EF.CVCA')
    expect(content).toHaveLength(36)
    const end = content.findLastIndex((byte) => byte !== 0) + 1
    const names = children(content.slice(0, end))
    expect([1, 2]).toContain(names.length)
    for (const { tag, value } of names) {
      expect(tag).toBe(0x42)
      expect(value.length).toBeLessThanOrEqual(16)
    }
  })
})

/** The number of instances and the biometric information templates of EF.DG3. */
function group(): { readonly outer: readonly Tlv[]; readonly inside: readonly Tlv[]; readonly templates: readonly Tlv[] } {
  const outer = children(decodeTlv(file('EF.DG3'), 0x63, strictly).value)
  const inside = children(outer[0]!.value)
  return { outer, inside, templates: inside.slice(1) }
}
const headers = (): readonly (readonly Tlv[])[] => group().templates.map(({ value }) => children(children(value)[0]!.value))
const headerObject = (tag: number): readonly string[] =>
  headers().map((header) => toHex(header.find((object) => object.tag === tag)?.value ?? new Uint8Array(0)))

describe('EF.DG3', () => {
  testCase('LDS_G_1', () => expect(file('EF.DG3')[0]).toBe(0x63))
  testCase('LDS_G_2', () => {
    const { value } = decodeTlv(file('EF.DG3'), 0x63, strictly)
    expect(encodeTlv(0x63, value)).toEqual(file('EF.DG3'))
  })
  testCase('LDS_G_3', () => expect(tagsOf(group().outer)).toEqual(['7f61']))
  testCase('LDS_G_4', () => {
    const [count, ...templates] = group().inside
    expect(count!.tag).toBe(0x02)
    expect([...count!.value]).toEqual([templates.length])
    expect(templates.length).toBeGreaterThan(0)
  })
  testCase('LDS_G_5', () => expect(tagsOf(group().templates).every((tag) => tag === '7f60')).toBe(true))
  testCase('LDS_G_6', () => {
    for (const { value } of group().templates) expect(children(value)[0]!.tag).toBe(0xa1)
  })
  testCase('LDS_G_7', () => {
    const owners = headerObject(0x87)
    expect(owners[0]).toBe('0101')
    expect(owners.every((owner) => owner.length === 4)).toBe(true)
  })
  testCase('LDS_G_9', () => {
    // A finger of the right or left hand (ISO/IEC 19785-3, biometric subtype).
    for (const subtype of headerObject(0x82)) expect(Number.parseInt(subtype, 16) & 0x03).toBeGreaterThan(0)
    expect(headerObject(0x82).every((subtype) => subtype.length === 2)).toBe(true)
  })
  testCase('LDS_G_10', () => {
    for (const { value } of group().templates) expect(['5f2e', '7f2e']).toContain(tagsOf(children(value))[1])
  })
})

describe('EF.ATR/INFO', () => {
  const objects = () => {
    const card = issued()
    const answer = card.process(fromHex('00b0810000'))
    expect(toHex(answer.subarray(-2))).toBe('9000')
    return children(answer.slice(0, -2))
  }
  const limits = () => children(objects().find(({ tag }) => tag === 0x7f66)!.value)
  testCase('LDS_L_1', () => expect(objects().length).toBeGreaterThan(0))
  testCase('LDS_L_2', () => expect(objects().some(({ tag }) => tag === 0x7f66)).toBe(true))
  testCase('LDS_L_3', () => {
    expect(tagsOf(limits())).toEqual(['2', '2'])
    expect(limits().every(({ value }) => value.length > 0 && value[0]! < 0x80 && value.some((byte) => byte > 0))).toBe(true)
  })
  testCase('LDS_L_4', () => {
    const capabilities = objects().find(({ tag }) => tag === 0x47)!.value
    expect(capabilities).toHaveLength(3)
    expect(capabilities[2]! & 0x80).toBe(0x80)
  })
  testCase('LDS_L_5', () => {
    const card = issued()
    for (const command of ['00a4000c', '00a4020c022f01']) expect(toHex(card.process(fromHex(command)))).toBe('9000')
  })
})

agreesWithTable('LDS_E', 'LDS_F', 'LDS_G', 'LDS_L')
