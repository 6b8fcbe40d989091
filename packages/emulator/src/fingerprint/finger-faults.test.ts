import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { compare, type Prepared, prepare } from '@kart/matcher/reference'
import { cardTemplate, compactCardCodec, minutiaeOf, syntheticTemplate, templateFrom } from '@kart/minutiae'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EmulatedCard } from '../emulated-card.ts'
import { type CardMemory, CardMemoryError, inMemory } from '../memory/card-memory.ts'
import {
  coded,
  enrolled,
  fingerCard,
  fingerprintAid,
  live,
  minutia,
  minutiae,
  probe,
  triesOf,
  verify,
  withFingers,
} from '../testing/finger-bench.ts'
import { cardInState, selectAid, sendHex } from '../testing/terminal.ts'

/** A memory in which the n-th write from now fails: before it is done, or after. */
function cuttable(): CardMemory & { cut: { at: number; done: boolean } | undefined } {
  const inner = inMemory()
  const memory = {
    cut: undefined as { at: number; done: boolean } | undefined,
    load: () => inner.load(),
    store(image: Uint8Array) {
      const { cut } = memory
      if (cut !== undefined && --cut.at === 0) {
        memory.cut = undefined
        if (cut.done) inner.store(image)
        throw new CardMemoryError('the power went')
      }
      inner.store(image)
    },
  }
  return memory
}

const restart = (memory: CardMemory): EmulatedCard => {
  const card = new EmulatedCard({ memory })
  sendHex(card, selectAid(fingerprintAid))
  return card
}

describe('power that fails in a comparison', () => {
  it.each([
    ['before the count', 1, false, 5],
    ['after the count', 1, true, 4],
  ])('C12 C01 wrong finger, cut %s: the count is never higher than before', (_name, at, done, left) => {
    const memory = cuttable()
    const card = fingerCard({ memory })
    memory.cut = { at, done }
    expect(sendHex(card, verify(0x96, probe(live.stranger)))).toBe('6581')
    expect(triesOf(memory, 0x96)).toBe(left)
    expect(sendHex(restart(memory), '00200096')).toBe(`63c${left}`)
  })

  it.each([
    ['before the count', 1, false, 5],
    ['after the count', 1, true, 4],
    ['before the count is given back', 2, false, 4],
    ['after it is given back', 2, true, 5],
  ])('C12 C02 right finger, cut %s: nothing is verified, and the finger is not blocked', (_name, at, done, left) => {
    const memory = cuttable()
    const card = fingerCard({ memory })
    memory.cut = { at, done }
    expect(sendHex(card, verify(0x96, probe(live.first)))).toBe('6581')
    expect(triesOf(memory, 0x96)).toBe(left)
    sendHex(card, selectAid(fingerprintAid))
    expect(sendHex(card, '00200096')).toBe(`63c${left}`)
    expect(sendHex(restart(memory), verify(0x96, probe(live.first)))).toBe('9000')
  })

  it('C12 C03 ten thousand cuts between count and comparison: five tries, then none', () => {
    const memory = cuttable()
    let card = fingerCard({ memory })
    const answers = new Map<string, number>()
    for (let i = 0; i < 10_000; i++) {
      memory.cut = { at: 1, done: true }
      const sw = sendHex(card, verify(0x96, probe(live.first)))
      answers.set(sw, (answers.get(sw) ?? 0) + 1)
      if (sw === '6581') card = restart(memory)
    }
    expect([...answers]).toEqual([
      ['6581', 5],
      ['6983', 9995],
    ])
  })

  it('C12 C04 a memory that takes no write is found out before anything is compared', () => {
    const inner = inMemory()
    let stuck = false
    const memory: CardMemory = {
      load: () => inner.load(),
      store: (image) => {
        if (!stuck) inner.store(image)
      },
    }
    const card = fingerCard({ memory })
    stuck = true
    for (let i = 0; i < 8; i++) expect(sendHex(card, verify(0x96, probe(i % 2 === 0 ? live.first : live.stranger)))).toBe('6581')
    expect(sendHex(card, '00200096')).toBe('63c5')
    stuck = false
    expect(sendHex(card, verify(0x96, probe(live.first)))).toBe('9000')
  })
})

