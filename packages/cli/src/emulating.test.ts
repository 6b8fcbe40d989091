import { InputError } from '@kart/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cardFiles, noticeSilence, slotName } from './emulating.ts'

describe('cards in several readers', () => {
  it('gives each reader a file of its own', () => {
    expect(cardFiles('a/blank.card', 1)).toEqual(['a/blank.card'])
    expect(cardFiles('a/blank.card', 2)).toEqual(['a/blank-00.card', 'a/blank-01.card'])
    expect(cardFiles('blank', 16).at(-1)).toBe('blank-15')
    for (const bad of [0, 17, 1.5, Number.NaN]) expect(() => cardFiles('blank.card', bad)).toThrow(InputError)
  })

  it('names the place of each', () => {
    expect(slotName({ kind: 'vpcd', host: '127.0.0.1', port: 35963 }, 1)).toBe('127.0.0.1:35964')
    expect(slotName({ kind: 'kart', folder: '/run/kart', first: 3 }, 9)).toBe('/run/kart/reader-12.sock')
  })
})

describe('a reader that never asks for its card', () => {
  afterEach(() => void vi.useRealTimers())

  it('is told of once, and not after it asked or the card is out', () => {
    vi.useFakeTimers()
    const [silent, heard, stopped] = [vi.fn(), vi.fn(), vi.fn()]
    noticeSilence(silent)
    noticeSilence(heard).heard()
    noticeSilence(stopped).stop()
    vi.runAllTimers()
    expect([silent, heard, stopped].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0])
  })
})
