import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import {
  bacKeys,
  blankCard,
  emrtdAid,
  fileFilling,
  files,
  grouping,
  iccSerial,
  isdAid,
  MessagingTerminal,
  openDomain,
  personalize,
  Scp03Terminal,
  selectAid,
  sendHex,
  statusOf,
} from '../testing/terminal.ts'

let memory: CardMemory
let card: EmulatedCard

beforeEach(() => {
  memory = inMemory()
  card = blankCard(memory)
})

const stored = (): CardState => decodeImage(memory.load()!)
const initializeUpdate = '8050000008010203040506070800'
const secure = '80f0800f'

describe('SCP03', () => {
  it.each([0x01, 0x03, 0x11, 0x13, 0x33])('opens at level %i, steps the sequence counter, and personalizes', (level) => {
    const terminal = openDomain(card, level)
    expect(stored().keySets[0]?.sequence).toBe(1)
    expect(terminal.store(0x2f00, files.dir)).toBe('9000')
    expect(sendHex(card, '00b0000004')).toBe('6982') // plain inside the session: that ends it
    expect(terminal.store(0x2f00, files.dir)).toBe('6982')
  })

  it.each([0x02, 0x10, 0x30, 0x31, 0x32, 0x23, 0xff])('refuses level %i', (level) => {
    sendHex(card, selectAid(isdAid))
    expect(new Scp03Terminal(card, level).open()).toBe('6a86')
  })

  it('answers a wrong host cryptogram 6300 and counts it, a wrong C-MAC 6982, and blocks after ten', () => {
    sendHex(card, selectAid(isdAid))
    expect(new Scp03Terminal(card).open(undefined, 'mac')).toBe('6982')
    expect(stored().keySets).toMatchObject([{ failures: 0, sequence: 0 }])
    for (let count = 1; count <= 9; count++) {
      expect(new Scp03Terminal(card).open(undefined, 'cryptogram')).toBe('6300')
      expect(stored().keySets[0]?.failures).toBe(count)
    }
    expect(new Scp03Terminal(card).open()).toBe('9000')
    expect(stored().keySets[0]?.failures).toBe(0)
    const wrongKeys = { ...testTransportKeys, mac: new Uint8Array(16) }
    for (let count = 1; count <= 10; count++) expect(new Scp03Terminal(card).open(wrongKeys)).toBe('6300')
    expect(new Scp03Terminal(card).open()).toBe('6983')
    card.powerOff()
    card.powerOn()
    sendHex(card, selectAid(isdAid))
    expect(new Scp03Terminal(card).open()).toBe('6983')
  })

  it('asks for the key set, the data and the order that INITIALIZE UPDATE and EXTERNAL AUTHENTICATE need', () => {
    sendHex(card, selectAid(isdAid))
    for (const [command, answer] of [
      ['8050310008010203040506070800', '6a88'],
      ['8050300108010203040506070800', '6a86'],
      ['80500000070102030405060700', '6700'],
      ['8482330010' + '00'.repeat(16), '6985'],
      ['84e2880000', '6982'],
      ['80e2880000', '6982'],
      ['80e6200000', '6982'],
      ['80f0800f', '6982'],
      ['80f28002024f0000', '6982'],
    ] as const)
      expect([command, sendHex(card, command)]).toEqual([command, answer])
    expect(sendHex(card, initializeUpdate).slice(-4)).toBe('9000')
    expect(sendHex(card, '80ca006600').slice(-4)).toBe('9000') // anything in between drops the challenge
    expect(sendHex(card, '8482330010' + '00'.repeat(16))).toBe('6985')
  })

  it('takes EXTERNAL AUTHENTICATE in class 84 only, though the MAC is right over another class', () => {
    for (const [cla, answer] of [
      [0x04, '6e00'],
      [0x80, '6d00'],
    ] as const) {
      sendHex(card, selectAid(isdAid))
      const terminal = new Scp03Terminal(card)
      expect([cla, terminal.open(undefined, undefined, cla)]).toEqual([cla, answer])
      expect([cla, terminal.status('80ca0066')]).toEqual([cla, '6982'])
      expect(stored().keySets).toMatchObject([{ failures: 0, sequence: 0 }])
    }
    expect(new Scp03Terminal(card).open()).toBe('9000')
  })

  it('repeats no card challenge once a session was opened with it', () => {
    sendHex(card, selectAid(isdAid))
    const first = sendHex(card, initializeUpdate)
    expect(first.slice(0, 26)).toBe(`${toHex(iccSerial)}300370`)
    expect(new Scp03Terminal(card).open()).toBe('9000')
    const second = sendHex(card, initializeUpdate)
    expect(second.slice(-10)).toBe('0000019000')
    expect(second.slice(26, 42)).not.toBe(first.slice(26, 42))
  })

  it('P03 ends the session at a replayed, skipped or altered command', () => {
    for (const attack of ['replay', 'skip', 'alter'] as const) {
      const terminal = openDomain(card)
      const command = terminal.wrap('80e28800', grouping(0x2f00, files.dir))
      if (attack === 'replay') expect(statusOf(card.process(command))).toBe('9000')
      if (attack === 'alter') command[7]! ^= 1
      expect(toHex(card.process(attack === 'skip' ? terminal.wrap('80ca0066') : command))).toBe('6982')
      expect(terminal.status('80ca0066')).toBe('6982')
    }
  })

  it('ends the session at any flipped byte of a protected command', () => {
    const size = openDomain(card).wrap('80e28800', grouping(0x2f00, files.dir)).length
    for (let position = 0; position < size; position++) {
      const terminal = openDomain(card)
      const command = terminal.wrap('80e28800', grouping(0x2f00, files.dir))
      command[position]! ^= 0x01
      expect([position, toHex(card.process(command))]).not.toEqual([position, '9000'])
      expect([position, terminal.status('80ca0066')]).toEqual([position, '6982'])
    }
    expect(stored().files.size).toBe(0)
  })

  it('takes extended commands, Lc in the MAC as sent', () => {
    const terminal = openDomain(card)
    expect(terminal.install(emrtdAid)).toBe('9000')
    expect(terminal.store(0x0102, fileFilling(0x75, 40960))).toBe('9000')
    expect(stored().files.get('emrtd')?.get(0x0102)).toEqual(fileFilling(0x75, 40960))
  })
})

