import { readFileSync } from 'node:fs'
import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import {
  bitGroupCodec,
  compactCardCodec,
  decodeVerifyData,
  encodeVerifyData,
  type FingerRecord,
  fmrCodec,
  sortMinutiae,
  viewTemplate,
} from './index.ts'
import { recordFrom } from './record.ts'
import { type MinutiaeTemplate, templateFrom } from './template.ts'

// biome-ignore lint/suspicious/noExplicitAny: the shape of a vector file is checked by what the tests read from it
type Row = { id: number; comment: string; input: any; expected: any; result: string }
const file = new URL('../../../test-vectors/minutiae/minutiae.json', import.meta.url)
const groups = (JSON.parse(readFileSync(file, 'utf8')) as { groups: { name: string; tests: Row[] }[] }).groups
const rows = (name: string): Row[] => groups.find((group) => group.name === name)!.tests

test('every vector of the file is asserted below', () => {
  expect(groups.map(({ name, tests }) => `${name} ${tests.length}`)).toEqual([
    'record-valid 8',
    'record-invalid 7',
    'card-compact 10',
    'bit-group 4',
    'verify-data 3',
  ])
})

const plain = (record: FingerRecord) => ({
  width: record.width,
  height: record.height,
  resolutionX: record.resolutionX,
  resolutionY: record.resolutionY,
  captureEquipment: record.captureEquipment,
  views: record.views.map(({ position, view, impression, quality, minutiae: m, extended }) => ({
    position,
    view,
    impression,
    quality,
    minutiae: Array.from(m.x, (x, i) => ({ type: m.type[i], x, y: m.y[i], angle: m.angle[i], quality: m.quality[i] })),
    ...(extended.length === 0 ? {} : { ext: toHex(extended) }),
  })),
})

describe('ISO/IEC 19794-2:2005 record', () => {
  test.each(rows('record-valid'))('$id $comment', ({ input, expected }) => {
    const record = fmrCodec.decode(fromHex(input.record))
    expect(plain(record)).toEqual(expected)
    expect(toHex(fmrCodec.encode(record))).toBe(input.record)
  })

  test.each(rows('record-invalid'))('$id $comment is refused', ({ input }) => {
    expect(() => fmrCodec.decode(fromHex(input.record))).toThrow(DecodeError)
  })
})

describe('compact size card format', () => {
  // biome-ignore lint/suspicious/noExplicitAny: rows of a vector file
  const templateOf = ({ resolution, minutiae }: { resolution: number; minutiae: any[] }): MinutiaeTemplate => {
    const shape = recordFrom([{ template: templateFrom([]) }], { resolution })
    const column = (name: string) => minutiae.map((m) => m[name] ?? 0)
    const pixels = {
      x: Uint16Array.from(column('x')),
      y: Uint16Array.from(column('y')),
      angle: Uint8Array.from(column('angle')),
      type: Uint8Array.from(column('type')),
      quality: Uint8Array.from(column('quality')),
    }
    return viewTemplate({ ...shape, views: [{ ...shape.views[0]!, minutiae: pixels }] })
  }
  const order = (template: MinutiaeTemplate, words: string | undefined): MinutiaeTemplate => {
    if (words === undefined) return template
    const descending = words.includes('descending')
    return sortMinutiae(template, words.startsWith('x') ? 'x-then-y' : 'y-then-x', descending)
  }

  test.each(rows('card-compact'))('$id $comment', ({ input, expected, result }) => {
    if (input.minutiae !== undefined) {
      const encode = () => toHex(compactCardCodec.encode(order(templateOf(input), input.order)))
      if (result === 'valid') expect(encode()).toBe(expected.compact)
      else expect(encode).toThrow(InputError)
    } else if (result === 'invalid') expect(() => compactCardCodec.decode(fromHex(input.compact))).toThrow(DecodeError)
    else {
      const { x, y, angle, type } = compactCardCodec.decode(fromHex(input.compact))
      expect({ x: x[0]! / 10, y: y[0]! / 10, type: type[0], angle: angle[0]! / 4, degrees: (angle[0]! * 360) / 256 }).toEqual(expected)
    }
  })
})

describe('group of biometric information templates', () => {
  const hex = (value: number | undefined, bytes: number) => value?.toString(16).padStart(2 * bytes, '0')
  test.each(rows('bit-group'))('$id $comment', ({ input, expected, result }) => {
    if (result === 'invalid') {
      expect(() => bitGroupCodec.decode(fromHex(input.bitGroup))).toThrow(DecodeError)
      return
    }
    const templates = bitGroupCodec.decode(fromHex(input.bitGroup))
    expect({
      count: templates.length,
      templates: templates.map((t) => ({
        reference: hex(t.reference, 1),
        biometricType: hex(t.biometricType, 1),
        subtype: hex(t.subtype, 1),
        formatOwner: hex(t.formatOwner, 2),
        formatType: hex(t.formatType, 2),
        ...(t.parameters === undefined
          ? {}
          : {
              minMinutiae: t.parameters.minMinutiae,
              maxMinutiae: t.parameters.maxMinutiae,
              order: hex(t.parameters.order, 1),
              extended: hex(t.parameters.features, 1),
            }),
      })),
    }).toEqual(expected)
    expect(toHex(bitGroupCodec.encode(templates))).toBe(input.bitGroup)
  })
})

describe('VERIFY data', () => {
  test.each(rows('verify-data'))('$id $comment', ({ input, expected }) => {
    if (input.compact !== undefined) {
      const template = compactCardCodec.decode(fromHex(input.compact))
      expect(toHex(encodeVerifyData(template))).toBe(expected.template)
      expect(decodeVerifyData(fromHex(expected.template))).toEqual(template)
      expect(expected.command).toBe(`00210096${(expected.template.length / 2).toString(16).padStart(2, '0')}${expected.template}`)
    } else {
      const template = compactCardCodec.decode(new Uint8Array(3 * input.count))
      expect(compactCardCodec.encode(template)).toHaveLength(expected.compactLength)
      expect(encodeVerifyData(template)).toHaveLength(expected.templateLength)
    }
  })
})
