import { DecodeError, equalBytes, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandApdu } from './apdu.ts'
import { decodeCommand, encodeResponse } from './coding-card.ts'
import { decodeResponse, encodeCommand } from './coding-host.ts'
import { vectorGroup } from './testing/vectors.ts'

interface CommandInput {
  cla: string
  ins: string
  p1: string
  p2: string
  data: string
  ne?: number
}

const byte = (hex: string): number => Number.parseInt(hex, 16)

/** Which of the seven cases an encoded command is, told from the bytes alone. */
function caseOf(bytes: Uint8Array): string {
  const { data, ne, extended } = decodeCommand(bytes)
  const number = data.length === 0 ? (ne === 0 ? 1 : 2) : ne === 0 ? 3 : 4
  return number === 1 ? '1' : `${number}${extended ? 'e' : 's'}`
}

describe('command APDU, outside vectors', () => {
  const rows = vectorGroup<CommandInput, { case: string; hex: string }>('apdu-tlv-atr/apdu.json', 'encode-decode')
  it.each(rows)('row $id $comment, both directions', ({ input, expected }) => {
    const command = {
      cla: byte(input.cla),
      ins: byte(input.ins),
      p1: byte(input.p1),
      p2: byte(input.p2),
      data: fromHex(input.data),
      ne: input.ne ?? 0,
    }
    expect(toHex(encodeCommand(command))).toBe(expected.hex)
    expect(decodeCommand(fromHex(expected.hex))).toEqual({ ...command, extended: expected.case.endsWith('e') })
    expect(caseOf(fromHex(expected.hex))).toBe(expected.case)
  })

  const boundaries = vectorGroup<
    { header: string; dataByte: string; nc: number; ne?: number },
    { case: string; prefix: string; suffix: string; length: number }
  >('apdu-tlv-atr/apdu.json', 'boundaries')
  it.each(boundaries)('row $id: $input.nc data bytes, Ne $input.ne, both directions', ({ input, expected }) => {
    const [cla, ins, p1, p2] = fromHex(input.header)
    const data = new Uint8Array(input.nc).fill(byte(input.dataByte))
    const bytes = fromHex(expected.prefix + input.dataByte.repeat(input.nc) + expected.suffix)
    expect(bytes.length).toBe(expected.length)
    const encoded = encodeCommand({ cla: cla!, ins: ins!, p1: p1!, p2: p2!, data, ne: input.ne ?? 0 })
    expect(equalBytes(encoded, bytes)).toBe(true)
    const decoded = decodeCommand(bytes)
    expect(equalBytes(decoded.data, data)).toBe(true)
    expect({ ...decoded, data: undefined }).toEqual({
      cla,
      ins,
      p1,
      p2,
      ne: input.ne ?? 0,
      data: undefined,
      extended: expected.case.endsWith('e'),
    })
    expect(caseOf(bytes)).toBe(expected.case)
  })

  const malformed = vectorGroup<{ hex: string }, { accepted: boolean; data?: string; ne?: number }>('apdu-tlv-atr/apdu.json', 'malformed')
  it.each(malformed)('row $id $comment', ({ input, expected }) => {
    if (expected.accepted) {
      const decoded = decodeCommand(fromHex(input.hex))
      expect({ data: toHex(decoded.data), ne: decoded.ne }).toEqual({ data: expected.data, ne: expected.ne })
    } else expect(() => decodeCommand(fromHex(input.hex))).toThrow(DecodeError)
  })
})

describe('command APDU, all seven cases at every border', () => {
  const lengths = [0, 1, 255, 256, 65279, 65280, 65535]
  const expectations = [0, 1, 255, 256, 257, 65535, 65536]
  const grid = lengths.flatMap((nc) => expectations.map((ne) => ({ nc, ne })))

  it.each(grid)('P16 host to card: $nc data bytes, Ne $ne', ({ nc, ne }) => {
    const data = Uint8Array.from({ length: nc }, (_, i) => i * 7)
    const bytes = encodeCommand({ cla: 0x0c, ins: 0xd6, p1: 0x12, p2: 0x34, data, ne })
    const extended = nc > 255 || ne > 256
    const lc = nc === 0 ? 0 : extended ? 3 : 1
    const le = ne === 0 ? 0 : !extended ? 1 : nc === 0 ? 3 : 2
    expect(bytes.length).toBe(4 + lc + nc + le)
    const decoded = decodeCommand(bytes)
    expect(equalBytes(decoded.data, data)).toBe(true)
    expect([decoded.cla, decoded.ins, decoded.p1, decoded.p2, decoded.ne, decoded.extended]).toEqual([0x0c, 0xd6, 0x12, 0x34, ne, extended])
  })

  it('meets all seven cases', () => {
    const cases = grid.map(({ nc, ne }) => caseOf(encodeCommand({ cla: 0, ins: 0, p1: 0, p2: 0, data: new Uint8Array(nc), ne })))
    expect([...new Set(cases)].sort()).toEqual(['1', '2e', '2s', '3e', '3s', '4e', '4s'])
  })

  it.each([
    ['data', { data: new Uint8Array(65536) }],
    ['ne', { ne: 65537 }],
    ['ne', { ne: -1 }],
    ['ne', { ne: 1.5 }],
    ['cla', { cla: 256 }],
    ['ins', { ins: -1 }],
    ['p1', { p1: Number.NaN }],
    ['p2', { p2: 0.5 }],
  ] as const)('refuses a bad %s', (field, change) => {
    const command: CommandApdu = { cla: 0, ins: 0, p1: 0, p2: 0, data: new Uint8Array(0), ne: 0, ...change }
    expect(() => encodeCommand(command)).toThrow(InputError)
    expect(() => encodeCommand(command)).toThrow(new RegExp(`^${field}:`))
  })

  it.each([
    ['P16 extended Lc of zero with data', '00d600000000000102'],
    ['P16 extended Lc one short', `00d60000000100${'00'.repeat(257)}`],
    ['P16 extended data cut by one', `00d60000000100${'00'.repeat(255)}`],
    ['P16 extended Le of one byte', `00d60000000100${'00'.repeat(256)}01`],
    ['P16 extended Le of three bytes', `00d60000000100${'00'.repeat(256)}000001`],
  ])('refuses %s', (_name, hex) => {
    expect(() => decodeCommand(fromHex(hex))).toThrow(DecodeError)
  })

  it('keeps its own copy of the data', () => {
    const bytes = fromHex('00d6000002aabb')
    const { data } = decodeCommand(bytes)
    bytes.fill(0)
    expect(toHex(data)).toBe('aabb')
  })
})

