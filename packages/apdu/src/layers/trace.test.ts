import { fromHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { openChannel } from '../channel.ts'
import { functionCard, functionChannel, respond } from '../testing/scripted-card.ts'
import { TransportError } from '../transport-error.ts'
import { getResponse } from './get-response.ts'
import { type TraceEntry, traceLayer } from './trace.ts'

const read = { cla: 0, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(0), ne: 8 }

describe('traceLayer', () => {
  it('tells both levels what passes, in order, and changes nothing', async () => {
    const entries: TraceEntry[] = []
    const card = functionCard((command) => (command.ins === 0xc0 ? respond(0x9000, '0102') : respond(0x6102)))
    const sink = (entry: TraceEntry) => entries.push(entry)
    const channel = openChannel(card, traceLayer(sink, 'wire'), getResponse(), traceLayer(sink, 'plain'))
    expect(await channel.transmit(read)).toEqual(respond(0x9000, '0102'))
    expect(entries.map(({ level, command, response }) => [level, command.ins, response?.sw])).toEqual([
      ['wire', 0xb0, 0x6102],
      ['wire', 0xc0, 0x9000],
      ['plain', 0xb0, 0x9000],
    ])
    expect(entries.every(({ redacted }) => !redacted)).toBe(true)
    const [first, second, plain] = entries as [TraceEntry, TraceEntry, TraceEntry]
    expect(second.startedAt).toBeGreaterThanOrEqual(first.startedAt)
    expect(first.startedAt).toBeGreaterThanOrEqual(plain.startedAt)
    for (const { microseconds } of entries) expect(Number.isInteger(microseconds) && microseconds >= 0).toBe(true)
  })

  it('tells of a failure and throws it on', async () => {
    const entries: TraceEntry[] = []
    const failure = new TransportError('the card was removed', { reached: 'maybe' })
    const channel = traceLayer((entry) => entries.push(entry), 'wire')({ transmit: () => Promise.reject(failure) })
    await expect(channel.transmit(read)).rejects.toBe(failure)
    expect(entries.length).toBe(1)
    expect(entries[0]).toMatchObject({ response: undefined, error: failure })
  })

  const secret = fromHex('313233343536ffff')
  it.each([
    ['VERIFY', 0x00, 0x20, 'wire', true],
    ['VERIFY', 0x00, 0x20, 'plain', true],
    ['CHANGE REFERENCE DATA', 0x00, 0x24, 'plain', true],
    ['RESET RETRY COUNTER', 0x00, 0x2c, 'plain', true],
    ['PUT DATA, which sets a PIN of a blank card', 0x00, 0xda, 'wire', true],
    ['PUT KEY', 0x80, 0xd8, 'plain', true],
    ['STORE DATA', 0x80, 0xe2, 'plain', true],
    ['STORE DATA whose class byte promises protection', 0x84, 0xe2, 'plain', true],
    ['protected VERIFY', 0x0c, 0x20, 'wire', false],
    ['protected STORE DATA', 0x84, 0xe2, 'wire', false],
    ['UPDATE BINARY', 0x00, 0xd6, 'plain', false],
    ['CREATE FILE', 0x00, 0xe0, 'plain', false],
  ] as const)('%s (%d %d) at %s: blanked is %s', async (_name, cla, ins, level, redacted) => {
    const entries: TraceEntry[] = []
    const lower = functionChannel(() => respond(0x9000))
    await traceLayer((entry) => entries.push(entry), level)(lower).transmit({ cla, ins, p1: 0, p2: 1, data: secret, ne: 0 })
    expect(lower.commands[0]!.data).toEqual(secret)
    expect(entries[0]!.redacted).toBe(redacted)
    expect(entries[0]!.command.data).toEqual(redacted ? new Uint8Array(8) : secret)
  })
})
