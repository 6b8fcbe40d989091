import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { type CardCommand, StatusWordError, send } from '../card-command.ts'
import { openChannel } from '../channel.ts'
import { encodeCommand } from '../coding-host.ts'
import { functionChannel, respond, scriptedCard } from '../testing/scripted-card.ts'
import { externalAuthenticate, getChallenge, internalAuthenticate, mutualAuthenticate } from './authenticate.ts'
import {
  largestDiscretionaryData,
  readBinary,
  readBinaryBySfi,
  readBinaryOdd,
  updateBinary,
  updateBinaryBySfi,
  updateBinaryOdd,
} from './binary.ts'
import { getData, getDataByTagList } from './get-data.ts'
import { selectApplication, selectFile, selectMf, selectPath } from './select.ts'

const wire = (command: CardCommand<unknown>): string => toHex(encodeCommand(command.apdu))
const emrtd = fromHex('a0000002471001')

describe('commands of ISO/IEC 7816-4 on the wire', () => {
  // The eMRTD lines are those of Doc 9303-11, 8th ed., appendix D, and Doc 9303-10.
  it.each<[string, CardCommand<unknown>, string]>([
    ['SELECT, application', selectApplication(emrtd), '00a4040c07a0000002471001'],
    ['SELECT, application', selectApplication(emrtd, { answer: 'fci' }), '00a4040007a000000247100100'],
    ['SELECT, application', selectApplication(emrtd, { answer: 'fcp' }), '00a4040407a000000247100100'],
    [
      'SELECT, issuer security domain',
      selectApplication(new Uint8Array(0), { answer: 'fci', label: 'issuer security domain' }),
      '00a4040000',
    ],
    ['SELECT, EF.COM', selectFile(0x011e, { label: 'EF.COM' }), '00a4020c02011e'],
    ['SELECT', selectFile(0x5015, { anyKind: true, answer: 'fci' }), '00a4000002501500'],
    ['SELECT, MF', selectMf(), '00a4000c023f00'],
    ['SELECT, by path', selectPath([0x5015, 0x5031]), '00a4080c0450155031'],
    ['SELECT, by path', selectPath([0x5031], { from: 'current-df', answer: 'fci' }), '00a4090002503100'],
    ['READ BINARY', readBinary(0, 4), '00b0000004'],
    ['READ BINARY, EF.COM', readBinary(4, 18, { label: 'EF.COM' }), '00b0000412'],
    ['READ BINARY', readBinary(0x7fff, 256), '00b07fff00'],
    ['READ BINARY', readBinary(0, 65536), '00b00000000000'],
    ['READ BINARY', readBinaryBySfi(0x1e, 0, 4), '00b09e0004'],
    ['READ BINARY', readBinaryBySfi(1, 255, 8), '00b081ff08'],
    ['READ BINARY, with offset object', readBinaryOdd(0x8000, 256), '00b1000004540280000' + '0'],
    ['READ BINARY, DG2', readBinaryOdd(0x012345, 8, { label: 'DG2' }), '00b1000005540301234508'],
    ['UPDATE BINARY', updateBinary(0x0102, fromHex('aabb')), '00d6010202aabb'],
    ['UPDATE BINARY', updateBinaryBySfi(2, 3, fromHex('aa')), '00d6820301aa'],
    ['UPDATE BINARY, with offset object', updateBinaryOdd(0x8000, fromHex('aabb')), '00d700000854028000' + '5302aabb'],
    ['GET CHALLENGE', getChallenge(), '0084000008'],
    ['GET CHALLENGE', getChallenge(256), '0084000000'],
    ['EXTERNAL AUTHENTICATE', externalAuthenticate(fromHex('0102'), { algorithm: 1, key: 0x83 }), '00820183020102'],
    ['MUTUAL AUTHENTICATE', mutualAuthenticate(new Uint8Array(40), 40), `0082000028${'00'.repeat(40)}28`],
    ['INTERNAL AUTHENTICATE', internalAuthenticate(fromHex('f173589974bf40c6')), '0088000008f173589974bf40c600'],
    ['GET DATA', getData(0x9f7f), '00ca9f7f00'],
    ['GET DATA', getData(0x66, { ne: 10 }), '00ca00660a'],
    ['GET DATA, by tag list', getDataByTagList([0x7f61]), '00cb3fff045c027f6100'],
    ['GET DATA, by tag list', getDataByTagList([0x5f50, 0x42], { file: 0 }), '00cb0000055c035f504200'],
  ])('%s', (name, command, hex) => {
    expect(wire(command)).toBe(hex)
    expect(command.name).toBe(name)
    expect(command.clause).toMatch(/^ISO\/IEC 7816-4:2020, 11\./)
  })

  it.each<[string, () => unknown]>([
    ['AID of 17 bytes', () => selectApplication(new Uint8Array(17))],
    ['FID of 17 bits', () => selectFile(0x10000)],
    ['FID below zero', () => selectFile(-1)],
    ['empty path', () => selectPath([])],
    ['path of 17', () => selectPath(new Array(17).fill(0x5015))],
    ['offset of 16 bits', () => readBinary(0x8000, 1)],
    ['Ne of zero', () => readBinary(0, 0)],
    ['Ne of 65537', () => readBinary(0, 65537)],
    ['SFI 0', () => readBinaryBySfi(0, 0, 1)],
    ['SFI 31', () => readBinaryBySfi(31, 0, 1)],
    ['SFI offset of 9 bits', () => readBinaryBySfi(1, 256, 1)],
    ['odd offset of 25 bits', () => readBinaryOdd(0x1000000, 10)],
    ['odd Ne with no room for a byte', () => readBinaryOdd(0x8000, 2)],
    ['update of nothing', () => updateBinary(0, new Uint8Array(0))],
    ['update beyond 15 bits', () => updateBinary(0x8000, new Uint8Array(1))],
    ['odd update too long with its headers', () => updateBinaryOdd(0x8000, new Uint8Array(65530))],
    ['challenge of nothing', () => getChallenge(0)],
    ['challenge of 257', () => getChallenge(257)],
    ['empty authentication', () => externalAuthenticate(new Uint8Array(0))],
    ['answer of nothing', () => mutualAuthenticate(new Uint8Array(40), 0)],
    ['tag of three bytes', () => getData(0x5f8101)],
    ['no tags', () => getDataByTagList([])],
  ])('refuses %s', (_name, make) => {
    expect(make).toThrow(InputError)
  })

  it('copies the data that it is given', () => {
    const data = fromHex('aabb')
    const command = updateBinary(0, data)
    data.fill(0)
    expect(toHex(command.apdu.data)).toBe('aabb')
  })
})

