import { equalBytes } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { EmulatedCard } from './emulated-card.ts'
import { decodeImage } from './memory/card-image.ts'
import { inMemory } from './memory/card-memory.ts'
import { seededNumbers } from './testing/seeded-numbers.ts'
import { sendHex } from './testing/terminal.ts'
import { secretsOf, wholeCardImage } from './testing/whole-card.ts'
import { beginnings } from './testing/whole-card-commands.ts'
import { Dialogue } from './testing/whole-card-dialogue.ts'

const sequences = 1_000
const longest = 12

describe('a thousand sequences over the whole card, in each state of its life, in every channel', () => {
  const lives = ['INITIALIZED', 'SECURED', 'SECURED', 'SECURED', 'CARD_LOCKED', 'TERMINATED', 'OP_READY'] as const

  it('crash nothing, answer only what ISO/IEC 7816-4 knows, and reach no state that the access rules forbid', { timeout: 300_000 }, () => {
    const cards = new Map(
      [...new Set(lives)].map((life) => {
        const image = wholeCardImage(life)
        const before = decodeImage(image)
        return [life, { image, before, secrets: secretsOf(before) }] as const
      }),
    )
    const totals = { well: 0, signatures: 0, reads: 0, fingers: 0, resets: 0, lives: 0, stored: 0 }
    for (let number = 0; number < sequences; number++) {
      const next = seededNumbers(number)
      const { image, before, secrets } = cards.get(lives[number % lives.length]!)!
      const memory = inMemory(image)
      const dialogue = new Dialogue(new EmulatedCard({ memory }), before, next)
      dialogue.readMemory = () => {
        const now = memory.load()!
        return equalBytes(now, image) ? before : decodeImage(now)
      }
      dialogue.secrets = secrets
      dialogue.sent.push(`sequence ${number}:`)
      if (next(3) === 0) dialogue.power(true)
      const opening = next(4)
      if (opening === 0) dialogue.open()
      if (opening === 1 || (opening === 2 && before.lifeCycle === 'INITIALIZED')) dialogue.openDomain()
      if (next(2) === 0) for (const command of beginnings[next(beginnings.length)]!) dialogue.command(command)
      for (let left = 2 + next(longest); left > 0; left--) {
        const kind = next(60)
        if (kind === 0) dialogue.reset()
        else if (kind === 1) dialogue.power(next(2) === 0)
        else if (kind <= 3) dialogue.open()
        else if (kind <= 5) dialogue.openDomain()
        else dialogue.command()
      }
      dialogue.close()
      totals.well += dialogue.well
      for (const name of ['signatures', 'reads', 'fingers', 'resets', 'lives', 'stored'] as const) totals[name] += dialogue.rightful[name]
    }
    // The sequences reach what they are there to forbid.
    expect(totals.well).toBeGreaterThan(sequences)
    expect(totals.signatures).toBeGreaterThan(20)
    expect(totals.reads).toBeGreaterThan(20)
    expect(totals.fingers).toBeGreaterThan(5)
    expect(totals.resets).toBeGreaterThan(0)
    expect(totals.lives).toBeGreaterThan(0)
    expect(totals.stored).toBeGreaterThan(0)
  })

  it.each(['CARD_LOCKED', 'TERMINATED'] as const)('refuse a link of a chain as they refuse the whole: %s', (life) => {
    const card = new EmulatedCard({ memory: inMemory(wholeCardImage(life)) })
    expect(['10d600000101', '102a9e9a0101', '10a4000c013f'].map((command) => sendHex(card, command))).toEqual(['6985', '6985', '6985'])
  })
})
