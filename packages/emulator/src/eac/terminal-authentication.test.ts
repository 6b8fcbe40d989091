import { sign } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { rightsOf } from '../os/card-context.ts'
import { type Grants, grantOf } from '../os/grants.ts'
import { cvTestKey, insideOf, issueCv } from '../testing/cv-issuer.ts'
import { specimenDg1 } from '../testing/eac-bench.ts'
import {
  authenticate,
  chain,
  challenge,
  compressedKey,
  getChallenge,
  idPicc,
  name,
  open,
  present,
  presented,
  rightsNow,
  setAt,
  setDst,
  signed,
  trusting,
  trustNow,
  vectorFile,
  verify,
  world,
} from '../testing/eac-commands.ts'
import { commandOf } from '../testing/secured-terminal.ts'
import { loadGroups } from '../testing/vectors.ts'
import { noProgress } from './eac-progress.ts'

describe('terminal authentication version 1, the card alone', () => {
  const root = vectorFile('cvc/tr-ecdh-cvca.cvcert')
  const vectors = loadGroups('eac/ca-ta-v1.json').find((group) => group.name === 'terminal-authentication')!.tests
  it.each(vectors)('$id $comment', ({ input, expected, result }) => {
    const afterBac = toHex(idPicc) === input.idPicc
    const grants: Grants = {
      ...(afterBac ? grantOf('bac', 'emrtd') : grantOf('pace')),
      pace: afterBac ? undefined : { password: 'can', chipIdentifier: fromHex(input.idPicc!), authorization: undefined },
      eac: { ...noProgress, provedChip: { version: 1, compressedKey: fromHex(input.compressedTerminalKey!) } },
    }
    const bench = open({ grants, trust: trusting('100930', root), random: [input.challenge!] })
    const { terminal } = bench
    expect(
      present(bench, ['DECVCAAT00001', vectorFile('cvc/tr-ecdh-dv.cvcert')], ['DETESTDVDE019', vectorFile(input.terminalCertificate!)]),
    ).toEqual(['9000', '9000', '9000', '9000'])
    expect(terminal.status(setAt(name('DETESTATDE019')))).toBe('9000')
    const apdus = (expected.apdus ?? [
      { command: getChallenge, response: `${input.challenge}9000` },
      { command: authenticate(fromHex(input.signature!)), response: '6300' },
    ]) as unknown as readonly { command: string; response: string }[]
    for (const { command, response } of apdus) {
      const { data, sw } = terminal.send(command)
      expect(toHex(data) + sw).toBe(response)
    }
    expect(rightsOf(bench.card.session, 'messaging').channels.has('terminal-authentication')).toBe(result === 'valid')
    expect(rightsNow(bench)).toEqual([]) // an authentication terminal has none of an inspection system's rights
  })

  it('opens what every certificate of the chain allows, and no more', () => {
    const bench = presented(open())
    const { terminal } = bench
    expect(rightsNow(bench)).toEqual([])
    expect(terminal.status(setAt(name('IRTERM00001')))).toBe('9000')
    expect(toHex(terminal.send(getChallenge).data)).toBe(challenge)
    expect(terminal.status(authenticate(signed()))).toBe('9000')
    expect(rightsNow(bench)).toEqual(['read-dg3'])
    expect(trustNow(bench)).toEqual({ names: ['IRCVCA00001'], date: '260201' })
    // Selecting does not touch it, the end of secure messaging ends it (Doc 9303-11, 7.1.3).
    expect(terminal.status('00a4000c023f00')).toBe('9000')
    expect(rightsNow(bench)).toEqual(['read-dg3'])
    bench.plain('00a4000c023f00')
    expect(rightsNow(bench)).toEqual([])
  })

  it('runs once in a session', () => {
    const bench = presented(open())
    const { terminal } = bench
    terminal.send(setAt(name('IRTERM00001')))
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signed()))).toBe('9000')
    expect(terminal.status(setAt(name('IRTERM00001')))).toBe('6982')
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signed()))).toBe('6982')
    expect(rightsNow(bench)).toEqual(['read-dg3'])
  })

  it.each<[string, () => Uint8Array]>([
    ['made for another challenge', () => signed(undefined, concatBytes(idPicc, new Uint8Array(8), compressedKey))],
    ['made for another card', () => signed(undefined, concatBytes(idPicc.with(0, 0x45), fromHex(challenge), compressedKey))],
    ['made for another ephemeral key', () => signed(undefined, concatBytes(idPicc, fromHex(challenge), compressedKey.with(0, 8)))],
    ['by the verifier’s key', () => signed(world.keys.dv)],
    ['with data behind', () => signed(undefined, concatBytes(idPicc, fromHex(challenge), compressedKey, Uint8Array.of(0x67, 0)))],
    ['of zeros', () => new Uint8Array(64)],
    ['a byte short', () => signed().slice(1)],
    [
      'in DER',
      () => new Uint8Array(sign('sha256', concatBytes(idPicc, fromHex(challenge), compressedKey), world.keys.terminal.privateKey)),
    ],
    ['of no bytes', () => new Uint8Array(0)],
  ])('P12 E_18 a signature %s answers 6300, and secure messaging goes on', (_what, signature) => {
    const bench = presented(open({ random: [challenge, challenge] }))
    const { terminal } = bench
    terminal.send(setAt(name('IRTERM00001')))
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signature()))).toBe('6300')
    expect(rightsNow(bench)).toEqual([])
    // The challenge is used up; with another one the terminal may try again.
    expect(terminal.status(authenticate(signed()))).toBe('6985')
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signed()))).toBe('9000')
    expect(rightsNow(bench)).toEqual(['read-dg3'])
  })

  it.each(['0084000007', '0084000009', '0084000001', '00840000'])(
    'P12 E_12 E_13 the card gives a challenge of eight bytes and none else: %s',
    (command) => {
      expect(open().terminal.status(command)).toBe('6700')
    },
  )

  it('P12 E_12 E_13 with an Le of 00 the challenge still has eight bytes', () => {
    expect(open().terminal.send('0084000000').data).toHaveLength(8)
  })

  it('P12 E_17 a certificate with a wrong signature answers 6300 and may be sent again, right', () => {
    const bench = open()
    const { terminal } = bench
    const forged = world.dv.with(world.dv.length - 1, world.dv.at(-1)! ^ 1)
    expect(present(bench, ['IRCVCA00001', forged])).toEqual(['9000', '6300'])
    expect(trustNow(bench).date).toBe('260101')
    expect(terminal.status(verify(world.dv))).toBe('9000')
    expect(present(bench, ['IRDV00001', forged], ['IRDV00001', world.terminal])).toEqual(['9000', '6300', '9000', '9000'])
  })

  it('P12 E_19 E_20 E_21 V05 expired certificates answer 6300 by the card’s own date', () => {
    expect(present(open({ trust: trusting('270101', world.root) }), ['IRCVCA00001', world.dv])).toEqual(['9000', '6300'])
    expect(present(open({ trust: trusting('260401', world.root) }), ...chain)).toEqual(['9000', '9000', '9000', '6300'])
    expect(present(open({ trust: trusting('280101', world.root) }), ['IRCVCA00001', world.dv])).toEqual(['9000', '6300'])
    expect(present(open({ trust: trusting('280101', world.root) }), ['IRCVCA00001', world.link])).toEqual(['9000', '9000'])
  })

  it('P12 E_24 a missing certificate leaves the next one without its authority', () => {
    const bench = open()
    expect(bench.terminal.status(setDst('IRDV00001'))).toBe('6a88')
    expect(bench.terminal.status(verify(world.terminal))).toBe('6985')
    expect(present(bench, ['IRCVCA00001', world.terminal])).toEqual(['9000', '6300'])
    expect(bench.terminal.status(setAt(name('IRTERM00001')))).toBe('6a88')
    expect(present(bench, ['IRCVCA00001', world.dv])).toEqual(['9000', '9000'])
    expect(bench.terminal.status(setAt(name('IRDV00001')))).toBe('6a88') // a verifier is no terminal
    expect(bench.terminal.status(setAt(name('IRTERM00001')))).toBe('6a88')
  })

  it('P12 E_32 E_33 E_34 link certificates: the new key is there at once and for good, the file of references follows', () => {
    const files = new Map([
      [
        'emrtd',
        new Map([
          [0x0101, specimenDg1],
          [0x011c, new Uint8Array(36)],
        ]),
      ],
    ])
    const bench = open({ state: { files } })
    expect(present(bench, ['IRCVCA00001', world.link], ['IRCVCA00002', world.nextDv], ['IRDV00002', world.nextTerminal])).toEqual(
      Array(6).fill('9000'),
    )
    expect(trustNow(bench)).toEqual({ names: ['IRCVCA00002', 'IRCVCA00001'], date: '260801' })
    const references = bench.card.store.state.files.get('emrtd')!.get(0x011c)!
    expect(toHex(references)).toBe(
      `420b${toHex(Uint8Array.from('IRCVCA00002', (c) => c.charCodeAt(0)))}420b${toHex(Uint8Array.from('IRCVCA00001', (c) => c.charCodeAt(0)))}`.padEnd(
        72,
        '0',
      ),
    )
    expect(present(bench, ['IRCVCA00002', world.third])).toEqual(['9000', '9000'])
    expect(trustNow(bench)).toEqual({ names: ['IRCVCA00003', 'IRCVCA00002'], date: '270101' })
    expect(bench.terminal.status(setDst('IRCVCA00001'))).toBe('6a88')
  })

  it('V05 a foreign terminal does not move the date', () => {
    const bench = open()
    expect(present(bench, ['IRCVCA00001', world.foreignDv], ['DEDV00001', world.foreignTerminal])).toEqual(Array(4).fill('9000'))
    expect(trustNow(bench).date).toBe('260110')
  })

  it('writes when trust or date change and never else: a write that fails changes nothing', () => {
    let writes = 0
    let broken = false
    const memory = (image: Uint8Array) => {
      let held = image
      return {
        load: () => held,
        store: (next: Uint8Array) => {
          if (broken) throw new Error('no power')
          writes++
          held = next
        },
      }
    }
    const bench = open({ memory })
    present(bench, ['IRCVCA00001', world.dv])
    expect(writes).toBe(1)
    present(bench, ['IRCVCA00001', world.dv]) // the date is there already
    expect(writes).toBe(1)
    broken = true
    expect(() => present(bench, ['IRCVCA00001', world.link])).toThrow('no power')
    expect(trustNow(bench)).toEqual({ names: ['IRCVCA00001'], date: '260110' })
    expect(bench.card.session.messaging).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['no name', '9100'],
    ['a name that is none', '83020102'],
    ['a name twice', name('IRTERM00001') + name('IRTERM00001')],
    ['an object that does not belong', `${name('IRTERM00001')}8400`],
    ['an algorithm but no key', `800a04007f00070202020203${name('IRTERM00001')}`],
    ['auxiliary data but no key', `${name('IRTERM00001')}6700`],
  ])('MSE:Set AT with %s answers 6A80', (_what, data) => {
    const { terminal } = presented(open())
    expect(terminal.status(setAt(data))).toBe('6a80')
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signed()))).toBe('6985')
  })

  it('what is no certificate of the profile answers 6A80', () => {
    const { terminal } = open()
    expect(terminal.status(setDst('IRCVCA00001'))).toBe('9000')
    for (const data of [
      insideOf(world.dv).slice(1),
      insideOf(world.dv).slice(0, 60),
      world.dv,
      new Uint8Array(0),
      Uint8Array.of(...insideOf(world.dv), 0x5f, 0x37, 0x01, 0x00),
    ])
      expect(terminal.status(commandOf('002a00be', data))).toBe('6a80')
    expect(terminal.status('002a00bf')).toBe('6a86')
    expect(terminal.status(verify(world.dv))).toBe('9000')
  })

  it('takes a certificate in a chain of commands, inside secure messaging', () => {
    const { terminal } = open()
    const data = insideOf(world.dv)
    expect(terminal.status(setDst('IRCVCA00001'))).toBe('9000')
    expect(terminal.status(commandOf('102a00be', data.slice(0, 100)))).toBe('9000')
    expect(terminal.status(commandOf('102a00be', data.slice(100, 200)))).toBe('9000')
    expect(terminal.status(commandOf('002a00be', data.slice(200)))).toBe('9000')
    expect(terminal.status(setDst('IRDV00001'))).toBe('9000')
  })

  it('needs chip authentication first, or PACE that proved the chip', () => {
    expect(presented(open({ grants: grantOf('bac', 'emrtd') })).terminal.status(setAt(name('IRTERM00001')))).toBe('6982')
    const pace = { password: 'can', chipIdentifier: new Uint8Array(32).fill(9), authorization: undefined } as const
    expect(presented(open({ grants: { ...grantOf('pace'), pace } })).terminal.status(setAt(name('IRTERM00001')))).toBe('6982')
    const bench = presented(open({ grants: { ...grantOf('pace'), pace: { ...pace, terminalKey: compressedKey } } }))
    expect(bench.terminal.status(setAt(name('IRTERM00001')))).toBe('9000')
    bench.terminal.send(getChallenge)
    expect(
      bench.terminal.status(authenticate(signed(undefined, concatBytes(pace.chipIdentifier, fromHex(challenge), compressedKey)))),
    ).toBe('9000')
    expect(rightsNow(bench)).toEqual(['read-dg3'])
  })

  it('a certificate after MSE:Set AT takes the choice back', () => {
    const { terminal } = presented(open())
    expect(terminal.status(setAt(name('IRTERM00001')))).toBe('9000')
    terminal.send(getChallenge)
    expect(terminal.status(setDst('IRCVCA00001'))).toBe('9000')
    expect(terminal.status(verify(world.foreignDv))).toBe('9000')
    expect(terminal.status(authenticate(signed()))).toBe('6985')
  })

  it('in the open nothing of it is answered', () => {
    const { plain } = open()
    expect(toHex(plain(setDst('IRCVCA00001')))).toBe('6982')
    expect(toHex(plain(setAt(name('IRTERM00001'))))).toBe('6982')
    expect(toHex(plain(verify(world.dv)))).toBe('6982')
  })

  it('a card that has no terminal authentication takes none', () => {
    const bench = presented(open({ profile: { terminalAuthentication: { versions: [2] } } }))
    expect(bench.terminal.status(setAt(name('IRTERM00001')))).toBe('6a80')
  })

  it('a chain for another kind of terminal is taken and opens nothing', () => {
    const signature = fromHex('04007f000703010203')
    const dv = issueCv({
      authority: 'IRCVCA00001',
      holder: 'IRDV00007',
      role: 'dv-domestic',
      from: '260110',
      to: '261231',
      key: world.keys.dv,
      signer: world.keys.root,
      type: signature,
    })
    const end = issueCv({
      authority: 'IRDV00007',
      holder: 'IRTERM00007',
      role: 'terminal',
      from: '260201',
      to: '260331',
      key: world.keys.terminal,
      signer: world.keys.dv,
    })
    const bench = open()
    expect(present(bench, ['IRCVCA00001', dv], ['IRDV00007', end])).toEqual(Array(4).fill('9000'))
    bench.terminal.send(setAt(name('IRTERM00007')))
    bench.terminal.send(getChallenge)
    expect(bench.terminal.status(authenticate(signed()))).toBe('9000')
    expect(rightsNow(bench)).toEqual([])
  })

  it('a key of another length or curve in the chain verifies as its own algorithm says', () => {
    const foreign = cvTestKey()
    const end = issueCv({
      authority: 'IRDV00001',
      holder: 'IRTERM00008',
      role: 'terminal',
      from: '260201',
      to: '260331',
      key: foreign,
      signer: world.keys.dv,
      rights: 0x03,
    })
    const bench = open()
    expect(present(bench, ['IRCVCA00001', world.dv], ['IRDV00001', end])).toEqual(Array(4).fill('9000'))
    bench.terminal.send(setAt(name('IRTERM00008')))
    bench.terminal.send(getChallenge)
    expect(bench.terminal.status(authenticate(signed(foreign)))).toBe('9000')
    expect(rightsNow(bench)).toEqual(['read-dg3', 'read-dg4'])
  })
})

describe('rights confined by PACE', () => {
  it.each([
    ['03', ['read-dg3']],
    ['01', ['read-dg3']],
    ['02', []],
    ['00', []],
  ])('a template of %s leaves %j', (template, rights) => {
    const authorization = fromHex(`7f4c0e060904007f000703010201530${template.length / 2}${template}`)
    const pace = { password: 'can', chipIdentifier: new Uint8Array(32).fill(9), authorization } as const
    const bench = presented(open({ grants: { ...grantOf('pace'), pace } }))
    const { terminal } = bench
    const data = concatBytes(pace.chipIdentifier, fromHex(challenge), compressedKey)
    expect(terminal.status(setAt(`800a04007f00070202020203${name('IRTERM00001')}9120${toHex(compressedKey)}`))).toBe('9000')
    terminal.send(getChallenge)
    expect(terminal.status(authenticate(signed(undefined, data)))).toBe('9000')
    expect([...bench.card.session.grants.eac.authenticated!.rights]).toEqual(rights)
    expect(rightsNow(bench)).toEqual([])
  })
})
