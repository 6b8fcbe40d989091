import { encodeAscii } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { type CardMemory, CardMemoryError, inMemory } from '../memory/card-memory.ts'
import {
  askTries,
  change,
  creationCard,
  holderCard,
  holderPin,
  holderPins,
  padded,
  pins,
  putPin,
  selectPkcs15,
  statusWords,
  verify,
} from '../testing/holder-card.ts'
import { emrtdAid, isdAid, selectAid, sendHex } from '../testing/terminal.ts'

const status = (card: Parameters<typeof sendHex>[0], command: string): string => sendHex(card, command).slice(-4)
const wrong = '397264'
const chosen = '867530'

describe('VERIFY', () => {
  it('counts down, blocks, and asks without counting', () => {
    const { card, stored } = holderCard()
    expect(
      statusWords(card, [
        askTries(1),
        verify(1, wrong),
        verify(1, wrong),
        askTries(1),
        verify(1, wrong),
        askTries(1),
        verify(1, pins.auth),
      ]),
    ).toEqual(['63c3', '63c2', '63c1', '63c1', '63c0', '6983', '6983'])
    expect(stored().signature.pins.get(1)?.tries).toEqual({ left: 0, most: 3 })
    expect(statusWords(card, [askTries(2), verify(2, pins.sign)])).toEqual(['63c3', '9000'])
  })

  it('a right PIN gives all tries back; a wrong one takes the verification of this PIN away', () => {
    const { card } = holderCard()
    expect(statusWords(card, [verify(1, wrong), verify(1, pins.auth), askTries(1), verify(3, pins.officer)])).toEqual([
      '63c2',
      '9000',
      '9000',
      '9000',
    ])
    expect(statusWords(card, [verify(1, wrong), askTries(1), askTries(3)])).toEqual(['63c2', '63c2', '9000'])
  })

  it('refuses what is no VERIFY of its PINs without counting', () => {
    const { card, stored } = holderCard()
    const short = `0020000106${'31'.repeat(6)}`
    const long = `0020000109${'31'.repeat(9)}`
    expect(
      statusWords(card, [
        verify(4, pins.auth),
        askTries(4),
        `0020008108${padded(pins.auth)}`,
        `0020010108${padded(pins.auth)}`,
        short,
        long,
      ]),
    ).toEqual(['6a88', '6a88', '6a88', '6a86', '6700', '6700'])
    expect(stored().signature.pins.get(1)?.tries.left).toBe(3)
  })

  it('P1 FF, reset, selection by name and another application take the verification back; the MF does not', () => {
    const { card } = holderCard()
    const away: readonly (readonly [string, () => void, string])[] = [
      ['P1 FF', () => expect(status(card, '0020ff01')).toBe('9000'), '63c3'],
      ['reset', () => card.reset(), '63c3'],
      ['power', () => card.powerOn(), '63c3'],
      ['the application again', () => sendHex(card, selectPkcs15), '63c3'],
      ['the MF', () => sendHex(card, '00a4000c023f00'), '9000'],
      ['DF 5015 by its identifier', () => sendHex(card, '00a4000c025015'), '9000'],
    ]
    for (const [how, forget, sw] of away) {
      expect(status(card, verify(1, pins.auth))).toBe('9000')
      forget()
      expect([how, status(card, askTries(1))]).toEqual([how, sw])
    }
    expect(statusWords(card, [verify(1, pins.auth), selectAid(emrtdAid), '00a4000c023f00', askTries(1)])).toEqual([
      '9000',
      '9000',
      '9000',
      '63c3',
    ])
  })

  it('is global: verified in an application beside it counts, and on the security domain it is no command', () => {
    const { card } = holderCard()
    expect(statusWords(card, [selectAid(emrtdAid), verify(1, '314159'), askTries(1), verify(1, pins.auth)])).toEqual([
      '9000',
      '63c2',
      '63c2',
      '9000',
    ])
    // By path, as stock tools come back to the application: the PIN is still verified. By another application it is not.
    expect(statusWords(card, ['00a4080c025015', askTries(1), selectAid(emrtdAid), askTries(1)])).toEqual(['9000', '9000', '9000', '63c3'])
    expect(statusWords(card, [selectAid(isdAid), verify(1, pins.auth)])).toEqual(['9000', '6d00'])
  })

  it('is unblocked with the PUK in an application beside it, as through PKCS#11, by nothing else there', () => {
    const { card } = holderCard()
    const wrong = verify(1, '314159')
    const unblock = (puk: string) => `002c000110${padded(puk)}${padded('830592')}`
    expect(statusWords(card, [selectAid(emrtdAid), wrong, wrong, wrong, unblock('31415926'), askTries(1)])).toEqual([
      ...['9000', '63c2', '63c1', '63c0', '63c9', '6983'],
    ])
    expect(statusWords(card, [unblock(pins.puk), askTries(1), verify(1, '830592')])).toEqual(['9000', '63c3', '9000'])
    // P1 02 and 03 need the SO-PIN, and are for the application itself.
    for (const command of [`002c020108${padded('830592')}`, '002c0301'])
      expect(statusWords(card, [verify(3, pins.officer), command]), command).toEqual(['9000', '6982'])
    expect(statusWords(card, [selectAid(isdAid), unblock(pins.puk)])).toEqual(['9000', '6d00'])
  })
})

