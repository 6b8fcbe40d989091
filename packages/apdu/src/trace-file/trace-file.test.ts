import { concatBytes, DecodeError, fromHex, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CardTransport } from '../transport.ts'
import { TransportError } from '../transport-error.ts'
import { recordTransport } from './record.ts'
import { carriesSecret } from './redact.ts'
import { ReplayError, replayTransport } from './replay.ts'
import { parseTrace } from './trace-file.ts'

const date = new Date('2026-03-21T00:00:00Z')

function card(answer: (command: Uint8Array) => Uint8Array): CardTransport {
  return { atr: fromHex('3b00'), transceive: async (command) => answer(command), close: async () => undefined }
}

/** Sends commands through a recorder and gives the file. */
async function record(commands: readonly Uint8Array[], answer: (command: Uint8Array) => Uint8Array, keepData: boolean): Promise<string> {
  const lines: string[] = []
  const transport = recordTransport(card(answer), { write: (line) => lines.push(line), keepData, date })
  for (const command of commands) await transport.transceive(command).catch(() => undefined)
  return `${lines.join('\n')}\n`
}

const ok = () => fromHex('9000')

/** Every way to hand a card a secret: instruction, class (channel, chaining, proprietary, MAC alone), coding of the lengths. */
const secretHeaders = [0x20, 0x21, 0x24, 0x25, 0x2c, 0x2d, 0xda, 0xdb].flatMap((ins) =>
  [0x00, 0x01, 0x10, 0x40, 0x80, 0x84].map((cla) => [cla, ins] as const),
)
const keyHeaders = [0xd8, 0xe2].flatMap((ins) => [0x80, 0x84, 0x90].map((cla) => [cla, ins] as const))
const codings: readonly ((header: readonly [number, number], data: Uint8Array) => Uint8Array)[] = [
  ([cla, ins], data) => concatBytes(Uint8Array.of(cla, ins, 0, 0x81, data.length), data),
  ([cla, ins], data) => concatBytes(Uint8Array.of(cla, ins, 0, 0x81, data.length), data, Uint8Array.of(0)),
  ([cla, ins], data) => concatBytes(Uint8Array.of(cla, ins, 0, 0x81, 0, 0, data.length), data),
  ([cla, ins], data) => concatBytes(Uint8Array.of(cla, ins, 0, 0x81, 0, 0, data.length), data, Uint8Array.of(0, 0)),
  // Lengths that make no sense: a driver that is being written sends such things.
  ([cla, ins], data) => concatBytes(Uint8Array.of(cla, ins, 0, 0x81, data.length + 3), data),
]

describe('a trace holds no PIN and no key', () => {
  it('whatever the instruction, the class and the coding, and also where the card gives the secret back', async () => {
    const everyHeader = fc.constantFrom(...secretHeaders, ...keyHeaders)
    const secret = fc.uint8Array({ minLength: 6, maxLength: 40 }).filter((bytes) => new Set(bytes).size > 4)
    await fc.assert(
      fc.asyncProperty(everyHeader, fc.constantFrom(...codings), secret, fc.boolean(), async (header, code, pin, keepData) => {
        const command = code(header, pin)
        expect(carriesSecret(command)).toBe(true)
        // A card that echoes the command, then gives the secret out of a file; an error text that repeats it.
        const echo = (sent: Uint8Array) => concatBytes(sent, pin, fromHex('9000'))
        const text = await record(
          [command, fromHex('00b0000000'), concatBytes(fromHex('00d60000'), Uint8Array.of(pin.length), pin)],
          echo,
          keepData,
        )
        expect(text).not.toContain(toHex(pin))
        expect(text.toLowerCase()).not.toContain(toHex(pin))
        expect(parseTrace(text).exchanges[0]).toMatchObject({ redacted: true })
      }),
      { numRuns: 500 },
    )
  })

  it('nor a PIN that is secured with a MAC alone; a PIN in ciphertext stays as it is', async () => {
    const plainInside = fromHex('0c20008110 81 08 3132333435363738 8e 04 01020304'.replaceAll(' ', ''))
    const encrypted = fromHex('0c20008113 87 09 01aabbccddeeff0011 8e 04 a1b2c3d4 00'.replaceAll(' ', '').replace('8113', '8111'))
    expect([carriesSecret(plainInside), carriesSecret(encrypted)]).toEqual([true, false])
    const text = await record([plainInside, encrypted], ok, true)
    expect(text).not.toContain('3132333435363738')
    expect(text).toContain('aabbccddeeff0011')
  })

  it('nor anything out of an error', async () => {
    const fail = () => {
      throw new TransportError('VERIFY 31323334 failed', { reached: 'maybe' })
    }
    const text = await record([fromHex('002000810431323334')], fail, true)
    expect(text).not.toContain('31323334')
    expect(parseTrace(text).exchanges[0]).toMatchObject({ failure: { code: 'transport', reached: 'maybe' }, response: undefined })
  })

  it('and, unless it is told to keep data, nothing of a person', async () => {
    const name = new TextEncoder().encode('SPECIMEN<<SARA')
    const read = () => concatBytes(name, fromHex('9000'))
    const commands = [fromHex('00b0000000'), concatBytes(fromHex('00d60000'), Uint8Array.of(name.length), name)]
    expect(await record(commands, read, false)).not.toContain(toHex(name))
    expect(await record(commands, read, true)).toContain(toHex(name))
  })
})

