import { fromHex } from '@kart/codec'
import { beforeEach, describe, expect, it } from 'vitest'
import { contactlessView, encodeAts } from '../contactless-view.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import { askTries, holderPin, holderPins, padded, pins, pkcs15Aid, selectPkcs15, statusWords, verify } from '../testing/holder-card.ts'
import { PaceTerminal, testPasswords, withPasswords } from '../testing/pace-terminal.ts'
import { cardInState, type MessagingTerminal, sendHex } from '../testing/terminal.ts'

const wrong = '397264'
const certificate = {
  type: 'transparent',
  access: fromHex('0fffff'),
  properties: new Uint8Array(2),
  size: 2,
  content: fromHex('aabb'),
  privateKey: undefined,
} as const
let memory: CardMemory
let card: EmulatedCard

beforeEach(() => {
  memory = inMemory()
  card = cardInState(
    (state) => ({
      ...withPasswords(state),
      lifeCycle: 'SECURED',
      signature: { ...state.signature, activated: true, pins: holderPins, files: new Map([[0x4301, certificate]]) },
    }),
    { memory },
  )
  card.powerOn('contactless')
})

/** Secure messaging of PACE with this password, the PKCS#15 application selected. */
function inside(name: keyof typeof testPasswords): MessagingTerminal {
  // PACE is run in the MF.
  sendHex(card, '00a4000c023f00')
  const terminal = new PaceTerminal(card, testPasswords[name])
  expect(terminal.run()).toMatch(/^(9000|63c.)$/)
  expect(terminal.messaging.send('00a4040c', { data: fromHex(pkcs15Aid) }).sw).toBe('9000')
  return terminal.messaging
}
const check = (channel: MessagingTerminal, reference: number, digits: string): string =>
  channel.send(`0020000${reference}`, { data: fromHex(padded(digits)) }).sw
const ask = (channel: MessagingTerminal, reference: number): string => channel.send(`0020000${reference}`).sw

describe('from a field', () => {
  it('nothing is answered outside PACE but SELECT of the application, not even which files there are', () => {
    const commands = [
      selectPkcs15,
      verify(1, pins.auth),
      askTries(1),
      '00a4000c024301',
      '00a4000c024302',
      '00ca01a014',
      '00b0000001',
      '002241b603800100',
    ]
    expect(statusWords(card, commands)).toEqual(['9000', '6982', '6982', '6982', '6982', '6982', '6982', '6982'])
    expect(statusWords(card, ['00a4000c023f00', verify(1, pins.auth), '00ca01a014', '00a4080c0450154301'])).toEqual([
      '9000',
      '6982',
      '6982',
      '6982',
    ])
    expect(decodeImage(memory.load()!).signature.pins.get(1)?.tries.left).toBe(3)
  })

  it('the same card answers all of them through its contacts', () => {
    card.powerOn()
    const commands = [selectPkcs15, verify(1, pins.auth), askTries(1), '00a4000c024301', '00b0000001', '00ca01a014']
    expect(statusWords(card, commands)).toEqual(['9000', '9000', '9000', '9000', '9000', '9000'])
  })

  it('inside PACE PINs and files are as through contacts', () => {
    const channel = inside('can')
    expect([check(channel, 1, wrong), check(channel, 1, pins.auth), ask(channel, 1)]).toEqual(['63c2', '9000', '9000'])
    expect(channel.send('00a4020c', { data: fromHex('4301') }).sw).toBe('9000')
    expect(channel.send('00b00000', { le: '02' }).data).toEqual(fromHex('aabb'))
  })

  it('the PUK of PACE opens nothing', () => {
    const channel = inside('puk')
    expect(check(channel, 1, pins.auth)).toBe('6982')
  })

  it('a verification ends with the channel it came in', () => {
    expect(check(inside('can'), 1, pins.auth)).toBe('9000')
    sendHex(card, '00a4000c023f00')
    expect(ask(inside('can'), 1)).toBe('63c3')
  })

  it('the reader’s view of the card tells it so at power-on', () => {
    const view = contactlessView(card, { ats: encodeAts({ historicalBytes: fromHex('80') }), access: () => undefined })
    card.powerOn()
    expect(sendHex(card, verify(1, wrong))).toBe('63c2')
    view.powerOn()
    expect(sendHex(card, verify(1, wrong))).toBe('6982')
    card.transport()
    expect(sendHex(card, askTries(1))).toBe('63c2')
    card.transport('contactless')
    expect(sendHex(card, askTries(1))).toBe('6982')
  })
})

describe('C07 the last try', () => {
  const lastTry = holderPin(pins.auth, { tries: { left: 1, most: 3 } })

  beforeEach(() => {
    memory = inMemory()
    card = cardInState(
      (state) => ({ ...withPasswords(state), signature: { ...state.signature, activated: true, pins: new Map([[1, lastTry]]) } }),
      {
        memory,
      },
    )
    card.powerOn('contactless')
  })

  it('C07 is suspended, right or wrong, until the CAN is proved; and counts nothing', () => {
    const channel = inside('mrz')
    expect([ask(channel, 1), check(channel, 1, pins.auth), check(channel, 1, wrong), ask(channel, 1)]).toEqual([
      '63c1',
      '6985',
      '6985',
      '63c1',
    ])
    expect(check(inside('can'), 1, pins.auth)).toBe('9000')
    expect(decodeImage(memory.load()!).signature.pins.get(1)?.tries.left).toBe(3)
  })

  it('C07 the CAN gives one attempt', () => {
    const channel = inside('can')
    expect([check(channel, 1, wrong), check(channel, 1, pins.auth)]).toEqual(['63c0', '6983'])
  })

  it('C07 through contacts no CAN is asked for', () => {
    card.powerOn()
    expect(statusWords(card, [verify(1, pins.auth), askTries(1)])).toEqual(['9000', '9000'])
  })
})
