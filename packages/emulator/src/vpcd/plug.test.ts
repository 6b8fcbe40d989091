import { createServer, type Server, type Socket } from 'node:net'
import { concatBytes, fromHex, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PluggableCard, PluggedCardEvent } from '../plugged-card.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { plugIntoVpcd } from './plug.ts'
import { VpcdError } from './vpcd-error.ts'

const atr = fromHex('3B80800101')

/** A card that writes down what happens to it and answers each command with itself and 9000. */
class EchoCard implements PluggableCard {
  readonly atr = atr
  readonly log: string[] = []
  answerDelay = 0
  respond: (command: Uint8Array) => Uint8Array = (command) => concatBytes(command, fromHex('9000'))

  powerOn(): void {
    this.log.push('on')
  }
  powerOff(): void {
    this.log.push('off')
  }
  reset(): void {
    this.log.push('reset')
  }
  process(command: Uint8Array): Uint8Array {
    this.log.push(toHex(command))
    return this.respond(command)
  }
}

/** The reader's side: what vpcd does on its port. */
class FakeReader {
  readonly socket: Promise<Socket>
  readonly #server: Server
  readonly #frames = new FrameReader()
  readonly #messages: Uint8Array[] = []
  readonly #takers: ((message: Uint8Array) => void)[] = []

  constructor() {
    this.#server = createServer()
    this.socket = new Promise((resolve) =>
      this.#server.once('connection', (socket: Socket) => {
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => {
          for (const message of this.#frames.push(chunk)) {
            const taker = this.#takers.shift()
            if (taker) taker(message)
            else this.#messages.push(message)
          }
        })
        resolve(socket)
      }),
    )
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (typeof address !== 'object' || !address) throw new Error('no port')
    return address.port
  }

  async send(hex: string): Promise<void> {
    ;(await this.socket).write(fromHex(hex))
  }

  answer(): Promise<string> {
    const waiting = this.#messages.shift()
    return waiting ? Promise.resolve(toHex(waiting)) : new Promise((resolve) => this.#takers.push((message) => resolve(toHex(message))))
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('frames', () => {
  it('puts the length before the message, big-endian', () => {
    expect(toHex(encodeFrame(fromHex('04')))).toBe('000104')
    expect(toHex(encodeFrame(new Uint8Array()))).toBe('0000')
    expect(toHex(encodeFrame(new Uint8Array(0x1234)).subarray(0, 2))).toBe('1234')
    expect(() => encodeFrame(new Uint8Array(65_536))).toThrow(LimitError)
  })

  it('gives the same messages however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 })
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (sent, cuts) => {
        const stream = concatBytes(...sent.map(encodeFrame))
        const reader = new FrameReader()
        const got: Uint8Array[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = Math.min(stream.length, at + cuts[i % cuts.length]!)
          got.push(...reader.push(stream.subarray(at, end)))
          at = end
        }
        expect(got.map(toHex)).toEqual(sent.map(toHex))
      }),
    )
  })
})