describe('a trace file', () => {
  const select = fromHex('00a4040c07a0000002471001')
  const answers = (sent: Uint8Array) => (sent[1] === 0xb0 ? fromHex('01029000') : fromHex('9000'))

  it('is a card: the same commands get the same answers, in their order, and no others', async () => {
    const commands = [select, fromHex('00b0000002'), fromHex('002000810431323334')]
    const trace = parseTrace(await record(commands, answers, true))
    const mock = replayTransport(trace)
    expect(toHex(mock.atr)).toBe('3b00')
    expect(toHex(await mock.transceive(select))).toBe('9000')
    await expect(mock.transceive(select)).rejects.toMatchObject({ at: 1, reached: 'no' })
    expect(toHex(await mock.transceive(fromHex('00b0000002')))).toBe('01029000')
    expect(mock.done).toBe(false)
    // The PIN is not in the file: another one of the same length is taken for it.
    expect(toHex(await mock.transceive(fromHex('002000810439393939')))).toBe('9000')
    expect(mock.done).toBe(true)
    await expect(mock.transceive(select)).rejects.toBeInstanceOf(ReplayError)
    await mock.close()
    await expect(mock.transceive(select)).rejects.toThrow('closed')
  })

  it('fails where it failed', async () => {
    const fail = () => {
      throw new TransportError('gone', { reached: 'maybe' })
    }
    const mock = replayTransport(parseTrace(await record([select], fail, false)))
    await expect(mock.transceive(select)).rejects.toMatchObject({ code: 'transport', reached: 'maybe' })
  })

  const header = '{"schema":"kart-trace-1","date":"2026","atr":"3b00","data":"kept"}'
  it.each([
    ['', 'is empty'],
    ['{"schema":"kart-trace-2"}', 'line 1: schema'],
    [header.replace('kept', 'some'), 'line 1: data'],
    [header.replace('3b00', '3B00'), 'line 1: atr'],
    [`${header}\nno`, 'line 2: is not JSON'],
    [`${header}\n[]`, 'line 2: is not a JSON object'],
    [`${header}\n{"command":"00a40000","us":1}`, 'line 2: holds not one'],
    [`${header}\n{"command":"00a4","response":"9000","us":1}`, 'line 2: command'],
    [`${header}\n{"command":"00a40000","response":"90","us":1}`, 'line 2: response'],
    [`${header}\n{"command":"00a40000","response":"9000","us":-1}`, 'line 2: us'],
    [`${header}\n{"command":"00a40000","failure":{"code":1},"us":1}`, 'line 2: failure'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseTrace(text)).toThrow(DecodeError)
    expect(() => parseTrace(text)).toThrow(problem)
  })
})