describe('C04 the counter falls before the comparison, in memory', () => {
  it('C04 refuses right and wrong alike when the memory did not take the fallen counter', () => {
    let image: Uint8Array | undefined
    let loses = false
    const memory: CardMemory = {
      load: () => image,
      store: (next) => {
        if (!loses) image = next.slice()
      },
    }
    const { card } = holderCard({}, {}, memory)
    loses = true
    expect(statusWords(card, [verify(1, wrong), verify(1, pins.auth), askTries(1)])).toEqual(['6581', '6581', '63c3'])
    loses = false
    expect(statusWords(card, [verify(1, wrong), askTries(1)])).toEqual(['63c2', '63c2'])
  })

  it.each([
    [0, '63c3'],
    [1, '63c2'],
  ])('C01 power that fails at write %i of a right VERIFY gains no guess', (failing, sw) => {
    const base = inMemory()
    let writes = Number.NEGATIVE_INFINITY
    const memory: CardMemory = {
      load: () => base.load(),
      store: (next) => {
        if (writes++ === failing) throw new CardMemoryError('cut')
        base.store(next)
      },
    }
    const { card } = holderCard({}, {}, memory)
    writes = 0
    expect(statusWords(card, [verify(1, pins.auth), askTries(1)])).toEqual(['6581', sw])
  })
})

