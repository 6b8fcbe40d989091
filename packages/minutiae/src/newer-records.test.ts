import { readFileSync } from 'node:fs'
import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeTemplates,
  detectFormat,
  encodeRecord,
  type FingerRecord,
  fmr2011Codec,
  incits2009Am1Codec,
  incits2009Codec,
  minutiaeOf,
  type RecordFormat,
  recordFrom,
  templateFrom,
  viewTemplate,
} from './index.ts'

// No outside sample of these formats could be had: the bytes below are written out field by field from the standards' tables.
const words = (...parts: string[]) => fromHex(parts.join('').replaceAll(' ', ''))

const first2011 = [
  '0000 0039', // representation length 57
  '07d5 0c 0f 11 23 14 0000', // 2005-12-15 17:35:20.000
  '00 abcd 00b5', // technology unknown, vendor, type
  '01 5a abcd 0123', // one quality block: 90
  '07 00', // left index finger, representation 0
  '00c5 018a', // 197 and 394 pixels a cm
  '00', // live plain
  '0200 0400', // 512 x 1024
  '61 03', // minutiae of six bytes, endings at ridge ends; three
  '4064 000e 50 5a', // ending at 100, 14; angle 80; quality 90
  '8037 0012 10 fe', // bifurcation at 55, 18; quality not reported
  '0029 003c 2a 00', // other at 41, 60; worst quality
  '0000', // no extended data
]
const second2011 = [
  '0000 002f', // 47
  'ffff ff ff ff ff ff ffff',
  '04 0000 0000',
  '00', // no quality block
  '32 01', // several fingers of the left hand (50), representation 1
  '00c5 00c5',
  '1d', // unknown impression
  '0200 0200',
  '50 01', // minutiae of five bytes, one
  '4001 0002 ff',
  '0008 0221 0008 01453c36', // eight bytes of extended data
]
const record2011 = words('464d5200 30333000', '00000077', '0002', '00', ...first2011, ...second2011)

const record2009 = (version: string, position: string, impression: string) =>
  words(
    `464d5200 ${version} 00`,
    '0000004f', // 79 bytes
    '0031 0001', // product
    '80 0102', // certified, device 258
    '02 00', // two views, reserved
    `${position} 00 ${impression} 5a 0031 0007`, // quality 90
    '0200 0400 00c5 018a',
    '02',
    '4064 000e 50 5a',
    '8037 0012 b3 ff', // angle 179, quality failed
    '0000',
    '02 01 00 fe 0000 0000', // quality not computed
    '0100 0100 00c5 00c5',
    '01',
    '0029 003c 2a fe',
    '0002 abcd',
  )

