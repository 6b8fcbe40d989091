import { fromHex, InputError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bitGroupCodec,
  cardTemplate,
  compactCardCodec,
  fingerPosition,
  fingerSubtype,
  limitMinutiae,
  minutiaeOf,
  minutiaOrderOf,
  syntheticTemplate,
  templateFrom,
} from './index.ts'

const one = (x: number, y: number, quality: number, angle = 0) => ({ x, y, angle, type: 1, quality })

describe('cardTemplate', () => {
  test('begins at 0, 0, keeps the best within the limit, in the order that is asked for', () => {
    const template = templateFrom([one(900, 1200, 50), one(800, 1500, 90), one(1100, 1000, 10), one(850, 1300, 80)])
    const made = cardTemplate(template, { most: 3, order: 'x-then-y' })
    expect(minutiaeOf(made).map(({ x, y }) => [x, y])).toEqual([
      [0, 300],
      [50, 100],
      [100, 0],
    ])
    expect([...made.quality]).toEqual([0, 0, 0])
    const down = cardTemplate(template, { most: 3, order: 'y-then-x', descending: true })
    expect([...down.y]).toEqual([300, 100, 0])
  })

  test('a print wider than 25.5 mm loses its rim, on either side', () => {
    const wide = templateFrom([
      ...Array.from({ length: 21 }, (_, i) => one(1000 + 100 * i, 50 * i, 50)),
      one(-4000, 100, 100),
      one(9000, 100, 100),
    ])
    const made = cardTemplate(wide, { most: 60 })
    expect(made.count).toBe(21)
    expect(() => compactCardCodec.encode(made)).not.toThrow()
  })

  test('minutiae that become equal are told once, by the better one', () => {
    const template = templateFrom([one(0, 0, 50), one(500, 500, 20), one(502, 498, 70), one(503, 501, 60), one(1000, 0, 30)])
    expect(cardTemplate(template, { most: 60 }).count).toBe(3)
    expect(cardTemplate(template, { most: 2 }).x).toEqual(Int16Array.of(0, 500))
  })

  test('what it gives is a fixed point of the format, within the limit, and no other finger', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 80 }), (seed, most) => {
        const template = syntheticTemplate(seed)
        const made = cardTemplate(template, { most, order: 'x-then-y' })
        expect(made.count).toBeLessThanOrEqual(most)
        expect(compactCardCodec.decode(compactCardCodec.encode(made))).toEqual(made)
        expect(cardTemplate(made, { most, order: 'x-then-y' })).toEqual(made)
        expect(new Set(minutiaeOf(made).map((m) => JSON.stringify(m))).size).toBe(made.count)
        if (template.count <= most) expect(made.count).toBeGreaterThan(0.9 * template.count)
        expect(limitMinutiae(made, most)).toEqual(made)
      }),
      { numRuns: 60 },
    )
  })

  test('an empty print stays empty; a limit that is none is refused', () => {
    expect(cardTemplate(templateFrom([]), { most: 60 }).count).toBe(0)
    for (const most of [0, 256, 1.5]) expect(() => cardTemplate(templateFrom([]), { most })).toThrow(InputError)
  })
})

describe('what a card says of fingers', () => {
  test('every finger has a subtype of its own: side and finger', () => {
    const all = Array.from({ length: 10 }, (_, i) => fingerSubtype(i + 1)!)
    expect(all.map((subtype) => subtype.toString(16).padStart(2, '0'))).toEqual([
      '05',
      '09',
      '0d',
      '11',
      '15',
      '06',
      '0a',
      '0e',
      '12',
      '16',
    ])
    expect(all.map(fingerPosition)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(fingerSubtype(0)).toBeUndefined()
    expect([0, 1, 2, 4, 7, 0x18].map(fingerPosition)).toEqual(Array(6).fill(undefined))
    for (const position of [-1, 11, 1.5]) expect(() => fingerSubtype(position)).toThrow(InputError)
  })

  test('the order of minutiae by its byte', () => {
    expect([0x00, 0x01, 0x02].map(minutiaOrderOf)).toEqual([undefined, undefined, undefined])
    expect([0x05, 0x0a, 0x0d, 0x11].map(minutiaOrderOf)).toEqual([
      { order: 'x-then-y', descending: false },
      { order: 'y-then-x', descending: true },
      { order: 'angle', descending: false },
      { order: 'polar', descending: false },
    ])
    for (const byte of [0x04, 0x07, 0x15, 0x1d]) expect(() => minutiaOrderOf(byte)).toThrow(InputError)
  })

  // Field by field: 7F61 { 02 one, 7F60 { 83 reference, A1 { 80 version 1.1, 81 fingerprint, 82 right index, 83 creation, 84 creator, 85 validity, 86 product, 87 SC 37, 88 compact, B1 { 81 12..60, 82 x then y, 83 none } } } }
  const whole = [
    ['7f61', '4a', '020101'],
    ['7f60', '44', '830196'],
    ['a1', '3f', '80020101', '810108', '820109'],
    ['8307', '20261004101500', '8406', '4b6172742030', '8508', '2026100420331003', '8604', '01010003'],
    ['87020101', '88020005', 'b10a', '8102', '0c3c', '820105', '830100'],
  ]
    .flat()
    .join('')
  const information = {
    reference: 0x96,
    headerVersion: 0x0101,
    biometricType: 0x08,
    subtype: 0x09,
    creation: fromHex('20261004101500'),
    creator: fromHex('4b6172742030'),
    validity: fromHex('2026100420331003'),
    product: fromHex('01010003'),
    formatOwner: 0x0101,
    formatType: 0x0005,
    parameters: { minMinutiae: 12, maxMinutiae: 60, order: 0x05, features: 0 },
  }

  test('a template with every field of its header, both directions', () => {
    expect(toHex(bitGroupCodec.encode([information]))).toBe(whole)
    expect(bitGroupCodec.decode(fromHex(whole))).toEqual([information])
  })

  test.each([
    ['creation', '8307', '8306', '20261004101500', '202610041015'],
    ['validity', '8508', '8507', '2026100420331003', '20261004203310'],
  ])('refuses %s of another length', (name, tag, other, value, short) => {
    const cut = whole.replace(tag + value, other + short)
    const shorter = (hex: string) => (Number.parseInt(hex, 16) - 1).toString(16)
    const mended = cut
      .replace('7f614a', `7f61${shorter('4a')}`)
      .replace('7f6044', `7f60${shorter('44')}`)
      .replace('a13f', `a1${shorter('3f')}`)
    expect(() => bitGroupCodec.decode(fromHex(mended))).toThrow(name)
    expect(() => bitGroupCodec.encode([{ ...information, [name]: new Uint8Array(1) }])).toThrow(InputError)
  })
})
