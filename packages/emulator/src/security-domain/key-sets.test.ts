import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { decodeImage, encodeImage } from '../memory/card-image.ts'
import { type CardMemory, CardMemoryError, inMemory } from '../memory/card-memory.ts'
import type { KeySet } from '../memory/card-state.ts'
import { blankCard, iccSerial, isdAid, openDomain, Scp03Terminal, selectAid, sendHex } from '../testing/terminal.ts'

let memory: CardMemory
let card: EmulatedCard

beforeEach(() => {
  memory = inMemory()
  card = blankCard(memory)
})

const stored = () => decodeImage(memory.load()!)
const versions = () => stored().keySets.map(({ version }) => version)
const set = (version: number, length = 16, seed = 1): KeySet => {
  const key = (of: number) => Uint8Array.from({ length }, (_, i) => (seed * 37 + of * 64 + i) & 0xff)
  return { version, enc: key(1), mac: key(2), dek: key(3) }
}
const change = (offset: number, value: number | ((old: number) => number)) => (data: Uint8Array) => {
  const out = data.slice()
  const at = offset < 0 ? out.length + offset : offset
  out[at] = typeof value === 'number' ? value : value(out[at]!)
  return out
}

describe('PUT KEY', () => {
  it.each([16, 24, 32])('adds a set of AES keys of %i bytes, answers version and check values, and the set opens a session', (length) => {
    const terminal = openDomain(card)
    const answer = terminal.putKey(set(0x01, length))
    expect(answer).toMatch(/^01[0-9a-f]{18}9000$/)
    expect(toHex(terminal.keyData(set(0x01, length)))).toContain(answer.slice(2, 8))
    expect(stored().keySets[1]).toEqual({ ...set(0x01, length), transport: false, sequence: 0, failures: 0 })
    openDomain(card, 0x33, set(0x01, length))
    expect(stored().keySets.map(({ sequence }) => sequence)).toEqual([1, 1])
  })

  it('the check values are the published ones', () => {
    // scp03.json, AES-128: keys 00.., 10.., 20.. with check values c35280, 013808, 840de5.
    const key = (first: number) => Uint8Array.from({ length: 16 }, (_, i) => first + i)
    const published = { version: 2, enc: key(0x00), mac: key(0x10), dek: key(0x20) }
    expect(openDomain(card).putKey(published)).toBe('02c35280013808840de59000')
  })

  it('replaces a set in its place, by the same version or another, while the session lives on', () => {
    const terminal = openDomain(card)
    expect(terminal.putKey(set(0x30, 32), 0x30)).toMatch(/9000$/)
    expect(terminal.putKey(set(0x05, 24), 0x30)).toMatch(/9000$/)
    expect(versions()).toEqual([0x05])
    expect(toHex(memory.load()!)).not.toContain(toHex(testTransportKeys.enc))
    expect(terminal.status('80ca00e0')).toBe('9000')
    expect(new Scp03Terminal(card).open()).toBe('6300')
    openDomain(card, 0x33, set(0x05, 24))
  })

  it('the data encryption key is that of the set that the session was opened with', () => {
    openDomain(card).putKey(set(0x01))
    const terminal = openDomain(card, 0x03, set(0x01))
    expect(terminal.putKey(set(0x02, 16, 9))).toMatch(/9000$/)
    const wrong = openDomain(card, 0x03, set(0x01))
    const underAnother = openDomain(blankCard()).keyData(set(0x03))
    expect(wrong.status('80d80081', underAnother)).toBe('9485')
    expect(versions()).toEqual([0x30, 0x01, 0x02])
  })

  it.each<[string, number, ((data: Uint8Array) => Uint8Array) | undefined, string]>([
    ['a key check value of the first key', 0, change(1 + 3 + 16 + 1, (old) => old ^ 1), '9485'],
    ['a key check value of the last key', 0, change(-1, (old) => old ^ 1), '9485'],
    ['a key that was changed on the way', 0, change(4, (old) => old ^ 1), '9485'],
    ['a key that is not AES', 0, change(1, 0x80), '9484'],
    ['a key length that there is not', 0, change(3, 0x11), '6a80'],
    ['a block length that is not the key’s', 0, change(2, 0x12), '6a80'],
    ['no check value', 0, change(1 + 3 + 16, 0), '6a80'],
    ['two keys', 0, (data) => data.slice(0, 1 + 2 * 23), '6a80'],
    ['four keys', 0, (data) => concatBytes(data, data.slice(1, 24)), '6a80'],
    ['a key cut short', 0, (data) => data.slice(0, -1), '6a80'],
    ['nothing', 0, () => new Uint8Array(0), '6a80'],
    ['version 0', 0, change(0, 0), '6a80'],
    ['version 80', 0, change(0, 0x80), '6a80'],
    ['a version that is there already', 0, change(0, 0x30), '6a80'],
    ['a set to replace that is not there', 0x11, undefined, '6a88'],
  ])('refuses %s, and nothing has changed', (_name, replaces, tamper, sw) => {
    const terminal = openDomain(card)
    const before = stored().keySets.map((of) => ({ ...of }))
    expect(terminal.putKey(set(0x01), replaces, tamper)).toBe(sw)
    expect(stored().keySets).toEqual(before)
    expect(terminal.putKey(set(0x01))).toMatch(/9000$/)
  })

  it('refuses keys of different lengths, single keys, more commands to come, and a ninth set', () => {
    const terminal = openDomain(card)
    expect(terminal.putKey({ ...set(0x01), dek: set(0x01, 32).dek })).toBe('6a80')
    for (const header of ['80d80001', '80d80080', '80d80082', '80d88081', '80d8b081'])
      expect([header, terminal.answer(header, terminal.keyData(set(0x01)))]).toEqual([header, '6a86'])
    for (let version = 1; version < 8; version++) expect(terminal.putKey(set(version))).toMatch(/9000$/)
    expect(terminal.putKey(set(0x40))).toBe('6a84')
    expect(terminal.putKey(set(0x40), 1)).toMatch(/9000$/)
  })

  it('is for a protected session and a card that is not secured', () => {
    sendHex(card, selectAid(isdAid))
    expect(sendHex(card, '80d8008101')).toBe('6982')
    const terminal = openDomain(card)
    terminal.putKey(set(0x01))
    expect(terminal.status('80f0800f')).toBe('9000')
    expect(terminal.putKey(set(0x02))).toBe('6985')
    expect(terminal.answer('80e40000', fromHex('d20101'))).toBe('6985')
    expect(versions()).toEqual([0x01])
    const issuer = openDomain(card, 0x33, set(0x01))
    expect(issuer.putKey(set(0x02))).toBe('6985')
    expect(issuer.status('80f0807f')).toBe('9000')
    expect(issuer.status('80f0800f')).toBe('9000')
  })

  it('C15 a failed write leaves the old sets, whole', () => {
    let fails = false
    const breaking: CardMemory = {
      ...memory,
      store: (image) => {
        if (fails) throw new CardMemoryError('no room')
        memory.store(image)
      },
    }
    const broken = new EmulatedCard({ memory: breaking })
    const terminal = openDomain(broken)
    fails = true
    expect(terminal.putKey(set(0x01))).toBe('6581')
    expect(versions()).toEqual([0x30])
  })
})