describe('CHANGE REFERENCE DATA', () => {
  it('takes the old PIN and a new one, both padded', () => {
    const { card } = holderCard()
    expect(statusWords(card, [change(1, wrong, chosen), change(1, pins.auth, chosen), verify(1, pins.auth), verify(1, chosen)])).toEqual([
      '63c2',
      '9000',
      '63c2',
      '9000',
    ])
  })

  it.each([
    ['too short', '86753'],
    ['a letter', '86753a'],
    ['padding inside', '867f530'],
    ['a run up', '123486'],
    ['a run down', '554321'],
    ['a run over 9', '897890'],
    ['a repeat', '866675'],
    ['two digits', '899889'],
    ['a block twice', '867867'],
    ['a column of the keypad', '14725896'],
    ['four digits of a number', '670841'],
    ['four digits backwards', '148076'],
  ])('refuses %s with 6A80 and all tries left', (_, next) => {
    const { card, stored } = holderCard({ forbiddenDigits: [encodeAscii('0067084175')] })
    const hex = next === '867f530' ? '383637ff353330ff' : padded(next)
    expect(status(card, `0024000110${padded(pins.auth)}${hex}`)).toBe('6a80')
    expect(stored().signature.pins.get(1)).toEqual(holderPin(pins.auth))
  })

  it('tells nobody without the PIN whether a new one is weak: the try counts', () => {
    const { card } = holderCard({ forbiddenDigits: [encodeAscii('0067084175')] })
    expect(statusWords(card, [change(1, wrong, '670841'), change(1, wrong, chosen)])).toEqual(['63c2', '63c1'])
  })

  it('refuses lengths, P1 and references that it does not know', () => {
    const { card } = holderCard()
    expect(
      statusWords(card, [`002400010f${'31'.repeat(15)}`, `0024010108${padded(chosen)}`, change(5, pins.auth, chosen), '00240001']),
    ).toEqual(['6700', '6a86', '6a88', '6700'])
  })

  it('C09 takes the verification of that PIN back: what the PIN of the letter proved allows no signature after it', () => {
    const transport = holderPin(pins.sign, { transport: true, usesPerVerify: 1 })
    const { card } = holderCard({ pins: new Map([...holderPins, [2, transport]]) }, { lifeCycle: 'SECURED' })
    expect(
      statusWords(card, [
        verify(1, pins.auth),
        verify(2, pins.sign),
        change(2, pins.sign, chosen),
        askTries(2),
        askTries(1),
        verify(2, chosen),
      ]),
    ).toEqual(['9000', '9000', '9000', '63c3', '9000', '9000'])
  })

  it('ends a transport PIN, which must become another one', () => {
    const { card, stored } = holderCard({ pins: new Map([[2, holderPin(pins.sign, { transport: true })]]) })
    expect(statusWords(card, [change(2, pins.sign, pins.sign), change(2, pins.sign, chosen), change(2, chosen, chosen)])).toEqual([
      '6a80',
      '9000',
      '9000',
    ])
    expect(stored().signature.pins.get(2)?.transport).toBe(false)
  })
})

