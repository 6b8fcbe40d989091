import { readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { inspectTemplate } from './concerns.ts'
import { decodeTemplates } from './format.ts'
import { imageOf } from './record.ts'
import { syntheticImpression, syntheticTemplate } from './synthetic.ts'
import { type Minutia, type MinutiaeTemplate, minutiaeOf, templateFrom } from './template.ts'

const frame = { width: 500, height: 500, resolutionX: 197, resolutionY: 197 }
const codes = (template: MinutiaeTemplate, image = frame) =>
  inspectTemplate(template, image).map(({ code, unusable }) => `${code}${unusable ? '!' : ''}`)
const grid = (step: number, turn = 0) =>
  templateFrom(
    Array.from({ length: 255 }, (_, i): Minutia => {
      const [u, v] = [(i % 16) * step, Math.floor(i / 16) * step]
      return {
        x: Math.round(1200 + (u - 8 * step) * Math.cos(turn) - (v - 8 * step) * Math.sin(turn)),
        y: Math.round(1200 + (u - 8 * step) * Math.sin(turn) + (v - 8 * step) * Math.cos(turn)),
        angle: (i * 37) & 0xff,
        type: 1,
        quality: 100,
      }
    }),
  )

describe('sound templates', () => {
  test('NIST’s samples and synthetic ones raise nothing that makes them unusable', () => {
    for (const name of ['nist/fmr.iso2005', 'nist/fmr.ansi2004', 'specimen/finger-enrolled.fmr']) {
      const { record, templates } = decodeTemplates(new Uint8Array(readFileSync(new URL(`../../../test-vectors/${name}`, import.meta.url))))
      for (const [k, template] of templates.entries()) expect(inspectTemplate(template, imageOf(record!, record!.views[k]!))).toEqual([])
    }
    for (let seed = 0; seed < 300; seed++)
      for (const manner of ['fjfx', 'mindtct', 'sourceafis'] as const) {
        const template = syntheticTemplate(seed, { manner })
        for (const one of [template, syntheticImpression(template, seed).template])
          expect(inspectTemplate(one).filter(({ code, unusable }) => unusable && code !== 'too-few-minutiae')).toEqual([])
      }
  })
})

describe('templates that no finger gives', () => {
  const sound = minutiaeOf(syntheticTemplate(5))

  test('a grid of 255, straight or turned, dense or wide', () => {
    expect(codes(grid(100))).toContain('grid!')
    expect(codes(grid(140, 0.3))).toContain('grid!')
    expect(codes(grid(15))).toEqual(expect.arrayContaining(['grid!', 'too-dense!']))
  })

  test('all of one angle, also where it is near 0', () => {
    expect(codes(templateFrom(sound.map((m) => ({ ...m, angle: 77 }))))).toEqual(['one-angle!'])
    expect(codes(templateFrom(sound.map((m, i) => ({ ...m, angle: i % 2 === 0 ? 254 : 1 }))))).toEqual(['one-angle!'])
  })

  test('every minutia twice', () => {
    expect(codes(templateFrom([...sound, ...sound].slice(0, 255)))).toEqual(['duplicates!'])
  })

  test('all in one place', () => {
    expect(codes(templateFrom(sound.map((m) => ({ ...m, x: 500, y: 500 }))))).toContain('duplicates!')
  })

  test('outside the image: a few are said, many make it unusable', () => {
    const right = Math.max(...sound.map(({ x }) => x))
    expect(codes(templateFrom(sound), { ...frame, width: Math.floor((right * 197) / 1000) })).toEqual(['outside-image'])
    expect(codes(templateFrom(sound), { ...frame, width: 100 })).toEqual(['outside-image!'])
    // some writers leave the image size 0
    expect(codes(templateFrom(sound), { ...frame, width: 0, height: 0 })).toEqual([])
  })

  test('resolutions that no sensor has, or few', () => {
    expect(codes(templateFrom(sound), { width: 0, height: 0, resolutionX: 500, resolutionY: 5 })).toEqual(['odd-resolution!'])
    expect(codes(templateFrom(sound), { width: 0, height: 0, resolutionX: 98, resolutionY: 197 })).toEqual(['odd-resolution'])
    expect(codes(templateFrom(sound), { width: 0, height: 0, resolutionX: 394, resolutionY: 394 })).toEqual([])
  })

  test('larger than a finger', () => {
    expect(codes(templateFrom(sound.map((m) => ({ ...m, x: 6 * m.x }))), { ...frame, width: 0 })).toContain('too-large!')
  })

  test.each([
    [0, ['too-few-minutiae!']],
    [5, ['too-few-minutiae!']],
    [6, ['few-minutiae']],
    [12, []],
  ])('%d minutiae', (count, expected) => {
    expect(codes(templateFrom(sound.slice(0, count)))).toEqual(expected)
  })

  test('the worst first, each in words with its figure', () => {
    const [first, second] = inspectTemplate(templateFrom(sound.slice(0, 3)), { ...frame, resolutionX: 98, resolutionY: 98 })
    expect(first!.detail).toBe('too few minutiae: 3, where 6 are the least')
    expect(second!.detail).toContain('98 x 98 pixels a cm')
  })

  test('arrays that do not agree are refused', () => {
    expect(() => inspectTemplate({ ...templateFrom(sound), count: 3 })).toThrow(InputError)
  })
})
