import { createPublicKey, verify } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { beforeEach, describe, expect, it } from 'vitest'
import { encryptTripleDes, retailMac } from '../card-crypto/triple-des.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import {
  bacKeys,
  blankCard,
  emrtdAid,
  files,
  isdAid,
  MessagingTerminal,
  openDomain,
  personalize,
  selectAid,
  sendHex,
  statusOf,
} from '../testing/terminal.ts'

let card: EmulatedCard
let terminal: MessagingTerminal

beforeEach(() => {
  card = blankCard()
  personalize(card)
  card.reset()
  terminal = new MessagingTerminal(card)
})

/** A command that works only while the session lives. */
const isAlive = (): boolean => terminal.send('00b08100', { le: '04' }).sw === '9000'

describe('access to the eMRTD application', () => {
  it('gives no file, no offset and no signature before BAC', () => {
    sendHex(card, selectAid(emrtdAid))
    for (const command of [
      '00a4020c020101',
      '00a4020c02010f',
      '00a4020c02011e',
      '00b0810004',
      '00b0000004',
      '00b101010354010000',
      '0088000008000000000000000000',
    ]) {
      const answer = sendHex(card, command)
      expect([command, answer]).toEqual([command, command === '00b0000004' ? '6986' : '6982'])
    }
    expect(sendHex(card, '00a4020c02aaaa')).toBe('6a82')
  })

  it('gives the files after BAC, and only inside secure messaging', () => {
    expect(terminal.open()).toBe('9000')
    expect(terminal.send('00a4020c', { data: fromHex('0101') })).toEqual({ data: new Uint8Array(0), sw: '9000' })
    expect(terminal.send('00b00000', { le: '00' })).toEqual({ data: files.dg1, sw: '9000' })
    expect(terminal.send('00a4020c', { data: fromHex('0103') }).sw).toBe('6982') // kept for terminals with the right to it
    expect(terminal.send('00a4020c', { data: fromHex('0107') }).sw).toBe('6a82')
    expect(terminal.send('00a40204', { data: fromHex('0102'), le: '00' })).toEqual({
      data: fromHex('621180020bb8820101830201028801108a0103'),
      sw: '9000',
    })
    expect(sendHex(card, '00b0810004')).toBe('6982')
  })

  it('reads a long file short and extended, by offset and by DO 54, with the ends marked', () => {
    terminal.open()
    const read: Uint8Array[] = []
    for (let at = 0; at < files.dg2.length; at += 0xdf) {
      const { data } = terminal.send(
        `00b0${(at === 0 ? 0x82 : at >> 8).toString(16).padStart(2, '0')}${(at & 0xff).toString(16).padStart(2, '0')}`,
        { le: 'df' },
      )
      read.push(data)
    }
    expect(concatBytes(...read)).toEqual(files.dg2)
    expect(terminal.send('00b08200', { le: '0000' })).toEqual({ data: files.dg2, sw: '9000' })
    expect(terminal.send('00b10000', { data: fromHex('54020bb0'), le: '00' })).toEqual({
      data: concatBytes(fromHex('5308'), files.dg2.slice(2992)),
      sw: '9000',
    })
    expect(terminal.send('00b00bb0', { le: '08' })).toEqual({ data: files.dg2.slice(2992), sw: '9000' })
    expect(terminal.send('00b00bb0', { le: '09' })).toEqual({ data: files.dg2.slice(2992), sw: '6282' })
    expect(terminal.send('00b00bb0', { le: '00' })).toEqual({ data: files.dg2.slice(2992), sw: '9000' })
    expect(terminal.send('00b00bb8', { le: '01' }).sw).toBe('6b00')
    expect(terminal.send('00b07fff', { le: '01' }).sw).toBe('6b00')
    expect(isAlive()).toBe(true) // errors inside secure messaging do not end it
  })

  it('hands a protected response longer than a short one out by GET RESPONSE', () => {
    terminal.open()
    const first = card.process(terminal.wrap('00b08200', { le: '00' }))
    expect(statusOf(first)).toMatch(/^61/)
    expect(first.length).toBe(258)
    const rest = sendHex(card, `00c00000${statusOf(first).slice(2)}`)
    expect(rest.slice(-4)).toBe('9000')
    expect(Number.parseInt(statusOf(first).slice(2), 16)).toBe((rest.length - 4) / 2)
  })

  it('loses the rights of BAC when another application is selected, also inside secure messaging', () => {
    terminal.open()
    expect(isAlive()).toBe(true)
    expect(terminal.send('00a4040c', { data: fromHex(isdAid) }).sw).toBe('9000')
    expect(terminal.send('00a4040c', { data: fromHex(emrtdAid) }).sw).toBe('9000')
    expect(terminal.send('00b08100', { le: '04' }).sw).toBe('6982')
  })
})

