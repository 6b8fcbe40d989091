import { encodeTlv, fromHex, toHex } from '@kart/codec'
import { type AccessRule, all, any, type CardProfile, channel, nationalId } from '@kart/layout/profile'
import { encodeBiometricData } from '@kart/minutiae'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import { enrolled, fingerCard, fingerprintAid, group, live, probe, triesOf, verify } from '../testing/finger-bench.ts'
import { PaceTerminal, testPasswords } from '../testing/pace-terminal.ts'
import { cardInState, emrtdAid, selectAid, sendHex } from '../testing/terminal.ts'

let memory: CardMemory
let card: EmulatedCard

beforeEach(() => {
  memory = inMemory()
  card = fingerCard({ memory })
})

const send = (command: string): string => sendHex(card, command)
const query = (reference: number): string => send(`002000${reference.toString(16)}`)
const pace = (): PaceTerminal['messaging'] => {
  const terminal = new PaceTerminal(card, testPasswords.can)
  expect(terminal.run()).toBe('9000')
  return terminal.messaging
}

describe('GET DATA 7F61', () => {
  it('gives the group to everybody, by tag and by tag list, in the open and inside PACE', () => {
    const whole = `${toHex(group)}9000`
    expect(send('00ca7f6100')).toBe(whole)
    expect(send('00cb3fff045c027f6100')).toBe(whole)
    send('00a4000c023f00')
    const messaging = pace()
    expect(messaging.send('00a4040c', { data: fromHex(fingerprintAid) }).sw).toBe('9000')
    expect(toHex(messaging.send('00ca7f61', { le: '00' }).data)).toBe(toHex(group))
  })

  it.each([
    ['another tag', '00ca7f6000', '6a88'],
    ['data where none belong', '00ca7f61015c00', '6700'],
    ['another tag in the list', '00cb3fff045c027f6000', '6a88'],
    ['a list of two', '00cb3fff065c047f617f6000', '6a88'],
    ['no list', '00cb3fff00', '6a80'],
    ['an empty list', '00cb3fff025c0000', '6a80'],
    ['a list longer than the data', '00cb3fff045c037f6100', '6a80'],
    ['another file', '00cb2f00045c027f6100', '6a86'],
  ])('refuses %s', (_name, command, sw) => {
    expect(send(command)).toBe(sw)
  })

  it('has nothing to give before personalization', () => {
    card = cardInState((state) => state)
    send(selectAid(fingerprintAid))
    expect(send('00ca7f6100')).toBe('6a88')
    expect(send(verify(0x96, probe(live.first)))).toBe('6a88')
  })
})

describe('VERIFY with a finger', () => {
  it('says yes to another print of the enrolled finger, by either instruction and either form of the data, and no more than that', () => {
    for (const [reference, print] of [
      [0x96, live.first],
      [0x97, live.second],
    ] as const) {
      expect(send(verify(reference, probe(print)))).toBe('9000')
      expect(send(verify(reference, probe(print), '20'))).toBe('9000')
      expect(send(verify(reference, encodeBiometricData(print, { cores: Uint8Array.of(1) })))).toBe('9000')
    }
  })

  it('C12 says no to a stranger and to the other finger, with the tries of that finger alone', () => {
    expect(send(verify(0x96, probe(live.stranger)))).toBe('63c4')
    expect(send(verify(0x96, probe(live.second)))).toBe('63c3')
    expect([query(0x96), query(0x97)]).toEqual(['63c3', '63c5'])
    expect(send(verify(0x96, probe(live.first)))).toBe('9000')
    expect([triesOf(memory, 0x96), triesOf(memory, 0x97)]).toEqual([5, 5])
  })

  it('C12 is blocked after five wrong ones, for the right finger too, and stays so', () => {
    for (const sw of ['63c4', '63c3', '63c2', '63c1', '63c0']) expect(send(verify(0x96, probe(live.stranger)))).toBe(sw)
    expect([send(verify(0x96, probe(live.first))), query(0x96)]).toEqual(['6983', '6983'])
    card.powerOn()
    send(selectAid(fingerprintAid))
    expect([send(verify(0x96, probe(live.first))), send(verify(0x96, fromHex('7f2e00')))]).toEqual(['6983', '6983'])
    expect(send(verify(0x97, probe(live.second)))).toBe('9000')
  })

  it('knows what was verified, until it is told to forget, another try fails, the application changes, or the card is reset', () => {
    const right = (): void => {
      expect([send(verify(0x96, probe(live.first))), query(0x96)]).toEqual(['9000', '9000'])
    }
    right()
    expect([send('0020ff96'), query(0x96), send('0020ff960100')]).toEqual(['9000', '63c5', '6700'])
    right()
    expect([send(verify(0x96, probe(live.stranger))), query(0x96)]).toEqual(['63c4', '63c4'])
    right()
    expect([send(verify(0x96, fromHex('7f2e00'))), query(0x96)]).toEqual(['6a80', '63c5'])
    right()
    expect([send(selectAid(fingerprintAid)), query(0x96)]).toEqual(['9000', '63c5'])
    right()
    card.reset()
    expect([send(selectAid(fingerprintAid)), query(0x96)]).toEqual(['9000', '63c5'])
  })

  it('holds inside PACE too, where what was proved ends with the channel', () => {
    send('00a4000c023f00')
    const messaging = pace()
    expect(messaging.send('00a4040c', { data: fromHex(fingerprintAid) }).sw).toBe('9000')
    expect(messaging.send('00210096', { data: probe(live.stranger) }).sw).toBe('63c4')
    expect(messaging.send('00210096', { data: probe(live.first) }).sw).toBe('9000')
    expect(messaging.send('00200096').sw).toBe('9000')
    expect(query(0x96)).toBe('63c5')
  })

  it.each([
    ['another P1', '00210196', '6a86'],
    ['a reference that is not enrolled', '00210098', '6a88'],
    ['no data with the instruction for data objects', '00210096', '6a80'],
    ['a password', '002000810431323334', '6a88'],
    ['a GlobalPlatform class', '80210096', '6e00'],
  ])('refuses %s', (_name, command, sw) => {
    expect(send(command)).toBe(sw)
  })

  it('is not offered where no rule asks for a finger', () => {
    send(selectAid(emrtdAid))
    expect([send(verify(0x96, probe(live.first))), send('00ca7f6100')]).toEqual(['6d00', '6d00'])
  })

  it('holds every answer to a comparison back to the next whole tenth of a second, whatever the answer, and no other', () => {
    send(verify(0x96, fromHex('7f2e00')))
    expect(card.answerDelay).toBe(0)
    for (const print of [live.first, live.stranger, enrolled[0x96]]) {
      send(verify(0x96, probe(print)))
      expect(card.answerDelay).toBeGreaterThan(0)
      expect(card.answerDelay).toBeLessThanOrEqual(100)
    }
  })
})

