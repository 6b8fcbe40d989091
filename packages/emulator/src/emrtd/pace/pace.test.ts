import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { nationalId, type PaceOfferSpec } from '@kart/layout/profile'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../../emulated-card.ts'
import { drawScalar } from '../../key-agreement/agreement-group.ts'
import { generateChipKey } from '../../key-agreement/chip-key.ts'
import { standardizedGroup } from '../../key-agreement/domain-parameters.ts'
import { toBytes, toInteger } from '../../key-agreement/modular.ts'
import { standardizedDhGroups } from '../../key-agreement/standardized-dh.ts'
import { cvTestWorld } from '../../testing/cv-issuer.ts'
import { profileOffering } from '../../testing/pace-example.ts'
import { PaceTerminal, type PaceTerminalOptions, plainSender, testPasswords, withPasswords } from '../../testing/pace-terminal.ts'
import { cardInState, emrtdAid, files, isdAid, MessagingTerminal, selectAid, sendHex } from '../../testing/terminal.ts'
import { mapGenerically } from './nonce-mapping.ts'

let card: EmulatedCard

beforeEach(() => {
  card = cardInState(withPasswords)
})

const terminalFor = (name: keyof typeof testPasswords, more: Partial<PaceTerminalOptions> = {}): PaceTerminal =>
  new PaceTerminal(card, { ...testPasswords[name], ...more })

/** PACE with the CAN; its secure messaging. */
function opened(): MessagingTerminal {
  const terminal = terminalFor('can')
  expect(terminal.run()).toBe('9000')
  return terminal.messaging
}

const aid = fromHex(emrtdAid)