describe('DELETE [key]', () => {
  it('deletes a whole set, but not the one that opened the session', () => {
    const terminal = openDomain(card)
    terminal.putKey(set(0x01))
    for (const [data, sw] of [
      ['d20130', '6985'],
      ['d20111', '6a88'],
      ['d001' + '01' + 'd20101', '6a80'],
      ['d00101', '6a80'],
      ['d2020101', '6a80'],
      ['d201', '6a80'],
      ['', '6a80'],
      ['4f07a0000002471001', '6a88'],
    ] as const)
      expect([data, terminal.answer('80e40000', fromHex(data))]).toEqual([data, sw])
    expect(terminal.answer('80e40080', fromHex('d20101'))).toBe('6a86')
    expect(terminal.answer('80e40000', fromHex('d20101'))).toBe('9000')
    expect(versions()).toEqual([0x30])
    sendHex(card, selectAid(isdAid))
    expect(new Scp03Terminal(card).open(set(0x01))).toBe('6a88')
  })
})

describe('security level 00', () => {
  const open = () => {
    sendHex(card, selectAid(isdAid))
    expect(new Scp03Terminal(card, 0x00).open()).toBe('9000')
  }

  it('authenticates: the registry opens in plain, nothing that changes the card does', () => {
    open()
    for (let round = 0; round < 2; round++) expect(sendHex(card, '80f28002024f0000')).toMatch(/^e3.*9000$/)
    for (const command of ['80d80081', '80e40000', '80e62000', '80e28800032f0000', '80f0800f', '80f080ff'])
      expect(sendHex(card, command)).toBe('6982')
    expect(sendHex(card, '80f28002024f0000')).toMatch(/9000$/)
  })

  it.each([
    ['a protected command', '84ca0066080000000000000000'],
    ['SELECT', selectAid(isdAid)],
    ['INITIALIZE UPDATE', '8050000008010203040506070800'],
    ['what is no command', '80'],
  ])('ends with %s', (_name, command) => {
    open()
    sendHex(card, command)
    expect(sendHex(card, '80f28002024f0000')).toBe('6982')
  })
})

