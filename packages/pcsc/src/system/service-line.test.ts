import { concatBytes, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { longestByLine, ServiceLine, type SocketCalls } from './service-line.ts'

/** A socket to a service that is played by the test: what was sent, and what the service says next. */
class FakeSocket implements SocketCalls {
  readonly sent: Uint8Array[] = []
  polling = false
  closed = false
  kept = true
  /** What a read gives: bytes, 0 for a service that hung up. */
  readonly #incoming: (Uint8Array | 0)[] = []
  #readable: () => void = () => undefined

  send(_fd: number, bytes: Uint8Array, count: number): number {
    this.sent.push(bytes.slice(0, count))
    return count
  }
  receive(_fd: number, into: Uint8Array): number | undefined {
    const next = this.#incoming.shift()
    if (next === undefined || next === 0) return next
    into.set(next)
    return next.length
  }
  poll(_fd: number, readable: () => void) {
    this.#readable = readable
    this.polling = true
    const set = (change: Partial<Pick<FakeSocket, 'polling' | 'closed' | 'kept'>>) => () => {
      Object.assign(this, change)
    }
    return {
      start: set({ polling: true }),
      stop: set({ polling: false }),
      ref: set({ kept: true }),
      unref: set({ kept: false }),
      close: set({ closed: true }),
    }
  }
  /** The service says something, or hangs up. */
  say(bytes: Uint8Array | 0): void {
    this.#incoming.push(bytes)
    if (this.polling) this.#readable()
  }
}

const select = fromHex('00A40000')

/** transmit_struct as the service gives it back. */
function answer(code: number, response: Uint8Array = new Uint8Array()): Uint8Array {
  return concatBytes(new Uint8Array(Uint32Array.of(7, 2, 16, 4, 3, 16, response.length, code).buffer), response)
}

function makeLine() {
  const [socket, calls] = [new FakeSocket(), { pending: 0 }]
  const line = new ServiceLine(5, calls, socket)
  const exchange = (command: Uint8Array) =>
    new Promise<{ code: number; response: string | undefined }>((resolve) =>
      line.exchange({ card: 7, protocol: 2, pciBytes: 16, command }, (code, response) =>
        resolve({ code, response: response && toHex(response) }),
      ),
    )
  return { socket, calls, line, exchange }
}

describe('an exchange over the socket of the library', () => {
  it('asks in one piece as the library does in three, and takes an answer whole or in parts', async () => {
    const { socket, calls, exchange } = makeLine()
    const whole = exchange(select)
    expect(socket.sent).toHaveLength(1)
    const words = [...new Uint32Array(socket.sent[0]!.slice(0, 40).buffer)]
    expect(words).toEqual([32, 9, 7, 2, 16, 4, 3, 16, 65_548, 0])
    expect(toHex(socket.sent[0]!.slice(40))).toBe(toHex(select))
    expect(calls.pending).toBe(1)
    socket.say(answer(0, fromHex('01029000')))
    expect(await whole).toEqual({ code: 0, response: '01029000' })
    expect(calls.pending).toBe(0)
    const parts = exchange(select)
    const bytes = answer(0, fromHex('03049000'))
    for (const [from, to] of [
      [0, 10],
      [10, 32],
      [32, 33],
      [33, 36],
    ])
      socket.say(bytes.slice(from, to))
    expect(await parts).toEqual({ code: 0, response: '03049000' })
  })

  it('gives the return code of a failure, and is there for the next', async () => {
    const { socket, line, exchange } = makeLine()
    const failed = exchange(select)
    expect(line.takes(4)).toBe(false)
    socket.say(answer(0x80100069))
    expect(await failed).toEqual({ code: 0x80100069, response: undefined })
    expect(line.takes(4)).toBe(true)
    expect(line.takes(longestByLine + 1)).toBe(false)
  })

  it('ends with a communication error when the service hangs up or answers at a length that no response has', async () => {
    for (const last of [0 as const, answer(0).fill(0xff, 24, 28)]) {
      const { socket, calls, line, exchange } = makeLine()
      const failed = exchange(select)
      socket.say(last)
      expect(await failed).toEqual({ code: 0x80100013, response: undefined })
      expect([socket.closed, calls.pending, line.takes(4)]).toEqual([true, 0, false])
    }
  })

  it('asks again while another program holds the card, and not any more once it is given up', async () => {
    const { socket, line, exchange } = makeLine()
    const waiting = exchange(select)
    socket.say(answer(0x8010000b))
    await expect.poll(() => socket.sent.length).toBe(2)
    expect(toHex(socket.sent[1]!)).toBe(toHex(socket.sent[0]!))
    socket.say(answer(0, fromHex('9000')))
    expect(await waiting).toEqual({ code: 0, response: '9000' })
    const given = exchange(select)
    socket.say(answer(0x8010000b))
    line.abandon()
    expect(await given).toEqual({ code: 0x8010000b, response: undefined })
    expect([socket.sent.length, socket.kept]).toEqual([3, false])
  })

  it('leaves the socket to the library between exchanges, and watches it again for the next', async () => {
    const { socket, line, exchange } = makeLine()
    const first = exchange(select)
    socket.say(answer(0, fromHex('9000')))
    await first
    line.pause()
    expect(socket.polling).toBe(false)
    const second = exchange(select)
    expect(socket.polling).toBe(true)
    socket.say(answer(0, fromHex('9000')))
    expect(await second).toEqual({ code: 0, response: '9000' })
    // A service that ends while nothing is asked of it is no reason to go round for ever.
    socket.say(0)
    expect(socket.polling).toBe(false)
  })
})
