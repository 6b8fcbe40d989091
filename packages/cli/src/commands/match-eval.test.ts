import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeTemplate, syntheticImpression, syntheticTemplate } from '@kart/minutiae'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../program.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-eval-'))
const at = (name: string): string => join(folder, name)

async function kart(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      written[stream] += String(chunk)
      return true
    })
  return { code: await run(args), ...written }
}

beforeAll(() => {
  for (const set of ['a', 'b']) {
    mkdirSync(at(set))
    for (let finger = 1; finger <= 3; finger++)
      for (let impression = 1; impression <= 2; impression++)
        writeFileSync(
          join(at(set), `${finger}_${impression}.fmr`),
          encodeTemplate(syntheticImpression(syntheticTemplate(finger), impression).template, 'iso-19794-2-2005'),
        )
  }
  writeFileSync(join(at('b'), '3_3.fmr'), 'not a template')
  mkdirSync(at('empty'))
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kart match eval', () => {
  it('prints the rates of each folder and their means, and draws the curves', async () => {
    const { code, stdout } = await kart('match', 'eval', at('a'), at('b'), '--plot', at('det.svg'))
    expect(code).toBe(0)
    expect(stdout).toContain('3 fingers, 6 templates, 0 failed to enrol; 3 genuine and 12 impostor pairs')
    expect(stdout).toContain('3 fingers, 7 templates, 1 failed to enrol; 5 genuine and 16 impostor pairs')
    expect(stdout).toContain('failed to enrol, counted as score 0: 3_3.fmr')
    expect(stdout).toContain('mean of 2 folders')
    expect(readFileSync(at('det.svg'), 'utf8')).toContain('protocol extended')
  })

  it('gives one document with --json: the failure costs 2 of 5 genuine pairs', async () => {
    const { code, stdout } = await kart('match', 'eval', at('b'), '--protocol', 'fvc', '--json')
    const { protocol, folders, means } = JSON.parse(stdout)
    expect(code).toBe(0)
    expect(protocol).toBe('fvc')
    expect(folders[0].impostors).toBe(3)
    expect(folders[0].failures).toEqual([{ file: '3_3.fmr', problem: expect.any(String) }])
    expect(folders[0].rates.zeroFmr.rate).toBeCloseTo(0.4, 9)
    expect(means.ratesOfScore.zeroFmr).toBeCloseTo(0.4, 9)
  })

  it.each([
    [['match', 'eval', 'x', '--protocol', 'other'], 'no such protocol; one of fvc, extended'],
    [['match', 'eval', 'x', '--workers', '0'], 'not a whole number'],
    [['match', 'eval', join(folder, 'none')], 'no such file'],
    [['match', 'eval', join(folder, 'empty')], 'no file is named <finger>_<impression>.fmr'],
    [['match', 'eval', join(folder, 'a'), '--plot', folder], 'is a folder: name a file'],
  ])('%j is exit 2', async (args, words) => {
    const { code, stderr } = await kart(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(words)
  })
})