describe('a card in vpcd', () => {
  let reader: FakeReader
  let port: number
  let card: EchoCard
  let events: PluggedCardEvent[]

  beforeEach(async () => {
    reader = new FakeReader()
    port = await reader.listen()
    card = new EchoCard()
    events = []
  })
  afterEach(() => reader.close())

  const plug = (more: { signal?: AbortSignal } = {}) => plugIntoVpcd({ card, port, onEvent: (event) => events.push(event), ...more })

  it('P07 holds an answer back as long as the card says, and whatever comes meanwhile stays behind it', async () => {
    const plugged = await plugIntoVpcd({ card, port })
    card.answerDelay = 30
    card.respond = (command) => {
      // Only the first is held back.
      card.answerDelay = command[1] === 0x86 ? 30 : 0
      return concatBytes(command, fromHex('9000'))
    }
    await reader.send('000410860000')
    const first = reader.answer()
    // The command is with the card, its answer is not out yet: the next one waits its turn.
    while (card.log.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await reader.send('000400b00000000104')
    expect([await first, await reader.answer(), await reader.answer()]).toEqual(['108600009000', '00b000009000', toHex(atr)])
    expect(card.log).toEqual(['10860000', '00b00000'])
    await plugged.unplug()
  })

  it('answers ATR and commands, and takes power and reset without an answer', async () => {
    const plugged = await plug()
    await reader.send('000101 000104 000102 0005 00A4000000')
    expect(await reader.answer()).toBe(toHex(atr))
    expect(await reader.answer()).toBe('00a40000009000')
    await reader.send('000100 000104')
    expect(await reader.answer()).toBe(toHex(atr))
    expect(card.log).toEqual(['on', 'reset', '00a4000000', 'off'])
    expect(events).toEqual([
      { kind: 'power-on' },
      { kind: 'atr' },
      { kind: 'reset' },
      { kind: 'apdu', commandLength: 5, responseLength: 7 },
      { kind: 'power-off' },
      { kind: 'atr' },
    ])
    await plugged.unplug()
  })

  it('takes a command that arrives a byte at a time', async () => {
    const plugged = await plug()
    const socket = await reader.socket
    socket.setNoDelay(true)
    for (const byte of fromHex('000500A4000000')) {
      socket.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await reader.answer()).toBe('00a40000009000')
    await plugged.unplug()
  })

  it('carries 65535 bytes both ways, and 6700 for a response that no frame can hold', async () => {
    const plugged = await plug()
    const long = new Uint8Array(65_535).fill(0xa5)
    card.respond = () => long
    ;(await reader.socket).write(concatBytes(fromHex('FFFF'), long))
    expect(await reader.answer()).toBe(toHex(long))
    expect(card.log[0]).toBe(toHex(long))
    card.respond = () => new Uint8Array(65_536)
    await reader.send('000400B00000')
    expect(await reader.answer()).toBe('6700')
    expect(events.at(-1)).toEqual({ kind: 'response-too-long', responseLength: 65_536 })
    await plugged.unplug()
  })

  it('answers 6F00 for a card that throws, and lives on', async () => {
    const plugged = await plug()
    const error = new Error('broken')
    card.respond = () => {
      throw error
    }
    await reader.send('000400B00000')
    expect(await reader.answer()).toBe('6f00')
    expect(events).toEqual([{ kind: 'card-failed', error }])
    card.respond = () => fromHex('9000')
    await reader.send('000400B00000')
    expect(await reader.answer()).toBe('9000')
    await plugged.unplug()
  })

  it('leaves out messages that are no command', async () => {
    const plugged = await plug()
    await reader.send('0000 000107 000104')
    expect(await reader.answer()).toBe(toHex(atr))
    expect(events).toEqual([{ kind: 'not-understood', length: 0 }, { kind: 'not-understood', length: 1 }, { kind: 'atr' }])
    await plugged.unplug()
  })

  it('is taken out by unplug, which cuts its power and closes quietly', async () => {
    const plugged = await plug()
    await plugged.unplug()
    await plugged.unplug()
    await plugged.closed
    expect(card.log).toEqual(['off'])
  })

  it('is taken out by its signal, also in the middle of a command', async () => {
    const abort = new AbortController()
    const plugged = await plug({ signal: abort.signal })
    card.respond = () => {
      abort.abort()
      return fromHex('9000')
    }
    await reader.send('000400B00000')
    await plugged.closed
    expect(card.log).toEqual(['00b00000', 'off'])
    await expect(plug({ signal: abort.signal })).rejects.toThrow('before it was put in')
  })

  it('tells when the reader goes away', async () => {
    const plugged = await plug()
    ;(await reader.socket).destroy()
    const error = await plugged.closed.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(VpcdError)
    expect(error).toMatchObject({ code: 'reader', host: '127.0.0.1', port })
    expect(card.log).toEqual(['off'])
  })
})

it('says what to start when nothing listens', async () => {
  const reader = new FakeReader()
  const port = await reader.listen()
  await reader.close()
  const error = await plugIntoVpcd({ card: new EchoCard(), port }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(VpcdError)
  expect((error as VpcdError).message).toMatch(/vpcd is not listening; start pcscd with the vsmartcard-vpcd driver/)
})
