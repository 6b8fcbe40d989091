import { encodeAscii, fromHex, toHex } from '@kart/codec'
import type { PacePasswordName } from '@kart/layout/profile'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { EmulatedCard } from '../../emulated-card.ts'
import { decodeImage } from '../../memory/card-image.ts'
import { type CardMemory, CardMemoryError, inMemory } from '../../memory/card-memory.ts'
import type { PacePassword } from '../../memory/card-state.ts'
import { PaceTerminal, testPasswords, withPasswords } from '../../testing/pace-terminal.ts'
import { cardInState, emrtdAid, type MessagingTerminal, selectAid, sendHex } from '../../testing/terminal.ts'
import { attemptDelay, throttling } from './password-state.ts'

let memory: CardMemory
let card: EmulatedCard

beforeEach(() => {
  memory = inMemory()
  card = cardInState(withPasswords, { memory })
})

const terminalFor = (name: PacePasswordName, right: boolean): PaceTerminal =>
  new PaceTerminal(card, { reference: testPasswords[name].reference, secret: right ? testPasswords[name].secret : encodeAscii('000000') })
const right = (name: PacePasswordName): string => terminalFor(name, true).run()
const wrong = (name: PacePasswordName): string => terminalFor(name, false).run()
const set = (name: PacePasswordName): string => terminalFor(name, true).set()
const stored = (name: PacePasswordName): PacePassword => decodeImage(memory.load()!).pacePasswords.get(name)!
const triesLeft = (name: PacePasswordName): number => stored(name).tries!.left

/** The secure messaging of PACE with this password. */
function inside(name: PacePasswordName): MessagingTerminal {
  const terminal = terminalFor(name, true)
  expect(terminal.run()).toBe('9000')
  return terminal.messaging
}

function usePin(times: number): void {
  for (let i = 0; i < times; i++) wrong('pin')
}

describe('C07 the last try of the PIN', () => {
  it('C07 the tries count down; MSE:Set AT says how many are left', () => {
    expect([set('pin'), wrong('pin'), set('pin'), wrong('pin'), set('pin')]).toEqual(['9000', '63c2', '63c2', '63c1', '63c1'])
    expect([set('can'), set('mrz'), set('puk')]).toEqual(['9000', '9000', '9000'])
  })

  it('C07 a right PIN gives all tries back', () => {
    expect([wrong('pin'), right('pin'), set('pin'), triesLeft('pin')]).toEqual(['63c2', '9000', '9000', 3])
  })

  it('C07 suspended: refused, right or wrong, without losing the last try, until the CAN is proved', () => {
    usePin(2)
    expect([right('pin'), wrong('pin'), triesLeft('pin')]).toEqual(['6985', '6985', 1])
    for (const other of ['mrz', 'puk'] as const) expect([other, right(other), right('pin')]).toEqual([other, '9000', '6985'])
    expect([wrong('can'), right('pin')]).toEqual(['6300', '6985'])
    expect([right('can'), set('pin'), right('pin'), set('pin')]).toEqual(['9000', '63c1', '9000', '9000'])
  })

  it('C07 resume is volatile: reset and power loss take it away, SELECT does not', () => {
    usePin(2)
    for (const forget of [() => card.reset(), () => card.powerOn()]) {
      expect(right('can')).toBe('9000')
      forget()
      expect(right('pin')).toBe('6985')
    }
    expect(right('can')).toBe('9000')
    sendHex(card, selectAid(emrtdAid))
    expect(right('pin')).toBe('9000')
  })

  it('C07 resume is for one attempt: after a right PIN and two wrong ones it is suspended again', () => {
    usePin(2)
    expect([right('can'), right('pin')]).toEqual(['9000', '9000'])
    usePin(2)
    expect(right('pin')).toBe('6985')
  })

  it('C07 wrong after resume: blocked, which the CAN does not lift', () => {
    usePin(2)
    expect([right('can'), wrong('pin'), set('pin'), right('pin')]).toEqual(['9000', '63c0', '63c0', '6983'])
    expect([right('can'), right('pin'), triesLeft('pin')]).toEqual(['9000', '6983', 0])
  })

  it('C07 the PIN may be entered inside the secure messaging of the CAN', () => {
    usePin(2)
    const channel = inside('can')
    const pin = new PaceTerminal(card, testPasswords.pin, (header, data, le) => channel.send(header, { data, ...(le ? { le } : {}) }))
    expect([pin.run(), pin.setStatus]).toEqual(['9000', '63c1'])
  })
})

