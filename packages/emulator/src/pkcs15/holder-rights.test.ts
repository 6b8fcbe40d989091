import { fromHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { inMemory } from '../memory/card-memory.ts'
import { CardStore } from '../memory/card-store.ts'
import { type CardContext, freshSession } from '../os/card-context.ts'
import { holderCard, holderPin, pins } from '../testing/holder-card.ts'
import { beginKeyUse } from './holder-rights.ts'

describe('what a verified PIN allows a key', () => {
  const key = {
    type: 'ec',
    access: fromHex('2fffff'),
    properties: new Uint8Array(2),
    size: 256,
    content: new Uint8Array(0),
    privateKey: undefined,
  } as const
  const command = { cla: 0, ins: 0x2a, p1: 0x9e, p2: 0x9a, data: new Uint8Array(0), ne: 256, protection: 'none' } as const

  function contextOf(more: Parameters<typeof holderCard>[0], lifeCycle: 'INITIALIZED' | 'SECURED'): CardContext {
    const memory = inMemory()
    const { card } = holderCard(more, { lifeCycle }, memory)
    return {
      profile: card.profile,
      store: new CardStore(memory),
      random: () => new Uint8Array(0),
      session: freshSession(card.profile),
      interface: 'contact',
      delay: 0,
    }
  }
  const outcome = (card: CardContext, file: Parameters<typeof beginKeyUse>[2] = key): string => {
    try {
      beginKeyUse(card, command, file)
      return '9000'
    } catch (error) {
      return (error as { sw: number }).sw.toString(16)
    }
  }

  it('its uses, and no more', () => {
    const card = contextOf({}, 'SECURED')
    expect(outcome(card)).toBe('6982')
    card.session.verified.set(2, 2)
    expect([outcome(card), outcome(card), outcome(card)]).toEqual(['9000', '9000', '6982'])
    card.session.verified.set(2, Number.POSITIVE_INFINITY)
    expect([outcome(card), outcome(card), outcome(card)]).toEqual(['9000', '9000', '9000'])
  })

  it('not the key of another PIN, and no key that none may use', () => {
    const card = contextOf({}, 'SECURED')
    card.session.verified.set(1, Number.POSITIVE_INFINITY)
    expect(outcome(card)).toBe('6982')
    expect([outcome(card, { ...key, access: fromHex('ffffff') }), outcome(card, { ...key, access: fromHex('0fffff') })]).toEqual([
      '6982',
      '9000',
    ])
  })

  it('nothing under a transport PIN, once the card is secured', () => {
    const transport = { pins: new Map([[2, holderPin(pins.sign, { transport: true })]]) }
    for (const [lifeCycle, sw] of [
      ['INITIALIZED', '9000'],
      ['SECURED', '6985'],
    ] as const) {
      const card = contextOf(transport, lifeCycle)
      card.session.verified.set(2, 1)
      expect([lifeCycle, outcome(card), card.session.verified.size]).toEqual([lifeCycle, sw, sw === '9000' ? 0 : 1])
    }
  })
})