describe('what PACE opens', () => {
  it('is done in the MF with nothing selected, after EF.CardAccess was read by name and by short identifier', () => {
    expect(sendHex(card, '00a4020c02011c')).toBe('9000')
    expect(sendHex(card, '00b0000000')).toMatch(/^31.*9000$/)
    expect(sendHex(card, '00b09c0000')).toMatch(/^31.*9000$/)
    const messaging = opened()
    expect(messaging.send('00a4040c', { data: aid })).toEqual({ data: new Uint8Array(0), sw: '9000' })
    expect(messaging.send('00b08100', { le: '00' })).toEqual({ data: files.dg1, sw: '9000' })
  })

  it('holds across SELECT, in every application', () => {
    const messaging = opened()
    for (const application of [isdAid, emrtdAid, 'a000000063504b43532d3135', emrtdAid])
      expect(messaging.send('00a4040c', { data: fromHex(application) }).sw).toBe('9000')
    expect(messaging.send('00b08100', { le: '00' }).sw).toBe('9000')
    expect(messaging.send('00a4000c', { data: fromHex('3f00') }).sw).toBe('9000')
    expect(messaging.send('00a4040c', { data: aid }).sw).toBe('9000')
    expect(messaging.send('00a4020c', { data: fromHex('0101') }).sw).toBe('9000')
  })

  it('ends with the first plain command, with reset, and with power', () => {
    for (const end of [() => sendHex(card, selectAid(emrtdAid)), () => card.reset(), () => card.powerOn()]) {
      const messaging = opened()
      expect(messaging.send('00a4040c', { data: aid }).sw).toBe('9000')
      end()
      expect(toHex(card.process(messaging.wrap('00b08100', { le: '00' })))).toBe('6988')
      sendHex(card, selectAid(emrtdAid))
      expect(sendHex(card, '00b0810000')).toBe('6982')
    }
  })

  it('can be done in the eMRTD application too, and a second time inside the first: the new keys begin after its last answer', () => {
    sendHex(card, selectAid(emrtdAid))
    const first = opened()
    const inside = new PaceTerminal(card, testPasswords.pin, (header, data, le) => first.send(header, { data, ...(le ? { le } : {}) }))
    expect(inside.run()).toBe('9000')
    expect(inside.messaging.send('00b08100', { le: '00' })).toEqual({ data: files.dg1, sw: '9000' })
    expect(toHex(card.process(first.wrap('00b08100', { le: '00' })))).toBe('6988')
  })

  it('C20 a fault in the derivation of the session keys: the first command is not authentic, and the session is gone', () => {
    const terminal = terminalFor('can')
    expect(terminal.run()).toBe('9000')
    const faulty = new MessagingTerminal(card)
    faulty.start('AES-128', new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
    expect(toHex(card.process(faulty.wrap('00b09c00', { le: '00' })))).toBe('6988')
    expect(toHex(card.process(terminal.messaging.wrap('00b09c00', { le: '00' })))).toBe('6988')
  })
})

describe('MSE:Set AT', () => {
  const oid = '800a04007f00070202040202'
  const set = (data: string, p = 'c1a4'): string => sendHex(card, `0022${p}${(data.length / 2).toString(16).padStart(2, '0')}${data}`)

  it('takes its objects in any order, and what goes with terminal authentication', () => {
    for (const data of [
      `${oid}830102`,
      `830102${oid}`,
      `${oid}83010284010c`,
      `${oid}8301027f4c12060904007f00070301020253050000000110`,
      `${oid}8301027f4c0e060904007f00070301020153010365020600`,
    ])
      expect([data, set(data)]).toEqual([data, '9000'])
  })

  it('refuses what is missing, unknown, twice or malformed, and what it does not offer', () => {
    for (const [data, sw] of [
      [oid, '6a80'],
      ['830102', '6a80'],
      [`${oid}830102830102`, '6a80'],
      [`${oid}830102850100`, '6a80'],
      [`${oid}8301`, '6a80'],
      [`${oid}830102840100840100`, '6a80'],
      [`${oid}8301028400`, '6a80'],
      [`${oid}8301027f4c00`, '6a80'],
      [`${oid}8301027f4c02${'0600'}`, '6a80'],
      ['800a04007f00070202040201830102', '6a80'], // GM with 3DES: not offered
      ['800a04007f00070202040601830102', '6a80'], // no such protocol
      ['800a04007f00070202040102830102', '6a80'], // DH: not offered
      ['800904007f000702020402830102', '6a80'],
      [`${oid}830105`, '6a88'],
      [`${oid}830100`, '6a88'],
      [`${oid}83020002`, '6a88'],
      [`${oid}83010284010d`, '6a88'], // AES-128 is offered on P-256 alone
      ['800a04007f00070202040602830102', '6a88'], // CAM without a chip key
    ])
      expect([data, set(data!)]).toEqual([data, sw])
    expect(set(`${oid}830102`, 'c1b6')).toBe('6a86')
    expect(set(`${oid}830102`, '41a5')).toBe('6a86')
    expect(sendHex(card, '0022c1a4')).toBe('6a80')
  })

  it('refuses 6A88 for a password that was never stored, and 6A88 without DO 84 where several parameters are offered', () => {
    const offers: PaceOfferSpec[] = [12, 13].map((parameterId) => ({ agreement: 'ECDH', mapping: 'GM', cipher: 'AES-128', parameterId }))
    card = cardInState(
      (state) => ({ ...withPasswords(state), pacePasswords: new Map([['can', withPasswords(state).pacePasswords.get('can')!]]) }),
      {
        profile: profileOffering(...offers),
      },
    )
    expect(set(`${oid}830101`)).toBe('6a88')
    expect(set(`${oid}830102`)).toBe('6a88')
    expect(set(`${oid}83010284010d`)).toBe('9000')
    expect(new PaceTerminal(card, { ...testPasswords.can, parameterId: 13, more: '84010d' }).run()).toBe('9000')
  })

  it('is not there where the profile has no PACE', () => {
    const { pace: _, ...without } = nationalId
    card = cardInState((state) => state, { profile: without })
    expect(set(`${oid}830102`)).toBe('6a80')
    // The PKCS#15 application sets its own keys by this command.
    sendHex(card, selectAid('a000000063504b43532d3135'))
    expect(set(`${oid}830102`)).toBe('6a86')
  })
})

describe('GENERAL AUTHENTICATE', () => {
  it('needs MSE:Set AT before it, and P1-P2 0000', () => {
    expect(sendHex(card, '10860000027c0000')).toBe('6985')
    terminalFor('can').set()
    expect(sendHex(card, '10860100027c0000')).toBe('6a86')
  })

  it.each([
    ['P06 a tag that is not the step’s', (step: number) => Uint8Array.of([0, 0x80, 0x80, 0x82, 0x84][step]!, 1, 0)],
    ['P06 the card’s own tag', (step: number) => Uint8Array.of([0, 0x80, 0x82, 0x84, 0x86][step]!, 1, 0)],
    ['P06 two objects', (_: number, object: Uint8Array) => concatBytes(object, Uint8Array.of(0x81, 1, 0))],
    ['P06 an object cut short', () => Uint8Array.of(0x81, 9)],
  ] as const)('%s: 6A80 at every step, and the run is over', (_name, change) => {
    for (const at of [1, 2, 3, 4]) {
      const terminal = terminalFor('can', { tampering: { object: (object, step) => (step === at ? change(step, object) : object) } })
      expect([at, terminal.run(), terminal.failedAt]).toEqual([at, '6a80', at])
      expect(sendHex(card, '10860000027c0000')).toBe('6985')
    }
  })

  it('P06 an empty template where an object is due, none at all, and another template: 6A80', () => {
    for (const at of [2, 3, 4]) {
      const terminal = terminalFor('can', { tampering: { object: (object, step) => (step === at ? new Uint8Array(0) : object) } })
      expect([terminal.run(), terminal.failedAt]).toEqual(['6a80', at])
    }
    for (const command of ['1086000000', '10860000027d0000', '10860000017c00', '10860000037c000000']) {
      terminalFor('can').set()
      expect([command, sendHex(card, command)]).toEqual([command, '6a80'])
    }
  })

  it('wants the chaining bit on every step but the last', () => {
    terminalFor('can').set()
    expect(sendHex(card, '00860000027c0000')).toBe('6985')
    const sender = plainSender(card)
    for (const [header, instead, sw] of [['00860000', '10860000', '6883']] as const) {
      const terminal = new PaceTerminal(card, testPasswords.can, (given, data, le) => sender(given === header ? instead : given, data, le))
      expect([terminal.run(), terminal.failedAt]).toEqual([sw, 4])
    }
  })

  it('another command between two steps ends the run; between MSE:Set AT and the first it does not', () => {
    terminalFor('can').set()
    expect(sendHex(card, '00b09c0004')).toMatch(/9000$/)
    expect(sendHex(card, '10860000027c0000')).toMatch(/9000$/)
    expect(sendHex(card, '00b09c0004')).toMatch(/9000$/)
    expect(sendHex(card, '10860000027c0000')).toBe('6985')
    for (const between of [selectAid(emrtdAid), '0022c1a400', '00']) {
      terminalFor('can').set()
      sendHex(card, between)
      expect([between, sendHex(card, '10860000027c0000')]).toEqual([between, '6985'])
    }
  })

  it('P16 a step may come in several links, and long keys in extended length', () => {
    const profile = profileOffering({ agreement: 'DH', mapping: 'GM', cipher: 'AES-128', parameterId: 2 })
    card = cardInState(withPasswords, { profile })
    const options = { ...testPasswords.can, oid: '04007f00070202040102', parameterId: 2 }
    const whole = new PaceTerminal(card, options)
    expect(whole.run()).toBe('9000')
    // Short commands only: what is longer than 255 bytes comes in links, and the answer waits for GET RESPONSE.
    const short = plainSender(card)
    const linked = new PaceTerminal(card, options, (header, data, le) => {
      let at = 0
      for (; data.length - at > 255; at += 255)
        expect(short(`10${header.slice(2)}`, data.subarray(at, at + 255), undefined).sw).toBe('9000')
      let { data: answer, sw } = short(header, data.subarray(at), le)
      while (sw.startsWith('61')) {
        const rest = toHex(card.process(fromHex(`00c00000${sw.slice(2)}`)))
        answer = concatBytes(answer, fromHex(rest.slice(0, -4)))
        sw = rest.slice(-4)
      }
      return { data: answer, sw }
    })
    expect(linked.run()).toBe('9000')
    expect(linked.messaging.send('00b09c00', { le: '04' }).sw).toBe('9000')
  })

  it('takes explicit domain parameters, and chip authentication mapping with a key on them', () => {
    const domainParameter = encodeTlv(0x30, [encodeTlv(0x06, fromHex('04007f00070102')), fromHex('02010f')])
    card = cardInState(withPasswords, {
      profile: profileOffering({ agreement: 'ECDH', mapping: 'GM', cipher: 'AES-128', parameterId: 32, domainParameter }),
    })
    expect(new PaceTerminal(card, { ...testPasswords.can, parameterId: 15, more: '840120' }).run()).toBe('9000')
    const chipKey = generateChipKey(1, 12, (length) => new Uint8Array(length).fill(0x33))!
    card = cardInState((state) => ({ ...withPasswords(state), chipKeys: [chipKey] }))
    const terminal = terminalFor('can', { oid: '04007f00070202040602' })
    expect(terminal.run()).toBe('9000')
    expect([...terminal.last.keys()]).toEqual([0x86, 0x8a])
    expect(terminal.last.get(0x8a)).toHaveLength(48)
  })

  it('gives authority references only to a terminal that sent its authorization, the newest first', () => {
    const { link, root } = cvTestWorld()
    const trust = { trustPoints: [link, root], date: undefined }
    card = cardInState((state) => ({ ...withPasswords(state), trust }))
    const without = terminalFor('can')
    expect(without.run()).toBe('9000')
    expect([...without.last.keys()]).toEqual([0x86])
    const holder = terminalFor('can', { more: '7f4c0e060904007f000703010201530103' })
    expect(holder.run()).toBe('9000')
    expect([...holder.last].slice(1).map(([tag, value]) => [tag, new TextDecoder().decode(value)])).toEqual([
      [0x87, 'IRCVCA00002'],
      [0x88, 'IRCVCA00001'],
    ])
  })
})

const p256 = standardizedGroup(12)!
const offCurve = (value: Uint8Array): Uint8Array => value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte))