describe('C08 the PUK', () => {
  function blockPin(): void {
    usePin(2)
    right('can')
    usePin(1)
    expect(triesLeft('pin')).toBe(0)
  }

  it('C08 unblocks the PIN, with the old one or a new one', () => {
    blockPin()
    expect(inside('puk').send('002c0303').sw).toBe('9000')
    expect([set('pin'), right('pin')]).toEqual(['9000', '9000'])
    const changed = encodeAscii('8675309')
    blockPin()
    expect(inside('puk').send('002c0203', { data: changed }).sw).toBe('9000')
    expect(wrong('pin')).toBe('63c2')
    expect(right('pin')).toBe('63c1')
    right('can')
    expect(new PaceTerminal(card, { reference: 3, secret: changed }).run()).toBe('9000')
  })

  it('C08 wrong ten times: blocked for good', () => {
    for (let left = 9; left >= 0; left--) expect(wrong('puk')).toBe(`63c${left.toString(16)}`)
    expect([set('puk'), right('puk'), right('can'), right('puk')]).toEqual(['63c0', '6983', '9000', '6983'])
    card.powerOn()
    expect(right('puk')).toBe('6983')
  })

  it('RESET RETRY COUNTER is for the PUK, with a new PIN also for the PIN, and for nobody else', () => {
    expect(sendHex(card, '002c0303')).toBe('6982')
    for (const name of ['mrz', 'can'] as const) expect([name, inside(name).send('002c0303').sw]).toEqual([name, '6982'])
    expect(inside('pin').send('002c0303').sw).toBe('6982')
    expect(inside('pin').send('002c0203', { data: testPasswords.pin.secret }).sw).toBe('9000')
    const puk = inside('puk')
    for (const [header, data, sw] of [
      // P1 01 is for the holder's PINs, of which there is none.
      ['002c0103', undefined, '6a88'],
      ['002c0302', undefined, '6a88'],
      ['002c0304', undefined, '6a88'],
      ['002c0303', '313233343536', '6700'],
      ['002c0203', '3132333435', '6a80'],
      ['002c0203', '313233343536373839', '6a80'],
      ['002c0203', '31323334353a', '6a80'],
      ['002c0203', undefined, '6a80'],
    ] as const)
      expect([header, data, puk.send(header, data === undefined ? {} : { data: fromHex(data) }).sw]).toEqual([header, data, sw])
    expect(right('pin')).toBe('9000')
  })
})

describe('C05 nothing around a try changes its counter', () => {
  it.each([
    ['SELECT', () => sendHex(card, selectAid(emrtdAid))],
    ['reset', () => card.reset()],
    ['power', () => card.powerOn()],
    ['another logical channel', () => sendHex(card, '01a4040c00')],
    ['MANAGE CHANNEL', () => sendHex(card, '0070000001')],
    ['an abandoned run', () => terminalFor('pin', true).step(1)],
    ['another card program on the same memory', () => new EmulatedCard({ memory })],
  ])('C05 %s', (_name, between) => {
    wrong('pin')
    between()
    expect([set('pin'), triesLeft('pin')]).toEqual(['63c2', 2])
    between()
    expect(wrong('pin')).toBe('63c1')
  })
})

describe('P07 passwords that never block are throttled', () => {
  it('P07 by a delay that doubles up to a bound, kept without power, and gone with a right one', () => {
    const delays: number[] = []
    const attempt = (ok: boolean): void => {
      const terminal = terminalFor('can', ok)
      terminal.set()
      expect(card.answerDelay).toBe(0)
      terminal.step(1)
      delays.push(card.answerDelay)
      card.reset()
      expect([ok ? right('can') : wrong('can'), card.answerDelay]).toEqual([ok ? '9000' : '6300', 0])
      card.powerOn()
    }
    for (let i = 0; i < 9; i++) attempt(false)
    attempt(true)
    attempt(true)
    expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 3200, 3200, 3200, 0])
    expect(stored('can').tries).toBeUndefined()
  })

  it('P07 each password for itself', () => {
    for (let i = 0; i < 3; i++) wrong('can')
    expect([stored('can').failures, stored('mrz').failures]).toEqual([3, 0])
    expect(attemptDelay(stored('mrz'))).toBe(0)
  })

  it('P07 never longer than the bound, whatever was counted', () => {
    for (const failures of [7, 100, 0xffff])
      expect(attemptDelay({ secret: new Uint8Array(6), tries: undefined, failures })).toBe(throttling.longestDelay)
    const full = cardInState((state) => {
      const next = withPasswords(state)
      const can = next.pacePasswords.get('can')!
      return { ...next, pacePasswords: new Map(next.pacePasswords).set('can', { ...can, failures: 0xffff }) }
    })
    expect(new PaceTerminal(full, { reference: 2, secret: encodeAscii('000000') }).run()).toBe('6300')
  })

  it('P07 the reader waits, once, before it hands the nonce out', async () => {
    wrong('can')
    const waited: number[] = []
    const slow = new EmulatedCard({ memory, wait: async (milliseconds) => void waited.push(milliseconds) })
    const transport = slow.transport()
    await transport.transceive(fromHex('0022c1a40f800a04007f00070202040202830102'))
    expect(waited).toEqual([])
    expect(toHex(await transport.transceive(fromHex('10860000027c0000')))).toMatch(/9000$/)
    expect(waited).toEqual([100])
    await transport.transceive(fromHex('00b09c0004'))
    expect(waited).toEqual([100])
  })

  it('P07 waits by a timer of its own where none is handed in', async () => {
    wrong('can')
    const transport = card.transport()
    await transport.transceive(fromHex('0022c1a40f800a04007f00070202040202830102'))
    expect(toHex(await transport.transceive(fromHex('10860000027c0000')))).toMatch(/9000$/)
  })
})

