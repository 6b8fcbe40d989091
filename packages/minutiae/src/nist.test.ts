import { readFileSync } from 'node:fs'
import { DecodeError } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { bitGroupCodec, decodeTemplates, detectFormat, encodeRecord, fmrCodec, type MinutiaeTemplate, minutiaeOf } from './index.ts'

const nist = (name: string) => new Uint8Array(readFileSync(new URL(`../../../test-vectors/nist/${name}`, import.meta.url)))

describe('NIST sample records', () => {
  const right = [7, 90, 27, 0]
  test.each([
    { name: 'fmr.iso2005', format: 'iso-19794-2-2005', views: [right, [2, 70, 22, 41]], miscounted: { claimed: 42, from: 371 - 41 } },
    {
      name: 'fmr.ansi2004',
      format: 'incits-378-2004',
      views: [right, [2, 70, 22, 11], [3, 69, 28, 721]],
      miscounted: { claimed: 719, from: 1238 - 721 },
    },
    { name: 'fmr.ansi2007', format: 'incits-378-2007', views: [right, [2, 70, 22, 11]], miscounted: undefined },
  ])('$name: views, counts, and the same bytes again but for a miscounted length', ({ name, format, views, miscounted }) => {
    const bytes = nist(name)
    expect(detectFormat(bytes)).toBe(format)
    const { record } = decodeTemplates(bytes)
    expect(record!.views.map((v) => [v.position, v.quality, v.minutiae.x.length, v.extended.length])).toEqual(views)
    expect([record!.width, record!.height, record!.resolutionX, record!.resolutionY]).toEqual([512, 512, 197, 197])
    if (miscounted !== undefined) {
      const length = new DataView(bytes.buffer, miscounted.from - 2, 2)
      expect(length.getUint16(0)).toBe(miscounted.claimed)
      length.setUint16(0, bytes.length - miscounted.from)
    }
    expect(encodeRecord(record!)).toEqual(bytes)
  })

  test('the ISO and the INCITS record hold the same two fingers, angles within half a unit of 2 degrees', () => {
    const iso = decodeTemplates(nist('fmr.iso2005')).templates
    for (const name of ['fmr.ansi2004', 'fmr.ansi2007']) {
      const incits = decodeTemplates(nist(name)).templates
      for (const index of [0, 1]) {
        const without = (t: MinutiaeTemplate) => minutiaeOf(t).map(({ angle: _, ...rest }) => rest)
        expect(without(incits[index]!)).toEqual(without(iso[index]!))
        for (let i = 0; i < iso[index]!.count; i++) {
          const difference = ((incits[index]!.angle[i]! - iso[index]!.angle[i]! + 128) & 0xff) - 128
          expect(Math.abs(difference)).toBeLessThanOrEqual(1)
        }
      }
    }
  })

  test('the match-on-card group (TLVBIT.dat): two fingers, 12 to 64 minutiae, polar ascending', () => {
    const parameters = { minMinutiae: 12, maxMinutiae: 64, order: 0x11, features: 0 }
    const bytes = nist('TLVBIT.dat')
    expect(bitGroupCodec.decode(bytes)).toEqual([
      { biometricType: 8, subtype: 2, formatOwner: 0xdead, formatType: 0xbeef, parameters },
      { biometricType: 8, subtype: 7, formatOwner: 0xbeef, formatType: 0xdead, parameters },
    ])
    expect(bitGroupCodec.encode(bitGroupCodec.decode(bytes))).toEqual(bytes)
  })

  test('records of other kinds are refused', () => {
    for (const name of ['face01.iso2005', 'type9.an2k', 'type9-13.an2k', 'img.wsq'])
      expect(() => fmrCodec.decode(nist(name))).toThrow(DecodeError)
  })
})