/** What the card keeps to itself. */
const scoreOf = (print: Uint8Array): number =>
  compare(...([print, enrolled[0x96]].map((one) => prepare(compactCardCodec.decode(one))) as [Prepared, Prepared])).strength

describe('C12 the answer is yes or no', () => {
  it('C12 two bytes, and the same ones for a near miss and a far one', () => {
    // Nine minutiae of the right finger among strangers' ones: more alike than a stranger is, and not enough.
    const mixed = [live.first.subarray(0, 27), live.stranger.subarray(0, 60)].flatMap((part) => minutiaeOf(compactCardCodec.decode(part)))
    const near = coded(templateFrom(mixed))
    const [far, nearer] = [live.stranger, near].map(scoreOf)
    expect(nearer!).toBeGreaterThan(far!)
    const cards = [0, 1].map(() => fingerCard({ memory: inMemory() }))
    expect(sendHex(cards[0]!, verify(0x96, probe(near)))).toBe('63c4')
    expect(sendHex(cards[1]!, verify(0x96, probe(live.stranger)))).toBe('63c4')
  })
})

describe('C13 climbing towards a finger', () => {
  /** The print with a few of its minutiae moved or replaced. */
  const mutate = (print: Uint8Array, step: number): Uint8Array => {
    const all = minutiaeOf(compactCardCodec.decode(print))
    const next = all.map((one, i) =>
      (i * 7 + step) % 5 === 0 ? { ...one, x: (one.x + 10 * (step % 9)) % 2500, angle: (one.angle + 4 * step) & 0xff } : one,
    )
    return coded(templateFrom(next))
  }

  it('C13 ten thousand queries: five are compared, whatever lies between, and none says how near it was', () => {
    const memory = inMemory()
    const card = fingerCard({ memory })
    const heard: string[] = []
    let print = live.stranger
    for (let i = 0; i < 10_000; i++) {
      if (i % 100 === 99) card.powerOn()
      if (i % 10 === 5) sendHex(card, selectAid(fingerprintAid))
      const sw = sendHex(card, verify(0x96, probe(print)))
      heard.push(sw)
      if (i < 50) print = mutate(print, i)
    }
    expect(heard.slice(0, 5)).toEqual(['63c4', '63c3', '63c2', '63c1', '63c0'])
    // 6D00: queries between a power-on and the next SELECT.
    expect(new Set(heard.slice(5))).toEqual(new Set(['6983', '6d00']))
    expect(triesOf(memory, 0x96)).toBe(0)
  })

  it('C13 malformed prints cost no try, and are answered alike whatever finger is enrolled', () => {
    const other = cardInState((state) => {
      const { fingers, ...rest } = withFingers(state)
      const strangers = new Map(
        [...fingers.fingers].map(([reference, finger]) => [reference, { ...finger, minutiae: coded(syntheticTemplate(83)) }]),
      )
      return { ...rest, fingers: { ...fingers, fingers: strangers } }
    })
    sendHex(other, selectAid(fingerprintAid))
    const memory = inMemory()
    const card = fingerCard({ memory })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const command = verify(0x96, probe(bytes))
        const answer = sendHex(card, command)
        if (answer === '6a80') expect(sendHex(other, command)).toBe('6a80')
      }),
      { numRuns: 300 },
    )
    expect(triesOf(memory, 0x96)).toBe(5)
  })
})

