import { concatBytes, encodeAscii, fromHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import type { CardState } from '../memory/card-state.ts'
import {
  createFileHex,
  creationCard,
  holderPin,
  padded,
  pinGrouping,
  pins,
  pkcs15Aid,
  selectPkcs15,
  statusWords,
  verify,
} from '../testing/holder-card.ts'
import { openDomain, type Scp03Terminal, sendHex } from '../testing/terminal.ts'

const { dgis } = nationalId
let card: EmulatedCard
let stored: () => CardState

beforeEach(() => {
  ;({ card, stored } = creationCard())
})

function installed(level = 0x33): Scp03Terminal {
  const terminal = openDomain(card, level)
  expect(terminal.install(pkcs15Aid)).toBe('9000')
  return terminal
}

describe('a PIN by its data grouping', () => {
  it('comes with flags, uses, lengths, tries, and a PUK or none', () => {
    const terminal = installed()
    expect(terminal.store(dgis.holderPin, pinGrouping(1, pins.auth, { puk: pins.puk, flags: 1 }))).toBe('9000')
    expect(terminal.store(dgis.holderPin, pinGrouping(2, pins.sign, { uses: 1 }))).toBe('9000')
    const { pins: found, changes } = stored().signature
    expect([found.get(1), changes]).toEqual([holderPin(pins.auth, { transport: true }), 2])
    expect(found.get(2)).toMatchObject({ usesPerVerify: 1, puk: undefined, transport: false })
    expect(statusWords(card, [selectPkcs15, verify(1, pins.auth), verify(2, pins.sign)])).toEqual(['9000', '9000', '9000'])
  })

  it.each([
    ['reference 0', pinGrouping(0, pins.auth)],
    ['reference 15', pinGrouping(15, pins.auth)],
    ['unknown flags', pinGrouping(1, pins.auth, { flags: 2 })],
    ['shorter than its least', pinGrouping(1, '86753')],
    ['least above most', pinGrouping(1, pins.auth, { head: '010000080603' })],
    ['least of three', pinGrouping(1, pins.auth, { head: '010000030803' })],
    ['most of nine', pinGrouping(1, pins.auth, { head: '010000060903' })],
    ['no tries', pinGrouping(1, pins.auth, { head: '010000060800' })],
    ['sixteen tries', pinGrouping(1, pins.auth, { head: '010000060810' })],
    ['letters', pinGrouping(1, '86753a')],
    ['a PUK of three', pinGrouping(1, pins.auth, { puk: '867' })],
    ['tries of a PUK and no PUK', concatBytes(pinGrouping(1, pins.auth), Uint8Array.of(10))],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s, and nothing changes', (_, value) => {
    const terminal = installed()
    const before = stored()
    expect(terminal.store(dgis.holderPin, value)).toBe('6a80')
    expect(stored()).toEqual(before)
  })

  it('is refused, as the holder’s numbers are, in a channel that does not encrypt; a file is not', () => {
    const terminal = installed(0x01)
    expect(terminal.store(dgis.holderPin, pinGrouping(1, pins.auth))).toBe('6982')
    expect(terminal.store(dgis.forbiddenDigits, fromHex('0431323334'))).toBe('6982')
    expect(terminal.store(dgis.holderFile, fromHex('4301013fff0000aa'))).toBe('9000')
  })
})

describe('the holder’s numbers', () => {
  it('are kept, each, and replace those of before', () => {
    const terminal = installed()
    expect(terminal.store(dgis.forbiddenDigits, fromHex('0431323334 023536'))).toBe('9000')
    expect(stored().signature.forbiddenDigits).toEqual([encodeAscii('1234'), encodeAscii('56')])
    expect(terminal.store(dgis.forbiddenDigits, fromHex('0437383930'))).toBe('9000')
    expect(stored().signature.forbiddenDigits).toEqual([encodeAscii('7890')])
  })

  it.each(['00', '0431', '01410131', '013f'])('refuses %s', (hex) => {
    expect(installed().store(dgis.forbiddenDigits, fromHex(hex))).toBe('6a80')
  })
})

describe('a file by its data grouping', () => {
  it('is made and filled, and replaces one of its identifier', () => {
    const terminal = installed()
    expect(terminal.store(dgis.holderFile, fromHex('4301 013fff 0002 aabbcc'))).toBe('9000')
    expect(terminal.store(dgis.holderFile, fromHex('4301 023fff 0000 dd'))).toBe('9000')
    expect(stored().signature.files.get(0x4301)).toEqual({
      type: 'transparent',
      access: fromHex('023fff'),
      properties: fromHex('0000'),
      size: 1,
      content: fromHex('dd'),
      privateKey: undefined,
    })
    expect(sendHex(card, selectPkcs15).slice(-4)).toBe('9000')
    expect(sendHex(card, '00a4000002430100')).toBe('6f178002000182010183024301 8603023fff 85020000 8a01019000'.replaceAll(' ', ''))
  })

  it('is refused where it can be none', () => {
    sendHex(card, createFileHex('4b01', 256, { type: '22' }))
    const terminal = installed()
    for (const [value, sw] of [
      ['4301013fff0000', '6a80'],
      ['4301', '6a80'],
      ['3f00013fff0000aa', '6a80'],
      ['4b01013fff0000aa', '6a80'],
    ] as const)
      expect([value, terminal.store(dgis.holderFile, fromHex(value))]).toEqual([value, sw])
    expect(terminal.store(dgis.holderFile, new Uint8Array(7 + 0x8000))).toBe('6a84')
  })

  it('and every other grouping is unknown here, a file of the MF too', () => {
    const terminal = installed()
    expect([
      terminal.store(0x2f00, fromHex('61024f00')),
      terminal.store(dgis.bacKeys, new Uint8Array(32)),
      terminal.store(0x4301, fromHex('aa')),
    ]).toEqual(['6a88', '6a88', '6a88'])
  })

  it('nothing of it outside SCP03, and nothing once the card is SECURED', () => {
    sendHex(card, selectPkcs15)
    expect(sendHex(card, `80e288000d${'80300a'}${padded(pins.auth)}0000`).slice(-4)).toMatch(/^(6e00|6d00)$/)
    const terminal = installed()
    expect(terminal.status('80f0800f')).toBe('9000')
    expect(terminal.store(dgis.holderPin, pinGrouping(1, pins.auth))).toBe('6985')
  })
})

describe('the grouping that takes away what lies in the application', () => {
  const filled = () => {
    sendHex(card, selectPkcs15)
    for (const fid of ['4501', '4502']) sendHex(card, createFileHex(fid, 16))
    sendHex(card, createFileHex('4b01', 256, { type: '22' }))
    const terminal = installed()
    terminal.store(dgis.holderPin, pinGrouping(1, pins.auth))
    terminal.store(dgis.forbiddenDigits, fromHex('0430313233'))
    return terminal
  }

  it('takes the files that it names, and nothing else', () => {
    expect(filled().store(dgis.clearHolder, fromHex('45014b01'))).toBe('9000')
    const { files, pins: left, forbiddenDigits } = stored().signature
    expect([[...files.keys()], [...left.keys()], forbiddenDigits.length]).toEqual([[0x4502], [1], 1])
  })

  it('takes everything where it names none, EF.DIR too, also after ACTIVATE, which it does not undo', () => {
    sendHex(card, '00a40004023f00')
    sendHex(card, createFileHex('2f00', 64))
    const terminal = filled()
    expect(stored().files.get('mf')?.has(0x2f00)).toBe(true)
    sendHex(card, selectPkcs15)
    expect(sendHex(card, `004404000c${pkcs15Aid}`).slice(-4)).toBe('9000')
    expect(sendHex(card, '00da01e0080000000000000000').slice(-4)).toBe('6985')
    const before = stored().signature.changes
    expect(terminal.store(dgis.clearHolder, new Uint8Array(0))).toMatch(/^6/)
    expect(installed(0x01).store(dgis.clearHolder, new Uint8Array(0))).toBe('9000')
    const { files, pins: left, forbiddenDigits, activated, changes } = stored().signature
    expect([files.size, left.size, forbiddenDigits.length, activated]).toEqual([0, 0, 0, true])
    expect(changes).toBeGreaterThan(before)
    expect(stored().files.get('mf')?.has(0x2f00)).toBe(false)
  })

  it('is whole or not at all, and nothing once the card is SECURED', () => {
    const terminal = filled()
    for (const [value, sw] of [
      ['450145', '6a80'],
      ['45014503', '6a88'],
      ['45014501', '6a88'],
    ] as const)
      expect([value, terminal.store(dgis.clearHolder, fromHex(value))]).toEqual([value, sw])
    expect(stored().signature.files.size).toBe(3)
    expect(terminal.status('80f0800f')).toBe('9000')
    expect(terminal.store(dgis.clearHolder, new Uint8Array(0))).toBe('6985')
  })
})
