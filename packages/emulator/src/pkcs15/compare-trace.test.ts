import { describe, expect, it, vi } from 'vitest'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import { inMemory } from '../memory/card-memory.ts'
import { holderCard, pins, selectPkcs15, verify } from '../testing/holder-card.ts'
import { sendHex } from '../testing/terminal.ts'

vi.mock('../card-crypto/constant-time.ts', { spy: true })

/** What the card does for one guess: its answer, its comparisons with the lengths of what was compared, its writes with their lengths. */
function traceOf(guess: string): unknown {
  vi.mocked(equalSecrets).mockClear()
  const inner = inMemory()
  const steps: string[] = []
  const memory = {
    load: () => {
      steps.push('load')
      return inner.load()
    },
    store: (image: Uint8Array) => {
      steps.push(`store ${image.length}`)
      inner.store(image)
    },
  }
  const { card } = holderCard({}, {}, memory)
  sendHex(card, selectPkcs15)
  steps.length = 0
  const answer = sendHex(card, verify(1, guess))
  return { answer, steps, compared: vi.mocked(equalSecrets).mock.calls.map(([a, b]) => [a.length, b.length]) }
}

describe('C06 a wrong PIN', () => {
  it('C06 leaves the same trace however many of its digits are right: one comparison over all eight bytes', () => {
    const wrong = [0, 1, 2, 3, 4, 5].map((right) =>
      [...pins.auth].map((digit, i) => (i < right ? digit : String((Number(digit) + 1) % 10))).join(''),
    )
    const [first, ...others] = wrong.map(traceOf)
    expect(first).toMatchObject({ answer: '63c2', compared: [[8, 8]] })
    for (const other of others) expect(other).toEqual(first)
    expect(traceOf(pins.auth)).toMatchObject({ answer: '9000', compared: [[8, 8]] })
  })
})
