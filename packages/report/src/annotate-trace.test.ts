import type { TraceEntry } from '@kart/apdu/host'
import { fromHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { annotateTrace } from './annotate-trace.ts'

let clock = 0
interface Exchange {
  readonly level: TraceEntry['level']
  readonly header: string
  readonly data?: string
  readonly ne?: number
  readonly answer?: string | undefined
  readonly sw?: number | undefined
  readonly label?: string
  readonly startedAt?: number
}

function entry({ level, header, data = '', ne = 0, answer = '', sw = 0x9000, label, startedAt = clock++ }: Exchange): TraceEntry {
  const [cla, ins, p1, p2] = fromHex(header) as unknown as [number, number, number, number]
  return {
    level,
    ...(label === undefined ? {} : { label }),
    command: { cla, ins, p1, p2, data: fromHex(data), ne },
    response: sw === 0 ? undefined : { data: fromHex(answer), sw },
    redacted: false,
    microseconds: 12,
    startedAt,
  }
}

/** An exchange as both layers see it: the wire's entry comes first, but began later. */
const both = (plain: Omit<Exchange, 'level'>, ...wire: Omit<Exchange, 'level'>[]): TraceEntry[] => {
  const startedAt = clock++
  const carried = wire.map((one) => entry({ level: 'wire', ...one }))
  return [...carried, entry({ level: 'plain', ...plain, startedAt })]
}

const secret = 'deadbeefcafef00d0123456789abcdef'

describe('annotateTrace', () => {
  it('names the file of each command as SELECT and READ BINARY go by, and shows contents by their length alone', () => {
    const rows = annotateTrace(
      [
        ...both({ header: '00a4040c', data: 'a0000002471001' }, { header: '00a4040c', data: 'a0000002471001' }),
        ...both({ header: '00840000', ne: 8, answer: secret.slice(0, 16) }, { header: '00840000', ne: 8, answer: secret.slice(0, 16) }),
        ...both({ header: '00820000', data: secret, ne: 40, answer: secret }, { header: '00820000', data: secret, ne: 40, answer: secret }),
        ...both(
          { header: '00b08100', ne: 4, answer: secret.slice(0, 8) },
          { header: '0cb08100', data: '97010499', ne: 256, answer: `${secret}8e08` },
        ),
        ...both({ header: '00b00004', ne: 200, answer: secret }, { header: '0cb00004', data: '970199', ne: 256, answer: secret }),
        ...both({ header: '00a4020c', data: '0102' }, { header: '0ca4020c', data: '8709019f', ne: 256, answer: '99029000' }),
        ...both({ header: '00b00000', ne: 8, answer: '', sw: 0x6982 }, { header: '0cb00000', data: '970108', ne: 256, answer: '99026982' }),
        ...both({ header: '00a40000', data: '3f00' }, { header: '00a40000', data: '3f00' }),
        ...both({ header: '00b09e00', ne: 8, sw: 0 }, { header: '00b09e00', ne: 8, sw: 0 }),
      ],
      nationalId,
    )
    expect(
      rows.map(({ number, name, target, plainCommand, plainResponse, sw, isProtected }) => [
        number,
        name,
        target,
        plainCommand,
        plainResponse,
        sw,
        isProtected,
      ]),
    ).toEqual([
      [1, 'SELECT, application', 'eMRTD, LDS1', '00 A4 04 0C · A0000002471001', '', '9000', false],
      [2, 'GET CHALLENGE', '', '00 84 00 00 · Ne 8', '8 bytes', '9000', false],
      [3, 'EXTERNAL or MUTUAL AUTHENTICATE', '', '00 82 00 00 · 16 bytes · Ne 40', '16 bytes', '9000', false],
      [4, 'READ BINARY', 'EF.DG1', '00 B0 81 00 · Ne 4', '4 bytes', '9000', true],
      [5, 'READ BINARY', 'EF.DG1', '00 B0 00 04 · Ne 200', '16 bytes', '9000', true],
      [6, 'SELECT', 'EF.DG2', '00 A4 02 0C · 0102', '', '9000', true],
      [7, 'READ BINARY', 'EF.DG2', '00 B0 00 00 · Ne 8', '', '6982', true],
      [8, 'SELECT', 'MF', '00 A4 00 00 · 3F00', '', '9000', false],
      [9, 'READ BINARY', 'EF.DIR', '00 B0 9E 00 · Ne 8', 'no answer', '', false],
    ])
    expect(rows[6]!.swMeaning).toMatch(/security status/i)
    expect(rows[8]!.swMeaning).toBe('the exchange failed')
    expect(rows[3]!.wire).toEqual(['0C B0 81 00 97010499 (4 bytes) → DEADBEEFCAFEF00D… (18 bytes) 9000'])
    // What opens the channel is shown by length, on the wire as well.
    expect(rows[1]!.wire).toEqual(['00 84 00 00 (0 bytes) → (8 bytes) 9000'])
    expect(rows[2]!.wire).toEqual(['00 82 00 00 (16 bytes) → (16 bytes) 9000'])
    expect(JSON.stringify(rows.map(({ plainCommand, plainResponse }) => plainCommand + plainResponse)).toLowerCase()).not.toMatch(
      /deadbeef|cafef00d|01234567/,
    )
  })

  it('shows of STORE DATA its DGI’s file by label, and nothing of what is stored', () => {
    const rows = annotateTrace(
      [
        ...both(
          { header: '80e20001', data: secret, label: 'STORE DATA, EF.DG3' },
          { header: '84e20001', data: `${secret}${secret}`, ne: 256, answer: secret.slice(0, 16) },
          { header: '84e20001', data: secret, ne: 256 },
        ),
        ...both({ header: '80d88101', data: secret, label: 'PUT KEY' }, { header: '84d88101', data: secret }),
      ],
      nationalId,
    )
    expect(rows.map(({ name, target, plainCommand, isProtected }) => [name, target, plainCommand, isProtected])).toEqual([
      ['STORE DATA', 'EF.DG3', '80 E2 00 01 · 16 bytes', true],
      ['PUT KEY', '', '80 D8 81 01 · 16 bytes', true],
    ])
    expect(rows[0]!.wire).toHaveLength(2)
  })

  it('gives exchanges that no plain layer saw rows of their own, in order', () => {
    const wireOnly = (header: string, data = '') => entry({ level: 'wire', header, data, answer: secret, ne: 256 })
    const before = wireOnly('80500000', secret)
    const middle = both({ header: '00b09e00', ne: 8, answer: secret }, { header: '00b09e00', ne: 8, answer: secret })
    const rows = annotateTrace([before, ...middle, wireOnly('00880000', secret)], nationalId)
    expect(rows.map(({ number, name, plainCommand }) => [number, name, plainCommand])).toEqual([
      [1, 'INITIALIZE UPDATE', '80 50 00 00 · 16 bytes · Ne 256'],
      [2, 'READ BINARY', '00 B0 9E 00 · Ne 8'],
      [3, 'INTERNAL AUTHENTICATE', '00 88 00 00 · 16 bytes · Ne 256'],
    ])
    expect(JSON.stringify(rows).toLowerCase()).not.toContain('deadbeef')
  })

  it('copes with what no card of the profile has', () => {
    const rows = annotateTrace(
      [
        entry({ level: 'wire', header: '00a4040c', data: 'ffffff' }),
        entry({ level: 'wire', header: '00b08100', ne: 4 }),
        entry({ level: 'wire', header: '00a4020c', data: 'abcd' }),
        entry({ level: 'wire', header: '00a4020c', data: '01' }),
        entry({ level: 'wire', header: '00770000' }),
      ],
      nationalId,
    )
    expect(rows.map(({ target }) => target)).toEqual(['another application', 'SFI 01', 'ABCD', 'MF', ''])
    expect(rows[4]!.name).toBe('command with INS 77')
    expect(annotateTrace([], nationalId)).toEqual([])
  })
})