describe('what PACE writes', () => {
  function writesOf(reference: number, secret: string): [string, number] {
    let writes = 0
    const counted = new EmulatedCard({
      memory: {
        load: () => memory.load(),
        store: (image) => {
          writes++
          memory.store(image)
        },
      },
    })
    return [new PaceTerminal(counted, { reference, secret: encodeAscii(secret) }).run(), writes]
  }

  it('a right CAN nothing, a wrong one its count, the right one after it that count taken back', () => {
    const digits = String.fromCharCode(...stored('can').secret)
    expect(writesOf(2, digits)).toEqual(['9000', 0])
    expect(writesOf(2, '000000')).toEqual(['6300', 1])
    expect(stored('can').failures).toBe(1)
    expect(writesOf(2, digits)).toEqual(['9000', 1])
    expect(stored('can').failures).toBe(0)
  })

  it('C01 a PIN its count before the comparison, whether it is right or not', () => {
    const digits = String.fromCharCode(...stored('pin').secret)
    expect(writesOf(3, digits)).toEqual(['9000', 2])
    expect(writesOf(3, '000000')).toEqual(['63c2', 1])
  })
})

/** A memory whose power fails at the n-th write from now: before it is done, or after. */
function failing(at: number, done: boolean): CardMemory {
  let writes = 0
  return {
    load: () => memory.load(),
    store: (image) => {
      writes++
      if (writes === at && !done) throw new CardMemoryError('power failed')
      memory.store(image)
      if (writes === at) throw new CardMemoryError('power failed')
    },
  }
}

describe('power that fails', () => {
  it.each([1, 2].flatMap((at) => [false, true].map((done) => [at, done] as const)))(
    'C01, C02 at write %i (done: %s) of an attempt: no guess is gained, and a right PIN never blocks',
    (at, done) => {
      for (const ok of [true, false]) {
        const before = triesLeft('pin')
        card = new EmulatedCard({ memory: failing(at, done) })
        expect(terminalFor('pin', ok).run()).toMatch(ok || at === 1 ? /^6581$/ : /^63c/)
        expect(triesLeft('pin')).toBeLessThanOrEqual(ok && at === 2 && done ? 3 : before)
        expect(triesLeft('pin')).toBeGreaterThan(0)
      }
    },
  )

  it('C03 cut between count and comparison, again and again: never more guesses than tries', () => {
    for (let i = 0; i < 20; i++) {
      card = new EmulatedCard({ memory: failing(1, true) })
      terminalFor('pin', true).run()
    }
    card = new EmulatedCard({ memory })
    // Two tries are gone by the cuts; the last waits for the CAN.
    expect([triesLeft('pin'), right('pin')]).toEqual([1, '6985'])
  })
})

it('C07, C08 against a model: any order of attempts, resets and resets of the counter', () => {
  const action = fc.constantFrom('pin+', 'pin-', 'can+', 'can-', 'puk+', 'puk-', 'unblock', 'reset', 'mrz+')
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 14 }), (actions) => {
      memory = inMemory()
      card = cardInState(withPasswords, { memory })
      const model = { pin: 3, puk: 10, resumed: false }
      for (const step of actions) {
        const name = step.slice(0, 3) as PacePasswordName
        if (step === 'reset') {
          card.reset()
          model.resumed = false
        } else if (step === 'unblock') {
          if (model.puk === 0) continue
          expect(inside('puk').send('002c0303').sw).toBe('9000')
          model.puk = 10
          model.pin = 3
        } else if (name === 'pin') {
          const ok = step === 'pin+'
          const sw = ok ? right('pin') : wrong('pin')
          if (model.pin === 0) expect(sw).toBe('6983')
          else if (model.pin === 1 && !model.resumed) expect(sw).toBe('6985')
          else {
            model.pin = ok ? 3 : model.pin - 1
            model.resumed = false
            expect(sw).toBe(ok ? '9000' : `63c${model.pin}`)
          }
        } else if (name === 'puk') {
          const ok = step === 'puk+'
          const sw = ok ? right('puk') : wrong('puk')
          if (model.puk === 0) expect(sw).toBe('6983')
          else {
            model.puk = ok ? 10 : model.puk - 1
            expect(sw).toBe(ok ? '9000' : `63c${model.puk.toString(16)}`)
          }
        } else {
          expect(step.endsWith('+') ? right(name) : wrong(name)).toBe(step.endsWith('+') ? '9000' : '6300')
          if (step === 'can+') model.resumed = true
        }
        expect([triesLeft('pin'), triesLeft('puk')]).toEqual([model.pin, model.puk])
      }
    }),
    { numRuns: 30 },
  )
})
