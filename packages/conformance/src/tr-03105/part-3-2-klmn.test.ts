import { decodeTlvList, fromHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { accepted, agreesWithTable, either, refused, refusedInTheOpen, testCase } from './case.ts'
import { ecKey, keys, link, names, type TestCertificate, type TestKey, terminal, verifier } from './certificates.ts'
import { type Answer, emrtdAid, TestChip, testPasswords } from './chip.ts'
import { dateCases } from './date-cases.ts'
import { each, eacOne } from './opened.ts'

const dv1 = verifier()
const is1 = terminal()

/** Verifier and terminal, each after its issuer's name. */
function showChain(chip: TestChip, dv: TestCertificate = dv1, is: TestCertificate = is1): void {
  accepted(chip.setDst(dv.input.authority))
  accepted(chip.verify(dv))
  accepted(chip.setDst(dv.input.holder))
  accepted(chip.verify(is))
}

/** A challenge of eight bytes. */
function challengeOf(chip: TestChip): Uint8Array {
  const { data } = accepted(chip.challenge())
  expect(data).toHaveLength(8)
  return data
}

/** Terminal authentication, whole. */
function authenticate(chip: TestChip, dv?: TestCertificate, is?: TestCertificate): void {
  showChain(chip, dv, is)
  accepted(chip.setAt(names.terminal))
  accepted(chip.authenticate(chip.signature(keys.terminal, challengeOf(chip))))
}

const spoilt = (signature: Uint8Array): Uint8Array => signature.with(-1, (signature.at(-1)! + 1) & 0xff)

/** What may be skipped after a chip that does not go on: either it refused, or the signature is refused. */
function refusedAfter(chip: TestChip, asked: Answer, key: TestKey): void {
  either(asked)
  if (asked.sw === '9000') refused(chip.authenticate(chip.signature(key, asked.data)))
}

describe('terminal authentication', () => {
  const once = (way: 'bac' | 'pace') => () => authenticate(new TestChip().open(way).proveChip())
  testCase('ISO7816_K_1a', once('bac'))
  testCase('ISO7816_K_1b', once('pace'))
  testCase(
    'ISO7816_K_2',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      either(chip.setAt(`${names.terminal.slice(0, -1)}2`))
      refusedAfter(chip, chip.challenge(), keys.terminal)
    }),
  )
  testCase(
    'ISO7816_K_4',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      const signature = chip.signature(keys.terminal, challengeOf(chip))
      refusedInTheOpen(chip.plain(`0082000040${Buffer.from(signature).toString('hex')}`))
    }),
  )
  testCase(
    'ISO7816_K_5',
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv1))
      either(chip.setAt(names.dv))
      refusedAfter(chip, chip.challenge(), keys.dv)
    }),
  )
  testCase(
    'ISO7816_K_6',
    each((fresh) => {
      const chip = fresh()
      either(chip.setAt(names.root))
      refusedAfter(chip, chip.challenge(), keys.root)
    }),
  )
  testCase(
    'ISO7816_K_7',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      const answer = chip.send('80820000', chip.signature(keys.terminal, challengeOf(chip)))
      if (answer.secured) refused(answer)
      else refusedInTheOpen(answer)
      if (answer.secured) accepted(chip.readByte(1))
    }),
  )
  testCase(
    'ISO7816_K_10',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      const first = challengeOf(chip)
      either(chip.challenge())
      refused(chip.authenticate(chip.signature(keys.terminal, first)))
    }),
  )
  testCase(
    'ISO7816_K_12',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      refusedAfter(chip, chip.challenge('07'), keys.terminal)
    }),
  )
  testCase(
    'ISO7816_K_14',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      refused(chip.authenticate(chip.signature(keys.terminal, new Uint8Array(0))))
      refused(chip.readByte(3))
    }),
  )
  testCase(
    'ISO7816_K_15',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      refusedAfter(chip, chip.challenge(), keys.terminal)
      refused(chip.readByte(3))
    }),
  )
  testCase(
    'ISO7816_K_17',
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      refused(chip.setAt(names.terminal, 0x84))
      refusedAfter(chip, chip.challenge(), keys.terminal)
      refused(chip.readByte(3))
    }),
  )
  testCase(
    'ISO7816_K_18',
    each((fresh, way) => {
      const chip = fresh()
      authenticate(chip)
      accepted(chip.readByte(3))
      chip.reset()
      chip.open(way)
      refused(chip.readByte(3))
    }),
  )
  testCase(
    'ISO7816_K_19',
    each((fresh) => {
      const chip = fresh()
      // Passive authentication reads the files; active authentication signs a challenge in between.
      accepted(chip.readByte(1))
      const proof = accepted(chip.send('00880000', new Uint8Array(8).fill(0x5a), '00'))
      expect(proof.data.length).toBe(64)
      authenticate(chip)
    }),
  )
  testCase('ISO7816_K_20', () => {
    const chip = new TestChip().open('pace', 'mrz').proveChip()
    showChain(chip)
    accepted(chip.setAt(names.terminal))
    refused(chip.authenticate(spoilt(chip.signature(keys.terminal, challengeOf(chip)))))
  })
})

