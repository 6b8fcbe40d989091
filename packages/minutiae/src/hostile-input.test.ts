import { readFileSync } from 'node:fs'
import { CardError, concatBytes, equalBytes, fromHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bitGroupCodec,
  decodeBiometricData,
  decodeTemplates,
  encodeRecord,
  encodeTemplate,
  limitMinutiae,
  recordFrom,
  sortMinutiae,
  templateFormats,
  templateFrom,
} from './index.ts'

const nist = (name: string) => new Uint8Array(readFileSync(new URL(`../../../test-vectors/nist/${name}`, import.meta.url)))
const newer = (format: 'iso-19794-2-2011' | 'incits-378-2009' | 'incits-378-2009-am1') => {
  const sources = decodeTemplates(nist('fmr.iso2005')).templates.map((template, k) => ({ template, view: k, quality: 60 }))
  return encodeRecord(recordFrom(sources, { format }))
}
const seeds = {
  iso: nist('fmr.iso2005'),
  incits2004: nist('fmr.ansi2004'),
  incits2007: nist('fmr.ansi2007'),
  iso2011: newer('iso-19794-2-2011'),
  incits2009: newer('incits-378-2009'),
  incits2009Am1: newer('incits-378-2009-am1'),
  group: nist('TLVBIT.dat'),
  verify: fromHex('7f2e0e810c0a05400a98a1331940c86410'),
  features: fromHex('7f2e13a11190060a05400a98a19102010292030a0540'),
}

const decoders: readonly ((bytes: Uint8Array) => unknown)[] = [
  decodeTemplates,
  bitGroupCodec.decode,
  decodeBiometricData,
  ...templateFormats.map(
    ({ format }) =>
      (bytes: Uint8Array) =>
        decodeTemplates(bytes, format),
  ),
]

// Runs every decoder; the only throws let through are ours.
function refusesOrDecodes(bytes: Uint8Array): void {
  for (const decode of decoders) {
    try {
      decode(bytes)
    } catch (error) {
      if (!(error instanceof CardError) || !['decode', 'limit'].includes(error.code)) throw error
    }
  }
}

describe('no input makes a decoder throw anything but DecodeError or LimitError', () => {
  test('any bytes', () => {
    const marks = [
      fromHex('464d520020323000'),
      fromHex('464d520030333000'),
      fromHex('464d520030333500'),
      fromHex('7f2e'),
      fromHex('7f61'),
      new Uint8Array(0),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...marks), fc.uint8Array({ maxLength: 400 }), (mark, rest) => refusesOrDecodes(concatBytes(mark, rest))),
      { numRuns: 3000 },
    )
  })

  test.each(Object.keys(seeds) as (keyof typeof seeds)[])(
    '%s with every byte flipped, set to 00 and FF, and cut at every length',
    (name) => {
      const good = seeds[name]
      for (let i = 0; i < good.length; i++) {
        for (const value of [good[i]! ^ 0x01, good[i]! ^ 0x80, 0x00, 0xff]) {
          const bad = good.slice()
          bad[i] = value
          refusesOrDecodes(bad)
        }
        refusesOrDecodes(good.subarray(0, i))
      }
    },
  )

  test('a record that counts 255 views of 255 minutiae in 30 bytes is refused before anything is allocated for them', () => {
    const bytes = fromHex('464d5200203230000000001e0000012c019000c500c5ff00000000ff00ff')
    expect(() => decodeTemplates(bytes)).toThrow('255 minutiae need 1530 bytes, 2 left')
  })
})

describe('what is decoded is coded again', () => {
  test('a flipped record is refused, or gives its own bytes again but for a miscounted extended length', () => {
    for (const good of [seeds.iso, seeds.iso2011, seeds.incits2004, seeds.incits2007, seeds.incits2009, seeds.incits2009Am1]) {
      let accepted = 0
      for (let i = 0; i < 200; i++) {
        const changed = good.slice()
        changed[i]! ^= 0x04
        try {
          const { record } = decodeTemplates(changed)
          if (record === undefined) continue // the flip made the magic unknown
          accepted++
          const again = encodeRecord(record!)
          const differences = changed.reduce((sum, byte, k) => sum + Number(byte !== again[k]), 0)
          expect(again).toHaveLength(changed.length)
          expect(differences).toBeLessThanOrEqual(1)
        } catch (error) {
          if (!(error instanceof CardError)) throw error
        }
      }
      expect(accepted).toBeGreaterThan(100)
    }
  })

  const minutia = fc.record({ x: fc.nat(2550), y: fc.nat(2550), angle: fc.nat(255), type: fc.nat(2), quality: fc.nat(100) })
  const templates = fc.array(minutia, { minLength: 1, maxLength: 255 }).map(templateFrom)

  test('any template through every format: positions within half a unit, and the second coding equals the first', () => {
    const step = { 'card-normal': [0, 0], 'card-compact': [5, 2], 'card-template': [5, 2] } as Record<string, readonly [number, number]>
    fc.assert(
      fc.property(templates, fc.constantFrom(...templateFormats.map(({ format }) => format)), (template, format) => {
        const coded = encodeTemplate(template, format)
        const back = decodeTemplates(coded, format).templates[0]!
        const [distance, angle] = step[format] ?? [3, 1]
        expect(back.count).toBe(template.count)
        expect(back.type).toEqual(template.type)
        for (let i = 0; i < back.count; i++) {
          expect(Math.abs(back.x[i]! - template.x[i]!)).toBeLessThanOrEqual(distance)
          expect(Math.abs(back.y[i]! - template.y[i]!)).toBeLessThanOrEqual(distance)
          expect(Math.abs(((back.angle[i]! - template.angle[i]! + 128) & 0xff) - 128)).toBeLessThanOrEqual(angle)
        }
        expect(equalBytes(encodeTemplate(back, format), coded)).toBe(true)
      }),
    )
  })

  test('limiting keeps the best, sorting keeps all', () => {
    fc.assert(
      fc.property(templates, fc.nat(80), fc.constantFrom('x-then-y', 'y-then-x', 'angle', 'polar'), (template, limit, order) => {
        const kept = limitMinutiae(template, limit)
        expect(kept.count).toBe(Math.min(limit, template.count))
        const worstKept = Math.min(100, ...kept.quality)
        const better = [...template.quality].filter((quality) => quality > worstKept).length
        expect(better).toBeLessThanOrEqual(kept.count)
        expect([...sortMinutiae(template, order).x].sort()).toEqual([...template.x].sort())
      }),
    )
  })
})