describe('STORE DATA', () => {
  it('puts together what spans blocks and takes apart what shares one', () => {
    const terminal = openDomain(card)
    terminal.install(emrtdAid)
    const all = concatBytes(grouping(0x0101, files.dg1), grouping(0x0102, files.dg2), grouping(0x010f, files.dg15))
    const size = 119
    const count = Math.ceil(all.length / size)
    for (let block = 0; block < count; block++) {
      const p1 = block === count - 1 ? '88' : '08'
      expect(terminal.status(`80e2${p1}${block.toString(16).padStart(2, '0')}`, all.subarray(block * size, (block + 1) * size))).toBe(
        '9000',
      )
    }
    expect(stored().files.get('emrtd')).toEqual(
      new Map([
        [0x0101, files.dg1],
        [0x0102, files.dg2],
        [0x010f, files.dg15],
      ]),
    )
  })

  it('writes a grouping whole or not at all, and a block’s groupings together', () => {
    const terminal = openDomain(card)
    terminal.install(emrtdAid)
    const half = grouping(0x0101, files.dg1).subarray(0, 50)
    expect(terminal.status('80e20800', half)).toBe('9000')
    expect(stored().files.size).toBe(0)
    expect(terminal.status('80e28801', fromHex('00'))).toBe('6a80') // last block, grouping unfinished
    expect(terminal.status('80e28800', concatBytes(grouping(0x0101, files.dg1), grouping(0x9999, files.dg1)))).toBe('6a88')
    expect(stored().files.size).toBe(0)
  })

  it('refuses what does not fit', () => {
    const terminal = openDomain(card)
    expect(terminal.store(0x0101, files.dg1)).toBe('6a88') // no such file in the MF
    expect(terminal.install(emrtdAid)).toBe('9000')
    const rows: readonly (readonly [string, Uint8Array, string])[] = [
      ['80e28801', grouping(0x0101, files.dg1), '6a86'], // block number
      ['80e29000', grouping(0x0101, files.dg1), '6a86'], // BER-TLV, which is for the security domain's own objects
      ['80e29800', grouping(0x0101, files.dg1), '6a86'], // no format at all
      ['80e2e800', grouping(0x0101, files.dg1), '6a86'], // encrypted groupings
      ['80e28800', grouping(0x0101, fileFilling(0x61, 129)), '6a84'],
      ['80e20800', fromHex('0102ffffff'), '6a84'], // announced too long
      ['80e28800', grouping(0x0101, new Uint8Array(0)), '6a80'],
      ['80e28800', grouping(0x2f00, files.dir), '6a88'],
      ['80e28800', grouping(nationalId.dgis.bacKeys, bacKeys.subarray(1)), '6a80'],
      ['80e28800', grouping(nationalId.dgis.bacKeys, new Uint8Array(33)), '6a84'],
      ['80e28900', grouping(nationalId.dgis.generateAaKey, Uint8Array.of(0x07)), '6a80'],
      ['80e28800', fromHex('01'), '6a80'],
    ]
    for (const [header, data, sw] of rows)
      expect([header, toHex(data).slice(0, 12), terminal.status(header, data)]).toEqual([header, toHex(data).slice(0, 12), sw])
    for (const data of [
      '',
      '000007a0000002471001000000'.replace('07', '08'),
      '0000000000',
      '000007a0000002471001000001',
      '010007a0000002471001000000',
    ])
      expect([data, terminal.status('80e62000', fromHex(data))]).toEqual([data, '6a80'])
    expect(terminal.install('a0000002471002')).toBe('6a88')
    expect(terminal.status('80e60c00', fromHex('000007a0000002471001000000'))).toBe('6a86')
    expect(stored().files.size).toBe(0)
  })

  it('counts blocks from 00 on, past FF, and anew after the last', () => {
    const terminal = openDomain(card)
    terminal.install(emrtdAid)
    const content = grouping(0x0102, fileFilling(0x75, 300))
    for (let block = 0; block < content.length; block++)
      expect(terminal.status(`80e208${(block & 0xff).toString(16).padStart(2, '0')}`, content.subarray(block, block + 1))).toBe('9000')
    expect(stored().files.get('emrtd')?.get(0x0102)).toEqual(fileFilling(0x75, 300))
    expect(terminal.status('80e20800', new Uint8Array(0))).toBe('6a86')
    expect(terminal.status('80e28800', grouping(0x0101, files.dg1))).toBe('9000')
    expect(terminal.status('80e28800', grouping(0x0101, files.dg1))).toBe('9000')
  })

  it('takes BAC keys only encrypted', () => {
    for (const [level, sw] of [
      [0x01, '6982'],
      [0x11, '6982'],
      [0x03, '9000'],
      [0x33, '9000'],
    ] as const) {
      const terminal = openDomain(card, level)
      terminal.install(emrtdAid)
      expect(terminal.store(nationalId.dgis.bacKeys, bacKeys)).toBe(sw)
    }
  })

  it('makes an active-authentication key on either curve and gives the point only when asked', () => {
    const terminal = openDomain(card, 0x03)
    terminal.install(emrtdAid)
    const p256 = terminal.send('80e28900', grouping(nationalId.dgis.generateAaKey, Uint8Array.of(1)))
    expect(toHex(p256.subarray(0, 6))).toBe('7f4943864104')
    const first = stored().aaKey
    const p384 = terminal.send('80e28900', grouping(nationalId.dgis.generateAaKey, Uint8Array.of(2)))
    expect(toHex(p384.subarray(0, 6))).toBe('7f4963866104')
    expect(stored().aaKey).toMatchObject({ curve: 'P-384' })
    expect(stored().aaKey?.privateKey).not.toEqual(first?.privateKey)
    expect(toHex(terminal.send('80e28800', grouping(nationalId.dgis.generateAaKey, Uint8Array.of(1))))).toBe('9000')
    expect(stored().aaKey).toMatchObject({ curve: 'P-256' })
  })
})