describe('active authentication', () => {
  it('signs 8 bytes with the key whose point personalization gave out; a pair made again replaces the first', () => {
    const fresh = blankCard()
    personalize(fresh)
    // Without R-ENCRYPTION the point stands in the response as it is.
    const open = openDomain(fresh, 0x03)
    expect(open.install(emrtdAid)).toBe('9000')
    const response = open.send('80e28900', fromHex('8f150101'))
    expect(toHex(response.subarray(0, 5))).toBe('7f49438641')
    const point = response.slice(5, -2)
    expect(point[0]).toBe(4)
    const key = createPublicKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: Buffer.from(point.subarray(1, 33)).toString('base64url'),
        y: Buffer.from(point.subarray(33)).toString('base64url'),
      },
      format: 'jwk',
    })
    const holder = new MessagingTerminal(fresh)
    expect(holder.open()).toBe('9000')
    const challenge = fromHex('f173589974bf40c6')
    const { data, sw } = holder.send('00880000', { data: challenge, le: '00' })
    expect([sw, data.length]).toEqual(['9000', 64])
    expect(verify('sha256', challenge, { key, dsaEncoding: 'ieee-p1363' }, data)).toBe(true)
    expect(verify('sha256', fromHex('f173589974bf40c7'), { key, dsaEncoding: 'ieee-p1363' }, data)).toBe(false)
  })

  it('refuses other lengths, and answers a short Le with the right one', () => {
    terminal.open()
    expect(terminal.send('00880000', { data: fromHex('00000000000000'), le: '00' }).sw).toBe('6700')
    expect(terminal.send('00880000', { data: fromHex('000000000000000000'), le: '00' }).sw).toBe('6700')
    expect(terminal.send('00880000', { data: fromHex('0000000000000000') }).sw).toBe('6700')
    expect(terminal.send('00880001', { data: fromHex('0000000000000000'), le: '00' }).sw).toBe('6a86')
    expect(terminal.send('00880000', { data: fromHex('0000000000000000'), le: '08' }).sw).toBe('6c40')
    expect(isAlive()).toBe(true)
  })
})

describe('P03 a replayed, skipped or swapped command answers 6988 and ends the session', () => {
  const read = ['00b08100', { le: '04' }] as const

  it('P03 replay', () => {
    terminal.open()
    const command = terminal.wrap(...read)
    expect(statusOf(card.process(command))).toBe('9000')
    expect(toHex(card.process(command))).toBe('6988')
    expect(toHex(card.process(command))).toBe('6988')
  })

  it('P03 skip', () => {
    terminal.open()
    terminal.wrap(...read)
    expect(toHex(card.process(terminal.wrap(...read)))).toBe('6988')
    expect(toHex(card.process(terminal.wrap(...read)))).toBe('6988')
  })

  it('P03 swap', () => {
    terminal.open()
    const first = terminal.wrap(...read)
    terminal.wrap('00b08200', { le: '04' }) // stands for the response's step
    const second = terminal.wrap('00b08200', { le: '04' })
    expect(toHex(card.process(second))).toBe('6988')
    expect(toHex(card.process(first))).toBe('6988')
  })
})

it('P04 wrong padding under a right MAC answers what a wrong MAC answers, and ends the session', () => {
  terminal.open()
  const padding = card.process(terminal.wrap('00a4020c', { badPadding: true }))
  terminal = new MessagingTerminal(card)
  terminal.open()
  const command = terminal.wrap('00a4020c', { badPadding: true })
  command[command.length - 2]! ^= 1
  expect([toHex(padding), toHex(card.process(command))]).toEqual(['6988', '6988'])
  expect(toHex(card.process(terminal.wrap('00b08100', { le: '04' })))).toBe('6988')
})

/** Opens a card with BAC and gives the command that did it. */
function genuineBac(opened: EmulatedCard): Uint8Array {
  const sent: Uint8Array[] = []
  const recorder = {
    process(command: Uint8Array) {
      sent.push(command)
      return opened.process(command)
    },
  } as EmulatedCard
  expect(new MessagingTerminal(recorder).open()).toBe('9000')
  return sent.at(-1)!
}

it('P05 every failed BAC answers the same', () => {
  const answers: string[] = []
  for (const position of [0, 16, 31]) {
    const wrong = bacKeys.slice()
    wrong[position]! ^= 0x10
    answers.push(new MessagingTerminal(card).open(wrong))
  }
  // A whole authentication of another session, whose MAC is right, is replayed; then one without any challenge.
  const genuine = genuineBac(card)
  sendHex(card, selectAid(emrtdAid))
  sendHex(card, '0084000008')
  answers.push(toHex(card.process(genuine)), toHex(card.process(genuine)))
  expect(answers).toEqual(['6300', '6300', '6300', '6300', '6300'])
})

