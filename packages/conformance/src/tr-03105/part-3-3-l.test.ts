import { fromHex, toHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { accepted, agreesWithTable, checkingError, either, refused, testCase } from './case.ts'
import { terminal, verifier } from './certificates.ts'
import { chipKey, content, emrtdAid, TestChip } from './chip.ts'
import { openForTerminal } from './opened.ts'
import {
  announce,
  authenticateTerminal,
  chipRefused,
  compressed,
  enterApplication,
  ephemeralKey,
  onlyTwo,
  showChain,
  signatureOf,
} from './terminal-two.ts'

/** What PACE is told in this unit: an inspection system, every right (TR-03105-3.3, 3.7). */
const told = '23'
type Group = 3 | 4
const groups = { 3: content.dg3, 4: content.dg4 } as const

/** PACE with the MRZ, terminal and chip authentication with these rights, and the byte that EF.DG3 or EF.DG4 answers with. */
const withRights = (dv: string, is: string, group: Group, opens: boolean) => () => {
  const key = ephemeralKey(chipKey)
  const chip = openForTerminal(new TestChip(), told, 'mrz')
  authenticateTerminal(chip, compressed(key), verifier({ rights: dv }), terminal({ rights: is }))
  const answer = enterApplication(chip, key).readByte(group)
  if (opens) expect(toHex(accepted(answer).data)).toBe(toHex(groups[group].subarray(0, 1)))
  else checkingError(answer)
}

/** Terminal authentication up to its challenge and perhaps a signature that fails: neither chip authentication nor the group opens. */
const unproved = (group: Group, signed: boolean) => () => {
  const key = ephemeralKey(chipKey)
  const chip = openForTerminal(new TestChip(undefined, onlyTwo), told, 'mrz')
  showChain(chip)
  accepted(announce(chip, compressed(key)))
  const { data } = accepted(chip.challenge())
  expect(data).toHaveLength(8)
  if (signed) {
    const signature = signatureOf(chip, data, compressed(key))
    refused(chip.authenticate(signature.with(-1, signature.at(-1)! ^ 1)))
  }
  chipRefused(chip, key)
  const selected = chip.send('00a4040c', fromHex(emrtdAid))
  either(selected)
  if (selected.sw === '9000') checkingError(chip.readByte(group))
}

describe('effective rights', () => {
  testCase('EAC2_ISO7816_L_1', withRights('03', '01', 3, true))
  testCase('EAC2_ISO7816_L_2', withRights('03', '01', 4, false))
  testCase('EAC2_ISO7816_L_3', withRights('03', '02', 4, true))
  testCase('EAC2_ISO7816_L_4', withRights('03', '02', 3, false))
  testCase('EAC2_ISO7816_L_5', withRights('01', '03', 3, true))
  testCase('EAC2_ISO7816_L_6', withRights('01', '03', 4, false))
  testCase('EAC2_ISO7816_L_7', withRights('02', '03', 4, true))
  testCase('EAC2_ISO7816_L_8', withRights('02', '03', 3, false))
  testCase('EAC2_ISO7816_L_9', unproved(3, false))
  testCase('EAC2_ISO7816_L_10', unproved(4, false))
  testCase('EAC2_ISO7816_L_11', unproved(3, true))
  testCase('EAC2_ISO7816_L_12', unproved(4, true))
  testCase('EAC2_ISO7816_L_35', withRights('3f', '3d', 3, true))
})

agreesWithTable('EAC2_ISO7816_L')
