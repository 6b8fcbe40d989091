import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { type CardCommand, send } from '../card-command.ts'
import { encodeCommand } from '../coding-host.ts'
import { functionChannel, respond } from '../testing/scripted-card.ts'
import { vectorGroup } from '../testing/vectors.ts'
import { decodeKeyInformation, deleteKey, putKey, type WrappedKey } from './key-management.ts'

const wire = (command: CardCommand<unknown>): string => toHex(encodeCommand(command.apdu))
const answer = <T>(command: CardCommand<T>, hex: string): Promise<T> =>
  send(
    functionChannel(() => respond(0x9000, hex)),
    command,
  )
const key = (length: number, wrapped = Math.ceil(length / 16) * 16): WrappedKey => ({
  length,
  wrapped: new Uint8Array(wrapped).fill(0xee),
  checkValue: fromHex('c35280'),
})

describe('PUT KEY', () => {
  it('three keys: type, block length, key length, key, check value', () => {
    const command = putKey(0x31, [key(16), key(16), key(16)])
    expect(command.name).toBe('PUT KEY')
    expect(command.clause).toMatch(/^GlobalPlatform .*11\.8$/)
    expect(wire(command)).toBe(`80d80081${'46'}31${`881110${'ee'.repeat(16)}03c35280`.repeat(3)}00`)
    expect(wire(putKey(0x31, [key(24), key(24), key(24)], { replaces: 0x30 }))).toBe(
      `80d83081${'76'}31${`882118${'ee'.repeat(32)}03c35280`.repeat(3)}00`,
    )
    expect(wire(putKey(0x01, [key(32)]))).toBe(`80d80001${'28'}01882120${'ee'.repeat(32)}03c3528000`)
  })

  it('the data field of the vectors’ PUT KEY', () => {
    // scp03-self.json, version 1, one AES-128 key; the file sends it with P1-P2 0181.
    const rows = vectorGroup<{ plain: string }, unknown>('scp03/scp03-self.json', 'S8 level 01')
    const { plain } = rows.find(({ comment }) => comment.startsWith('PUT KEY'))!.input
    const sent = { ...key(16), wrapped: fromHex('3d0fa4b855d2a5aa4954b8b5df582a3a') }
    expect(wire(putKey(1, [sent], { replaces: 1 })).slice(8)).toBe(plain.slice(8))
  })

  it('its answer: version and check values, nothing more or less', async () => {
    const command = putKey(0x31, [key(16), key(16), key(16)])
    const { version, checkValues } = await answer(command, '31c35280013808840de5')
    expect([version, ...checkValues.map(toHex)]).toEqual([0x31, 'c35280', '013808', '840de5'])
    for (const wrong of ['', '31', '31c35280013808840d', '31c35280013808840de500'])
      await expect(answer(command, wrong)).rejects.toThrow(DecodeError)
  })

  it.each<[string, () => unknown]>([
    ['no keys', () => putKey(1, [])],
    ['version 0', () => putKey(0, [key(16)])],
    ['version 128', () => putKey(128, [key(16)])],
    ['to replace version 128', () => putKey(1, [key(16)], { replaces: 128 })],
    ['a key of 20 bytes', () => putKey(1, [key(20)])],
    ['a key that is not whole blocks', () => putKey(1, [key(24, 24)])],
    ['a check value of 4 bytes', () => putKey(1, [{ ...key(16), checkValue: new Uint8Array(4) }])],
    ['DELETE of version 0', () => deleteKey(0)],
  ])('refuses %s', (_name, make) => {
    expect(make).toThrow(InputError)
  })
})

it('DELETE [key] by version; the answer is none or one byte 00', async () => {
  expect(wire(deleteKey(0x31))).toBe('80e4000003d2013100')
  await expect(answer(deleteKey(1), '')).resolves.toBeUndefined()
  await expect(answer(deleteKey(1), '00')).resolves.toBeUndefined()
  for (const wrong of ['01', '0000']) await expect(answer(deleteKey(1), wrong)).rejects.toThrow(DecodeError)
})

describe('key information template', () => {
  it('identifier, version, type and length of every key', () => {
    expect(decodeKeyInformation(fromHex('e012c00401308810c00402308810c00403708020'))).toEqual([
      { identifier: 1, version: 0x30, type: 0x88, length: 16 },
      { identifier: 2, version: 0x30, type: 0x88, length: 16 },
      { identifier: 3, version: 0x70, type: 0x80, length: 32 },
    ])
    expect(decodeKeyInformation(fromHex('e000'))).toEqual([])
    expect(decodeKeyInformation(fromHex('e002c000'))).toEqual([])
  })

  it.each(['', 'e1', '6600', 'e003c10130', 'e005c003013088', 'e008c0060130ff880010', 'e006c00401308810ff'])('refuses %s', (hex) => {
    expect(() => decodeKeyInformation(fromHex(hex))).toThrow(DecodeError)
  })
})