describe('access rules that ask for a finger', () => {
  const finger: AccessRule = { kind: 'biometric', reference: 0x96 }
  const pin: AccessRule = { kind: 'password', reference: 1 }
  /** EF.DG1 opens by this rule, EF.DG2 never. */
  const profileWith = (read: AccessRule): CardProfile => ({
    ...nationalId,
    applications: nationalId.applications.map((application) =>
      application.name === 'emrtd'
        ? { ...application, files: application.files.map((file) => (file.name === 'EF.DG1' ? { ...file, read } : file)) }
        : application,
    ),
  })
  const open = (read: AccessRule): void => {
    memory = inMemory()
    card = fingerCard({ memory, profile: profileWith(read) })
    send(selectAid(emrtdAid))
  }
  const readDg1 = (): string => send('00b0810000').slice(-4)

  it.each([
    ['finger', finger, '9000'],
    ['PIN or finger', any(pin, finger), '9000'],
    ['PIN and finger', all(pin, finger), '6982'],
    ['the other finger', { kind: 'biometric', reference: 0x97 } as const, '6982'],
    ['finger inside PACE', all(channel('pace'), finger), '6982'],
  ])('%s: shut before, after the right finger %#', (_name, rule, after) => {
    open(rule)
    expect(readDg1()).toBe('6982')
    expect(send(verify(0x96, probe(live.stranger)))).toBe('63c4')
    expect(readDg1()).toBe('6982')
    expect(send(verify(0x96, probe(live.first)))).toBe('9000')
    expect(readDg1()).toBe(after)
    send('0020ff96')
    expect(readDg1()).toBe('6982')
  })

  it('ends with the application and with the channel', () => {
    open(any(finger, all(channel('pace'), finger)))
    expect([send(verify(0x96, probe(live.first))), readDg1()]).toEqual(['9000', '9000'])
    send(selectAid(fingerprintAid))
    send(selectAid(emrtdAid))
    expect(readDg1()).toBe('6982')
    // Verified in the application of fingers, it opens nothing in another one.
    send(selectAid(fingerprintAid))
    expect(send(verify(0x96, probe(live.first)))).toBe('9000')
    send(selectAid(emrtdAid))
    expect(readDg1()).toBe('6982')
    send('00a4000c023f00')
    const messaging = pace()
    expect(messaging.send('00a4040c', { data: fromHex(emrtdAid) }).sw).toBe('9000')
    expect(messaging.send('00b08100', { le: '00' }).sw).toBe('6982')
    expect(messaging.send('00210096', { data: probe(live.first) }).sw).toBe('9000')
    expect(messaging.send('00b08100', { le: '00' }).sw).toBe('9000')
    expect(readDg1()).toBe('6982')
  })
})

describe('what the card takes of a print', () => {
  it('leaves the extended features unread and takes no other object', () => {
    expect(send(verify(0x96, encodeTlv(0x5f2e, live.first)))).toBe('6a80')
    expect(send(verify(0x96, encodeTlv(0x7f2e, encodeTlv(0x82, live.first))))).toBe('6a80')
    expect(triesOf(memory, 0x96)).toBe(5)
  })
})
