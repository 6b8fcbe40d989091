import { fromHex, toHex } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { profileOffering } from '../testing/pace-example.ts'
import { PaceTerminal, testPasswords, withPasswords } from '../testing/pace-terminal.ts'
import { cardInState, emrtdAid, files, type MessagingTerminal, sendHex, statusOf } from '../testing/terminal.ts'

const ciphers = ['3DES', 'AES-128', 'AES-192', 'AES-256'] as const satisfies readonly MessagingCipher[]
const read = ['00b08100', { le: '04' }] as const

describe.each(ciphers)('secure messaging of PACE with %s', (cipher) => {
  let card: EmulatedCard
  let terminal: MessagingTerminal

  function open(): MessagingTerminal {
    const arc = (ciphers.indexOf(cipher) + 1).toString(16).padStart(2, '0')
    const pace = new PaceTerminal(card, { ...testPasswords.can, oid: `04007f000702020402${arc}` })
    expect(pace.run()).toBe('9000')
    expect(pace.messaging.send('00a4040c', { data: fromHex(emrtdAid) }).sw).toBe('9000')
    return pace.messaging
  }

  beforeEach(() => {
    card = cardInState(withPasswords, { profile: profileOffering({ agreement: 'ECDH', mapping: 'GM', cipher, parameterId: 12 }) })
    terminal = open()
  })

  it('P14 takes every form of Le: none, short, zero, two bytes, odd instruction with DO 85', () => {
    const { dg1 } = files
    expect(terminal.send('00b08100', { le: '04' })).toEqual({ data: dg1.slice(0, 4), sw: '9000' })
    expect(terminal.send('00b08100', { le: '00' })).toEqual({ data: dg1, sw: '9000' })
    expect(terminal.send('00b08100', { le: '0000' })).toEqual({ data: dg1, sw: '9000' })
    expect(terminal.send('00b08100', { le: '0010' })).toEqual({ data: dg1.slice(0, 16), sw: '9000' })
    expect(terminal.send('00b08100', { le: '0200' })).toEqual({ data: dg1, sw: '6282' })
    expect(terminal.send('00b08100').sw).toBe('6700')
    expect(terminal.send('00b10000', { data: fromHex('54020002'), le: '06' })).toEqual({
      data: fromHex(`5304${toHex(dg1.slice(2, 6))}`),
      sw: '9000',
    })
    expect(terminal.send('00b08000', { le: '00' }).sw).toBe('6a82')
    expect(terminal.send('00b0815d', { le: '01' }).sw).toBe('6b00')
    expect(terminal.send(...read).sw).toBe('9000')
  })

  it('P16 takes chained links, each protected for itself, and refuses a foreign one in between', () => {
    expect(terminal.send('10a4040c', { data: fromHex('a00000') }).sw).toBe('9000')
    expect(terminal.send('10a4040c', { data: fromHex('0247') }).sw).toBe('9000')
    expect(terminal.send('00a4040c', { data: fromHex('1001') }).sw).toBe('9000')
    expect(terminal.send(...read).sw).toBe('9000')
    expect(terminal.send('10a4040c', { data: fromHex('a00000') }).sw).toBe('9000')
    expect(terminal.send(...read).sw).toBe('6883')
    expect(terminal.send(...read).sw).toBe('9000')
    // A chain that began protected does not go on in plain.
    expect(terminal.send('10a4040c', { data: fromHex('a00000') }).sw).toBe('9000')
    expect(sendHex(card, '00a4040c040247100100')).toBe('6883')
    terminal = open()
    expect(terminal.send(...read).sw).toBe('9000')
  })

  it('P01 a plain command, P02 one without its MAC, and one on another logical channel end the session', () => {
    for (const [command, sw] of [
      ['00b0810004', '6982'],
      ['0cb0810000', '6987'],
      ['0cb081000397010400', '6987'],
      ['0db0810004', '6881'],
      ['01b0810004', '6881'],
      ['4cb0810004', '6881'],
      ['08b0810004', '6882'],
      ['00', '6700'],
    ] as const) {
      terminal = open()
      expect([command, sendHex(card, command)]).toEqual([command, sw])
      expect([command, toHex(card.process(terminal.wrap(...read)))]).toEqual([command, '6988'])
    }
  })

  it('MANAGE CHANNEL inside is refused, and the session lives', () => {
    expect(terminal.send('00700000', { le: '01' }).sw).toBe('6881')
    expect(terminal.send(...read).sw).toBe('9000')
  })

  it('P03 replay, skip and swap end it', () => {
    const command = terminal.wrap(...read)
    expect(statusOf(card.process(command))).toBe('9000')
    expect([toHex(card.process(command)), toHex(card.process(terminal.wrap(...read)))]).toEqual(['6988', '6988'])
    terminal = open()
    terminal.wrap(...read)
    expect(toHex(card.process(terminal.wrap(...read)))).toBe('6988')
    terminal = open()
    const first = terminal.wrap(...read)
    terminal.wrap(...read)
    expect([toHex(card.process(terminal.wrap(...read))), toHex(card.process(first))]).toEqual(['6988', '6988'])
  })

  it('P04 wrong padding under a right MAC answers what a wrong MAC answers', () => {
    const padding = toHex(card.process(terminal.wrap('00a4020c', { badPadding: true })))
    terminal = open()
    const command = terminal.wrap('00a4020c', { badPadding: true })
    command[command.length - 2]! ^= 1
    expect([padding, toHex(card.process(command)), toHex(card.process(terminal.wrap(...read)))]).toEqual(['6988', '6988', '6988'])
  })

  it('any flipped byte of a protected command ends it', () => {
    const size = terminal.wrap('00a4020c', { data: fromHex('0101') }).length
    for (let position = 0; position < size - 1; position++) {
      terminal = open()
      const command = terminal.wrap('00a4020c', { data: fromHex('0101') })
      command[position]! ^= 0x01
      expect([position, toHex(card.process(command))]).toEqual([position, expect.stringMatching(/^6[789a-f]/)])
      expect([position, toHex(card.process(terminal.wrap(...read)))]).toEqual([position, '6988'])
    }
  })
})
