import { describe, expect, it } from 'vitest'
import { change, holderCard, holderPin, holderPins, padded, pins, selectPkcs15, statusWords, verify } from '../testing/holder-card.ts'
import { sendHex } from '../testing/terminal.ts'

describe('GET DATA of the state of a PIN', () => {
  const state = (card: Parameters<typeof sendHex>[0], reference: number): string => sendHex(card, `00ca01c${reference}00`)

  it('tells tries, those of the PUK, and whether it is a transport PIN; asking takes none', () => {
    const { card, stored } = holderCard({ pins: new Map(holderPins).set(1, holderPin(pins.auth, { transport: true })) })
    sendHex(card, selectPkcs15)
    const before = stored()
    expect([1, 2, 3, 4].map((reference) => state(card, reference))).toEqual(['03030a0a019000', '03030a0a009000', '03030000009000', '6a88'])
    expect(stored()).toEqual(before)
    statusWords(card, [verify(1, '397264'), `002c000110${padded('40962718')}${padded('837465')}`])
    expect(state(card, 1)).toBe('0203090a019000')
    expect(statusWords(card, [change(1, pins.auth, '837465')])).toEqual(['9000'])
    expect(state(card, 1)).toBe('0303090a009000')
    expect(statusWords(card, ['00ca01c000', '00ca01cf00', '00ca01c10100'])).toEqual(['6a88', '6a88', '6700'])
  })

  it('is told in the MF too, and from a field only inside PACE', () => {
    const { card } = holderCard()
    expect(state(card, 1)).toBe('03030a0a009000')
    card.powerOn('contactless')
    expect(state(card, 1)).toBe('6982')
  })
})
