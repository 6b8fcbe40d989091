import { describe, expect, test } from 'vitest'
import {
  decodeTemplates,
  detectFormat,
  encodeRecord,
  encodeTemplate,
  type FingerRecord,
  minutiaeOf,
  type RecordFormat,
  recordFrom,
  templateFrom,
} from './index.ts'

// Records as an unknown writer may make them: legal, but not what our own writer makes.
const formats: readonly RecordFormat[] = [
  'iso-19794-2-2005',
  'iso-19794-2-2011',
  'incits-378-2004',
  'incits-378-2007',
  'incits-378-2009',
  'incits-378-2009-am1',
]
const template = templateFrom(
  Array.from({ length: 9 }, (_, i) => ({
    x: 300 + 150 * i,
    y: 200 + 90 * ((i * 4) % 7),
    angle: (i * 64) & 0xff,
    type: i % 3,
    quality: 10 * i + 1,
  })),
)
const none = templateFrom([])

describe.each(formats)('%s', (format) => {
  test('views without minutiae beside others, each with extended data of its own, keep their places', () => {
    const made = recordFrom(
      [
        { template: none, position: 1 },
        { template, position: 2 },
        { template: none, position: 2, view: 1 },
        { template, position: 6 },
      ],
      { format },
    )
    const blocks = ['00010006aabb', '', '0003000511', '0101000401020008deadbeef']
    const views = made.views.map((view, k) => ({ ...view, extended: Uint8Array.from(Buffer.from(blocks[k]!, 'hex')) }))
    const record: FingerRecord = { ...made, views }
    const bytes = encodeRecord(record)
    expect(detectFormat(bytes)).toBe(format)
    const read = decodeTemplates(bytes)
    expect(read.templates.map(({ count }) => count)).toEqual([0, 9, 0, 9])
    expect(read.record!.views.map(({ position, view }) => [position, view])).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [6, 0],
    ])
    expect(read.record!.views.map(({ extended }) => Buffer.from(extended).toString('hex'))).toEqual(blocks)
    expect(encodeRecord(read.record!)).toEqual(bytes)
  })

  test('a record of one view without minutiae is read', () => {
    expect(decodeTemplates(encodeTemplate(none, format)).templates).toEqual([none])
  })

  test.each([
    [118, 118],
    [197, 118],
    [224, 197],
    [394, 394],
    [787, 787],
  ])('%i x %i pixels a cm: positions come back within half a pixel, either way', (resolution, resolutionY) => {
    const read = decodeTemplates(encodeTemplate(template, format, { resolution, resolutionY }))
    for (const [i, { x, y }] of minutiaeOf(read.templates[0]!).entries()) {
      expect(Math.abs(x - template.x[i]!)).toBeLessThanOrEqual(500 / resolution + 0.5)
      expect(Math.abs(y - template.y[i]!)).toBeLessThanOrEqual(500 / resolutionY + 0.5)
    }
    expect(encodeRecord(read.record!)).toEqual(encodeTemplate(template, format, { resolution, resolutionY }))
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15])('impression type %i', (impression) => {
    const { record } = decodeTemplates(encodeTemplate(template, format, { impression }))
    expect(record!.views[0]!.impression).toBe(impression)
  })

  test.each([254, 255])('a quality of %i, of a minutia or a finger, is none: read as not reported, and kept', (value) => {
    const made = recordFrom([{ template, quality: 80 }], { format })
    const [view] = made.views
    const quality = view!.minutiae.quality.slice().fill(value, 0, 4)
    const odd = { ...view!, quality: value, minutiae: { ...view!.minutiae, quality } }
    const bytes = encodeRecord({ ...made, views: [odd] })
    const read = decodeTemplates(bytes)
    expect(read.format).toBe(format)
    expect([...read.templates[0]!.quality]).toEqual([0, 0, 0, 0, ...template.quality.slice(4)])
    expect(read.record!.views[0]!.quality).toBe(value)
    expect(encodeRecord(read.record!)).toEqual(bytes)
  })

  test.each([
    ['no image size', { width: 0, height: 0 }],
    ['a size too small for its minutiae', { width: 20, height: 10 }],
    ['the largest there is', { width: 65535, height: 65535 }],
  ])('%s: the minutiae are read all the same', (_, size) => {
    const read = decodeTemplates(encodeTemplate(template, format, size))
    expect(read.templates[0]!.count).toBe(9)
    expect(read.record).toMatchObject(size)
  })
})
