import { fromHex } from '@kart/codec'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { type CardMemory, CardMemoryError, inMemory } from '../memory/card-memory.ts'
import { fingerprintAid, live, probe, triesOf, withFingers } from '../testing/finger-bench.ts'
import { holderPins, padded, pins, pkcs15Aid, selectPkcs15, statusWords, verify } from '../testing/holder-card.ts'
import { PaceTerminal, testPasswords } from '../testing/pace-terminal.ts'
import { cardInState, type MessagingTerminal, selectAid } from '../testing/terminal.ts'

/** A memory that counts what is stored, and may lose a write or fail at it. */
class Memory implements CardMemory {
  private readonly inner = inMemory()
  fault: 'lost' | 'before' | 'after' | undefined
  load() {
    return this.inner.load()
  }
  store(image: Uint8Array) {
    const { fault } = this
    if (fault === 'lost') return
    if (fault !== 'before') this.inner.store(image)
    if (fault !== undefined) throw new CardMemoryError('the power went')
  }
}

let memory: Memory
let card: EmulatedCard

beforeEach(() => {
  memory = new Memory()
  card = cardInState(
    (state) => ({
      ...withFingers(state),
      lifeCycle: 'SECURED',
      signature: { ...state.signature, activated: true, pins: holderPins },
    }),
    { memory },
  )
})

/** PACE with the card access number, then this application. */
function inside(aid: string = pkcs15Aid): MessagingTerminal {
  card.reset()
  const terminal = new PaceTerminal(card, testPasswords.can)
  expect(terminal.run()).toBe('9000')
  expect(terminal.messaging.send('00a4040c', { data: fromHex(aid) }).sw).toBe('9000')
  return terminal.messaging
}
const prove = (channel: MessagingTerminal, reference: number, digits: string) =>
  channel.send(`0020000${reference}`, { data: fromHex(padded(digits)) }).sw
const reset = (channel: MessagingTerminal, reference = 0x96) => channel.send(`002c03${reference.toString(16)}`).sw
const show = (channel: MessagingTerminal, print: Uint8Array) => channel.send('00210096', { data: probe(print) }).sw

/** Uses up the tries of the finger under 96; gives how many answers that took. */
function block(): number {
  const channel = inside(fingerprintAid)
  let answers = 0
  while (show(channel, live.stranger) !== '6983') answers++
  return answers
}

describe('RESET RETRY COUNTER of a finger', () => {
  it('C12 gives the tries of that finger back to whoever proved the SO-PIN inside PACE', () => {
    expect(block()).toBe(5)
    const channel = inside()
    expect([reset(channel), prove(channel, 1, pins.auth), reset(channel)]).toEqual(['6982', '9000', '6982'])
    expect([prove(channel, 3, pins.officer), reset(channel)]).toEqual(['9000', '9000'])
    expect([triesOf(memory, 0x96), triesOf(memory, 0x97)]).toEqual([5, 5])
    expect(show(inside(fingerprintAid), live.first)).toBe('9000')
  })

  it('is refused in the open, in another application, with data, and for what is no finger', () => {
    block()
    card.reset()
    expect(statusWords(card, [selectPkcs15, verify(3, pins.officer), '002c0396'])).toEqual(['9000', '9000', '6982'])
    expect(statusWords(card, [selectAid(fingerprintAid), '002c0396'])).toEqual(['9000', '6d00'])
    const channel = inside()
    prove(channel, 3, pins.officer)
    expect(reset(channel, 0x98)).toBe('6a88')
    for (const p1 of ['00', '01', '02']) expect(channel.send(`002c${p1}96`, { data: fromHex(padded(pins.puk)) }).sw).toBe('6a86')
    expect(channel.send('002c0396', { data: fromHex(padded(pins.puk)) }).sw).toBe('6700')
    expect(triesOf(memory, 0x96)).toBe(0)
  })

  it('C13 is done ten times in the life of the card: whoever climbs gets no answer after that', () => {
    let answers = block()
    for (let i = 0; i < 12; i++) {
      const channel = inside()
      prove(channel, 3, pins.officer)
      expect(reset(channel)).toBe(i < 10 ? '9000' : '6983')
      answers += block()
    }
    expect(answers).toBe(55)
  })

  it('C12 C01 is done and counted, or neither, wherever power fails; C04 nothing when memory loses the write', () => {
    block()
    const stored = () => decodeImage(memory.load()!).fingers.fingers.get(0x96)!
    const before = stored()
    for (const fault of ['before', 'lost', 'after'] as const) {
      const channel = inside()
      prove(channel, 3, pins.officer)
      memory.fault = fault
      expect(reset(channel)).toBe('6581')
      memory.fault = undefined
      if (fault !== 'after') expect(stored()).toEqual(before)
    }
    expect(stored()).toMatchObject({ tries: { left: 5, most: 5 }, resets: 1 })
  })
})