describe('answers', () => {
  const answer = <T>(command: CardCommand<T>, sw: number, hex = ''): Promise<T> =>
    send(
      functionChannel(() => respond(sw, hex)),
      command,
    )

  it('of SELECT are given back when asked for', async () => {
    expect(toHex(await answer(selectApplication(emrtd, { answer: 'fci' }), 0x9000, '6f00'))).toBe('6f00')
    expect((await answer(selectApplication(emrtd), 0x9000, '6f00')).length).toBe(0)
  })

  it('of READ BINARY may be short, at the end of the file too, but never longer than asked for', async () => {
    expect(toHex(await answer(readBinary(0, 4), 0x9000, 'aabb'))).toBe('aabb')
    expect(toHex(await answer(readBinary(0, 4), 0x6282, 'aa'))).toBe('aa')
    await expect(answer(readBinary(0, 4), 0x9000, '0102030405')).rejects.toThrow(DecodeError)
    await expect(answer(readBinary(0, 4), 0x6b00)).rejects.toThrow(StatusWordError)
  })

  it('P14 of the odd READ BINARY must be one DO’53’', async () => {
    expect(toHex(await answer(readBinaryOdd(0x8000, 10), 0x9000, '5303010203'))).toBe('010203')
    expect(toHex(await answer(readBinaryOdd(0x8000, 10), 0x6282, '530101'))).toBe('01')
    expect((await answer(readBinaryOdd(0x8000, 10), 0x6282)).length).toBe(0)
    for (const bad of ['', '5303010', '54020102', '530401', '5301015301', '53010153010a', '530a00000000000000000000'])
      await expect(answer(readBinaryOdd(0x8000, 10), 0x9000, bad.length % 2 ? `${bad}0` : bad)).rejects.toThrow(DecodeError)
  })

  it('of GET CHALLENGE and MUTUAL AUTHENTICATE have one length', async () => {
    expect(toHex(await answer(getChallenge(), 0x9000, '4608f91988702212'))).toBe('4608f91988702212')
    await expect(answer(getChallenge(), 0x9000, '4608f919887022')).rejects.toThrow(DecodeError)
    await expect(answer(getChallenge(), 0x9000, '4608f9198870221200')).rejects.toThrow(DecodeError)
    await expect(answer(mutualAuthenticate(new Uint8Array(40), 40), 0x9000, '00'.repeat(39))).rejects.toThrow(DecodeError)
    await expect(answer(mutualAuthenticate(new Uint8Array(40), 40), 0x6300)).rejects.toThrow(StatusWordError)
  })

  it('of INTERNAL AUTHENTICATE are not empty', async () => {
    expect(toHex(await answer(internalAuthenticate(new Uint8Array(8)), 0x9000, 'aa'))).toBe('aa')
    await expect(answer(internalAuthenticate(new Uint8Array(8)), 0x9000)).rejects.toThrow(DecodeError)
  })

  it('of writing commands are empty', async () => {
    await expect(answer(updateBinary(0, fromHex('aa')), 0x9000)).resolves.toBeUndefined()
    await expect(answer(updateBinary(0, fromHex('aa')), 0x9000, 'aa')).rejects.toThrow(DecodeError)
    await expect(answer(externalAuthenticate(fromHex('aa')), 0x9000, 'aa')).rejects.toThrow(DecodeError)
  })

  it('refused by the card name command and meaning', async () => {
    const error = await answer(selectFile(0x0103, { label: 'EF.DG3' }), 0x6982).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(StatusWordError)
    expect(error).toMatchObject({
      code: 'status-word',
      sw: 0x6982,
      command: 'SELECT, EF.DG3',
      message: 'SELECT, EF.DG3: the card answered 6982 (security status not satisfied)',
    })
  })

  it('go through transport, coding and channel', async () => {
    const card = scriptedCard(['0084000008', '4608f919887022129000'])
    expect(toHex(await send(openChannel(card), getChallenge()))).toBe('4608f91988702212')
  })
})

describe('largestDiscretionaryData', () => {
  it('fits the response together with tag and length field, and one byte more would not', () => {
    const objectLength = (length: number): number => length + (length > 0xff ? 4 : length > 0x7f ? 3 : 2)
    for (let ne = 3; ne <= 700; ne++) {
      const length = largestDiscretionaryData(ne)
      expect(objectLength(length)).toBeLessThanOrEqual(ne)
      expect(objectLength(length + 1)).toBeGreaterThan(ne)
    }
    expect(largestDiscretionaryData(65536)).toBe(65532)
  })
})
