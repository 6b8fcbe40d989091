// The holder's keys over whole APDUs: chaining, length of answers, secure messaging, and what ends a session.
import { constants, createHash, publicDecrypt, publicEncrypt, randomBytes, verify } from 'node:crypto'
import { concatBytes, encodeAscii, fromHex, toHex } from '@kart/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadPrivateKey } from '../../card-crypto/private-key.ts'
import * as raw from '../../card-crypto/raw-private-key.ts'
import type { EmulatedCard } from '../../emulated-card.ts'
import type { HolderPin } from '../../memory/holder-state.ts'
import { holderPin, keyFile } from '../../testing/key-bench.ts'
import { PaceTerminal, testPasswords, withPasswords } from '../../testing/pace-terminal.ts'
import { cardInState, emrtdAid, selectAid, sendHex, statusOf } from '../../testing/terminal.ts'

vi.mock('../../card-crypto/raw-private-key.ts', { spy: true })
afterEach(() => {
  vi.resetAllMocks()
})

const pkcs15Aid = 'a000000063504b43532d3135'
const verifyCommand = '0020000108313233343536ffff'
const rsa2048 = keyFile('rsa', 2048)
const rsa4096 = keyFile('rsa', 4096)
const ec = keyFile('ec', 256)
const message = new Uint8Array(randomBytes(64))
const digest = new Uint8Array(createHash('sha256').update(message).digest())

/** A secured card whose keys are under PIN 1. */
function securedCard(pin: Partial<HolderPin> = {}): EmulatedCard {
  return cardInState((state) => {
    const before = withPasswords(state)
    const files = new Map([0x4b01, 0x4b02, 0x4b03].map((fid, i) => [fid, [rsa2048, rsa4096, ec][i]!] as const))
    return {
      ...before,
      lifeCycle: 'SECURED',
      signature: { ...before.signature, activated: true, files, pins: new Map([[1, holderPin(pin)]]) },
    }
  })
}

/** In the application, PIN verified. */
function openCard(pin?: Partial<HolderPin>): EmulatedCard {
  const card = securedCard(pin)
  expect([sendHex(card, selectAid(pkcs15Aid)), sendHex(card, verifyCommand)]).toEqual(['9000', '9000'])
  return card
}

const choose = (card: EmulatedCard, template: string, algorithm: string, fid: string) =>
  sendHex(card, `002241${template}0a8001${algorithm}8102${fid}840100`)
const hex = (value: number) => value.toString(16).padStart(2, '0')

/** A short command in as many links as its data need, the rest of the answer fetched. */
function chained(card: EmulatedCard, header: string, data: Uint8Array): { data: Uint8Array; sw: string; links: number; parts: number } {
  let links = 0
  let response: Uint8Array = new Uint8Array(0)
  for (let at = 0; at < data.length; at += 255) {
    const part = data.subarray(at, at + 255)
    const last = at + 255 >= data.length
    response = card.process(fromHex(`${last ? '00' : '10'}${header}${hex(part.length)}${toHex(part)}${last ? '00' : ''}`))
    links++
    if (!last && statusOf(response) !== '9000') break
  }
  let parts = 1
  while (response.at(-2) === 0x61) {
    response = concatBytes(response.slice(0, -2), card.process(Uint8Array.of(0x00, 0xc0, 0x00, 0x00, response.at(-1)!)))
    parts++
  }
  return { data: response.slice(0, -2), sw: statusOf(response), links, parts }
}

describe('blocks longer than a short command', () => {
  it.each([
    ['RSA-2048', '4b01', rsa2048, 2, 1],
    ['RSA-4096', '4b02', rsa4096, 3, 2],
  ] as const)('%s: signs a block that comes in a chain', (_, fid, file, links, parts) => {
    const card = openCard()
    expect(choose(card, 'b6', '00', fid)).toBe('9000')
    const block = new Uint8Array(randomBytes(file.size / 8)).with(0, 0)
    const answer = chained(card, '2a9e9a', block)
    expect([answer.sw, answer.links, answer.parts]).toEqual(['9000', links, parts])
    const opened = publicDecrypt({ key: loadPrivateKey(file.privateKey!).publicKey, padding: constants.RSA_NO_PADDING }, answer.data)
    expect(toHex(new Uint8Array(opened))).toBe(toHex(block))
  })

  it('RSA-4096: deciphers a cryptogram that comes in a chain', () => {
    const card = openCard()
    choose(card, 'b8', '02', '4b02')
    const sealed = publicEncrypt({ key: loadPrivateKey(rsa4096.privateKey!).publicKey, padding: constants.RSA_PKCS1_PADDING }, message)
    const answer = chained(card, '2a8086', concatBytes(Uint8Array.of(0), sealed))
    expect([answer.sw, toHex(answer.data)]).toEqual(['9000', toHex(message)])
  })

  it('RSA-4096: takes and gives it in one extended APDU', () => {
    const card = openCard()
    choose(card, 'b6', '00', '4b02')
    const response = card.process(fromHex(`002a9e9a000200${'00'.repeat(511)}010000`))
    expect([response.length, statusOf(response)]).toEqual([514, '9000'])
  })

  it('gives the modulus of RSA-4096 in two parts', () => {
    const card = openCard()
    expect(sendHex(card, '00a4080c0450154b02')).toBe('9000')
    const first = card.process(fromHex('00ca010100'))
    expect([first.length, statusOf(first)]).toEqual([258, '6100'])
    const second = card.process(fromHex('00c0000000'))
    expect([second.length, statusOf(second)]).toEqual([258, '9000'])
    expect(sendHex(card, '00ca010200')).toBe('0100019000')
  })
})