describe('ISO/IEC 19794-2:2011 record', () => {
  test('decode: every field', () => {
    const record = fmr2011Codec.decode(record2011)
    expect(record).toMatchObject({
      format: 'iso-19794-2-2011',
      captureEquipment: 0,
      width: 512,
      height: 1024,
      resolutionX: 197,
      resolutionY: 394,
    })
    const [one, two] = record.views
    expect(one).toMatchObject({ position: 7, view: 0, impression: 0, quality: 90 })
    expect(one!.image).toBeUndefined()
    expect(one!.representation).toMatchObject({
      deviceTechnology: 0,
      deviceVendor: 0xabcd,
      deviceType: 0xb5,
      qualityBlocks: [{ quality: 90, owner: 0xabcd, id: 0x123 }],
      ridgeEndings: 1,
      minutiaLength: 6,
    })
    expect(toHex(one!.representation!.captured)).toBe('07d50c0f1123140000')
    expect([...one!.minutiae.quality]).toEqual([90, 254, 0])
    expect(two).toMatchObject({ position: 50, view: 1, impression: 29, quality: 254 })
    expect(two!.image).toEqual({ width: 512, height: 512, resolutionX: 197, resolutionY: 197 })
    expect([...two!.minutiae.quality]).toEqual([254])
    expect(toHex(two!.extended)).toBe('0221000801453c36')
  })

  test('the template: each axis by its own resolution, no quality as 0, the worst as 1', () => {
    const template = viewTemplate(fmr2011Codec.decode(record2011), 0)
    expect(minutiaeOf(template)).toEqual([
      { x: 508, y: 36, angle: 80, type: 1, quality: 90 },
      { x: 279, y: 46, angle: 16, type: 2, quality: 0 },
      { x: 208, y: 152, angle: 42, type: 0, quality: 1 },
    ])
    expect(minutiaeOf(viewTemplate(fmr2011Codec.decode(record2011), 1))).toEqual([{ x: 5, y: 10, angle: 255, type: 1, quality: 0 }])
  })

  test('encode: the same bytes', () => {
    expect(toHex(fmr2011Codec.encode(fmr2011Codec.decode(record2011)))).toBe(toHex(record2011))
  })

  test('certification blocks go round, and the flag with them', () => {
    const certified = words(
      '464d5200 30333000',
      '00000035',
      '0001',
      '01',
      '00000026',
      ...second2011.slice(1, 4),
      '01 0001 02',
      '0200 00c5 00c5 00 0200 0200 5000 0000',
    )
    const record = fmr2011Codec.decode(certified)
    expect(toHex(record.views[0]!.representation!.certifications!)).toBe('000102')
    expect(fmr2011Codec.encode(record)).toEqual(certified)
  })

  const put = (at: number, hex: string) => {
    const bytes = record2011.slice()
    bytes.set(fromHex(hex), at)
    return bytes
  }
  test.each([
    ['a version of another kind', put(4, '30343000'), 'does not begin with "FMR"'],
    ['a record length that is not its own', put(8, '0000007d'), 'the length field says 125, 119 bytes are present'],
    ['no representation', put(12, '0000'), 'no representation'],
    ['more representations than there can be', put(12, '02c1'), '704 are the most'],
    ['a representation that is not there', put(12, '0003'), 'the representation length needs'],
    ['fewer representations than bytes', put(12, '0001'), '47 bytes left over'],
    ['a certification flag of 2', put(14, '02'), 'flag of 2'],
    ['a representation of no length', put(15, '00000003'), 'a representation length of 3'],
    ['a representation beyond the end', put(15, '000000ff'), 'a representation length of 255'],
    ['more quality blocks than bytes', put(33, 'ff'), 'finger quality'],
    ['a finger quality of 101', put(34, '65'), 'a finger quality of 101'],
    ['an unknown finger', put(39, '0b'), '11 is not a finger position'],
    ['view number 16', put(40, '10'), 'view number 16'],
    ['a resolution of 0', put(41, '0000'), 'a resolution of 0'],
    ['an unknown impression', put(45, '1e'), 'impression type 30'],
    ['minutiae of seven bytes', put(50, '71'), 'minutiae of 7 bytes'],
    ['a ridge ending type of 2', put(50, '62'), 'a ridge ending type of 2'],
    ['more minutiae than bytes', put(51, 'ff'), '255 minutiae need 1530 bytes'],
    ['a reserved minutia type', put(52, 'c0'), 'minutia type 3'],
    ['a reserved bit before y', put(54, '40'), 'reserved bits'],
    ['a minutia quality of 101', put(57, '65'), 'above 100'],
    ['extended data beyond the representation', put(70, '0001'), 'an extended data block of 1 bytes, 0 left'],
  ])('refuses %s', (_what, bytes, words) => {
    expect(() => fmr2011Codec.decode(bytes)).toThrow(DecodeError)
    expect(() => fmr2011Codec.decode(bytes)).toThrow(words)
  })

  test('refuses to write what it cannot hold', () => {
    const good = fmr2011Codec.decode(record2011)
    const [one] = good.views
    const bad = (change: object): FingerRecord => ({ ...good, views: [{ ...one!, ...change }] })
    for (const record of [
      { ...good, format: 'iso-19794-2-2005' as const },
      { ...good, views: [] },
      bad({ position: 11 }),
      bad({ impression: 30 }),
      bad({ quality: 5 }),
      bad({ representation: { ...one!.representation!, captured: new Uint8Array(8) } }),
      bad({ representation: { ...one!.representation!, minutiaLength: 5 } }),
      bad({ image: { width: 1, height: 1, resolutionX: 1, resolutionY: 1 } }),
      { ...good, resolutionX: 0 },
    ])
      expect(() => fmr2011Codec.encode(record)).toThrow(InputError)
  })
})

