import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { type CardCommand, StatusWordError, send } from '../card-command.ts'
import { encodeCommand } from '../coding-host.ts'
import { functionChannel, respond } from '../testing/scripted-card.ts'
import { vectorGroup } from '../testing/vectors.ts'
import {
  encodeDgi,
  getCardData,
  getStatus,
  installForPersonalization,
  setApplicationStatus,
  setCardStatus,
  storeData,
} from './card-content.ts'
import { externalAuthenticateChannel, initializeUpdate } from './secure-channel-opening.ts'

const wire = (command: CardCommand<unknown>): string => toHex(encodeCommand(command.apdu))
const answer = <T>(command: CardCommand<T>, sw: number, hex = ''): Promise<T> =>
  send(
    functionChannel(() => respond(sw, hex)),
    command,
  )
const securityDomain = fromHex('a000000151000000')

interface InitializeUpdateExpected {
  command: string
  response: string
  keyDiversificationData?: string
  keyVersion?: number
  scpId?: number
  iParameter?: number
  cardChallenge: string
  cardCryptogram: string
  sequenceCounter?: string
}

describe('INITIALIZE UPDATE, outside vectors', () => {
  const names = ['AES128', 'AES192', 'AES256'].flatMap((key) => ['03', '11', '33'].map((level) => `${key} level ${level}`))
  const third = names.map((name) => vectorGroup<{ hostChallenge: string }, InitializeUpdateExpected>('scp03/scp03.json', name)[0]!)
  it.each(third)('row $id: $input.hostChallenge', async ({ input, expected }) => {
    const command = initializeUpdate(fromHex(input.hostChallenge), { keyVersion: expected.keyVersion! })
    expect(wire(command)).toBe(expected.command)
    const parsed = await answer(command, 0x9000, expected.response)
    expect(toHex(parsed.keyDiversificationData)).toBe(expected.keyDiversificationData)
    expect([parsed.keyVersion, parsed.scpId, parsed.i]).toEqual([expected.keyVersion, expected.scpId, expected.iParameter])
    expect(toHex(parsed.cardChallenge)).toBe(expected.cardChallenge)
    expect(toHex(parsed.cardCryptogram)).toBe(expected.cardCryptogram)
    expect(toHex(parsed.sequenceCounter!)).toBe(expected.sequenceCounter)
  })

  it.each(['S16 level 01', 'S16 level 33'])('%s: 16-byte challenge and cryptogram', async (name) => {
    const { input, expected } = vectorGroup<{ hostChallenge: string }, InitializeUpdateExpected>('scp03/scp03-self.json', name)[0]!
    const parsed = await answer(initializeUpdate(fromHex(input.hostChallenge), { keyVersion: 1 }), 0x9000, expected.response.slice(0, -4))
    expect([toHex(parsed.cardChallenge), toHex(parsed.cardCryptogram)]).toEqual([expected.cardChallenge, expected.cardCryptogram])
  })

  it('SCP02, 28 bytes', async () => {
    const parsed = await answer(
      initializeUpdate(fromHex('40a62c37fa6304f8')),
      0x9000,
      '00000000000000000000700200016b4524abee7cf32ea3838bc148f3',
    )
    expect(toHex(parsed.sequenceCounter!)).toBe('0001')
    expect(toHex(parsed.cardChallenge)).toBe('6b4524abee7c')
    expect(toHex(parsed.cardCryptogram)).toBe('f32ea3838bc148f3')
    expect([parsed.keyVersion, parsed.scpId, parsed.i]).toEqual([0x70, 2, undefined])
  })

  it('SCP03 with random challenges, 29 bytes, and SCP01, 28 bytes', async () => {
    const scp03 = await answer(initializeUpdate(new Uint8Array(8)), 0x9000, `${'0a'.repeat(10)}010360${'11'.repeat(8)}${'22'.repeat(8)}`)
    expect(scp03.sequenceCounter).toBeUndefined()
    expect(toHex(scp03.cardCryptogram)).toBe('22'.repeat(8))
    const scp01 = await answer(initializeUpdate(new Uint8Array(8)), 0x9000, `${'0a'.repeat(10)}0101${'11'.repeat(8)}${'22'.repeat(8)}`)
    expect([scp01.scpId, toHex(scp01.cardChallenge), toHex(scp01.cardCryptogram)]).toEqual([1, '11'.repeat(8), '22'.repeat(8)])
  })

  it('refuses every other length, and protocols that it does not know', async () => {
    const whole = vectorGroup<unknown, InitializeUpdateExpected>('scp03/scp03.json', 'AES128 level 33')[0]!.expected.response
    for (let length = 0; length < whole.length; length += 2)
      await expect(answer(initializeUpdate(new Uint8Array(8)), 0x9000, whole.slice(0, length))).rejects.toThrow(DecodeError)
    await expect(answer(initializeUpdate(new Uint8Array(8)), 0x9000, `${whole}00`)).rejects.toThrow(DecodeError)
    await expect(answer(initializeUpdate(new Uint8Array(8)), 0x9000, `${'00'.repeat(11)}04${'00'.repeat(20)}`)).rejects.toThrow(
      /protocol 4/,
    )
  })
})

