import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import { enrolled, fingerprintAid, group, live, minutia, minutiae, probe, triesOf, verify } from '../testing/finger-bench.ts'
import { blankCard, emrtdAid, openDomain, type Scp03Terminal, selectAid, sendHex } from '../testing/terminal.ts'

const { dgis } = nationalId
const finger = (reference: number, tries: number, coded: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(reference, tries), coded)

let memory: CardMemory
let card: EmulatedCard
let terminal: Scp03Terminal

beforeEach(() => {
  memory = inMemory()
  card = blankCard(memory)
  terminal = openDomain(card)
  expect(terminal.install(fingerprintAid)).toBe('9000')
})

describe('data groupings of fingerprint comparison', () => {
  it('bring the templates and both fingers, which then answer', () => {
    const first = terminal.store(dgis.informationTemplates, group)
    expect([first, terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x96]))]).toEqual(['9000', '9000'])
    expect(terminal.store(dgis.finger, finger(0x97, 3, enrolled[0x97]))).toBe('9000')
    sendHex(card, selectAid(fingerprintAid))
    expect(sendHex(card, '00ca7f6100')).toBe(`${toHex(group)}9000`)
    expect([sendHex(card, '00200096'), sendHex(card, '00200097')]).toEqual(['63c5', '63c3'])
    expect(sendHex(card, verify(0x97, probe(live.second)))).toBe('9000')
  })

  it('replace an earlier finger, its tries with it', () => {
    terminal.store(dgis.finger, finger(0x96, 2, enrolled[0x97]))
    sendHex(card, selectAid(fingerprintAid))
    expect(sendHex(card, verify(0x96, probe(live.first)))).toBe('63c1')
    terminal = openDomain(card)
    expect([terminal.install(fingerprintAid), terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x96]))]).toEqual(['9000', '9000'])
    sendHex(card, selectAid(fingerprintAid))
    expect(sendHex(card, verify(0x96, probe(live.first)))).toBe('9000')
  })

  it.each([
    ['a reference that the profile has not', finger(0x98, 5, enrolled[0x96]), '6a80'],
    ['no tries', finger(0x96, 0, enrolled[0x96]), '6a80'],
    ['16 tries', finger(0x96, 16, enrolled[0x96]), '6a80'],
    ['nothing', new Uint8Array(0), '6a80'],
    ['11 minutiae', finger(0x96, 5, enrolled[0x96].subarray(0, 33)), '6a80'],
    ['61 minutiae', finger(0x96, 5, new Uint8Array(183)), '6a84'],
    ['a minutia cut short', finger(0x96, 5, enrolled[0x96].subarray(0, 40)), '6a80'],
    [
      'minutiae that no finger has',
      finger(0x96, 5, minutiae(Array.from({ length: 30 }, (_, i) => minutia(5 + 7 * i, (i * 71) % 251, 8)))),
      '6a80',
    ],
  ])('refuse a finger with %s', (_name, value, sw) => {
    expect(terminal.store(dgis.finger, value)).toBe(sw)
    sendHex(card, selectAid(fingerprintAid))
    expect(sendHex(card, '00200096')).toBe('6a88')
  })

  it.each([
    ['another object', fromHex('7f6003020100'), '6a80'],
    ['a group cut short', group.subarray(0, 30), '6a80'],
    ['257 bytes', new Uint8Array(257), '6a84'],
  ])('refuse templates with %s', (_name, value, sw) => {
    expect(terminal.store(dgis.informationTemplates, value)).toBe(sw)
  })

  it('are those of the application of fingers alone', () => {
    terminal.install(emrtdAid)
    expect([terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x96])), terminal.store(dgis.informationTemplates, group)]).toEqual([
      '6a88',
      '6a88',
    ])
    terminal.install(fingerprintAid)
    expect(terminal.store(dgis.bacKeys, new Uint8Array(32))).toBe('6a88')
  })

  it('bring no minutiae over a channel that does not encrypt', () => {
    terminal = openDomain(card, 0x11)
    terminal.install(fingerprintAid)
    expect(terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x96]))).toBe('6982')
    expect(terminal.store(dgis.informationTemplates, group)).toBe('9000')
  })

  it('are refused once the card is SECURED', () => {
    terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x96]))
    expect(terminal.status('80f0800f')).toBe('9000')
    expect(terminal.store(dgis.finger, finger(0x96, 5, enrolled[0x97]))).not.toBe('9000')
    expect(triesOf(memory, 0x96)).toBe(5)
  })
})