describe.each([
  { format: 'incits-378-2009', codec: incits2009Codec, bytes: record2009('303330', '02', '00'), position: 2, impression: 0 },
  { format: 'incits-378-2009-am1', codec: incits2009Am1Codec, bytes: record2009('303335', '2e', '1d'), position: 46, impression: 29 },
] as const)('$format record', ({ format, codec, bytes, position, impression }) => {
  test('decode: every field', () => {
    const record = codec.decode(bytes)
    expect(record).toMatchObject({
      format,
      captureEquipment: 0x800102,
      product: { owner: 0x31, type: 1 },
      width: 512,
      height: 1024,
      resolutionY: 394,
    })
    expect(record.views[0]).toMatchObject({ position, view: 0, impression, quality: 90, qualityAlgorithm: { owner: 0x31, id: 7 } })
    expect(record.views[1]).toMatchObject({
      position: 2,
      view: 1,
      quality: 254,
      image: { width: 256, height: 256, resolutionX: 197, resolutionY: 197 },
    })
    expect(toHex(record.views[1]!.extended)).toBe('abcd')
  })

  test('the template: angles of 2 degrees, failed and missing quality as 0', () => {
    const record = codec.decode(bytes)
    expect(minutiaeOf(viewTemplate(record, 0))).toEqual([
      { x: 508, y: 36, angle: 114, type: 1, quality: 90 },
      // 358 degrees are 254.58 of 256
      { x: 279, y: 46, angle: 255, type: 2, quality: 0 },
    ])
    expect(minutiaeOf(viewTemplate(record, 1))).toEqual([{ x: 208, y: 305, angle: 60, type: 0, quality: 0 }])
  })

  test('encode: the same bytes', () => {
    expect(toHex(codec.encode(codec.decode(bytes)))).toBe(toHex(bytes))
  })

  const put = (at: number, hex: string) => {
    const changed = bytes.slice()
    changed.set(fromHex(hex), at)
    return changed
  }
  test.each([
    ['another version', put(4, '20'), 'does not begin with "FMR"'],
    ['another length', put(8, '00000051'), 'the length field says 81'],
    ['no view', put(19, '00'), 'no view'],
    ['a reserved byte', put(20, '01'), 'the reserved byte is not 0'],
    ['more views than bytes', put(19, '03'), 'needs'],
    ['finger position 11', put(21, '0b'), '11 is not a finger position'],
    ['finger quality 101', put(24, '65'), 'finger quality is above 100'],
    ['a resolution of 0', put(33, '0000'), 'a resolution of 0'],
    ['angle 180', put(42, 'b4'), 'beyond a turn'],
    ['minutia quality 253', put(43, 'fd'), 'above 100'],
  ])('refuses %s', (_what, changed, words) => {
    expect(() => codec.decode(changed)).toThrow(DecodeError)
    expect(() => codec.decode(changed)).toThrow(words)
  })
})

describe('what each format may hold', () => {
  test('INCITS 378-2009 has neither positions of several fingers nor impression 29; its amendment has', () => {
    expect(() => incits2009Codec.decode(record2009('303330', '2e', '00'))).toThrow('46 is not a finger position')
    expect(() => incits2009Codec.decode(record2009('303330', '02', '1d'))).toThrow('impression type 29')
  })

  test('a record with one image for all takes no view of another', () => {
    const record = fmr2011Codec.decode(record2011)
    const views = record.views.map(({ representation: _, ...view }) => ({ ...view, position: 1, impression: 0, quality: 0 }))
    expect(() => encodeRecord({ ...record, format: 'iso-19794-2-2005', views })).toThrow('of different images')
  })
})

