import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeTemplate, syntheticImpression, syntheticTemplate, templateFrom } from '@kart/minutiae'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare, prepare } from '../reference.ts'
import { failedStrength } from './compare-part.ts'
import { evaluate, evaluateFolder } from './evaluate.ts'
import { readImpressions } from './folder.ts'
import { pairsOf } from './protocol.ts'

const place = (finger: number, first: boolean) => ({ finger, first })

describe('protocols', () => {
  const places = [place(0, true), place(0, false), place(1, true), place(1, false), place(2, true)]

  test('fvc: both genuine pairs, and the first impressions of every two fingers', () => {
    expect([...pairsOf(places, 'fvc')]).toEqual([
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 0],
      [4, 2],
    ])
  })

  test('extended: every unordered pair once', () => {
    expect([...pairsOf(places, 'extended')]).toHaveLength(10)
  })

  test('the sets of the FVC competitions: 100 fingers of 8 impressions are 2,800 genuine and 4,950 impostor pairs', () => {
    const fvc = Array.from({ length: 800 }, (_, k) => place(k >> 3, (k & 7) === 0))
    const pairs = [...pairsOf(fvc, 'fvc')]
    expect(pairs.filter(([p, q]) => fvc[p]!.finger === fvc[q]!.finger)).toHaveLength(2800)
    expect(pairs).toHaveLength(2800 + 4950)
  })
})

describe('a folder of impressions', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kart-evaluation-'))
    const write = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes)
    for (let finger = 1; finger <= 3; finger++) {
      const template = syntheticTemplate(finger)
      write(`${finger}_1.fmr`, encodeTemplate(template, 'iso-19794-2-2005'))
      write(`${finger}_2.fmr`, encodeTemplate(syntheticImpression(template, 1).template, 'iso-19794-2-2005'))
    }
    write('10_2.fmr', encodeTemplate(templateFrom([]), 'iso-19794-2-2005'))
    write('10_3.fmr', Uint8Array.of(1, 2, 3, 4))
    write('notes.txt', Uint8Array.of(1))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('fingers by number, firsts by lowest impression, failures with their reason', () => {
    const { fingers, impressions, failures } = readImpressions(folder)
    expect(fingers).toEqual(['1', '2', '3', '10'])
    expect(impressions.map(({ file, first }) => `${file}${first ? ' first' : ''}`)).toEqual([
      '1_1.fmr first',
      '1_2.fmr',
      '2_1.fmr first',
      '2_2.fmr',
      '3_1.fmr first',
      '3_2.fmr',
      '10_2.fmr first',
      '10_3.fmr',
    ])
    expect(failures[0]).toEqual({ file: '10_2.fmr', problem: 'no minutiae' })
    expect(failures[1]!.file).toBe('10_3.fmr')
    expect(failures[1]!.problem).toContain('neither a record')
  })

  test('failures to enrol score lowest and count: one genuine pair of four can never match', async () => {
    const seen: [number, number][] = []
    const result = await evaluateFolder(folder, { protocol: 'extended', progress: (done, all) => seen.push([done, all]) })
    expect([result.fingers, result.templates, result.genuine, result.impostors]).toEqual([4, 8, 4, 24])
    expect(result.rates!.zeroFmr.rate).toBe(0.25)
    expect(result.rates!.fmr10000).toBeUndefined()
    expect(result.curve[0]).toEqual({ threshold: failedStrength, fmr: 1, fnmr: 0 })
    expect(seen.at(-1)).toEqual([28, 28])
    expect(result.thresholds.find(({ threshold }) => threshold === 'fmr1e-4')).toEqual({
      threshold: 'fmr1e-4',
      score: 40,
      fmr: 0,
      fnmr: 0.25,
    })
  })

  test('the scores are those of the matcher', async () => {
    const { curve } = await evaluateFolder(folder, { protocol: 'fvc' })
    const one = prepare(syntheticTemplate(1))
    const two = prepare(syntheticTemplate(2))
    expect(curve.map(({ threshold }) => threshold)).toContain(compare(one, two).strength)
  })

  test('a folder without pairs has no rates', async () => {
    const result = await evaluate({ fingers: [], impressions: [], failures: [] }, { protocol: 'fvc' })
    expect([result.rates, result.genuine, result.curve]).toEqual([undefined, 0, []])
  })
})