describe('what the card tells of its keys', () => {
  it('key information of every set, counter of the first, diversification data, applications', () => {
    const terminal = openDomain(card)
    terminal.putKey(set(0x01, 32))
    expect(sendHex(card, '80ca00e000').slice(0, -4)).toBe('') // plain inside the session: that ends it
    for (const [tag, value] of [
      ['00e0', 'e024c00401308810c00402308810c00403308810c00401018820c00402018820c00403018820'],
      ['00c1', 'c103000001'],
      ['00cf', `cf0a${toHex(iccSerial)}`],
      ['2f00', '61094f07a0000002471001' + '610a4f08a000000151000000' + '610e4f0ca000000063504b43532d3135' + '61084f06f04b41525446'],
    ] as const)
      expect([tag, sendHex(card, `80ca${tag}00`)]).toEqual([tag, `${value}9000`])
  })

  it('random challenges and S16 show in recognition data, capabilities and INITIALIZE UPDATE', () => {
    const profile = { ...nationalId, scp03: { i: 0x61 } }
    const random = (length: number) => new Uint8Array(length).fill(0xa5)
    card = createBlankCard({ memory: inMemory(), profile, transportKeys: testTransportKeys, iccSerial, random })
    sendHex(card, selectAid(isdAid))
    expect(sendHex(card, '80ca006600')).toContain('06092a864886fc6b040361')
    expect(sendHex(card, '80ca006700')).toBe('670ba0098001038101618201079000')
    expect(sendHex(card, '80ca00c100')).toBe('6a88')
    expect(sendHex(card, '80500000080102030405060708' + '00')).toBe('6700')
    const answer = sendHex(card, `8050000010${'07'.repeat(16)}00`)
    expect(answer).toMatch(new RegExp(`^${toHex(iccSerial)}300361${'a5'.repeat(16)}[0-9a-f]{32}9000$`))
  })
})

it('a key set whose sequence counter has run out opens no more; another does', () => {
  openDomain(card).putKey(set(0x01))
  const image = stored()
  const last = { ...image, keySets: image.keySets.map((of, i) => (i === 0 ? { ...of, sequence: 0xfffffe } : of)) }
  const full = inMemory(encodeImage(last))
  card = new EmulatedCard({ memory: full })
  openDomain(card)
  expect(decodeImage(full.load()!).keySets[0]?.sequence).toBe(0xffffff)
  sendHex(card, selectAid(isdAid))
  expect(new Scp03Terminal(card).open()).toBe('6985')
  openDomain(card, 0x33, set(0x01))
})

