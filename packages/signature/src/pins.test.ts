import { DecodeError, InputError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { encodePin } from './pins.ts'

describe('a PIN as the card says that it stores it', () => {
  it('is padded to that length', () => {
    expect(encodePin('736254', { storedLength: 8, padding: 0xff })).toEqual(Uint8Array.of(0x37, 0x33, 0x36, 0x32, 0x35, 0x34, 0xff, 0xff))
    expect(encodePin('736254', { storedLength: 8, padding: undefined })).toHaveLength(6)
    expect(() => encodePin('736254901', { storedLength: 8, padding: 0xff })).toThrow(InputError)
  })

  // The number is the card's word: room for it is made only where a command could carry it.
  it.each([0, 17, 0x7fff_ffff])('of %i bytes is the card’s fault, whatever was typed', (storedLength) => {
    expect(() => encodePin('736254', { storedLength, padding: 0xff })).toThrow(DecodeError)
  })
})