describe('detection among formats that share "FMR" and version', () => {
  const recordFormats = [
    'iso-19794-2-2005',
    'iso-19794-2-2011',
    'incits-378-2004',
    'incits-378-2007',
    'incits-378-2009',
    'incits-378-2009-am1',
  ] as const satisfies readonly RecordFormat[]
  const minutia = fc.record({ x: fc.nat(2000), y: fc.nat(2000), angle: fc.nat(255), type: fc.nat(2), quality: fc.nat(100) })
  const view = fc.record({
    template: fc.array(minutia, { maxLength: 40 }).map(templateFrom),
    position: fc.nat(10),
    view: fc.nat(15),
    impression: fc.nat(9),
  })

  test('any record of any format is found to be in that format, and comes back whole', () => {
    fc.assert(
      fc.property(
        fc.array(view, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...recordFormats),
        fc.record({
          resolution: fc.integer({ min: 60, max: 800 }),
          resolutionY: fc.integer({ min: 60, max: 800 }),
          captureEquipment: fc.nat(0xffff),
        }),
        fc.record({ owner: fc.nat(0xffff), type: fc.nat(0xffff) }),
        (views, format, options, product) => {
          const plain = recordFrom(views, {
            ...options,
            format,
            captureEquipment: format === 'iso-19794-2-2011' ? 0 : options.captureEquipment,
          })
          const record = plain.product === undefined ? plain : { ...plain, product }
          const bytes = encodeRecord(record)
          expect(detectFormat(bytes)).toBe(format)
          const { templates, record: back } = decodeTemplates(bytes)
          expect(encodeRecord(back!)).toEqual(bytes)
          for (const [k, { template }] of views.entries()) {
            expect(templates[k]!.type).toEqual(template.type)
            // half a pixel of 60 a cm is 8.4 hundredths of a millimetre
            for (let i = 0; i < template.count; i++) expect(Math.abs(templates[k]!.x[i]! - template.x[i]!)).toBeLessThanOrEqual(9)
          }
        },
      ),
    )
  })

  test('a broken record of 2011 is refused as one', () => {
    const cut = record2011.slice()
    cut[18] = 0x41
    expect(detectFormat(cut)).toBe('iso-19794-2-2011')
    expect(() => decodeTemplates(cut)).toThrow('ISO/IEC 19794-2:2011 record')
    expect(() => decodeTemplates(record2011.subarray(0, 15))).toThrow('ISO/IEC 19794-2:2011 record')
  })

  test('NIST’s sample of INCITS 378-2007 is still that', () => {
    const sample = new Uint8Array(readFileSync(new URL('../../../test-vectors/nist/fmr.ansi2007', import.meta.url)))
    expect(detectFormat(sample)).toBe('incits-378-2007')
  })
})

describe('the example that NIST’s samples hold, carried into the newer formats', () => {
  const iso = decodeTemplates(new Uint8Array(readFileSync(new URL('../../../test-vectors/nist/fmr.iso2005', import.meta.url))))
  test.each(['iso-19794-2-2011', 'incits-378-2009', 'incits-378-2009-am1'] as const)('%s: the same two fingers', (format) => {
    const sources = iso.record!.views.map(({ position, impression, quality }, k) => ({
      template: iso.templates[k]!,
      position,
      impression,
      quality,
    }))
    const { record, templates } = decodeTemplates(encodeRecord(recordFrom(sources, { format, width: 512, height: 512 })))
    expect(record!.views.map(({ position, quality, minutiae }) => [position, quality, minutiae.x.length])).toEqual([
      [7, 90, 27],
      [2, 70, 22],
    ])
    for (const [k, template] of templates.entries()) {
      expect(template.x).toEqual(iso.templates[k]!.x)
      expect(template.quality).toEqual(iso.templates[k]!.quality)
      for (let i = 0; i < template.count; i++)
        expect(Math.abs(((template.angle[i]! - iso.templates[k]!.angle[i]! + 128) & 0xff) - 128)).toBeLessThanOrEqual(
          format === 'iso-19794-2-2011' ? 0 : 1,
        )
    }
  })
})
