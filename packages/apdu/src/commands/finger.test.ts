import { fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { StatusWordError, send } from '../card-command.ts'
import type { CardChannel } from '../channel.ts'
import { encodeCommand } from '../coding-host.ts'
import { describeFingerAnswer, getFingerTemplates, queryFinger, verifyFinger } from './finger.ts'

const answering = (sw: number): CardChannel => ({ transmit: async () => ({ data: new Uint8Array(0), sw }) })
const data = fromHex('7f2e0e810c0a05400a98a1331940c86410')

describe('commands of fingerprint comparison', () => {
  it('are the bytes of the standards', () => {
    expect(toHex(encodeCommand(verifyFinger(0x96, data).apdu))).toBe('00210096117f2e0e810c0a05400a98a1331940c86410')
    expect(toHex(encodeCommand(queryFinger(0x97).apdu))).toBe('00200097')
    expect(toHex(encodeCommand(getFingerTemplates().apdu))).toBe('00ca7f6100')
    expect([verifyFinger(0x96, data).name, queryFinger(0x97, { label: 'tries' }).name]).toEqual(['VERIFY, fingerprint', 'VERIFY, tries'])
  })

  it.each([
    [0x9000, { state: 'match' }, /it is the finger/],
    [0x63c4, { state: 'no-match', triesLeft: 4 }, /4 tries are left/],
    [0x63c1, { state: 'no-match', triesLeft: 1 }, /1 try is left/],
    [0x63c0, { state: 'no-match', triesLeft: 0 }, /last try.*blocked/],
    [0x6983, { state: 'blocked' }, /another finger or the PIN/],
    [0x6a80, { state: 'refused', sw: 0x6a80 }, /6A80.*no try was lost/],
    [0x6a88, { state: 'refused', sw: 0x6a88 }, /6A88/],
  ] as const)('%i is an answer, in plain words', async (sw, expected, words) => {
    const answer = await send(answering(sw), verifyFinger(0x96, data))
    expect(answer).toEqual(expected)
    expect(describeFingerAnswer(answer)).toMatch(words)
  })

  it('lets other status words be failures', async () => {
    await expect(send(answering(0x6f00), verifyFinger(0x96, data))).rejects.toThrow(StatusWordError)
  })

  it.each([0, 0x20, 0x80 | 0x20, 0xff, 1.5])('refuses reference %d', (reference) => {
    expect(() => verifyFinger(reference, data)).toThrow(InputError)
  })

  it('refuses a finger without data', () => {
    expect(() => verifyFinger(0x96, new Uint8Array(0))).toThrow(InputError)
  })
})