describe('RESET RETRY COUNTER', () => {
  const reset = (p1: number, reference: number, ...secrets: readonly string[]): string => {
    const data = secrets.map(padded).join('')
    const lc = data === '' ? '' : (data.length / 2).toString(16).padStart(2, '0')
    return `002c0${p1}0${reference}${lc}${data}`
  }
  const blocked = {
    pins: new Map([
      [1, holderPin(pins.auth, { tries: { left: 0, most: 3 } })],
      [3, holderPin(pins.officer, { minLength: 8, puk: undefined })],
    ]),
  }

  it('C08 with the PUK and a new PIN, or the PUK alone', () => {
    const { card, stored } = holderCard(blocked)
    sendHex(card, selectPkcs15)
    expect(
      statusWords(card, [
        reset(0, 1, '16180330', chosen),
        reset(0, 1, pins.puk, '123456'),
        reset(0, 1, pins.puk, chosen),
        verify(1, chosen),
      ]),
    ).toEqual(['63c9', '6a80', '9000', '9000'])
    for (let i = 0; i < 3; i++) sendHex(card, verify(1, wrong))
    expect(statusWords(card, [reset(1, 1, pins.puk), verify(1, chosen)])).toEqual(['9000', '9000'])
    expect(stored().signature.pins.get(1)?.pukTries).toEqual({ left: 10, most: 10 })
  })

  it('C08 blocks the PUK after its tries, for good', () => {
    const { card } = holderCard(blocked)
    const answers = Array.from({ length: 11 }, () => status(card, reset(1, 1, '16180330')))
    expect(answers).toEqual(['63c9', '63c8', '63c7', '63c6', '63c5', '63c4', '63c3', '63c2', '63c1', '63c0', '6983'])
    expect(status(card, reset(0, 1, pins.puk, chosen))).toBe('6983')
  })

  it('with the SO-PIN verified, but not the SO-PIN itself', () => {
    const { card } = holderCard(blocked)
    sendHex(card, selectPkcs15)
    expect(
      statusWords(card, [reset(3, 1), reset(2, 1, chosen), verify(3, pins.officer), reset(2, 1, '86753'), reset(3, 3), reset(3, 1)]),
    ).toEqual(['6982', '6982', '9000', '6a80', '6982', '9000'])
    expect(statusWords(card, [verify(1, pins.auth), reset(2, 1, chosen), verify(1, chosen)])).toEqual(['9000', '9000', '9000'])
  })

  it('refuses a PIN without a PUK, wrong lengths, and what is not its own', () => {
    const { card } = holderCard(blocked)
    sendHex(card, selectPkcs15)
    expect(
      statusWords(card, [
        reset(0, 3, pins.puk, '86753091'),
        reset(1, 1, pins.puk, chosen),
        reset(0, 1, pins.puk),
        reset(4, 1),
        reset(0, 9, pins.puk, chosen),
      ]),
    ).toEqual(['6985', '6700', '6700', '6a86', '6a88'])
  })

  it('takes the verification of that PIN back', () => {
    const { card } = holderCard()
    sendHex(card, selectPkcs15)
    expect(statusWords(card, [verify(1, pins.auth), reset(0, 1, pins.puk, chosen), askTries(1)])).toEqual(['9000', '9000', '63c3'])
    expect(statusWords(card, [verify(1, chosen), verify(3, pins.officer), reset(3, 1), askTries(1), askTries(3)])).toEqual([
      '9000',
      '9000',
      '9000',
      '63c3',
      '9000',
    ])
  })

  it('leaves a transport PIN one', () => {
    const { card, stored } = holderCard({ pins: new Map([[2, holderPin(pins.sign, { transport: true })]]) })
    expect(status(card, reset(0, 2, pins.puk, chosen))).toBe('9000')
    expect(stored().signature.pins.get(2)?.transport).toBe(true)
  })

  it('P1 02 and 03 in the MF are for the PIN of PACE', () => {
    const { card } = holderCard(blocked)
    expect(statusWords(card, [verify(3, pins.officer), reset(3, 1), '00a4000c025015', reset(3, 1)])).toEqual([
      '9000',
      '6982',
      '9000',
      '9000',
    ])
  })
})

describe('PUT DATA of a PIN', () => {
  it.each([
    ['six digits', putPin(1, pins.auth), '9000'],
    ['eight', putPin(14, '86753091'), '9000'],
    ['the SO-PIN', putPin(3, pins.officer), '9000'],
    ['a SO-PIN of six', putPin(3, pins.auth), '6a80'],
    ['five digits', putPin(1, '86753'), '6a80'],
    ['a run', putPin(1, '123456'), '6a80'],
    ['a PUK of seven', putPin(1, pins.auth, '1618033'), '6a80'],
    ['no tries', putPin(1, pins.auth, pins.puk, '000a00'), '6a80'],
    ['sixteen tries', putPin(1, pins.auth, pins.puk, '100a00'), '6a80'],
    ['no tries of the PUK', putPin(1, pins.auth, pins.puk, '030000'), '6a80'],
    ['flags', putPin(1, pins.auth, pins.puk, '030a01'), '6a80'],
    ['one byte short', `00da010112${'31'.repeat(18)}`, '6700'],
    ['reference 0', putPin(1, pins.auth).replace('00da0101', '00da0100'), '6a88'],
    ['reference 15', putPin(15, pins.auth), '6a88'],
  ])('%s', (_, command, sw) => {
    expect(status(creationCard().card, command)).toBe(sw)
  })

  it('once under each reference', () => {
    const { card } = creationCard()
    expect(
      statusWords(card, [putPin(1, pins.auth), putPin(1, chosen), putPin(2, chosen), verify(1, pins.auth), verify(2, chosen)]),
    ).toEqual(['9000', '6985', '9000', '9000', '9000'])
  })
})
