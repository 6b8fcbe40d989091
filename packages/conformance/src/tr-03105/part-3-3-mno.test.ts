import { describe, expect } from 'vitest'
import { accepted, agreesWithTable, checkingError, either, refused, testCase } from './case.ts'
import { days, ecKey, link, names, terminal, verifier } from './certificates.ts'
import { chipKey, TestChip } from './chip.ts'
import { dateCases, migrationCase } from './date-cases.ts'
import { eacTwo, openForTerminal } from './opened.ts'
import { authenticateTerminal, compressed, enterApplication, ephemeralKey } from './terminal-two.ts'

/** A CVCA after the first: its name and key. */
const successor = (number: number) => ({ holder: `DECVCA0000${number}`, key: ecKey() })
const [second, third, fourth, fifth] = [successor(2), successor(3), successor(4), successor(5)]
/** A certificate below a successor says so by these. */
const below = ({ holder, key }: typeof second) => ({ authority: holder, signer: key })

/** A card after a reset and PACE, where PACE tells these trust points, newest first. */
function telling(chip: TestChip, ...trusted: readonly string[]): TestChip {
  chip.reset()
  openForTerminal(chip)
  expect(chip.authorities).toEqual(trusted)
  return chip
}

/** The case M_3, its dates those of the plan’s certificate set 7: the second root becomes the trust point, and the date passes the first one's last day. */
function replaceTrustPoint(): TestChip {
  const chip = telling(new TestChip(), names.root)
  accepted(chip.setDst(names.root))
  accepted(chip.verify(link({ ...second, from: '271230', to: '280229' })))
  telling(chip, second.holder, names.root)
  const old = verifier({ to: days.to })
  accepted(chip.setDst(names.root))
  accepted(chip.verify(old))
  telling(chip, second.holder, names.root)
  accepted(chip.setDst(second.holder))
  accepted(chip.verify(verifier({ ...below(second), from: '280101', to: '280131' })))
  chip.reset()
  openForTerminal(chip)
  expect(chip.authorities[0]).toBe(second.holder)
  either(chip.setDst(names.root))
  refused(chip.verify(old))
  // Nor one that would last: it is the trust point that has ended.
  either(chip.setDst(names.root))
  refused(chip.verify(verifier({ to: '280131' })))
  return chip
}

/** The case M_4, after M_3: two links in one session, and no trace of the second root. */
function replaceBoth(): TestChip {
  const chip = replaceTrustPoint()
  chip.reset()
  openForTerminal(chip)
  accepted(chip.setDst(chip.authorities[0]!))
  accepted(chip.verify(link({ ...third, ...below(second), from: '280131', to: '280430' })))
  accepted(chip.setDst(third.holder))
  accepted(chip.verify(link({ ...fourth, ...below(third), from: '280331', to: '280630' })))
  accepted(chip.setDst(fourth.holder))
  accepted(chip.verify(verifier({ ...below(fourth), from: '280331', to: '280430' })))
  return telling(chip, fourth.holder, third.holder)
}

describe('update', () => {
  dateCases((number) => `EAC2_ISO7816_M_${number}`, eacTwo)
  testCase('EAC2_ISO7816_M_3', () => void replaceTrustPoint())
  testCase('EAC2_ISO7816_M_4', () => void replaceBoth())
  testCase('EAC2_ISO7816_M_5', () => {
    const chip = replaceBoth()
    accepted(chip.setDst(chip.authorities[0]!))
    accepted(chip.verify(link({ ...fifth, ...below(fourth), from: '280531', to: '280831' })))
    accepted(chip.setDst(fifth.holder))
    refused(chip.verify(terminal({ ...below(fifth), from: '280531', to: '280630' })))
  })
})

describe('migration', () => migrationCase('EAC2_ISO7816_N_1', eacTwo))

/** PACE with these rights told, terminal and chip authentication, the eMRTD application selected. */
function inApplication(told: string, dv: string, is: string): TestChip {
  const key = ephemeralKey(chipKey)
  const chip = openForTerminal(new TestChip(), told)
  authenticateTerminal(chip, compressed(key), verifier({ rights: dv }), terminal({ rights: is }))
  return enterApplication(chip, key)
}

/** Shut by what PACE was told; the same chain opens it where PACE was told all. */
const confined = (told: string, dv: string, is: string, sfi: 3 | 4) => () => {
  checkingError(inApplication(told, dv, is).readByte(sfi))
  accepted(inApplication('03', dv, is).readByte(sfi))
}

describe('rights confined by PACE', () => {
  testCase('EAC2_ISO7816_O_1', confined('02', '03', '01', 3))
  testCase('EAC2_ISO7816_O_2', confined('01', '03', '02', 4))
  testCase('EAC2_ISO7816_O_3', confined('02', '01', '03', 3))
  testCase('EAC2_ISO7816_O_4', confined('01', '02', '03', 4))
})

agreesWithTable('EAC2_ISO7816_M', 'EAC2_ISO7816_N', 'EAC2_ISO7816_O')
