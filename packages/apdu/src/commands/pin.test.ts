import { encodeAscii, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { type CardCommand, send } from '../card-command.ts'
import { encodeCommand } from '../coding-host.ts'
import { type TraceEntry, type TraceLevel, traceLayer } from '../layers/trace.ts'
import { carriesSecret } from '../trace-file/redact.ts'
import { changeReferenceData, giveTriesBack, queryPin, replaceReferenceData, resetRetryCounter, verifyPin } from './pin.ts'
import { computeSignature, decipher, getMyeidInfo, getPinState, getPublicPart, setPrivateKey } from './private-key.ts'

const pin = fromHex('313131313131ffff')
const next = encodeAscii('87654321')

describe('the MyEID command surface on the wire', () => {
  // As unmodified OpenSC 0.23 sends them (docs/card.md).
  it.each<[CardCommand<unknown>, string]>([
    [verifyPin(1, pin), '0020000108313131313131ffff'],
    [queryPin(2), '00200002'],
    [changeReferenceData(1, pin, next), '0024000110313131313131ffff3837363534333231'],
    [resetRetryCounter(3, next, pin), '002c0003103837363534333231313131313131ffff'],
    [replaceReferenceData(1, next), '002c0201083837363534333231'],
    [giveTriesBack(1), '002c0301'],
    [giveTriesBack(0x96), '002c0396'],
    [setPrivateKey('sign', { fid: 0x4b02, algorithm: 'ec' }), '002241b60a80010481024b02840100'],
    [setPrivateKey('decipher', { fid: 0x4b01, algorithm: 'rsa' }), '002241b80a80010081024b01840100'],
    [setPrivateKey('authenticate', { fid: 0x4b01, algorithm: 'ec' }), '002241a40a80010481024b01840100'],
    [computeSignature(fromHex('0102')), '002a9e9a02010200'],
    [decipher(fromHex('00aa')), '002a80860200aa00'],
    [getMyeidInfo(), '00ca01a000'],
    [getPinState(2), '00ca01c200'],
    [getPublicPart('modulus'), '00ca010100'],
    [getPublicPart('exponent'), '00ca010200'],
    [getPublicPart('point'), '00ca018600'],
  ])('%j', (command, hex) => {
    expect(toHex(encodeCommand(command.apdu))).toBe(hex)
  })

  it.each([
    () => verifyPin(0, pin),
    () => giveTriesBack(0x80),
    () => giveTriesBack(0xa1),
    () => verifyPin(0x20, pin),
    () => verifyPin(1, new Uint8Array(0)),
    () => changeReferenceData(1, new Uint8Array(17), pin),
    () => setPrivateKey('sign', { fid: 0x10000, algorithm: 'ec' }),
    () => getPinState(0),
    () => getPinState(15),
    () => computeSignature(new Uint8Array(0)),
    () => computeSignature(new Uint8Array(514)),
  ])('refuses what cannot be one (%#)', (make) => {
    expect(make).toThrow(InputError)
  })

  it('reads GET DATA 01C1', () => {
    const read = (hex: string) => getPinState(1).parse({ data: fromHex(hex), sw: 0x9000 })
    expect(read('0203090a01')).toEqual({ triesLeft: 2, mostTries: 3, pukTriesLeft: 9, transport: true })
    expect(read('0003000000')).toEqual({ triesLeft: 0, mostTries: 3, pukTriesLeft: undefined, transport: false })
    expect(read('0303000a00').pukTriesLeft).toBe(0)
    expect(() => read('03030a0a')).toThrow(/4 bytes/)
  })

  it('reads GET DATA 01A0', () => {
    const data = fromHex('4f7345494404050201020304050607080910 0007'.replace(' ', ''))
    expect(getMyeidInfo().parse({ data, sw: 0x9000 })).toEqual({
      applet: 'OsEID',
      version: [4, 5, 2],
      serialNumber: fromHex('01020304050607080910'),
      changes: 7,
    })
    expect(() => getMyeidInfo().parse({ data: data.subarray(1), sw: 0x9000 })).toThrow(/19 bytes/)
  })
})

describe('answers to a password', () => {
  const ask = (sw: number) => send({ transmit: async () => ({ data: new Uint8Array(0), sw }) }, verifyPin(1, pin))
  it.each([
    [0x9000, { state: 'taken' }],
    [0x63c2, { state: 'wrong', triesLeft: 2 }],
    [0x63c0, { state: 'blocked' }],
    [0x6983, { state: 'blocked' }],
    [0x6985, { state: 'refused', sw: 0x6985 }],
    [0x6982, { state: 'refused', sw: 0x6982 }],
    [0x6a88, { state: 'refused', sw: 0x6a88 }],
  ])('%i', async (sw, answer) => {
    expect(await ask(sw)).toEqual(answer)
  })

  it('a status word that answers nothing is an error', async () => {
    await expect(ask(0x6d00)).rejects.toThrow(/6D00/)
  })
})

describe('a password in a trace', () => {
  const commands = [verifyPin(1, pin), changeReferenceData(1, pin, next), resetRetryCounter(1, next, pin)]
  it.each(commands.flatMap((command) => (['wire', 'plain'] as const).map((level): [TraceLevel, CardCommand<unknown>] => [level, command])))(
    'is not in it: %s, %j',
    async (level, command) => {
      const entries: TraceEntry[] = []
      const channel = traceLayer((entry) => entries.push(entry), level)({ transmit: async () => ({ data: new Uint8Array(0), sw: 0x9000 }) })
      await send(channel, command)
      const text = toHex(entries[0]!.command.data)
      expect(entries[0]!.redacted).toBe(true)
      for (const secret of ['3131', '3837', 'ff']) expect(text).not.toContain(secret)
      expect(carriesSecret(encodeCommand(command.apdu))).toBe(true)
    },
  )
})