/** Terminal authentication with these rights, then what each data group answers. */
const withRights = (dv: string, is: string, sfi: 3 | 4, opens: boolean): (() => void) =>
  each((fresh) => {
    const chip = fresh()
    authenticate(chip, verifier({ rights: dv }), terminal({ rights: is }))
    if (opens) expect(accepted(chip.readByte(sfi)).data).toHaveLength(1)
    else refused(chip.readByte(sfi))
  })

/** A second opening inside secure messaging, after terminal authentication: it is refused, or the rights are gone. */
function reopened(chip: TestChip, way: 'bac' | 'pace'): void {
  const selected = chip.send('00a4000c')
  either(selected)
  if (selected.sw !== '9000') return
  if (way === 'pace') {
    const { sw } = chip.pace(testPasswords.mrz, true)
    expect(sw).toBe('9000')
    accepted(chip.send('00a4040c', fromHex(emrtdAid)))
    refused(chip.readByte(3))
    return
  }
  accepted(chip.send('00a4040c', fromHex(emrtdAid)))
  accepted(chip.challenge())
  // Inside secure messaging the card has no basic access control to offer.
  refused(chip.send('00820000', new Uint8Array(40), '28'))
}

describe('effective access conditions', () => {
  testCase('ISO7816_L_1', withRights('03', '01', 3, true))
  testCase('ISO7816_L_2', withRights('03', '01', 4, false))
  testCase('ISO7816_L_3', withRights('03', '02', 4, true))
  testCase('ISO7816_L_4', withRights('03', '02', 3, false))
  testCase('ISO7816_L_5', withRights('01', '03', 3, true))
  testCase('ISO7816_L_6', withRights('01', '03', 4, false))
  testCase('ISO7816_L_7', withRights('02', '03', 4, true))
  testCase('ISO7816_L_8', withRights('02', '03', 3, false))
  const unproved = (sfi: 3 | 4) =>
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      challengeOf(chip)
      refused(chip.readByte(sfi))
    })
  testCase('ISO7816_L_9', unproved(3))
  testCase('ISO7816_L_10', unproved(4))
  const failed = (sfi: 3 | 4) =>
    each((fresh) => {
      const chip = fresh()
      showChain(chip)
      accepted(chip.setAt(names.terminal))
      refused(chip.authenticate(spoilt(chip.signature(keys.terminal, challengeOf(chip)))))
      refused(chip.readByte(sfi))
    })
  testCase('ISO7816_L_11', failed(3))
  testCase('ISO7816_L_12', failed(4))
  const twice = (first: 'bac' | 'pace', second: 'bac' | 'pace') => () => {
    const chip = new TestChip().open(first).proveChip()
    authenticate(chip)
    accepted(chip.readByte(3))
    reopened(chip, second)
  }
  testCase('ISO7816_L_13', twice('bac', 'bac'))
  testCase('ISO7816_L_14', twice('pace', 'pace'))
  testCase('ISO7816_L_15', twice('pace', 'bac'))
  testCase('ISO7816_L_16', twice('bac', 'pace'))
})