describe('the security domain’s own data objects', () => {
  it.each(['90', '80', '81'])('STORE DATA P1 %s: IIN, CIN, production data', (p1) => {
    const terminal = openDomain(card, 0x01)
    const objects = '42039364014502aabb' + '9f67080102030405060708' + '9f66081112131415161718'
    expect(terminal.answer(`80e2${p1}00`, fromHex(objects))).toBe('9000')
    expect(toHex(stored().iin!)).toBe('936401')
    expect(toHex(stored().cin!)).toBe('aabb')
    expect(toHex(stored().cplc.slice(26))).toBe('01020304050607081112131415161718')
  })

  it('over two blocks, and refused whole', () => {
    const terminal = openDomain(card)
    const { cin } = stored()
    expect(terminal.answer('80e21000', fromHex('450211'))).toBe('9000')
    expect(stored().cin).toEqual(cin)
    expect(terminal.answer('80e29001', fromHex('22'))).toBe('9000')
    expect(toHex(stored().cin!)).toBe('1122')
    for (const [data, sw] of [
      ['45023344430102', '6a88'],
      ['450233444500', '6a80'],
      ['450233444511' + '00'.repeat(17), '6a80'],
      ['450233449f6601aa', '6a80'],
      ['45', '6a80'],
    ] as const)
      expect([data, terminal.answer('80e29000', fromHex(data))]).toEqual([data, sw])
    expect(toHex(stored().cin!)).toBe('1122')
    expect(terminal.install('a0000002471001')).toBe('9000')
    expect(terminal.answer('80e29000', fromHex('45021122'))).toBe('6a86')
  })
})

it('C17 OP_READY is a life cycle too: to INITIALIZED, then SECURED', () => {
  memory = inMemory()
  card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial, lifeCycle: 'OP_READY' })
  const terminal = openDomain(card)
  expect(terminal.status('80f0800f')).toBe('6985')
  expect(terminal.putKey(set(0x01))).toMatch(/9000$/)
  expect(terminal.status('80f08007')).toBe('9000')
  expect(versions()).toEqual([0x30, 0x01])
  expect(terminal.status('80f0800f')).toBe('9000')
  expect(versions()).toEqual([0x01])
})

it('answers whatever is sent inside a session with a status word, and lives on', () => {
  const instruction = fc.constantFrom(0xd8, 0xe4, 0xe2, 0xe6, 0xf2, 0xca, 0x50, 0x82, 0xa4, 0xb0, 0xd8, 0xe2, 0xf0)
  const byte = fc.oneof(fc.constantFrom(0x00, 0x01, 0x02, 0x08, 0x10, 0x30, 0x40, 0x80, 0x81, 0x88, 0x90), fc.nat(255))
  const keyData = openDomain(blankCard()).keyData(set(0x01))
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom(
      ...['4f00', 'd20101', '45021122', '9f6608', '2f0006', '2f00ffffff', '000007a0000002471001000000', '010188'].map(fromHex),
    ),
    fc.tuple(fc.nat(keyData.length), byte).map(([at, value]) => change(Math.min(at, keyData.length - 1), value)(keyData)),
    fc.nat(keyData.length).map((end) => keyData.slice(0, end)),
  )
  const sent = fc.record({ ins: instruction, p1: byte, p2: byte, data, level: fc.constantFrom(0x01, 0x13, 0x33) })
  fc.assert(
    fc.property(fc.array(sent, { minLength: 1, maxLength: 12 }), (commands) => {
      const own = inMemory()
      const victim = blankCard(own)
      for (const { ins, p1, p2, data: body, level } of commands) {
        // Locked or terminated, the card is another test's.
        if (ins === 0xf0 && (p2 === 0x7f || p2 === 0xff || p2 === 0x0f)) continue
        const first = decodeImage(own.load()!).keySets[0]!
        const terminal = openDomain(victim, level, first)
        const response = terminal.send(`80${[ins, p1, p2].map((value) => value.toString(16).padStart(2, '0')).join('')}`, body)
        const sw = toHex(response.slice(-2))
        expect(sw).toMatch(/^(9000|6[1-9a-e][0-9a-f]{2}|948[45])$/)
      }
    }),
    { numRuns: 200 },
  )
})
