import { describe, expect, it } from 'vitest'
import { eventsBetween } from './readers.ts'

const atr = Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01)
const other = Uint8Array.of(0x3b, 0x81, 0x80, 0x01, 0x41, 0xc1)
const present = 0x20
const mute = 0x220
const kinds = (...args: Parameters<typeof eventsBetween>) => eventsBetween(...args).map(({ kind }) => kind)

describe('events between two reports of a reader', () => {
  it('an ATR that comes only when a mute card is powered is no exchange', () => {
    expect(kinds('r', { state: 0x3_0000 | mute, atr: new Uint8Array() }, { state: 0x3_0000 | present, atr })).toEqual([])
    expect(kinds('r', { state: mute, atr: new Uint8Array() }, { state: present, atr })).toEqual([])
  })

  it('another ATR is an exchange where insertions are not counted, and none where the count says otherwise', () => {
    expect(kinds('r', { state: present, atr }, { state: present, atr: other })).toEqual(['card-removed', 'card-inserted'])
    expect(kinds('r', { state: 0x3_0000 | present, atr }, { state: 0x3_0000 | present, atr: other })).toEqual([])
    expect(kinds('r', { state: 0x3_0000 | present, atr }, { state: 0x5_0000 | present, atr })).toEqual(['card-removed', 'card-inserted'])
  })
})