const second = { name: 'DECVCA00002', key: ecKey() } as const
const third = { name: 'DECVCA00003', key: ecKey() } as const
const fourth = { name: 'DECVCA00004', key: ecKey() } as const
const toSecond = link({ holder: second.name, key: second.key, from: '260601', to: '281231' })

/** Trust in the second root, and a date after the first one's last day: as ISO7816_M_3 leaves the card. */
function replaceTrustPoint(fresh: (chip?: TestChip) => TestChip): TestChip {
  const chip = fresh()
  accepted(chip.setDst(chip.trustPoints()[0]!))
  accepted(chip.verify(toSecond))
  fresh(chip)
  expect(chip.trustPoints()).toEqual([second.name, names.root])
  expect([...chip.readCvca().subarray(26)]).toEqual(new Array(10).fill(0))
  accepted(chip.setDst(names.root))
  const old = verifier({ from: '260601', to: '261231' })
  accepted(chip.verify(old))
  fresh(chip)
  accepted(chip.setDst(second.name))
  accepted(chip.verify(verifier({ authority: second.name, signer: second.key, from: '280101', to: '280331' })))
  fresh(chip)
  either(chip.setDst(names.root))
  refused(chip.verify(old))
  return chip
}

describe('update', () => {
  dateCases((number) => `ISO7816_M_${number}`, eacOne)
  testCase(
    'ISO7816_M_3',
    each((fresh) => void replaceTrustPoint(fresh)),
  )
  testCase(
    'ISO7816_M_4',
    each((fresh) => {
      const chip = replaceTrustPoint(fresh)
      fresh(chip)
      accepted(chip.setDst(chip.trustPoints()[0]!))
      accepted(
        chip.verify(link({ authority: second.name, signer: second.key, holder: third.name, key: third.key, from: '280201', to: '301231' })),
      )
      accepted(chip.setDst(third.name))
      accepted(
        chip.verify(link({ authority: third.name, signer: third.key, holder: fourth.name, key: fourth.key, from: '280301', to: '311231' })),
      )
      accepted(chip.setDst(fourth.name))
      accepted(chip.verify(verifier({ authority: fourth.name, signer: fourth.key, from: '280301', to: '280531' })))
      expect(chip.trustPoints()).toEqual([fourth.name, third.name])
      expect([...chip.readCvca().subarray(26)]).toEqual(new Array(10).fill(0))
    }),
  )
  testCase(
    'ISO7816_M_5',
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      accepted(chip.verify(toSecond))
      accepted(chip.setDst(second.name))
      refused(chip.verify(terminal({ authority: second.name, signer: second.key, from: '260601', to: '260630' })))
    }),
  )
  testCase(
    'ISO7816_M_6',
    each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      accepted(chip.verify(toSecond))
      fresh(chip)
      accepted(chip.send('00a4020c', fromHex('011c')))
      const { data } = accepted(chip.send('00b00000', undefined, '24'))
      expect(data).toHaveLength(36)
      expect(decodeTlvList(data.subarray(0, 26)).map(({ tag, value }) => `${tag} ${value.length}`)).toEqual(['66 11', '66 11'])
      expect([...data.subarray(26)]).toEqual(new Array(10).fill(0))
      refused(chip.send('00b00024', undefined, '01'))
    }),
  )
})

describe('migration', () => {
  testCase(
    'ISO7816_N_1',
    each((fresh) => {
      const migrated = { root: ecKey('secp384r1', '04'), dv: ecKey('secp384r1', '04'), is: ecKey('secp384r1', '04') }
      const chip = fresh()
      accepted(chip.setDst(chip.trustPoints()[0]!))
      accepted(chip.verify(link({ holder: second.name, key: migrated.root })))
      accepted(chip.setDst(second.name))
      accepted(chip.verify(verifier({ authority: second.name, signer: migrated.root, key: migrated.dv })))
      accepted(chip.setDst(names.dv))
      accepted(chip.verify(terminal({ signer: migrated.dv, key: migrated.is })))
    }),
  )
})

agreesWithTable('ISO7816_K', 'ISO7816_L', 'ISO7816_M', 'ISO7816_N')
