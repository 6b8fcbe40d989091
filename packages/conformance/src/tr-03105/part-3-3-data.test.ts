import { decodeTlvList, type Tlv, toHex } from '@kart/codec'
import { efCardSecurityCodec } from '@kart/layout'
import { describe, expect } from 'vitest'
import { standardizedGroup } from '../../../emulator/src/key-agreement/domain-parameters.ts'
import { agreesWithTable, testCase } from './case.ts'
import { issuedFile } from './issued.ts'

const strictly = { constructed: false, minimalLength: true } as const
/** An object as one word, to compare it with another. */
const hex = ({ tag, value }: Tlv): string => `${tag} ${toHex(value)}`
const children = (value: Uint8Array): readonly Tlv[] => decodeTlvList(value, strictly)

/** One SecurityInfo: its object identifier, and what follows it. */
interface Info {
  readonly oid: string
  readonly required: Tlv
  readonly optional: readonly Tlv[]
}

/** The SecurityInfos of a SET, each a SEQUENCE that begins with an OBJECT IDENTIFIER. */
function infosOf(set: Uint8Array): readonly Info[] {
  const [outer, ...more] = children(set)
  expect([outer!.tag, more.length]).toEqual([0x31, 0])
  return children(outer!.value).map(({ tag, value }) => {
    const [oid, required, ...optional] = children(value)
    expect([tag, oid!.tag]).toEqual([0x30, 0x06])
    return { oid: toHex(oid!.value), required: required!, optional }
  })
}

const protocols = {
  pace: /^04007f00070202040[1-6]0[1-4]$/,
  chip: /^04007f00070202030[12]0[1-4]$/,
  chipDomain: /^04007f00070202030[12]$/,
  terminal: /^04007f0007020202$/,
} as const

/** The infos of a protocol, at least one. */
function some(infos: readonly Info[], protocol: keyof typeof protocols): readonly Info[] {
  const found = infos.filter(({ oid }) => protocols[protocol].test(oid))
  expect(found.length).toBeGreaterThan(0)
  return found
}

const numberOf = ({ tag, value }: Tlv): number => {
  expect([tag, value.length]).toEqual([0x02, 1])
  return value[0]!
}
/** DH or ECDH of an object identifier of chip authentication. */
const agreementOf = (oid: string): string => oid.slice(16, 18)

/** A keyId and nothing else, that of a key of this agreement. */
function checkKeyId(infos: readonly Info[], { oid, optional }: Info): void {
  expect(optional).toHaveLength(1)
  const keyId = numberOf(optional[0]!)
  expect(some(infos, 'chip').some((info) => agreementOf(info.oid) === agreementOf(oid) && numberOf(info.optional[0]!) === keyId)).toBe(true)
}

/** AlgorithmIdentifier with the number of standardized domain parameters for this agreement. */
function checkDomain(algorithm: Tlv, oid: string): void {
  const [name, parameters] = children(algorithm.value)
  expect([algorithm.tag, toHex(name!.value)]).toEqual([0x30, '04007f00070102'])
  expect(standardizedGroup(numberOf(parameters!))?.kind).toBe(agreementOf(oid) === '01' ? 'DH' : 'ECDH')
}

/** The cases that both files share. */
function infoCases(unit: string, infos: () => readonly Info[]): void {
  testCase(`${unit}_2`, () => {
    for (const { required, optional } of some(infos(), 'pace')) {
      expect(numberOf(required)).toBe(2)
      expect(optional).toHaveLength(1)
      expect(standardizedGroup(numberOf(optional[0]!))).toBeDefined()
    }
  })
  testCase(`${unit}_4`, () => {
    for (const info of some(infos(), 'chip')) {
      expect(numberOf(info.required)).toBe(2)
      checkKeyId(infos(), info)
    }
  })
  testCase(`${unit}_5`, () => {
    for (const info of some(infos(), 'chipDomain')) {
      checkDomain(info.required, info.oid)
      checkKeyId(infos(), info)
    }
  })
  testCase(`${unit}_6`, () => {
    for (const { required, optional } of some(infos(), 'terminal')) {
      expect(numberOf(required)).toBe(2)
      expect(optional).toEqual([])
    }
  })
}

describe('EF.CardAccess', () => {
  const infos = () => infosOf(issuedFile('EF.CardAccess'))
  testCase('EAC2_DATA_A_1b', () => {
    some(infos(), 'chip')
    some(infos(), 'chipDomain')
  })
  infoCases('EAC2_DATA_A', infos)
})

describe('EF.CardSecurity', () => {
  const infos = () => infosOf(efCardSecurityCodec.decode(issuedFile('EF.CardSecurity')).content)
  infoCases('EAC2_DATA_B', infos)
  testCase('EAC2_DATA_B_11', () => {
    const whole = (set: Uint8Array) =>
      infosOf(set).map(({ oid, required, optional }) => JSON.stringify([oid, ...[required, ...optional].map(hex)]))
    const open = whole(issuedFile('EF.CardAccess'))
    expect(open.length).toBeGreaterThan(0)
    expect(whole(efCardSecurityCodec.decode(issuedFile('EF.CardSecurity')).content)).toEqual(expect.arrayContaining(open))
  })
})

agreesWithTable('EAC2_DATA_A', 'EAC2_DATA_B')
