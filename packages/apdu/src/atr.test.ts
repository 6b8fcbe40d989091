import { DecodeError, fromHex, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explainAtr, parseAtr } from './atr.ts'
import { parseHistoricalBytes } from './historical-bytes.ts'
import { vectorGroup } from './testing/vectors.ts'

interface Expected {
  ts: string
  t0: string
  interfaceBytes: Record<string, string>
  protocols: number[]
  fi?: number | null
  di?: number | null
  historicalBytes: string
  tckPresent: boolean
  tck?: string
  category?: string
  compactTlv?: { tag: string; value: string }[] | null
  statusIndicator?: string
  capabilities?: { selection: string; dataCoding: string; commandChaining: boolean; extendedLength: boolean; logicalChannels: number }
}

const rows = vectorGroup<{ atr: string }, Expected>('apdu-tlv-atr/atr.json', 'atr')
const valid = rows.filter(({ result }) => result === 'valid')
const hexByte = (value: number): string => value.toString(16).padStart(2, '0')

describe('ATR, outside vectors', () => {
  it.each(valid)('row $id $comment', ({ input, expected }) => {
    const atr = parseAtr(fromHex(input.atr))
    const historical = atr.historicalBytes
    expect(toHex(atr.bytes)).toBe(input.atr)
    expect(atr.convention).toBe(expected.ts)
    expect(hexByte(atr.t0)).toBe(expected.t0)
    expect(Object.fromEntries(atr.interfaceBytes.map(({ name, value }) => [name, hexByte(value)]))).toEqual(expected.interfaceBytes)
    expect(atr.protocols).toEqual(expected.protocols)
    expect(atr.fi).toBe(expected.fi ?? undefined)
    expect(atr.di).toBe(expected.di ?? undefined)
    expect(toHex(historical.bytes)).toBe(expected.historicalBytes)
    expect(atr.tck === undefined ? undefined : hexByte(atr.tck)).toBe(expected.tckPresent ? expected.tck : undefined)
    if (expected.category !== undefined) expect(hexByte(historical.category!)).toBe(expected.category)
    expect(historical.objects?.map(({ tag, value }) => ({ tag: tag.toString(16), value: toHex(value) }))).toEqual(
      expected.compactTlv ?? undefined,
    )
    if (expected.statusIndicator !== undefined) expect(toHex(historical.statusIndicator!)).toBe(expected.statusIndicator)
    const { capabilities } = historical
    expect(
      capabilities && {
        selection: hexByte(capabilities.selection),
        dataCoding: hexByte(capabilities.dataCoding!),
        commandChaining: capabilities.commandChaining,
        extendedLength: capabilities.extendedLength,
        logicalChannels: capabilities.logicalChannels,
      },
    ).toEqual(expected.capabilities)
  })

  it.each(rows.filter(({ result }) => result === 'invalid'))('P15 row $id $comment', ({ input }) => {
    expect(() => parseAtr(fromHex(input.atr))).toThrow(DecodeError)
    expect(() => explainAtr(fromHex(input.atr))).toThrow(DecodeError)
  })
})

/** Puts the right check byte behind an ATR. */
const withTck = (hex: string): Uint8Array => {
  const bytes = fromHex(hex)
  return Uint8Array.of(
    ...bytes,
    bytes.subarray(1).reduce((sum, byte) => sum ^ byte, 0),
  )
}

