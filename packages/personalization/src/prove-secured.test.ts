import { type CardChannel, type CardCommand, type CommandApdu, TransportError } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { PersonalizationError } from './personalization-error.ts'
import { proveSecured } from './prove-secured.ts'

const storeData: CardCommand<unknown> = {
  name: 'STORE DATA',
  clause: 'GlobalPlatform Card Specification 2.3.1, 11.11',
  apdu: { cla: 0x80, ins: 0xe2, p1: 0x88, p2: 0, data: fromHex('2f000161'), ne: 0 },
  parse: () => undefined,
}

/** Answers each command by its INS; what it was sent stands in `sent`. */
function scripted(answers: Record<number, string>): CardChannel & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    async transmit({ cla, ins, p1, p2, data }: CommandApdu) {
      sent.push(toHex(Uint8Array.of(cla, ins, p1, p2)) + toHex(data))
      const answer = fromHex(answers[ins]!)
      return { data: answer.slice(0, -2), sw: (answer.at(-2)! << 8) | answer.at(-1)! }
    },
  }
}

const status = (state: string) => `e3114f08a0000001510000009f7001${state}c501809000`
const taken = `00112233445566778899300370${'00'.repeat(16)}0000019000`

/** What a SECURED card answers, but for one command. */
async function prove(changed: { status?: string; store?: string; select?: string; update?: string } = {}) {
  const inside = scripted({ 242: changed.status ?? status('0f'), 226: changed.store ?? '6985' })
  const outside = scripted({ 164: changed.select ?? '9000', 80: changed.update ?? '6a88' })
  let parts = 0
  await proveSecured({ channel: inside, base: outside, profile: nationalId, keyVersion: 0x30, storeData }, () => parts++)
  return { inside: inside.sent, outside: outside.sent, parts }
}

describe('C17 the proof that a card is SECURED', () => {
  it('asks all four: state, STORE DATA, the security domain, INITIALIZE UPDATE', async () => {
    const { inside, outside, parts } = await prove()
    expect(inside.map((command) => command.slice(0, 4))).toEqual(['80f2', '80e2'])
    expect(outside.map((command) => command.slice(0, 6))).toEqual(['00a404', '805030'])
    expect(outside[0]).toContain('a000000151000000')
    expect(parts).toBe(3)
  })

  it.each([
    ['a session that ended with SET STATUS', { status: '6982', store: '6982' }],
    ['a session that answers nothing but 6985', { status: '6985' }],
    ['INITIALIZE UPDATE refused with 6985', { update: '6985' }],
    ['INITIALIZE UPDATE refused with 6982', { update: '6982' }],
  ])('takes %s', async (_name, changed) => {
    expect((await prove(changed)).parts).toBe(3)
  })

  it.each([
    ['GET STATUS says INITIALIZED', { status: status('07') }, 'does not say that it is SECURED'],
    ['GET STATUS says nothing', { status: '9000' }, 'does not say that it is SECURED'],
    ['GET STATUS cannot be read', { status: 'e3ff9000' }, 'answer to GET STATUS'],
    ['GET STATUS fails', { status: '6f00' }, 'answer to GET STATUS'],
    ['STORE DATA is taken', { store: '9000' }, 'still takes STORE DATA'],
    ['STORE DATA fails', { store: '6f00' }, '6F00 to STORE DATA'],
    ['STORE DATA has the wrong length', { store: '6700' }, '6700 to STORE DATA'],
    ['STORE DATA is refused as if the file were not there', { store: '6a88' }, '6A88 to STORE DATA'],
    ['the security domain fails', { select: '6f00' }, 'no issuer security domain'],
    ['the security domain is not there', { select: '6a82' }, 'no issuer security domain'],
    ['INITIALIZE UPDATE is taken', { update: taken }, 'still takes INITIALIZE UPDATE'],
    ['INITIALIZE UPDATE is answered with 9000 and nothing', { update: '9000' }, 'still takes INITIALIZE UPDATE'],
    ['INITIALIZE UPDATE fails', { update: '6f00' }, '6F00 to INITIALIZE UPDATE'],
    ['INITIALIZE UPDATE is not known', { update: '6d00' }, '6D00 to INITIALIZE UPDATE'],
    ['the keys are blocked, not gone', { update: '6983' }, '6983 to INITIALIZE UPDATE'],
  ])('proves nothing where %s', async (_name, changed, words) => {
    const error = await prove(changed).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(PersonalizationError)
    expect((error as PersonalizationError).step).toBe('prove')
    expect((error as PersonalizationError).message).toContain(words)
  })

  it('leaves a line that broke what it is', async () => {
    const broken: CardChannel = { transmit: () => Promise.reject(new TransportError('the card was taken out', { reached: 'no' })) }
    const card = { channel: broken, base: broken, profile: nationalId, keyVersion: 0x30, storeData }
    await expect(proveSecured(card)).rejects.toThrow(TransportError)
  })
})