describe('C17 life cycle', () => {
  it('C17 a secured card refuses personalization for good and has lost its transport keys', () => {
    const terminal = personalize(card)
    const before = stored().files
    expect(terminal.status(secure)).toBe('9000')
    expect(stored()).toMatchObject({ lifeCycle: 'SECURED', keySets: [] })
    expect(toHex(memory.load()!)).not.toContain(toHex(testTransportKeys.enc))
    // In the session that is still open, in a new one, and after a power cycle.
    expect(terminal.store(0x2f00, files.dir)).toBe('6985')
    expect(terminal.install(emrtdAid)).toBe('6985')
    for (let round = 0; round < 2; round++) {
      card.powerOff()
      card.powerOn()
      sendHex(card, selectAid(isdAid))
      expect(sendHex(card, initializeUpdate)).toBe('6a88')
      expect(sendHex(card, '80e28800032f0000')).toBe('6985')
      expect(sendHex(card, '80e6200000')).toBe('6985')
      expect(sendHex(card, '80f08007')).toBe('6982')
    }
    expect(stored().files).toEqual(before)
    expect(sendHex(card, '80ca00e000')).toBe('e0009000')
    expect(new MessagingTerminal(card).open()).toBe('9000')
  })

  it('C17 a locked card shows no file, nor leaves its security domain, whatever form of SELECT asks', () => {
    const terminal = openDomain(card)
    for (const p2 of ['0f', '7f']) expect(terminal.status(`80f080${p2}`)).toBe('9000')
    card.reset()
    for (const command of ['00a4000000', '00a40000023f0000', '00a40800023f0000', '00a4080402011c00', '00a4030000', '00a4080c022f00']) {
      expect(sendHex(card, '00a4040000').slice(-4)).toBe('6283')
      expect([command, sendHex(card, command)]).toEqual([command, '6985'])
    }
    expect(sendHex(card, '80ca9f7f00').slice(-4)).toBe('9000')
  })

  it('C17 walks only the transitions of GlobalPlatform; terminated is final', () => {
    const terminal = openDomain(card)
    for (const [p2, sw, state] of [
      ['7f', '6985', 'INITIALIZED'],
      ['01', '6985', 'INITIALIZED'],
      ['07', '6985', 'INITIALIZED'],
      ['03', '6a80', 'INITIALIZED'],
      ['0f', '9000', 'SECURED'],
      ['07', '6985', 'SECURED'],
      ['0f', '6985', 'SECURED'],
      ['7f', '9000', 'CARD_LOCKED'],
      ['07', '6985', 'CARD_LOCKED'],
      ['0f', '9000', 'SECURED'],
      ['7f', '9000', 'CARD_LOCKED'],
      ['ff', '9000', 'TERMINATED'],
      ['0f', '6985', 'TERMINATED'],
    ] as const) {
      expect([p2, terminal.status(`80f080${p2}`)]).toEqual([p2, sw])
      expect(stored().lifeCycle).toBe(state)
    }
    card.reset()
    for (const command of [selectAid(emrtdAid), '00a4040c00', '00a4020c022f00', '00b09e0004']) expect(sendHex(card, command)).toBe('6985')
    expect(sendHex(card, '80ca9f7f00').slice(-4)).toBe('9000')
  })

  it('C17 a blank card can be scrapped, and SET STATUS of anything but the card is refused', () => {
    const terminal = openDomain(card)
    expect(terminal.status('80f0400f', fromHex(emrtdAid))).toBe('6a86')
    expect(terminal.status('80f080ff')).toBe('9000')
    expect(stored()).toMatchObject({ lifeCycle: 'TERMINATED', keySets: [] })
  })

  it('C17 a locked card offers the security domain only', () => {
    const terminal = personalize(card)
    terminal.status(secure)
    expect(terminal.status('80f0807f')).toBe('9000')
    card.reset()
    expect(sendHex(card, selectAid(emrtdAid))).toBe('6a82')
    expect(sendHex(card, selectAid(isdAid))).toBe('6283')
    expect(sendHex(card, '00a4040000')).toMatch(/^6f.*6283$/)
    card.reset()
    for (const command of ['00a4000c023f00', '00b09e0000', '00a4020c022f00']) expect(sendHex(card, command)).toBe('6985')
  })
})

