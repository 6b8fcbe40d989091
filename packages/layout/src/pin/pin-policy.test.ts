import { InputError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holderPinPolicy } from '../profile/pin-policy.ts'
import { findPinWeaknesses, type PinHolder } from './pin-policy.ts'

// Born on 1 Mordad 1370; a national code with a true check digit.
const holder: PinHolder = { numbers: ['0084575948', 'I98-4413-77'], birthDate: '1991-07-23' }

const weaknesses = (pin: string, of: PinHolder = holder) => findPinWeaknesses(pin, holderPinPolicy, of)

describe('the PIN policy of the reference card', () => {
  test.each([
    ['1234', ['length', 'run']],
    ['481592637', ['length']],
    ['48159a', ['not-digits']],
    ['', ['not-digits']],
    ['000000', ['repeat', 'few-digits', 'repeated-block']],
    ['730002', ['repeat']],
    ['820045', []],
    ['123456', ['run']],
    ['765432', ['run']],
    ['789012', ['run']],
    ['501234', ['run']],
    ['501293', []],
    ['410987', ['run']],
    ['313113', ['few-digits']],
    ['259259', ['repeated-block']],
    ['25925925', []],
    ['27272727', ['few-digits', 'repeated-block']],
    ['575948', ['own-number']],
    ['849575', ['own-number']],
    ['208495', ['own-number']],
    ['304431', []],
    ['984413', ['own-number']],
    ['910723', ['birth-date']],
    ['230791', ['birth-date']],
    ['072391', ['birth-date']],
    ['700501', ['birth-date']],
    ['010570', ['birth-date']],
    ['13700501', ['birth-date']],
    ['137025', ['birth-date']],
    ['861991', ['birth-date']],
    ['237918', ['birth-date']],
    ['147258', ['listed']],
    ['14725806', ['listed']],
    ['۴۸۱۵۹۲', []],
    ['۱۲۳۴۵۶', ['run']],
    ['481592', []],
  ] as const)('%s', (pin, expected) => {
    expect(weaknesses(pin)).toEqual(expected)
  })

  test('needs no holder, and judges by those facts alone that it is given', () => {
    expect(weaknesses('575948', {})).toEqual([])
    expect(weaknesses('910723', { numbers: [] })).toEqual([])
    expect(() => weaknesses('481592', { birthDate: '1991-02-30' })).toThrow(InputError)
  })

  test('follows its table', () => {
    const loose = { ...holderPinPolicy, longestRun: 8, longestRepeat: 8, fewestDifferent: 1, sharedDigits: 7, birthDate: false, listed: [] }
    for (const pin of ['123456', '910723', '575948', '147258']) expect(findPinWeaknesses(pin, loose, holder)).toEqual([])
    expect(findPinWeaknesses('0084575', loose, holder)).toEqual(['own-number'])
  })

  test('refuses every part of the national code, and few PINs besides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 99 }), (at, rest) => {
        const code = '0084575948'
        expect(weaknesses(code.slice(at, at + 4) + String(rest).padStart(2, '0'))).toContain('own-number')
      }),
    )
    let refused = 0
    for (let n = 0; n < 1_000_000; n += 37) if (weaknesses(String(n).padStart(6, '0')).length > 0) refused++
    expect(refused / Math.ceil(1_000_000 / 37)).toBeLessThan(0.15)
  })
})
