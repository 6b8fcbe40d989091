import { fromHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { accepted, agreesWithTable, refused, testCase } from './case.ts'
import { terminal, verifier } from './certificates.ts'
import { chipKey, emrtdAid, TestChip } from './chip.ts'
import { dateCases, migrationCase } from './date-cases.ts'
import { eacTwo, openForTerminal } from './opened.ts'
import { agree, authenticateTerminal, compressed, ephemeralKey, proved, selectChip } from './terminal-two.ts'

describe('update', () => dateCases((number) => `EAC2_ISO7816_M_${number}`, eacTwo))

describe('migration', () => migrationCase('EAC2_ISO7816_N_1', eacTwo))

/** PACE with these rights told, terminal and chip authentication, the eMRTD application selected. */
function inApplication(told: string, dv: string, is: string): TestChip {
  const key = ephemeralKey(chipKey)
  const chip = openForTerminal(new TestChip(), told)
  authenticateTerminal(chip, compressed(key), verifier({ rights: dv }), terminal({ rights: is }))
  accepted(selectChip(chip))
  expect(proved(chip, accepted(agree(chip, key.publicKey)), key, chipKey, true)).toBe(true)
  accepted(chip.send('00a4040c', fromHex(emrtdAid)))
  return chip
}

/** Shut by what PACE was told; the same chain opens it where PACE was told all. */
const confined = (told: string, dv: string, is: string, sfi: 3 | 4) => () => {
  refused(inApplication(told, dv, is).readByte(sfi))
  accepted(inApplication('03', dv, is).readByte(sfi))
}

describe('rights confined by PACE', () => {
  testCase('EAC2_ISO7816_O_1', confined('02', '03', '01', 3))
  testCase('EAC2_ISO7816_O_2', confined('01', '03', '02', 4))
  testCase('EAC2_ISO7816_O_3', confined('02', '01', '03', 3))
})

agreesWithTable('EAC2_ISO7816_M', 'EAC2_ISO7816_N', 'EAC2_ISO7816_O')
