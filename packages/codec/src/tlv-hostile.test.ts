import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from './bytes.ts'
import { CardError, DecodeError, LimitError } from './errors.ts'
import { countedBytes } from './testing/counted-bytes.ts'
import { vectorFiles } from './testing/vectors.ts'
import { decodeTlv, decodeTlvList, encodeTlv, readTlvHeader, type TlvLimits } from './tlv.ts'

const modes = [
  {},
  { minimalLength: true },
  { padding: true },
  { constructed: false },
  { depth: 3, nodes: 5 },
] as const satisfies readonly TlvLimits[]

/** Runs a decoder; whatever it throws must be ours. Says whether it refused. */
function refuses(decode: () => unknown): boolean {
  try {
    decode()
    return false
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LimitError) return true
    throw error
  }
}

describe('BER-TLV against any input', () => {
  it('throws nothing but DecodeError and LimitError', () => {
    const shaped = fc.array(fc.oneof(fc.constantFrom(0x00, 0x1f, 0x30, 0x5f, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x85, 0xff), fc.nat(255)), {
      maxLength: 80,
    })
    fc.assert(
      fc.property(
        shaped.map((bytes) => Uint8Array.from(bytes)),
        fc.constantFrom(...modes),
        (bytes, mode) => {
          refuses(() => decodeTlvList(bytes, mode))
          refuses(() => decodeTlv(bytes, 0x30, mode))
          refuses(() => readTlvHeader(bytes, 0, mode))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  it('holds on real files with every byte flipped', () => {
    const flips = [0x01, 0x80, 0xff, 0x20, 0x1f]
    let refused = 0
    let taken = 0
    for (const { bytes } of vectorFiles('lds', /\.(bin|cer)$/)) {
      expect(refuses(() => decodeTlvList(bytes))).toBe(false)
      for (let i = 0; i < bytes.length; i++)
        for (const flip of flips) {
          const mutant = bytes.slice()
          mutant[i]! ^= flip
          if (refuses(() => decodeTlvList(mutant, modes[1]))) refused++
          else taken++
        }
    }
    // Both must happen often: a flip in a value goes through, a flip in a header does not.
    expect(refused).toBeGreaterThan(1000)
    expect(taken).toBeGreaterThan(1000)
  })

  it('refuses every real file cut short', () => {
    for (const { name, bytes } of vectorFiles('lds', /\.(bin|cer)$/))
      for (let end = 1; end < bytes.length; end++)
        expect(
          refuses(() => decodeTlv(bytes.slice(0, end))),
          `${name} cut to ${end}`,
        ).toBe(true)
  })
})

describe('BER-TLV takes linear work', () => {
  const deep = (levels: number, filler: number): Uint8Array => {
    let bytes = encodeTlv(0x04, new Uint8Array(filler))
    for (let i = 0; i < levels; i++) bytes = encodeTlv(0x30, bytes)
    return bytes
  }
  const wide = (objects: number): Uint8Array =>
    encodeTlv(
      0x30,
      Array.from({ length: objects }, () => encodeTlv(0x80, new Uint8Array(6))),
    )
  const liar = (objects: number): Uint8Array =>
    concatBytes(...Array.from({ length: objects }, () => Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff)))

  /** Bytes read and copied while decoding. */
  function work(bytes: Uint8Array, limits: TlvLimits): number {
    const counted = countedBytes(bytes)
    try {
      decodeTlvList(counted.bytes, limits)
    } catch (error) {
      if (!(error instanceof CardError)) throw error
    }
    return counted.count.reads
  }

  it.each([
    ['wide', (size: number) => wide(size / 8)],
    ['16 levels deep', (size: number) => deep(16, size)],
    ['17 levels deep, refused', (size: number) => deep(17, size)],
    ['one primitive value', (size: number) => encodeTlv(0x80, new Uint8Array(size))],
    ['lying lengths', (size: number) => liar(size / 8)],
    ['tags that do not end', (size: number) => new Uint8Array(size).fill(0xff)],
    ['padding', (size: number) => new Uint8Array(size)],
  ])('%s: never more than a fixed number of looks at a byte', (_name, make) => {
    for (const size of [1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16]) {
      const bytes = make(size)
      // One copy a level (17 levels), the header bytes, and the look for padding.
      expect(work(bytes, { padding: true, nodes: 1_000_000 })).toBeLessThanOrEqual(20 * bytes.length + 64)
    }
  })

  it('is counted by a counter that counts', () => {
    expect(work(encodeTlv(0x80, new Uint8Array(1000)), {})).toBeGreaterThan(1000)
  })
})