describe('what ends the use of a key', () => {
  const sign = (card: EmulatedCard) => sendHex(card, `002a9e9a20${toHex(digest)}00`)

  it('one signature a VERIFY where the PIN says so (C11)', () => {
    const card = openCard({ usesPerVerify: 1 })
    choose(card, 'b6', '04', '4b03')
    expect(sign(card).slice(-4)).toBe('9000')
    expect(sign(card)).toBe('6982')
    expect(sendHex(card, verifyCommand)).toBe('9000')
    expect(sign(card).slice(-4)).toBe('9000')
    expect(sign(card)).toBe('6982')
  })

  it.each([
    ['a reset', (card: EmulatedCard) => card.reset()],
    ['another application', (card: EmulatedCard) => sendHex(card, selectAid(emrtdAid))],
    ['the same application, selected again', () => undefined],
    ['a logout', (card: EmulatedCard) => sendHex(card, '002e0000')],
  ])('%s', (_, end) => {
    const card = openCard()
    choose(card, 'b6', '04', '4b03')
    expect(sign(card).slice(-4)).toBe('9000')
    end(card)
    expect(sendHex(card, selectAid(pkcs15Aid))).toBe('9000')
    // Neither the key chosen nor the PIN is left.
    expect(sign(card)).toBe('6985')
    expect(choose(card, 'b6', '04', '4b03')).toBe('9000')
    expect(sign(card)).toBe('6982')
  })

  it('a logout alone leaves the key chosen and takes the PIN back', () => {
    const card = openCard()
    choose(card, 'b6', '04', '4b03')
    expect(sendHex(card, '002e0000')).toBe('9000')
    expect(sign(card)).toBe('6982')
    expect([sendHex(card, '002e0001'), sendHex(card, '002e00000100')]).toEqual(['6a86', '6700'])
  })

  it('a fault: 6F00 and nothing else, and the session is over (C19)', () => {
    for (const [algorithm, fid, data] of [
      ['04', '4b03', digest],
      ['02', '4b01', encodeAscii('content')],
    ] as const) {
      const card = openCard()
      choose(card, 'b6', algorithm, fid)
      vi.mocked(raw.ecdsaSign).mockReturnValueOnce({ r: 1n, s: 1n })
      vi.mocked(raw.rsaPower).mockReturnValueOnce(new Uint8Array(256).fill(1))
      expect(sendHex(card, `002a9e9a${hex(data.length)}${toHex(data)}00`)).toBe('6f00')
      vi.resetAllMocks()
      sendHex(card, selectAid(pkcs15Aid))
      choose(card, 'b6', '04', '4b03')
      expect(sign(card)).toBe('6982')
    }
  })
})

describe('a private key', () => {
  it('is read and written by no command', () => {
    const card = openCard()
    const before = toHex(loadPrivateKey(ec.privateKey!).privateKey.export({ format: 'der', type: 'pkcs8' }) as Uint8Array)
    expect(sendHex(card, '00a4080c0450154b03')).toBe('9000')
    expect(sendHex(card, '00b0000000')).toBe('6982')
    expect(sendHex(card, '00b1000000').slice(-4)).not.toBe('9000')
    expect(sendHex(card, '00d6000001ff')).toBe('6982')
    expect(sendHex(card, `00da018720${'01'.repeat(32)}`)).toBe('6a81')
    for (const p2 of ['80', '83', '87', '97']) expect(sendHex(card, `00ca01${p2}00`)).toBe('6a88')
    choose(card, 'b6', '04', '4b03')
    const signature = card.process(fromHex(`002a9e9a20${toHex(digest)}00`)).slice(0, -2)
    expect(verify('sha256', message, loadPrivateKey(fromHex(before)).publicKey, signature)).toBe(true)
  })
})

describe('without contacts', () => {
  const inField = (): EmulatedCard => {
    const card = securedCard()
    card.powerOn('contactless')
    return card
  }

  it('answers nothing about keys outside PACE', () => {
    const card = inField()
    sendHex(card, selectAid(pkcs15Aid))
    for (const command of [
      verifyCommand,
      '002241b60a80010481024b03840100',
      `002a9e9a20${toHex(digest)}00`,
      '002a808602000000',
      '0046000000',
      '00860000027c0000',
      `0088000020${toHex(digest)}00`,
      '00ca018600',
    ])
      expect([command.slice(0, 8), sendHex(card, command)]).toEqual([command.slice(0, 8), '6982'])
  })

  it('signs inside PACE, RSA-4096 too', () => {
    const card = inField()
    const terminal = new PaceTerminal(card, testPasswords.can)
    expect(terminal.run()).toBe('9000')
    const { messaging } = terminal
    const send = (header: string, data: string, le?: string) =>
      messaging.send(header, { data: fromHex(data), ...(le === undefined ? {} : { le }) })
    expect(send('00a4040c', pkcs15Aid).sw).toBe('9000')
    expect(send('00200001', '313233343536ffff').sw).toBe('9000')
    expect(send('002241b6', '80010481024b03840100').sw).toBe('9000')
    const { data, sw } = send('002a9e9a', toHex(digest), '00')
    expect(sw).toBe('9000')
    expect(verify('sha256', message, loadPrivateKey(ec.privateKey!).publicKey, data)).toBe(true)
    expect(send('002241b6', '80010281024b02840100').sw).toBe('9000')
    const long = send('002a9e9a', `3031300d060960864801650304020105000420${toHex(digest)}`, '0000')
    expect([long.sw, long.data.length]).toEqual(['9000', 512])
    expect(verify('sha256', message, loadPrivateKey(rsa4096.privateKey!).publicKey, long.data)).toBe(true)
  })
})