describe('C14 prints that are no live finger', () => {
  const many = (count: number): Uint8Array =>
    minutiae(Array.from({ length: count }, (_, i) => minutia(2 + 3 * i, (i * 71) % 251, (i * 29) % 64)))
  const range = (length: number) => Array.from({ length }, (_, i) => i)
  const grid = minutiae(range(7).flatMap((x) => range(7).map((y) => minutia(20 + 25 * x, 20 + 25 * y, (x * 13 + y * 7) % 64))))
  const rows: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing', new Uint8Array(0), '6a80'],
    ['no minutiae', probe(new Uint8Array(0)), '6a80'],
    ['1 minutia', probe(live.first.subarray(0, 3)), '6a80'],
    ['11 minutiae, one fewer than the card takes', probe(live.first.subarray(0, 33)), '6a80'],
    ['61 minutiae, one more than the card takes', probe(many(61)), '6a80'],
    ['83 minutiae', probe(many(83)), '6a80'],
    ['84 minutiae', probe(many(84)), '6a80'],
    ['255 minutiae', probe(new Uint8Array(765).fill(9)), '6a80'],
    ['300 minutiae', probe(new Uint8Array(900).fill(9)), '6a80'],
    ['all zeros', probe(new Uint8Array(90)), '6a80'],
    ['a minutia cut short', probe(live.first.subarray(0, 40)), '6a80'],
    [
      'every minutia twice',
      probe(concatBytes(...range(15).flatMap((i) => [live.first.slice(3 * i, 3 * i + 3), live.first.slice(3 * i, 3 * i + 3)]))),
      '6a80',
    ],
    [
      'another order',
      probe(
        minutiae(
          range(live.first.length / 3)
            .map((i) => live.first.slice(3 * i, 3 * i + 3))
            .reverse(),
        ),
      ),
      '6a80',
    ],
    ['one direction', probe(minutiae(range(30).map((i) => minutia(5 + 7 * i, (i * 71) % 251, 8)))), '6a80'],
    ['a grid', probe(grid), '6a80'],
    ['a data object cut short', fromHex('7f2e0a8112aabbcc'), '6a80'],
    ['no data object', live.first, '6a80'],
    ['two templates', concatBytes(probe(live.first), probe(live.first)), '6a80'],
    ['a password', encodeTlv(0x81, fromHex('31323334')), '6a80'],
    ['the wrong finger', probe(live.second), '63c4'],
    ['the enrolled print itself', probe(enrolled[0x96]), '63c4'],
    ['a part of the enrolled print', probe(enrolled[0x96].subarray(0, 60)), '63c4'],
  ]

  it.each(rows)('C14 %s', (_name, data, sw) => {
    const memory = inMemory()
    const card = fingerCard({ memory })
    expect(sendHex(card, verify(0x96, data))).toBe(sw)
    // Malformed prints take no try; compared ones do. The card goes on.
    expect(triesOf(memory, 0x96)).toBe(sw === '6a80' ? 5 : 4)
    expect(sendHex(card, verify(0x96, probe(live.first)))).toBe('9000')
  })

  it('C14 the enrolled print with a third of its minutiae moved a little is still a copy', () => {
    const all = minutiaeOf(compactCardCodec.decode(enrolled[0x96]))
    const moved = all.map((one, i) => (i % 3 === 0 ? { ...one, x: one.x === 0 ? one.x : one.x - 10 } : one))
    const card = fingerCard({ memory: inMemory() })
    const print = compactCardCodec.encode(cardTemplate(templateFrom(moved), { most: 60, order: 'x-then-y' }))
    expect(sendHex(card, verify(0x96, probe(print)))).toBe('63c4')
  })

  it('C14 any bytes are answered with a status word', () => {
    const card = fingerCard({ memory: inMemory() })
    const command = fc.tuple(
      fc.constantFrom('20', '21'),
      fc.constantFrom(0x96, 0x97, 0x81),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
    )
    fc.assert(
      fc.property(command, ([ins, reference, bytes, wrapped]) => {
        expect(sendHex(card, verify(reference, wrapped ? probe(bytes) : bytes, ins))).toMatch(/^(6a80|6a88|63c\d|6983)$/)
      }),
      { numRuns: 500 },
    )
  })
})
