import { fromHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import type { TraceRow } from './annotate-trace.ts'
import { ChannelInForce } from './channel-in-force.ts'
import { renderTraceText } from './trace-text.ts'

const row: TraceRow = {
  number: 1,
  name: 'READ BINARY',
  clause: 'ISO/IEC 7816-4:2020, 11.3',
  target: 'EF.COM',
  plainCommand: '00 B0 9E 00 · Ne 64',
  plainResponse: '29 bytes',
  sw: '9000',
  swMeaning: 'done',
  wire: ['0C B0 9E 00 (13 bytes) → 9000'],
  isProtected: true,
  channel: 'PACE',
  microseconds: 12,
}

describe('a trace as text', () => {
  it('aligns the columns, gives each exchange on the wire a line, and says a status word’s meaning where it is not 9000', () => {
    const chained = { ...row, number: 2, target: '', sw: '6982', swMeaning: 'not allowed', plainResponse: '', wire: ['first', 'second'] }
    const plain = { ...row, number: 10, isProtected: false, channel: undefined, target: 'EF\u001b[31m.DIR' }
    expect(renderTraceText([row, chained, plain])).toEqual([
      ' #  Command      File         Channel  Plain                Answer            On the wire',
      ' 1  READ BINARY  EF.COM       PACE     00 B0 9E 00 · Ne 64  29 bytes 9000     0C B0 9E 00 (13 bytes) → 9000',
      ' 2  READ BINARY               PACE     00 B0 9E 00 · Ne 64  6982 not allowed  first',
      '                                                                              second',
      '10  READ BINARY  EF\ufffd[31m.DIR  -        00 B0 9E 00 · Ne 64  29 bytes 9000     as plain',
    ])
  })
})

describe('the channel in force', () => {
  const run = (...exchanges: readonly (readonly [header: string, answer: string, sw: number])[]) => {
    const channels = new ChannelInForce()
    return exchanges.map(([header, answer, sw]) => {
      const [cla, ins, p1, p2] = fromHex(header) as unknown as [number, number, number, number]
      const entry = {
        level: 'plain',
        command: { cla, ins, p1, p2, data: new Uint8Array(1), ne: 0 },
        response: { data: fromHex(answer), sw },
        redacted: false,
        microseconds: 0,
        startedAt: 0,
      } as const
      return channels.of(entry, true)
    })
  }
  const read = ['00b00000', '00', 0x9000] as const

  it('is BAC behind an EXTERNAL AUTHENTICATE that is answered, and CA behind MSE:Set KAT', () => {
    expect(run(['00820000', '00', 0x9000], read, ['002241a6', '', 0x9000], read)).toEqual([undefined, 'BAC', 'BAC', 'CA'])
  })

  it('is PACE behind its last step, and CA behind GENERAL AUTHENTICATE; terminal authentication stays inside', () => {
    expect(
      run(
        ['0022c1a4', '', 0x63c2],
        ['10860000', '00', 0x9000],
        ['00860000', '00', 0x9000],
        ['002241a4', '', 0x9000],
        ['00860000', '00', 0x9000],
        ['00820000', '', 0x9000],
        read,
      ),
    ).toEqual([undefined, undefined, undefined, 'PACE', 'PACE', 'CA', 'CA'])
  })

  it('is what INITIALIZE UPDATE says, and nothing where the card refuses', () => {
    const update = (scp: string) => ['80500000', `00000000000000000000ff${scp}`, 0x9000] as const
    expect(run(update('03'), ['84820100', '', 0x9000], read)).toEqual([undefined, undefined, 'SCP03'])
    expect(run(update('02'), ['84820100', '', 0x9000], read)).toEqual([undefined, undefined, 'SCP02'])
    expect(run(update('03'), ['84820100', '', 0x6300], read)).toEqual([undefined, undefined, undefined])
  })
})
