import { DecodeError, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { atrFromAts, contactlessView, encodeAts } from './contactless-view.ts'
import type { PluggableCard } from './plugged-card.ts'

describe('P15 the ATR that a reader makes of an ATS', () => {
  it.each([
    // DESFire EV1: its ATS and the ATR under which PC/SC readers show it (the public list of ATRs).
    ['067577810280', '3b8180018080'],
    // No interface and no historical bytes; length byte alone.
    ['0200', '3b80800101'],
    ['01', '3b80800101'],
  ])('%s -> %s', (ats, atr) => expect(toHex(atrFromAts(fromHex(ats)))).toBe(atr))

  it.each([
    ['', 'no bytes'],
    ['0675778102', 'shorter than its length byte says'],
    ['06757781028080', 'longer than its length byte says'],
    ['0370', 'interface bytes missing'],
    ['0470ff', 'length byte wrong'],
    [`12 00 ${'41'.repeat(16)}`.replaceAll(' ', ''), '16 historical bytes'],
  ])('refuses %s (%s)', (ats) => expect(() => atrFromAts(fromHex(ats))).toThrow(DecodeError))

  it('refuses to make an ATS that no ATR could hold', () => {
    expect(() => encodeAts({ historicalBytes: new Uint8Array(16) })).toThrow(DecodeError)
    expect(toHex(encodeAts({ historicalBytes: fromHex('80') }))).toBe('067877800280')
  })
})

it('P07 a card seen through the field holds its answers back as long as the card does, and refusals not at all', () => {
  const slow = {
    atr: fromHex('3b00'),
    answerDelay: 400,
    powerOn: () => {},
    powerOff: () => {},
    reset: () => {},
    process: () => fromHex('9000'),
  }
  const view = contactlessView(slow, { ats: fromHex('0200') })
  view.process(fromHex('10860000'))
  expect(view.answerDelay).toBe(400)
  view.process(fromHex('0020000100'))
  expect(view.answerDelay).toBe(0)
})

describe('a card seen through the field', () => {
  const seen: string[] = []
  const card: PluggableCard = {
    atr: fromHex('3b00'),
    powerOn: () => void seen.push('on'),
    powerOff: () => void seen.push('off'),
    reset: () => void seen.push('reset'),
    process: (command) => {
      seen.push(toHex(command))
      return fromHex('9000')
    },
  }

  it('has the ATR of its ATS and refuses PINs outside a PACE channel before the card sees them', () => {
    const view = contactlessView(card, { ats: fromHex('067577810280') })
    expect(toHex(view.atr)).toBe('3b8180018080')
    view.powerOn()
    for (const plain of ['002000810431323334', '0024008100', '102c008100', '6021000000'])
      expect(toHex(view.process(fromHex(plain)))).toBe(plain.startsWith('60') ? '9000' : '6982')
    expect(toHex(view.process(fromHex('0c200081040102030400')))).toBe('9000')
    expect(toHex(view.process(fromHex('80200000')))).toBe('9000')
    expect(seen).toEqual(['on', '6021000000', '0c200081040102030400', '80200000'])
  })

  it('takes a rule of one’s own', () => {
    const view = contactlessView(card, { ats: fromHex('0200'), access: (command) => (command[1] === 0xb0 ? 0x6985 : undefined) })
    expect(toHex(view.process(fromHex('00b0000000')))).toBe('6985')
    expect(toHex(view.process(fromHex('00200081')))).toBe('9000')
  })
})