describe('ATR refusals', () => {
  it('P15 33 bytes are the most', () => {
    const allowed = withTck(`3bff111111f1111111f111111171111111${'41'.repeat(15)}`)
    expect(allowed.length).toBe(33)
    expect(parseAtr(allowed).interfaceBytes.length).toBe(15)
    const oneMore = withTck(`3bff111111f1111111f1111111f111111101${'41'.repeat(15)}`)
    expect(() => parseAtr(oneMore)).toThrow('34 bytes where at most 33')
  })

  it('P15 interface bytes that announce more without end', () => {
    expect(() => parseAtr(fromHex(`3b80${'80'.repeat(31)}`))).toThrow(DecodeError)
  })

  it.each([
    ['P15 wrong TCK', '3b8001 00', /./],
    ['P15 TCK missing', '3b808001', /TCK needs 1 bytes/],
    ['P15 byte left over with T=0', '3b0000', /1 bytes left over/],
    ['P15 byte left over after TCK', '3b8080010101', /1 bytes left over/],
    ['P15 TS alone', '3b', /T0/],
    ['P15 inverse TS as it stands on the line', '0300', /TS 03/],
    ['P15 historical bytes cut by one', '3b024d', /historical bytes needs 2 bytes, 1 left/],
    ['P15 compact object longer than the historical bytes', '3b038073c0', /compact object 7 claims 3 bytes, 1 left/],
    ['P15 compact object one byte longer than the historical bytes', '3b048073c021', /compact object 7 claims 3 bytes, 2 left/],
    ['P15 compact object with nothing behind it', '3b02 80 7f', /compact object 7 claims 15 bytes, 0 left/],
    ['P15 capabilities of four bytes', '3b06807401020304', /card capabilities/],
    ['P15 capabilities of no bytes', '3b028070', /card capabilities/],
    ['P15 status indicator of four bytes', '3b06808401020304', /status indicator of 4 bytes/],
    ['P15 category 00 without status indicator', '3b03000900', /category 00/],
  ])('%s', (_name, hex, message) => {
    expect(() => parseAtr(fromHex(hex))).toThrow(DecodeError)
    expect(() => parseAtr(fromHex(hex))).toThrow(message)
  })

  it('takes the inverse convention, T=15, and capabilities of one byte', () => {
    expect(parseAtr(fromHex('3f00')).convention).toBe('inverse')
    const global = parseAtr(withTck('3b80801f01'))
    expect(global.protocols).toEqual([0, 15])
    const short = parseHistoricalBytes(fromHex('8071c0')).capabilities
    expect(short).toEqual({
      selection: 0xc0,
      dataCoding: undefined,
      commandChaining: false,
      extendedLength: false,
      extendedLengthInfoInEfAtr: false,
      logicalChannels: 1,
    })
    expect(parseHistoricalBytes(fromHex('8073c021e7')).capabilities).toMatchObject({
      commandChaining: true,
      extendedLength: true,
      extendedLengthInfoInEfAtr: true,
      logicalChannels: 8,
    })
  })

  it('P15 throws nothing but DecodeError, whatever comes', () => {
    const shaped = fc.tuple(fc.constantFrom(0x3b, 0x3f), fc.uint8Array({ maxLength: 40 })).map(([ts, rest]) => Uint8Array.of(ts, ...rest))
    let taken = 0
    fc.assert(
      fc.property(shaped, (bytes) => {
        try {
          explainAtr(bytes)
          taken++
        } catch (error) {
          if (!(error instanceof DecodeError)) throw error
        }
      }),
      { numRuns: 10_000 },
    )
    expect(taken).toBeGreaterThan(0)
  })

  it('P15 holds on real ATRs with every byte flipped or cut; a flip under a check byte is always found', () => {
    for (const { input, expected } of valid) {
      const bytes = fromHex(input.atr)
      for (let end = 0; end < bytes.length; end++) expect(() => parseAtr(bytes.slice(0, end))).toThrow(DecodeError)
      for (let i = 0; i < bytes.length; i++)
        for (let bit = 0; bit < 8; bit++) {
          const mutant = bytes.slice()
          mutant[i]! ^= 1 << bit
          let accepted = true
          try {
            parseAtr(mutant)
          } catch (error) {
            accepted = false
            expect(error).toBeInstanceOf(DecodeError)
          }
          // The check byte covers T0 to the last historical byte; TS is no part of it, and has another valid value. A flip in a TD byte may do away with the check byte.
          const inHistorical = i >= bytes.length - 1 - expected.historicalBytes.length / 2
          if (expected.tckPresent && inHistorical) expect(accepted).toBe(false)
        }
    }
  })
})

describe('explainAtr', () => {
  it('says in plain words what the reference card offers', () => {
    expect(explainAtr(fromHex('3B8D80018031FE739621C0554F7345494466'))).toEqual([
      'convention: direct',
      'protocols: T=0, T=1',
      'interface bytes: TD1=80 TD2=01',
      'form: the one that readers also make up for contactless cards',
      'historical bytes: 80 31 FE 73 96 21 C0 55 4F 73 45 49 44',
      'card service data: FE',
      'card capabilities: 96 21 C0',
      'card issuer’s data: 4F 73 45 49 44 “OsEID”',
      'command chaining: yes',
      'extended length: yes',
      'logical channels: 1',
      'check byte 66: right',
    ])
  })

  it('tells the speed, text, and the absence of things', () => {
    expect(explainAtr(fromHex('3b7f96000080318065b085040011120fff829000'))).toContain('speed: Fi 512, Di 32 (250 kbit/s at 4 MHz)')
    expect(explainAtr(fromHex('3b3b7f380000006a444e496520024c'))).toContain('speed: TA1 holds a reserved value')
    expect(explainAtr(fromHex('3b8580014d7945494478'))).toContain('historical bytes: 4D 79 45 49 44 “MyEID”')
    expect(explainAtr(fromHex('3b00'))).toEqual(['convention: direct', 'protocols: T=0', 'no historical bytes', 'no check byte (only T=0)'])
  })
})