describe('a challenge is good for one authentication', () => {
  /** A card whose random bytes are always the same: only what it forgets makes an old authentication worthless. */
  function recorded(): { fixed: EmulatedCard; genuine: Uint8Array } {
    const fixed = blankCard(undefined, (length) => new Uint8Array(length).fill(0x5a))
    personalize(fixed)
    fixed.reset()
    const genuine = genuineBac(fixed)
    // With the same challenge asked for anew the recorded command is right: what follows is refused for the challenge alone.
    sendHex(fixed, selectAid(emrtdAid))
    sendHex(fixed, '0084000008')
    expect(statusOf(fixed.process(genuine))).toBe('9000')
    return { fixed, genuine }
  }

  it('P05 not for two', () => {
    const { fixed, genuine } = recorded()
    expect(toHex(fixed.process(genuine))).toBe('6300')
  })

  it('P05 not after one that failed, whatever was wrong with it', () => {
    const { fixed, genuine } = recorded()
    const wrong = genuine.slice()
    wrong[10]! ^= 1
    for (const [failing, sw] of [
      [toHex(wrong), '6300'],
      [`0082000008${'00'.repeat(8)}`, '6700'],
      [`0082000128${'00'.repeat(40)}`, '6a86'],
    ] as const) {
      sendHex(fixed, '0084000008')
      expect([failing.slice(0, 10), sendHex(fixed, failing)]).toEqual([failing.slice(0, 10), sw])
      expect(toHex(fixed.process(genuine))).toBe('6300')
    }
  })

  it.each([
    ['the same application', [selectAid(emrtdAid)]],
    ['another application and back', [selectAid(isdAid), selectAid(emrtdAid)]],
    ['the MF and back', ['00a4000c023f00', selectAid(emrtdAid)]],
  ])('P05 not after SELECT of %s', (_name, selections) => {
    const { fixed, genuine } = recorded()
    sendHex(fixed, '0084000008')
    for (const command of selections) expect(sendHex(fixed, command)).toBe('9000')
    expect(toHex(fixed.process(genuine))).toBe('6300')
  })
})

it('refuses a second BAC inside secure messaging, and keeps the session', () => {
  terminal.open()
  const { data: challenge, sw } = terminal.send('00840000', { le: '08' })
  expect([challenge.length, sw]).toEqual([8, '9000'])
  const cryptogram = encryptTripleDes(
    bacKeys.subarray(0, 16),
    concatBytes(fromHex('781723860c06c226'), challenge, fromHex('0b795240cb7049b01c19b33e32804f0b')),
  )
  const authentication = concatBytes(cryptogram, retailMac(bacKeys.subarray(16), cryptogram))
  expect(terminal.send('00820000', { data: authentication, le: '28' })).toEqual({ data: new Uint8Array(0), sw: '6985' })
  expect(isAlive()).toBe(true)
})

it('ends the session at any flipped byte of a protected command', () => {
  const data = fromHex('0101')
  terminal.open()
  const size = terminal.wrap('00a4020c', { data }).length
  // The last byte, Le, is outside what Doc 9303-11, 9.8.4 authenticates.
  for (let position = 0; position < size - 1; position++)
    for (const mask of [0x01, 0x80, 0xff]) {
      terminal = new MessagingTerminal(card)
      expect(terminal.open()).toBe('9000')
      const command = terminal.wrap('00a4020c', { data })
      command[position]! ^= mask
      const sw = toHex(card.process(command))
      // A flipped class byte makes another class, a flipped Lc no command at all.
      if (position === 0 || position === 4) expect([position, sw]).not.toEqual([position, '9000'])
      else expect([position, ['6987', '6988']]).toEqual([position, expect.arrayContaining([sw])])
      expect([position, mask, toHex(card.process(terminal.wrap('00b08100', { le: '04' })))]).toEqual([position, mask, '6988'])
    }
})

it('answers 6987 to protection without a MAC, 6988 to objects out of order or unknown', () => {
  for (const [command, sw] of [
    ['0cb0810000', '6987'],
    ['0cb081000397010400', '6987'],
    ['0cb081000d8e0800000000000000009701040' + '0', '6988'],
    ['0cb081000e8e090000000000000000009701' + '0400', '6988'],
    ['0cb0810003ffffff00', '6988'],
  ] as const) {
    terminal.open()
    expect([command, sendHex(card, command)]).toEqual([command, sw])
    expect(toHex(card.process(terminal.wrap('00b08100', { le: '04' })))).toBe('6988')
  }
})

it('lets a plain command end the session and then stand on its own', () => {
  terminal.open()
  expect(sendHex(card, selectAid(emrtdAid))).toBe('9000')
  expect(toHex(card.process(terminal.wrap('00b08100', { le: '04' })))).toBe('6988')
  expect(sendHex(card, '00b0810004')).toBe('6982')
  expect(terminal.open()).toBe('9000')
  expect(isAlive()).toBe(true)
})
