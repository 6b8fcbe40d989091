import { fromHex, toHex, uintToBytes } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../emulated-card.ts'
import { blankCard, emrtdAid, openDomain, selectAid, sendHex } from '../testing/terminal.ts'
import { loadGroups } from '../testing/vectors.ts'
import { SecureMessagingSession } from './secure-messaging.ts'

const groups = loadGroups('bac-sm/bac-sm.json')
const authentication = groups.find(({ name }) => name === 'mutual-authentication')!.tests[0]!
const messaging = groups.find(({ name }) => name === 'secure-messaging')!

/** A card with the example's access keys, an EF.COM that reads as the example's, and the example's random bytes. */
function exampleCard(): EmulatedCard {
  const given = [authentication.input.rndIcc!, authentication.input.kIcc!]
  const card = blankCard(undefined, (length) => {
    const bytes = fromHex(given.shift() ?? '')
    expect(bytes.length).toBe(length)
    return bytes
  })
  const terminal = openDomain(card)
  expect(terminal.install(emrtdAid)).toBe('9000')
  expect(terminal.store(nationalId.dgis.bacKeys, fromHex(authentication.input.kenc! + authentication.input.kmac!))).toBe('9000')
  const content = `${messaging.tests[3]!.expected.plain!.slice(0, -4)}${messaging.tests[5]!.expected.plain!.slice(0, -4)}`
  expect(terminal.store(0x011e, fromHex(content))).toBe('9000')
  card.reset()
  expect(sendHex(card, selectAid(emrtdAid))).toBe('9000')
  return card
}

describe('Doc 9303-11 appendix D drives the card alone', () => {
  it('answers D.3 and D.4 byte for byte', () => {
    const card = exampleCard()
    expect(sendHex(card, authentication.expected.getChallengeCommand!)).toBe(authentication.expected.getChallengeResponse)
    expect(sendHex(card, authentication.expected.externalAuthenticateCommand!)).toBe(authentication.expected.externalAuthenticateResponse)
    for (const [command, response] of [
      [0, 1],
      [2, 3],
      [4, 5],
    ] as const)
      expect(sendHex(card, messaging.tests[command]!.expected.protected!)).toBe(messaging.tests[response]!.input.protected)
  })

  it('takes each protected command apart and protects each response, from the counter given', () => {
    for (const test of messaging.tests.slice(0, 6)) {
      const session = new SecureMessagingSession(
        '3DES',
        fromHex(messaging.ksEnc!),
        fromHex(messaging.ksMac!),
        fromHex(test.input.sscBefore!),
      )
      if (test.comment.endsWith('response')) {
        const plain = fromHex(test.expected.plain!)
        const sw = (plain.at(-2)! << 8) | plain.at(-1)!
        const response = session.protect({ data: plain.slice(0, -2), sw }, 0xb0)
        expect(toHex(response.data) + toHex(uintToBytes(response.sw, 2))).toBe(test.input.protected)
      } else {
        const bytes = fromHex(test.expected.protected!)
        const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number]
        const opened = session.open({ cla, ins, p1, p2, data: bytes.slice(5, -1), ne: 256, extended: false })
        const plain = fromHex(test.input.plain!)
        expect([opened.cla, opened.ins, opened.p1, opened.p2]).toEqual([...plain.subarray(0, 4)])
        const readsFile = opened.ins === 0xb0
        expect(toHex(opened.data)).toBe(readsFile ? '' : toHex(plain.slice(5)))
        expect(opened.ne).toBe(readsFile ? plain[4] : 0)
      }
    }
  })
})