describe('what the security domain tells', () => {
  it('GET DATA', () => {
    card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial, iin: fromHex('9364'), cin: fromHex('0102') })
    sendHex(card, selectAid(isdAid))
    for (const [tag, value] of [
      ['9f7f', `9f7f2a${'00'.repeat(12)}66778899${'00'.repeat(26)}`],
      ['0042', '42029364'],
      ['0045', '45020102'],
      [
        '0066',
        '6631732f' + '06072a864886fc6b01' + '600c060a2a864886fc6b02020301' + '630906072a864886fc6b03' + '640b06092a864886fc6b040370',
      ],
      ['0067', '670ba009800103810170820107'],
      ['00e0', 'e012c00401308810c00402308810c00403308810'],
      ['00c1', 'c103000000'],
    ] as const) {
      expect([tag, sendHex(card, `80ca${tag}00`)]).toEqual([tag, `${value}9000`])
      expect(sendHex(card, `00ca${tag}00`)).toBe(`${value}9000`)
    }
    for (const tag of ['0000', '01a0', '9f70', 'ffff']) expect(sendHex(card, `80ca${tag}00`)).toBe('6a88')
  })

  it('GET STATUS, inside SCP03', () => {
    const terminal = openDomain(card, 0x03)
    const all = fromHex('4f00')
    expect(toHex(terminal.send('80f28002', all))).toBe('e3134f08a0000001510000009f700107c5039efe809000')
    expect(toHex(terminal.send('80f24002', all))).toBe(
      'e3124f07a00000024710019f700107c503000000e3174f0ca000000063504b43532d31359f700107c503000000e3114f06f04b415254469f700107c5030000009000',
    )
    expect(terminal.status('80f24002', fromHex('4f03a00001'))).toBe('6a88')
    expect(terminal.status('80f22002', all)).toBe('6a88')
    expect(terminal.status('80f28002')).toBe('6a80')
    expect(terminal.status('80f28004', all)).toBe('6a86')
    expect(terminal.status('80f28003', all)).toBe('6985') // nothing to go on from
    expect(toHex(terminal.send('80f28000', all))).toBe('08a000000151000000079e9000')
    expect(toHex(terminal.send('80f24000', all))).toBe('07a000000247100107000ca000000063504b43532d3135070006f04b4152544607009000')
  })
})

it('makes no card of wrong parts', () => {
  const good = { memory: inMemory(), transportKeys: testTransportKeys, iccSerial }
  for (const [bad, field] of [
    [{ iccSerial: new Uint8Array(9) }, 'iccSerial'],
    [{ cplc: new Uint8Array(41) }, 'cplc'],
    [{ iin: new Uint8Array(0) }, 'iin'],
    [{ cin: new Uint8Array(17) }, 'cin'],
    [{ transportKeys: { ...testTransportKeys, mac: new Uint8Array(24) } }, 'transportKeys'],
    [{ transportKeys: { ...testTransportKeys, version: 0 } }, 'transportKeys.version'],
  ] as const)
    expect(() => createBlankCard({ ...good, ...bad })).toThrowError(expect.objectContaining({ code: 'input', field }))
})