describe('response APDU', () => {
  it.each([0, 1, 255, 256, 257, 65279, 65280, 65535, 65536])('card to host: %d data bytes', (length) => {
    const data = Uint8Array.from({ length }, (_, i) => i * 5)
    const bytes = encodeResponse({ data, sw: 0x9000 })
    expect(bytes.length).toBe(length + 2)
    const decoded = decodeResponse(bytes)
    expect(decoded.sw).toBe(0x9000)
    expect(equalBytes(decoded.data, data)).toBe(true)
  })

  it('codes the status word behind the data', () => {
    expect(toHex(encodeResponse({ data: fromHex('aabb'), sw: 0x61ff }))).toBe('aabb61ff')
    expect(decodeResponse(fromHex('aabb63c2'))).toEqual({ data: fromHex('aabb'), sw: 0x63c2 })
  })

  it.each([
    ['nothing', ''],
    ['one byte', '90'],
    ['SW1 60, a procedure byte', '6000'],
    ['SW1 00', '0000'],
    ['SW1 5F', '5fff'],
    ['SW1 A0', 'aaa000'],
  ])('refuses %s', (_name, hex) => {
    expect(() => decodeResponse(fromHex(hex))).toThrow(DecodeError)
  })

  it('refuses more than 65536 data bytes, both ways', () => {
    expect(() => encodeResponse({ data: new Uint8Array(65537), sw: 0x9000 })).toThrow(InputError)
    const long = new Uint8Array(65539)
    long[65537] = 0x90
    expect(() => decodeResponse(long)).toThrow(DecodeError)
  })
})

describe('APDU coding under any input', () => {
  const anyCommand = fc.record({
    cla: fc.nat(255),
    ins: fc.nat(255),
    p1: fc.nat(255),
    p2: fc.nat(255),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(255, 256, 257, 1000).map((length) => new Uint8Array(length).fill(0x5a)),
    ),
    ne: fc.oneof(fc.nat(65536), fc.constantFrom(0, 1, 255, 256, 257, 65535, 65536)),
  })

  it('the card reads what the host wrote', () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        const { extended, ...decoded } = decodeCommand(encodeCommand(command))
        expect(decoded).toEqual(command)
        expect(extended).toBe(command.data.length > 255 || command.ne > 256)
      }),
    )
  })

  it('throws nothing but DecodeError or LimitError', () => {
    const ours = (run: () => unknown): void => {
      try {
        run()
      } catch (error) {
        if (!(error instanceof DecodeError || error instanceof LimitError)) throw error
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        ours(() => decodeCommand(bytes))
        ours(() => decodeResponse(bytes))
      }),
      { numRuns: 5000 },
    )
  })

  it('a decoded command encodes to the same bytes, unless it spent extended fields on what fits short ones', () => {
    const lengthy = fc
      .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.constantFrom([0], [0, 0], [0, 1], [3], []), fc.uint8Array({ maxLength: 10 }))
      .map(([head, mid, tail]) => Uint8Array.from([...head, ...mid, ...tail]))
    let decodedOnes = 0
    fc.assert(
      fc.property(lengthy, (bytes) => {
        let decoded: ReturnType<typeof decodeCommand>
        try {
          decoded = decodeCommand(bytes)
        } catch {
          return
        }
        decodedOnes++
        if (decoded.extended && decoded.data.length <= 255 && decoded.ne <= 256) return
        expect(toHex(encodeCommand(decoded))).toBe(toHex(bytes))
      }),
      { numRuns: 5000 },
    )
    expect(decodedOnes).toBeGreaterThan(100)
  })

  it('holds on real commands with every byte flipped or cut', () => {
    const rows = vectorGroup<unknown, { hex: string }>('apdu-tlv-atr/apdu.json', 'encode-decode').map(({ expected }) =>
      fromHex(expected.hex),
    )
    let refused = 0
    for (const bytes of rows) {
      for (let i = 0; i < bytes.length; i++)
        for (const flip of [0x01, 0x80, 0xff]) {
          const mutant = bytes.slice()
          mutant[i]! ^= flip
          try {
            decodeCommand(mutant)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
            refused++
          }
        }
      // A cut command is refused, or it is a shorter command; it is never read past its end.
      for (let end = 0; end < bytes.length; end++) {
        try {
          expect(decodeCommand(bytes.slice(0, end)).data.length).toBeLessThanOrEqual(Math.max(0, end - 5))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }
    }
    expect(refused).toBeGreaterThan(20)
  })
})