describe('P06, P07 whatever is wrong behind the nonce gets one answer', () => {
  const wrong: readonly (readonly [string, number, Partial<PaceTerminalOptions>])[] = [
    ['another password', 4, { secret: fromHex('313131313131') }],
    ['a wrong token', 4, { tampering: { token: offCurve } }],
    ['a token of nine bytes', 4, { tampering: { token: (value) => concatBytes(value, Uint8Array.of(0)) } }],
    ['no token', 4, { tampering: { token: () => new Uint8Array(0) } }],
    ['a mapping key off the curve', 2, { tampering: { mapNonce: offCurve } }],
    ['infinity as mapping key', 2, { tampering: { mapNonce: () => Uint8Array.of(0) } }],
    ['no mapping key', 2, { tampering: { mapNonce: () => new Uint8Array(0) } }],
    ['a compressed mapping key', 2, { tampering: { mapNonce: (value) => concatBytes(Uint8Array.of(2), value.subarray(1, 33)) } }],
    ['an ephemeral key off the curve', 3, { tampering: { terminalKey: offCurve } }],
    ['infinity as ephemeral key', 3, { tampering: { terminalKey: () => new Uint8Array(65) } }],
    ['an ephemeral key of another curve', 3, { tampering: { terminalKey: () => standardizedGroup(13)!.generator } }],
  ]

  it.each(wrong)('P06 %s', (_name, at, options) => {
    const terminal = terminalFor('can', options)
    expect([terminal.run(), terminal.failedAt]).toEqual(['6300', at])
    expect(sendHex(card, '10860000027c0000')).toBe('6985')
    expect(toHex(card.process(terminal.messaging.wrap('00b08100', { le: '04' })))).toBe('6988')
    const pin = terminalFor('pin', options.secret ? { ...options, secret: testPasswords.can.secret } : options)
    expect([pin.run(), pin.failedAt]).toEqual(['63c2', at])
    expect(terminalFor('can').run()).toBe('9000')
  })

  it('P06 the card’s own ephemeral key sent back', () => {
    const scalar = drawScalar(p256, (length) => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0x7f).reverse())
    card = cardInState(withPasswords, { random: (length) => scalar.slice(-length) })
    const terminal = terminalFor('can')
    expect([terminal.run(), terminal.failedAt]).toEqual(['6300', 3])
  })

  it('P06 integers of a small subgroup', () => {
    card = cardInState(withPasswords, { profile: profileOffering({ agreement: 'DH', mapping: 'GM', cipher: 'AES-128', parameterId: 1 }) })
    const minusOne = toBytes(standardizedDhGroups[1]!.parameters.p - 1n, 256)
    const options = { oid: '04007f00070202040102', parameterId: 1 }
    for (const bad of [Uint8Array.of(1), Uint8Array.of(0), minusOne, Uint8Array.of(2)])
      for (const step of ['mapNonce', 'terminalKey'] as const)
        expect(terminalFor('can', { ...options, tampering: { [step]: () => bad } }).run()).toBe('6300')
    expect(terminalFor('can', options).run()).toBe('9000')
  })

  it('P06 a mapped generator that would be infinity is none', () => {
    const nonce = new Uint8Array(16).fill(9)
    const opposite = p256.multiply(p256.generator, toBytes(p256.order - toInteger(nonce), 32))
    expect(mapGenerically(p256, nonce, opposite)).toBeUndefined()
    expect(mapGenerically(p256, new Uint8Array(16), p256.generator)).toBeUndefined()
  })

  it('P06 a terminal’s nonce of the wrong length in the integrated mapping', () => {
    const oid = '04007f00070202040402'
    expect(terminalFor('can', { oid, tampering: { mapNonce: (value) => value.subarray(1) } }).run()).toBe('6300')
    expect(terminalFor('can', { oid }).run()).toBe('9000')
  })
})