describe('GlobalPlatform commands on the wire', () => {
  it.each<[string, CardCommand<unknown>, string]>([
    ['INITIALIZE UPDATE', initializeUpdate(fromHex('1011121314151617'), { keyVersion: 1 }), '8050010008101112131415161700'],
    ['EXTERNAL AUTHENTICATE, secure channel', externalAuthenticateChannel(0x33, fromHex('4acf206c9139ba00')), '84823300084acf206c9139ba00'],
    [
      'EXTERNAL AUTHENTICATE, secure channel',
      externalAuthenticateChannel(0x01, fromHex('4acf206c9139ba00'), { mac: fromHex('de17a4a0f0af4a0e') }),
      '84820100104acf206c9139ba00de17a4a0f0af4a0e',
    ],
    ['INSTALL [for personalization]', installForPersonalization(fromHex('a0000002471001')), '80e620000d000007a000000247100100000000'],
    ['STORE DATA', storeData(fromHex('0101045a0400aa'), { blockNumber: 0, last: false }), '80e20800070101045a0400aa'],
    // The plain form of the STORE DATA row in scp03-self.json.
    ['STORE DATA, last block', storeData(fromHex('0101045a0400aa55'), { blockNumber: 0, last: true }), '80e28800080101045a0400aa55'],
    // The plain form of the STORE DATA row in scp03.json.
    [
      'STORE DATA, last block',
      storeData(fromHex('bf3e035c015a'), { blockNumber: 0, last: true, format: 'ber-tlv', ne: 256 }),
      '80e2910006bf3e035c015a00',
    ],
    ['STORE DATA, DG15', storeData(fromHex('8f150101'), { blockNumber: 255, last: true, ne: 256, label: 'DG15' }), '80e289ff048f15010100'],
    ['STORE DATA', storeData(fromHex('aa'), { blockNumber: 1, last: false, format: 'none', encryption: 'encrypted' }), '80e2600101aa'],
    ['STORE DATA', storeData(fromHex('aa'), { blockNumber: 1, last: false, encryption: 'application' }), '80e2280101aa'],
    ['SET STATUS, SECURED', setCardStatus('SECURED'), '80f0800f'],
    ['SET STATUS, TERMINATED', setCardStatus('TERMINATED'), '80f080ff'],
    ['SET STATUS', setApplicationStatus(fromHex('a0000002471001'), 0x83), '80f0408307a0000002471001'],
    ['GET STATUS', getStatus('card'), '80f28002024f0000'],
    ['GET STATUS', getStatus('applications', { next: true, aid: securityDomain }), '80f240030a4f08a00000015100000000'],
    ['GET DATA', getCardData(0x0066), '80ca006600'],
    ['GET DATA, CPLC', getCardData(0x9f7f, { label: 'CPLC' }), '80ca9f7f00'],
  ])('%s', (name, command, hex) => {
    expect(wire(command)).toBe(hex)
    expect(command.name).toBe(name)
    expect(command.clause).toMatch(/^GlobalPlatform /)
  })

  it.each<[string, () => unknown]>([
    ['host challenge of 7 bytes', () => initializeUpdate(new Uint8Array(7))],
    ['key version 128', () => initializeUpdate(new Uint8Array(8), { keyVersion: 128 })],
    ['host cryptogram of 9 bytes', () => externalAuthenticateChannel(1, new Uint8Array(9))],
    ['security level 256', () => externalAuthenticateChannel(256, new Uint8Array(8))],
    ['AID of 4 bytes', () => installForPersonalization(new Uint8Array(4))],
    ['AID of 17 bytes', () => setApplicationStatus(new Uint8Array(17), 7)],
    ['block 256', () => storeData(new Uint8Array(1), { blockNumber: 256, last: true })],
    ['state 256', () => setApplicationStatus(securityDomain, 256)],
    ['search AID of 17 bytes', () => getStatus('card', { aid: new Uint8Array(17) })],
    ['tag 0', () => getCardData(0)],
  ])('refuses %s', (_name, make) => {
    expect(make).toThrow(InputError)
  })
})

