import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmulatedCard } from '../emulated-card.ts'
import { holderCard, selectPkcs15, verify } from '../testing/holder-card.ts'
import { sendHex } from '../testing/terminal.ts'
import { type CardMemory, inMemory } from './card-memory.ts'
import { fileMemory } from './memory-file.ts'
import { fileCounter, type MonotonicCounter } from './monotonic-counter.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kart-rollback-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (): string => join(folder, 'card')
const memoryOf = (): CardMemory => fileMemory(path(), { counter: fileCounter(`${path()}.counter`) })

function make(): void {
  holderCard({}, {}, memoryOf()).card.close()
}

/** One wrong guess; the status word. */
function guess(): string {
  const card = new EmulatedCard({ memory: memoryOf() })
  try {
    sendHex(card, selectPkcs15)
    return sendHex(card, verify(1, '314159'))
  } finally {
    card.close()
  }
}

describe('C16 a memory that is put back', () => {
  it('C16 an older copy of the card is refused, so that no try comes back', () => {
    make()
    copyFileSync(path(), `${path()}.old`)
    expect([guess(), guess()]).toEqual(['63c2', '63c1'])
    copyFileSync(`${path()}.old`, path())
    expect(guess).toThrowError(expect.objectContaining({ code: 'card-memory', message: expect.stringMatching(/older copy of the card/) }))
  })

  it('C16 the newest copy is taken, and a new card in its place begins anew', () => {
    make()
    expect(guess()).toBe('63c2')
    copyFileSync(path(), `${path()}.new`)
    copyFileSync(`${path()}.new`, path())
    expect(guess()).toBe('63c1')
    rmSync(path())
    make()
    expect(guess()).toBe('63c2')
    expect(readdirSync(folder).sort()).toEqual(['card', 'card.counter', 'card.new'])
  })

  it('C16 power that fails between image and counter loses no card, and gives no second chance', () => {
    let value = 0
    let cut = false
    const counter: MonotonicCounter = {
      read: () => value,
      raise: (next) => {
        if (cut) throw new Error('no power')
        value = next
      },
      clear: () => {
        value = 0
      },
    }
    const memory: CardMemory = { ...inMemory(), counter }
    const { card } = holderCard({}, {}, memory)
    const before = memory.load()!
    sendHex(card, selectPkcs15)
    cut = true
    expect(sendHex(card, verify(1, '314159'))).not.toBe('9000')
    cut = false
    const after = new EmulatedCard({ memory })
    sendHex(after, selectPkcs15)
    expect(sendHex(after, '00200001')).toBe('63c2')
    memory.store(before)
    expect(() => new EmulatedCard({ memory })).toThrowError(/older copy/)
  })

  it('a counter file that is none is refused by name', () => {
    make()
    writeFileSync(`${path()}.counter`, 'seven\n')
    expect(guess).toThrowError(/is no counter/)
  })
})
