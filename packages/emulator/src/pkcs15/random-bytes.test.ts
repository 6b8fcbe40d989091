import { describe, expect, it } from 'vitest'
import { holderCard, pkcs15Aid, statusWords } from '../testing/holder-card.ts'
import { emrtdAid, isdAid, selectAid, sendHex } from '../testing/terminal.ts'

// OpenSC binds every application that EF.DIR lists and asks for random numbers wherever it stands: pkcs11-tool --test for 100 bytes at once.
const places = [
  ['the MF', '00a4000c023f00'],
  ['the PKCS#15 application', selectAid(pkcs15Aid)],
  ['the eMRTD application', selectAid(emrtdAid)],
  ['fingerprint comparison', selectAid('f04b41525446')],
] as const

describe('GET CHALLENGE as a source of random numbers', () => {
  it.each(places)('gives as many fresh bytes as are asked for in %s', (_, select) => {
    const { card } = holderCard()
    sendHex(card, select)
    for (const [le, length] of [
      ['14', 20],
      ['64', 100],
      ['ff', 255],
      ['0001f4', 256],
    ] as const) {
      const [one, other] = [sendHex(card, `00840000${le}`), sendHex(card, `00840000${le}`)]
      expect([one.length / 2 - 2, one.slice(-4), one === other]).toEqual([length, '9000', false])
    }
    expect(statusWords(card, ['0084010014', '0084000114', '00840000', '008400000211220a'])).toEqual(['6a86', '6a86', '6700', '6700'])
  })

  it('does so for 256 bytes and for 8 where no authentication asks for them', () => {
    const { card } = holderCard()
    sendHex(card, selectAid(pkcs15Aid))
    expect([sendHex(card, '0084000000').length, sendHex(card, '0084000008').length]).toEqual([516, 20])
  })

  it('leaves the challenge of basic access control 8 bytes, and makes an earlier one worth nothing', () => {
    const { card } = holderCard()
    sendHex(card, selectAid(emrtdAid))
    expect([sendHex(card, '0084000000').length, sendHex(card, '0084000008').length]).toEqual([20, 20])
  })

  it('is none of the security domain’s, and none from a field outside PACE', () => {
    const { card } = holderCard()
    sendHex(card, selectAid(isdAid))
    expect(sendHex(card, '0084000014')).toBe('6d00')
    card.powerOn('contactless')
    sendHex(card, selectAid(pkcs15Aid))
    expect(sendHex(card, '0084000014')).toBe('6982')
  })
})