describe('GlobalPlatform answers', () => {
  it('INSTALL takes none or one byte 00', async () => {
    const install = installForPersonalization(securityDomain)
    await expect(answer(install, 0x9000)).resolves.toBeUndefined()
    await expect(answer(install, 0x9000, '00')).resolves.toBeUndefined()
    await expect(answer(install, 0x9000, '01')).rejects.toThrow(DecodeError)
    await expect(answer(install, 0x9000, '0000')).rejects.toThrow(DecodeError)
  })

  it('STORE DATA gives data back only where some were asked for', async () => {
    const asks = storeData(fromHex('8f150101'), { blockNumber: 0, last: true, ne: 256 })
    expect(toHex(await answer(asks, 0x9000, '7f4900'))).toBe('7f4900')
    await expect(answer(storeData(fromHex('aa'), { blockNumber: 0, last: true }), 0x9000, 'aa')).rejects.toThrow(DecodeError)
  })

  it('GET STATUS gives the registry', async () => {
    const page = await answer(getStatus('card'), 0x6310, 'e3164f08a0000001510000009f700107c5039effff' + '8401aa')
    expect(page.more).toBe(true)
    expect(page.entries).toEqual([{ aid: securityDomain, lifeCycle: 0x07, privileges: fromHex('9effff') }])
    expect(await answer(getStatus('applications'), 0x6a88)).toEqual({ entries: [], more: false })
    expect(
      (await answer(getStatus('applications'), 0x9000, 'e30b4f05a0000000019f700107e30b4f05a0000000029f700107')).entries.map(({ aid }) =>
        toHex(aid),
      ),
    ).toEqual(['a000000001', 'a000000002'])
    await expect(answer(getStatus('card'), 0x6982)).rejects.toThrow(StatusWordError)
  })

  it.each(['e4054f03010203', 'e3054f03010203', 'e3049f700107', 'e30a4f05a0000000019f7000', 'e3ff', '00'])(
    'GET STATUS refuses %s',
    async (hex) => {
      await expect(answer(getStatus('card'), 0x9000, hex)).rejects.toThrow(DecodeError)
    },
  )
})

describe('encodeDgi', () => {
  it.each([
    [0x0101, 0, '010100'],
    [0x8010, 32, '801020'],
    [0x0102, 254, '0102fe'],
    [0x0102, 255, '0102ff00ff'],
    [0x0102, 256, '0102ff0100'],
    [0xffff, 65535, 'ffffffffff'],
  ])('%d with %d bytes', (dgi, length, header) => {
    const value = new Uint8Array(length).fill(0x5a)
    expect(toHex(encodeDgi(dgi, value))).toBe(header + toHex(value))
  })

  it('refuses what does not fit', () => {
    expect(() => encodeDgi(0x10000, new Uint8Array(0))).toThrow(InputError)
    expect(() => encodeDgi(1, new Uint8Array(65536))).toThrow(InputError)
  })
})
