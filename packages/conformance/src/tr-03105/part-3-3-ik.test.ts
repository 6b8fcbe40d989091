import { fromHex, toHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { generateChipKey } from '../../../emulator/src/key-agreement/chip-key.ts'
import { standardizedGroup } from '../../../emulator/src/key-agreement/domain-parameters.ts'
import { standardizedDhGroups } from '../../../emulator/src/key-agreement/standardized-dh.ts'
import { accepted, agreesWithTable, checkingError, either, refused, refusedInTheOpen, testCase } from './case.ts'
import { ecKey, keys, names, terminal, verifier } from './certificates.ts'
import { type Answer, chipKey, TestChip, testProfile } from './chip.ts'
import { openForTerminal } from './opened.ts'
import {
  agree,
  announce,
  authenticateTerminal,
  chipOid,
  chipRefused,
  compressed,
  type EphemeralKey,
  ephemeralKey,
  onlyTwo,
  pointOfKind,
  proved,
  selectChip,
  showChain,
  signatureOf,
} from './terminal-two.ts'

/** After PACE and terminal authentication that announced this key. */
function announced(key: Pick<EphemeralKey, 'publicKey'>): TestChip {
  const chip = openForTerminal(new TestChip())
  authenticateTerminal(chip, key.publicKey.slice(1, 1 + ((key.publicKey.length - 1) >> 1)))
  return chip
}
const probe = (chip: TestChip): Answer => chip.readByte(0x1c)

/** A key that is taken: answered under the old keys, with a right token; the next command is good under the new ones. */
const taken = (make: () => EphemeralKey) => () => {
  const key = make()
  const chip = announced(key)
  accepted(selectChip(chip))
  const answer = accepted(agree(chip, key.publicKey))
  expect(proved(chip, answer, key, chipKey, true)).toBe(true)
  accepted(probe(chip))
}
/** A key that is refused, under the old keys, which go on. */
const notTaken = (publicKey: Uint8Array, tag?: number) => () => {
  const chip = announced({ publicKey })
  accepted(selectChip(chip))
  refused(agree(chip, publicKey, tag))
  accepted(probe(chip))
}

describe('chip authentication version 2', () => {
  const good = () => ephemeralKey(chipKey)
  testCase('EAC2_ISO7816_I_1', taken(good))
  testCase('EAC2_ISO7816_I_2', () => {
    const key = good()
    const chip = announced(key)
    accepted(selectChip(chip))
    const answer = accepted(agree(chip, key.publicKey))
    expect(proved(chip, answer, key, chipKey, false)).toBe(true)
    refusedInTheOpen(probe(chip))
  })
  testCase('EAC2_ISO7816_I_3', notTaken(standardizedGroup(10)!.generator))
  testCase('EAC2_ISO7816_I_4', () => {
    const { publicKey } = good()
    const chip = announced({ publicKey })
    const first = chip.plain(`002241a40f800a${chipOid('ECDH')}84010c`)
    if (first.sw !== '9000') refusedInTheOpen(first)
    refusedInTheOpen(chip.plain(`00860000457c438041${toHex(publicKey)}00`))
    refusedInTheOpen(probe(chip))
  })
  testCase('EAC2_ISO7816_I_5', () => {
    const { publicKey } = good()
    const errors = (chip: TestChip, send: () => Answer): void => {
      const answer = send()
      if (answer.secured) refused(answer)
      else refusedInTheOpen(answer)
      expect(chip.state.lifeCycle).toBe('SECURED')
    }
    const first = announced({ publicKey })
    errors(first, () => first.send('802241a4', fromHex(`800a${chipOid('ECDH')}84010c`)))
    const second = announced({ publicKey })
    accepted(selectChip(second))
    errors(second, () => second.send('80860000', fromHex(`7c438041${toHex(publicKey)}`), '00'))
  })
  testCase('EAC2_ISO7816_I_6', notTaken(good().publicKey, 0x81))
  testCase('EAC2_ISO7816_I_7', () => {
    const chip = announced(good())
    refused(selectChip(chip, 12, 'ECDH', '00'))
    accepted(probe(chip))
  })
  testCase('EAC2_ISO7816_I_8', () => {
    const { publicKey } = good()
    const chip = announced({ publicKey })
    accepted(selectChip(chip))
    const answer = chip.send('00860000', fromHex(`7c438041${toHex(publicKey)}`))
    if (answer.secured) refused(answer)
    else refusedInTheOpen(answer)
    if (answer.secured) accepted(probe(chip))
  })
  testCase('EAC2_ISO7816_I_9', notTaken(new Uint8Array(65).fill(4, 0, 1)))
  testCase(
    'EAC2_ISO7816_I_10',
    taken(() => pointOfKind((point) => point[1] === 0)),
  )
  testCase(
    'EAC2_ISO7816_I_11',
    taken(() => pointOfKind((point) => point[1]! >= 0x80)),
  )
  testCase(
    'EAC2_ISO7816_I_12',
    taken(() => pointOfKind((point) => point[33] === 0)),
  )
  testCase(
    'EAC2_ISO7816_I_13',
    taken(() => pointOfKind((point) => point[33]! >= 0x80)),
  )
  testCase('EAC2_ISO7816_I_14', () => {
    const chip = announced(good())
    refused(selectChip(chip, 13))
    accepted(probe(chip))
  })
  testCase('EAC2_ISO7816_I_15', () => {
    const spec = { keyId: 2, agreement: 'DH', parameterId: 2, ciphers: ['AES-128'], versions: [2] } as const
    const dhKey = generateChipKey(2, 2, (length) => new Uint8Array(length).fill(0x11))!
    const profile = { ...testProfile, chipAuthentication: { keys: [...testProfile.chipAuthentication!.keys, spec] } }
    const chip = openForTerminal(new TestChip((state) => ({ ...state, chipKeys: [...state.chipKeys, dhKey] }), profile))
    const { p } = standardizedDhGroups.find(({ parameterId }) => parameterId === 2)!.parameters
    const publicKey = fromHex((p + 1n).toString(16))
    authenticateTerminal(chip, compressed({ publicKey, secretWith: () => publicKey }, 'DH'))
    accepted(selectChip(chip, 2, 'DH'))
    refused(agree(chip, publicKey))
    accepted(probe(chip))
  })
  testCase('EAC2_ISO7816_I_16', () => {
    const { publicKey } = good()
    notTaken(publicKey.with(-1, publicKey.at(-1)! ^ 1))()
  })
})

const announcedKey = new Uint8Array(32).fill(0x42)
const opened = (): TestChip => openForTerminal(new TestChip())

/** Where the chip has gone on until now, the signature is refused. */
function refusedAfter(chip: TestChip, key = keys.terminal): void {
  const asked = chip.challenge()
  either(asked)
  if (asked.sw === '9000') refused(chip.authenticate(signatureOf(chip, asked.data, announcedKey, key)))
}

describe('terminal authentication version 2', () => {
  testCase('EAC2_ISO7816_K_1', () => authenticateTerminal(opened(), announcedKey))
  testCase('EAC2_ISO7816_K_2', () => {
    const chip = opened()
    showChain(chip)
    either(announce(chip, announcedKey, `${names.terminal.slice(0, -1)}2`))
    refusedAfter(chip)
  })
  testCase('EAC2_ISO7816_K_3', () => {
    const chip = opened()
    showChain(chip)
    accepted(announce(chip, announcedKey))
    const { data } = accepted(chip.challenge())
    refusedInTheOpen(chip.plain(`0082000040${toHex(signatureOf(chip, data, announcedKey))}`))
  })
  testCase('EAC2_ISO7816_K_4', () => {
    const chip = opened()
    accepted(chip.setDst(names.root))
    accepted(chip.verify(verifier()))
    either(announce(chip, announcedKey, names.dv, keys.dv))
    refusedAfter(chip, keys.dv)
  })
  testCase('EAC2_ISO7816_K_5', () => {
    const chip = opened()
    either(announce(chip, announcedKey, names.root, keys.root))
    refusedAfter(chip, keys.root)
  })
  testCase('EAC2_ISO7816_K_6', () => {
    const chip = opened()
    showChain(chip)
    accepted(announce(chip, announcedKey))
    const { data } = accepted(chip.challenge())
    const answer = chip.send('80820000', signatureOf(chip, data, announcedKey))
    if (answer.secured) refused(answer)
    else refusedInTheOpen(answer)
    if (answer.secured) accepted(probe(chip))
  })
})

const openedTwo = (): TestChip => openForTerminal(new TestChip(undefined, onlyTwo))

describe('terminal authentication version 2, and what comes of it', () => {
  const key = ephemeralKey(chipKey)
  const own = compressed(key)
  const signedFor = (chip: TestChip, challenge: Uint8Array): Answer => chip.authenticate(signatureOf(chip, challenge, own))
  testCase('EAC2_ISO7816_K_7', () => {
    const chip = openedTwo()
    showChain(chip)
    accepted(announce(chip, own))
    const first = accepted(chip.challenge()).data
    either(chip.challenge())
    refused(signedFor(chip, first))
  })
  testCase('EAC2_ISO7816_K_8', () => {
    const chip = openedTwo()
    showChain(chip)
    accepted(announce(chip, own))
    const short = chip.challenge('07')
    either(short)
    if (short.sw === '9000') refused(signedFor(chip, short.data))
  })
  testCase('EAC2_ISO7816_K_9', () => {
    const chip = openedTwo()
    showChain(chip)
    accepted(announce(chip, own))
    refused(signedFor(chip, new Uint8Array(0)))
    chipRefused(chip, key)
  })
  testCase('EAC2_ISO7816_K_10', () => {
    const chip = openedTwo()
    showChain(chip)
    const asked = chip.challenge()
    either(asked)
    refused(signedFor(chip, asked.data))
    chipRefused(chip, key)
  })
  testCase('EAC2_ISO7816_K_11', () => {
    const chip = openedTwo()
    showChain(chip)
    refused(announce(chip, own, names.terminal, keys.terminal, 0x84))
    const asked = chip.challenge()
    either(asked)
    refused(signedFor(chip, asked.data))
    chipRefused(chip, key)
  })
  testCase('EAC2_ISO7816_K_12', () => {
    const chip = openedTwo()
    authenticateTerminal(chip, own)
    chip.reset()
    openForTerminal(chip)
    chipRefused(chip, key)
  })

  /** The chain is taken once more, but its terminal cannot prove itself again. */
  const notAgain = (chip: TestChip): void => {
    showChain(chip)
    const announced = announce(chip, own)
    either(announced)
    if (announced.sw !== '9000') return
    const { data } = accepted(chip.challenge())
    expect(data).toHaveLength(8)
    checkingError(signedFor(chip, data))
  }
  testCase('EAC2_ISO7816_K_13', () => {
    const chip = opened()
    authenticateTerminal(chip, own)
    notAgain(chip)
  })
  testCase('EAC2_ISO7816_K_14', () => {
    const third = { dv: { holder: 'DEDV00003', key: ecKey() }, is: { holder: 'DEIS00003', key: ecKey() } }
    const chip = opened()
    showChain(chip, verifier(third.dv), terminal({ ...third.is, authority: third.dv.holder, signer: third.dv.key, rights: '01' }))
    accepted(announce(chip, own, third.is.holder, third.is.key))
    accepted(chip.authenticate(signatureOf(chip, accepted(chip.challenge()).data, own, third.is.key)))
    notAgain(chip)
  })
  testCase('EAC2_ISO7816_K_16', () => {
    const chip = opened()
    const { data } = accepted(chip.challenge())
    expect(data).toHaveLength(8)
    showChain(chip)
    accepted(announce(chip, own))
    accepted(signedFor(chip, data))
  })
})

agreesWithTable('EAC2_ISO7816_I', 'EAC2_ISO7816_K')
