import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import { cvTestWorld, trustedNames } from '../testing/cv-issuer.ts'
import {
  blankCard,
  emrtdAid,
  grouping,
  isdAid,
  openDomain,
  personalize,
  type Scp03Terminal,
  selectAid,
  sendHex,
} from '../testing/terminal.ts'

const world = cvTestWorld()
const { trustPoint, cardDate } = nationalId.dgis
let memory: CardMemory
let card: EmulatedCard
let terminal: Scp03Terminal
const trust = () => decodeImage(memory.load()!).trust
const shown = () => ({ names: trustedNames(trust()), date: trust().date?.join('') })
const digits = (date: string) => Uint8Array.from(date, Number)

beforeEach(() => {
  memory = inMemory()
  card = blankCard(memory)
  terminal = openDomain(card)
  terminal.install(emrtdAid)
})

/** A certificate in blocks of 200 bytes. */
function store(dgi: number, value: Uint8Array): string {
  const bytes = grouping(dgi, value)
  let sw = ''
  for (let at = 0, block = 0; at < bytes.length; at += 200, block++) {
    const last = at + 200 >= bytes.length
    sw = terminal.status(`80e2${last ? '88' : '08'}${block.toString(16).padStart(2, '0')}`, bytes.slice(at, at + 200))
    if (sw !== '9000') return sw
  }
  return sw
}

describe('personalization of terminal authentication', () => {
  it('a trust point brings the first date, a later date moves it, an earlier one does not', () => {
    expect(shown()).toEqual({ names: [], date: undefined })
    expect(store(trustPoint, world.root)).toBe('9000')
    expect(shown()).toEqual({ names: ['IRCVCA00001'], date: '250101' })
    expect(store(cardDate, digits('260312'))).toBe('9000')
    expect(store(cardDate, digits('251231'))).toBe('9000')
    expect(store(trustPoint, world.root)).toBe('9000')
    expect(shown()).toEqual({ names: ['IRCVCA00001'], date: '260312' })
  })

  it('keeps a trust point byte for byte, over power too', () => {
    store(trustPoint, world.root)
    expect(toHex(trust().trustPoints[0]!)).toBe(toHex(world.root))
    card.powerOff()
    card.powerOn()
    expect(shown().names).toEqual(['IRCVCA00001'])
  })

  it.each<[string, Uint8Array]>([
    ['a link certificate', world.link],
    ['a verifier', world.dv],
    ['a wrong signature', world.root.with(world.root.length - 1, world.root.at(-1)! ^ 1)],
    ['half a certificate', world.root.slice(0, 100)],
    ['two certificates', concatBytes(world.root, world.root)],
    ['nothing', new Uint8Array(0)],
  ])('%s is no trust point: 6A80, and nothing is written', (_what, value) => {
    expect(store(trustPoint, value)).toBe('6a80')
    expect(shown()).toEqual({ names: [], date: undefined })
  })

  it.each([['260231'], ['261301'], ['260010'], ['260100']])('%s is no day', (date) => {
    expect(store(cardDate, digits(date))).toBe('6a80')
    expect(shown().date).toBeUndefined()
  })

  it('a date of five, seven or no digits, or of other bytes, is refused', () => {
    expect(store(cardDate, digits('26010'))).toBe('6a80')
    expect(store(cardDate, digits('2601011'))).toBe('6a84')
    expect(store(cardDate, new Uint8Array(0))).toBe('6a80')
    expect(store(cardDate, fromHex('020a00010001'))).toBe('6a80')
  })

  it('is for the eMRTD application alone', () => {
    expect(openDomain(blankCard()).store(trustPoint, world.root.slice(0, 50))).toBe('6a88')
  })
})

describe('C17 after SECURED', () => {
  it('neither trust point nor date can be written, in no channel', () => {
    memory = inMemory()
    card = blankCard(memory)
    terminal = personalize(card)
    expect(store(trustPoint, world.root)).toBe('9000')
    expect(terminal.status('80f0800f')).toBe('9000')
    const before = memory.load()
    expect(terminal.store(cardDate, digits('300101'))).toBe('6985')
    expect(store(trustPoint, world.root)).not.toBe('9000')
    sendHex(card, selectAid(isdAid))
    for (const [dgi, value] of [
      [trustPoint, world.root.slice(0, 100)],
      [cardDate, digits('300101')],
    ] as const) {
      const data = grouping(dgi, value)
      expect(sendHex(card, `80e28800${data.length.toString(16).padStart(2, '0')}${toHex(data)}`)).toBe('6985')
    }
    expect(memory.load()).toEqual(before)
  })
})
