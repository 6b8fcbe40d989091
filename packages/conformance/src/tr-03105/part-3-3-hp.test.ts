import { encodeAscii, fromHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { standardizedGroup } from '../../../emulator/src/key-agreement/domain-parameters.ts'
import { standardizedDhGroups } from '../../../emulator/src/key-agreement/standardized-dh.ts'
import type { PaceTampering } from '../../../emulator/src/testing/pace-terminal.ts'
import { accepted, agreesWithTable, refused, testCase } from './case.ts'
import { names, roots, rootTrust, terminalTypes } from './certificates.ts'
import { TestChip, testPasswords, testProfile } from './chip.ts'

type Password = keyof typeof testPasswords

const rights = { is: '5301 03', at: '5305 3f7fffffff', st: '5301 03' } as const
/** DO'7F4C' of a terminal type with all its rights. */
const chat = (type: keyof typeof terminalTypes): string => {
  const value = `0609${terminalTypes[type]}${rights[type].replace(' ', '')}`
  return `7f4c${(value.length / 2).toString(16).padStart(2, '0')}${value}`
}

/** A card with the trust points of this terminal type, its own and an inspection system's. */
const trusting = (type: keyof typeof terminalTypes): TestChip =>
  new TestChip((state) => ({ ...state, trust: type === 'is' ? rootTrust() : rootTrust(roots.ec, roots[type]) }))

/** Any command of secure messaging: a byte of EF.CardAccess. */
const probe = (chip: TestChip): void => void accepted(chip.readByte(0x1c))

const opens = (password: Password) => () => {
  const chip = new TestChip()
  expect(chip.pace(testPasswords[password]).run.setStatus).toBe('9000')
  probe(chip)
}
const opensFor = (type: keyof typeof terminalTypes, password: Password) => () => {
  const chip = trusting(type)
  expect(chip.pace({ ...testPasswords[password], more: chat(type) }).sw).toBe('9000')
  expect(chip.authorities).toContain(type === 'is' ? names.root : roots[type].input.holder)
  probe(chip)
}
const notFor = (type: keyof typeof terminalTypes, password: Password) => () => {
  const { run, sw } = trusting(type).pace({ ...testPasswords[password], more: chat(type) })
  expect(run.failedAt).toBe(0)
  expect(sw).toBe('6a80')
}
/** Refused at this step by a checking error, 6300 or 63CX; all steps before are good. */
const refusedAt = (step: number, tampering: PaceTampering, more = '', password: Password = 'can', chip = new TestChip()): void => {
  const { run, sw } = chip.pace({ ...testPasswords[password], more, tampering })
  expect(run.setStatus).toBe('9000')
  expect(run.failedAt).toBe(step)
  expect(sw).toMatch(/^6(300|3c.|[4-9a-f]..)$/)
}
const wrongToken = (type: keyof typeof terminalTypes, password: Password) => () =>
  refusedAt(4, { token: (token) => token.with(0, token[0]! ^ 1) }, chat(type), password, trusting(type))

describe('PACE', () => {
  testCase('EAC2_ISO7816_H_1', opens('can'))
  testCase('EAC2_ISO7816_H_2', opens('pin'))
  testCase('EAC2_ISO7816_H_3', opens('puk'))
  const users = [
    ['a', 'is', 'mrz'],
    ['b', 'is', 'can'],
    ['c', 'at', 'can'],
    ['d', 'at', 'pin'],
    ['e', 'st', 'can'],
    ['f', 'st', 'pin'],
    ['g', 'st', 'puk'],
  ] as const
  for (const [letter, type, password] of users) {
    testCase(`EAC2_ISO7816_H_4${letter}`, opensFor(type, password))
    testCase(`EAC2_ISO7816_H_6${letter}`, wrongToken(type, password))
  }
  testCase('EAC2_ISO7816_H_5a', notFor('is', 'pin'))
  testCase('EAC2_ISO7816_H_5b', notFor('is', 'puk'))
  testCase('EAC2_ISO7816_H_5c', notFor('at', 'mrz'))
  testCase('EAC2_ISO7816_H_5d', notFor('at', 'puk'))
  testCase('EAC2_ISO7816_H_5e', notFor('st', 'mrz'))
  testCase('EAC2_ISO7816_H_23', () => {
    expect(new TestChip().pace({ reference: 5 }).sw).toBe('6a88')
  })
  testCase('EAC2_ISO7816_H_33', () => refusedAt(3, { terminalKey: () => standardizedGroup(10)!.generator }))
  testCase('EAC2_ISO7816_H_34', () => refusedAt(3, { terminalKey: (key) => key.fill(0, 1) }))
  testCase('EAC2_ISO7816_H_35', () => {
    const { p } = standardizedDhGroups.find(({ parameterId }) => parameterId === 2)!.parameters
    const above = fromHex((p + 1n).toString(16))
    const offers = [{ agreement: 'DH', mapping: 'GM', cipher: 'AES-128', parameterId: 2 }] as const
    const chip = new TestChip(undefined, { ...testProfile, pace: { ...testProfile.pace!, offers } })
    const { run, sw } = chip.pace({ oid: '04007f00070202040102', parameterId: 2, tampering: { terminalKey: () => above } })
    expect(run.failedAt).toBe(3)
    expect(sw).toBe('6300')
  })
  testCase('EAC2_ISO7816_H_36', () => refusedAt(3, { terminalKey: (key) => key.with(-1, key.at(-1)! ^ 1) }))
})

const wrongPin = { ...testPasswords.pin, secret: encodeAscii('000000') }
const newPin = encodeAscii('314159')

/** MSE:Set AT with this password after the power was gone. */
function statusAfterReset(chip: TestChip, password: Password): string {
  chip.reset()
  return chip.pace(testPasswords[password]).run.setStatus
}

/** The PIN at one try left: suspended. */
function suspended(): TestChip {
  const chip = new TestChip()
  for (const before of ['9000', '63c2']) {
    chip.reset()
    const { run, sw } = chip.pace(wrongPin)
    expect(run.setStatus).toBe(before)
    expect(sw).toMatch(/^63(00|c.)$/)
  }
  chip.reset()
  return chip
}

/** The PIN with no try left. */
function blocked(): TestChip {
  const chip = suspended()
  expect(chip.pace(testPasswords.can).sw).toBe('9000')
  const { run, sw } = chip.pace(wrongPin, true)
  expect(run.setStatus).toBe('63c1')
  expect(sw).toMatch(/^63(00|c0)$/)
  chip.reset()
  return chip
}

/** The new PIN opens the card after a reset. */
function opensWithNew(chip: TestChip): void {
  chip.reset()
  expect(chip.pace({ ...testPasswords.pin, secret: newPin }).sw).toBe('9000')
}

/** RESET RETRY COUNTER with a new PIN, by who proved this password. */
const changes = (chip: TestChip, by: Password): void => {
  expect(chip.pace(testPasswords[by]).sw).toBe('9000')
  accepted(chip.send('002c0203', newPin))
  opensWithNew(chip)
}

describe('PIN management', () => {
  testCase('EAC2_ISO7816_P_1', () => {
    const chip = new TestChip()
    const { run, sw } = chip.pace(wrongPin)
    expect([run.setStatus, run.failedAt]).toEqual(['9000', 4])
    expect(sw).toMatch(/^63(00|c2)$/)
    expect(statusAfterReset(chip, 'pin')).toBe('63c2')
  })
  testCase('EAC2_ISO7816_P_2', () => {
    const chip = new TestChip()
    chip.pace(wrongPin)
    chip.reset()
    const { run, sw } = chip.pace(testPasswords.pin)
    expect([run.setStatus, sw]).toEqual(['63c2', '9000'])
    expect(statusAfterReset(chip, 'pin')).toBe('9000')
  })
  testCase('EAC2_ISO7816_P_3', () => expect(suspended().pace(testPasswords.pin).run.setStatus).toBe('63c1'))
  testCase('EAC2_ISO7816_P_4', () => {
    const { run, sw } = suspended().pace(testPasswords.pin)
    expect([run.setStatus, run.failedAt, sw]).toEqual(['63c1', 1, '6985'])
  })
  testCase('EAC2_ISO7816_P_5', () => {
    const chip = suspended()
    expect(chip.pace(testPasswords.can).sw).toBe('9000')
    const { run, sw } = chip.pace(testPasswords.pin, true)
    expect([run.setStatus, sw]).toEqual(['63c1', '9000'])
    expect(statusAfterReset(chip, 'pin')).toBe('9000')
  })
  testCase('EAC2_ISO7816_P_6', () => {
    const chip = suspended()
    expect(chip.pace(testPasswords.can).sw).toBe('9000')
    expect(statusAfterReset(chip, 'pin')).toBe('63c1')
  })
  testCase('EAC2_ISO7816_P_7', () => changes(new TestChip(), 'pin'))
  testCase('EAC2_ISO7816_P_8', () => void blocked())
  testCase('EAC2_ISO7816_P_8a', () => expect(blocked().pace(testPasswords.pin).run.setStatus).toBe('63c0'))
  testCase('EAC2_ISO7816_P_9', () => {
    const chip = blocked()
    expect(chip.pace(testPasswords.puk).sw).toBe('9000')
    accepted(chip.send('002c0303', undefined, '01'))
    expect(statusAfterReset(chip, 'pin')).toBe('9000')
  })
  testCase('EAC2_ISO7816_P_10', () => changes(blocked(), 'puk'))
  testCase('EAC2_ISO7816_P_11', () => changes(new TestChip(), 'puk'))
  testCase('EAC2_ISO7816_P_14', () => {
    const chip = new TestChip()
    changes(chip, 'pin')
    // And back, with the new one.
    accepted(chip.send('002c0203', testPasswords.pin.secret))
    expect(statusAfterReset(chip, 'pin')).toBe('9000')
  })
  testCase('EAC2_ISO7816_P_20', () => {
    const chip = new TestChip()
    expect(chip.pace(testPasswords.pin).sw).toBe('9000')
    refused(chip.send('002c0203', newPin.slice(0, 5)))
    chip.reset()
    expect(chip.pace(testPasswords.pin).sw).toBe('9000')
  })
})

agreesWithTable('EAC2_ISO7816_H', 'EAC2_ISO7816_P')
