import type { CardTransport } from '@kart/apdu/host'
import { fromHex, InputError, LimitError, toHex } from '@kart/codec'
import { type CardProfile, nationalId } from '@kart/layout'
import { describe, expect, test } from 'vitest'
import { exchangesFor } from './exchange-budget.ts'
import { type ReadCardOptions, readCard } from './read-card.ts'
import { access, newCard, read } from './testing/reading-bench.ts'

describe('P14 a card that draws the reading out', () => {
  const reply = (answer: (command: Uint8Array, index: number) => string) => {
    const counted = { exchanges: 0 }
    const transport: CardTransport = {
      atr: nationalId.atr,
      close: async () => {},
      transceive: async (command) => fromHex(answer(command, counted.exchanges++)),
    }
    return {
      counted,
      reading: (limits: ReadCardOptions['limits'] = {}) =>
        readCard(transport, { profile: nationalId, access, accessPolicy: 'pace-then-bac', limits }),
    }
  }
  const isRead = (command: Uint8Array) => command[1] === 0xb0
  const seven = (command: Uint8Array, state: { left: number }) => {
    state.left = isRead(command) ? 7 : state.left - 1
    if (command[1] !== 0xb0 && command[1] !== 0xc0) return '9000'
    if (state.left === 7) return '6107'
    return state.left > 0 ? `aa61${toHex(Uint8Array.of(state.left))}` : 'aa9000'
  }
  const state = { left: 0 }

  test.each<[string, (command: Uint8Array, index: number) => string]>([
    ['61ff for ever', () => '61ff'],
    ['a byte and 61xx for ever', (command) => (isRead(command) ? '6101' : command[1] === 0xc0 ? 'aa6101' : '9000')],
    ['511 rounds of a byte behind 61xx', (command, i) => (isRead(command) || i % 512 < 511 ? '6101' : '619000')],
    ['each byte of seven behind 61xx', (command) => seven(command, state)],
    ['a byte an answer', (command) => (isRead(command) ? 'aa9000' : '9000')],
    ['data behind 61xx for ever', () => `${'00'.repeat(200)}6110`],
    ['6Cxx for ever', () => '6c01'],
    ['9000 and nothing', () => '9000'],
    ['6282 and nothing', () => '6282'],
  ])('P14 %s: over within a bound, as evidence or LimitError', async (_, answer) => {
    const { counted, reading } = reply(answer)
    try {
      expect((await reading()).access.outcome).toBe('refused')
    } catch (error) {
      expect(error).toBeInstanceOf(LimitError)
    }
    expect(counted.exchanges).toBeLessThanOrEqual(exchangesFor(nationalId))
    // Three small files of the MF are all that such a card can draw out.
    expect(counted.exchanges).toBeLessThan(1000)
  })

  test('P14 all files drawn out together: LimitError at the bound, and nothing is sent after it', async () => {
    const whole = newCard()
    await read(whole)
    const needed = whole.commands.length
    for (let exchanges = 1; exchanges < needed; exchanges++) {
      const transport = newCard()
      await expect(read(transport, { limits: { exchanges } }), `${exchanges}`).rejects.toEqual(
        new LimitError('exchanges in one reading', exchanges),
      )
      expect(transport.commands).toHaveLength(exchanges)
    }
    expect((await read(newCard(), { limits: { exchanges: needed } })).files).toHaveLength(9)
  })

  test('P14 the bound unless told is the profile’s, and leaves room for files that are full', () => {
    const wide: CardProfile = nationalId
    const bytes = wide.applications.flatMap((one) => one.files).reduce((sum, file) => sum + file.maxLength, 0)
    const files = wide.applications.flatMap((one) => one.files)
    expect(exchangesFor(nationalId)).toBe(files.reduce((sum, file) => sum + Math.ceil(file.maxLength / 32), 512))
    expect(exchangesFor(nationalId)).toBeGreaterThanOrEqual(bytes / 32 + 512)
    expect(exchangesFor({ ...nationalId, applications: [] })).toBe(512)
  })

  test.each([0, -1, 1.5, Number.NaN])('P14 a bound of %s is the caller’s error', async (exchanges) => {
    const transport = newCard()
    await expect(read(transport, { limits: { exchanges } })).rejects.toThrow(InputError)
    expect(transport.commands).toEqual([])
  })
})
