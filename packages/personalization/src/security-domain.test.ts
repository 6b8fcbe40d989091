import { type CardChannel, type CommandApdu, encodeCommand, StatusWordError } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout'
import { AuthenticationError } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { PersonalizationError } from './personalization-error.ts'
import { hasFiles, hasIssuerFiles, openSecurityDomain, readChipSerial, requireInitialized } from './security-domain.ts'

const serial = fromHex('00112233445566778899')
const keys = { version: 0x30, enc: new Uint8Array(16), mac: new Uint8Array(16), dek: new Uint8Array(16) }

/** A channel that answers each command by its INS, and keeps what it was sent. */
function scripted(answers: Record<number, (command: CommandApdu) => string>): CardChannel & { readonly sent: string[] } {
  const sent: string[] = []
  return {
    sent,
    async transmit(command) {
      sent.push(toHex(encodeCommand(command)))
      const answer = fromHex(answers[command.ins]?.(command) ?? '6d00')
      return { data: answer.slice(0, -2), sw: (answer.at(-2)! << 8) | answer.at(-1)! }
    },
  }
}

const selected = () => '9000'
/** INITIALIZE UPDATE's answer: serial, version 30, SCP03 i = 70, challenge and cryptogram of zeros, counter. */
const opened = () => `${toHex(serial)}300370${'00'.repeat(16)}0000019000`

describe('readChipSerial', () => {
  it('is the key diversification data, and authenticates nothing', async () => {
    const channel = scripted({ 164: selected, 80: opened })
    expect(await readChipSerial(channel, nationalId)).toEqual(serial)
    expect(channel.sent.map((command) => command.slice(0, 4))).toEqual(['00a4', '8050'])
    expect(channel.sent[0]).toContain('a000000151000000')
  })

  it('a card without transport keys was personalized already', async () => {
    const channel = scripted({ 164: selected, 80: () => '6a88' })
    await expect(readChipSerial(channel, nationalId)).rejects.toThrow(PersonalizationError)
    await expect(readChipSerial(channel, nationalId)).rejects.toThrow('personalized already')
  })

  it('a card without the security domain is no card of this profile', async () => {
    await expect(readChipSerial(scripted({ 164: () => '6a82' }), nationalId)).rejects.toThrow('no issuer security domain')
  })

  it('leaves other refusals as they are', async () => {
    await expect(readChipSerial(scripted({ 164: selected, 80: () => '6983' }), nationalId)).rejects.toThrow(StatusWordError)
  })
})

describe('openSecurityDomain', () => {
  it('refuses another chip before the terminal authenticates itself, without asking for its keys', async () => {
    const channel = scripted({ 164: selected, 80: opened })
    let asked = 0
    const find = () => {
      asked++
      return keys
    }
    const source = { version: 0x30, find }
    const other = concatBytes(serial.slice(0, 9), Uint8Array.of(0))
    await expect(openSecurityDomain(channel, nationalId, source, other, 'open')).rejects.toThrow('another card lies in the reader')
    expect(asked).toBe(0)
    expect(channel.sent.some((command) => command.startsWith('8482'))).toBe(false)
  })

  it('refuses a card that does not prove its keys', async () => {
    const channel = scripted({ 164: selected, 80: opened })
    await expect(openSecurityDomain(channel, nationalId, keys, serial, 'open')).rejects.toThrow(AuthenticationError)
    expect(channel.sent.some((command) => command.startsWith('8482'))).toBe(false)
  })
})

describe('requireInitialized', () => {
  const status = (state: string) => scripted({ 242: () => `e3114f08a0000001510000009f7001${state}c501809000` })

  it.each([
    ['0f', 'SECURED'],
    ['01', 'OP_READY'],
    ['7f', 'CARD_LOCKED'],
    ['ff', 'TERMINATED'],
    ['33', 'in an unknown state'],
  ])('refuses state %s, %s', async (state, name) => {
    await expect(requireInitialized(status(state), 'open')).rejects.toThrow(`the card is ${name}`)
  })

  it('lets an INITIALIZED card pass, and no card that says nothing', async () => {
    await requireInitialized(status('07'), 'open')
    await expect(requireInitialized(scripted({ 242: () => '9000' }), 'open')).rejects.toThrow(PersonalizationError)
  })
})

describe('hasFiles', () => {
  const selecting = (found: string) => scripted({ 164: ({ data }) => (toHex(data) === '3f00' || toHex(data) === found ? '9000' : '6a82') })

  it('finds any file of the MF', async () => {
    expect(await hasFiles(selecting('none'), nationalId)).toBe(false)
    for (const fid of ['2f00', '2f01', '2f02']) expect(await hasFiles(selecting(fid), nationalId), fid).toBe(true)
  })

  it('takes EF.DIR for none that the issuer alone can have written', async () => {
    for (const [fid, found] of [
      ['none', false],
      ['2f00', false],
      ['2f01', true],
      ['2f02', true],
    ] as const)
      expect(await hasIssuerFiles(selecting(fid), nationalId), fid).toBe(found)
  })

  it('takes no other refusal for "not there"', async () => {
    const channel = scripted({ 164: ({ data }) => (toHex(data) === '3f00' ? '9000' : '6982') })
    await expect(hasFiles(channel, nationalId)).rejects.toThrow(StatusWordError)
  })
})
