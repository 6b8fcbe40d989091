import { readFileSync } from 'node:fs'
import { DecodeError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { detectFormat } from './format.ts'

const certificate = new Uint8Array(readFileSync(new URL('../../../test-vectors/lds/csca-germany-013.cer', import.meta.url)))

describe('detectFormat', () => {
  it('takes no file of another kind for a bare card format, whatever its length', () => {
    for (let length = 300; length < 360; length++)
      expect(() => detectFormat(certificate.slice(0, length)), `${length} bytes`).toThrow(DecodeError)
  })

  it('takes no more than 255 minutiae for a card format', () => {
    expect(detectFormat(new Uint8Array(3 * 254))).toBe('card-compact')
    expect(() => detectFormat(new Uint8Array(3 * 256))).toThrow(DecodeError)
  })
})
