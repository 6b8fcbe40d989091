import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeTemplate, minutiaeOf, syntheticImpression, syntheticTemplate, templateFrom } from '@kart/minutiae'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../program.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-identify-'))
const prints = join(folder, 'prints')
const gallery = join(folder, 'people.gallery')
const probe = join(folder, 'live.fmr')
const record = (seed: number, again = false) => {
  const template = syntheticTemplate(seed)
  return encodeTemplate(again ? syntheticImpression(template, seed).template : template, 'iso-19794-2-2005')
}

/** Runs `kart` with --json and gives its exit code and document. */
async function kart(...args: string[]): Promise<{ code: number; document: Record<string, unknown> }> {
  let text = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  try {
    const code = await run([...args, '--json'])
    return { code, document: JSON.parse(text) }
  } finally {
    write.mockRestore()
  }
}

beforeAll(() => {
  mkdirSync(prints)
  for (let seed = 1; seed <= 30; seed++) writeFileSync(join(prints, `p${seed}_1.fmr`), record(seed))
  writeFileSync(join(prints, 'broken.fmr'), new Uint8Array([1, 2, 3, 4, 5, 6, 7]))
  writeFileSync(probe, record(17, true))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a gallery is built from a folder, searched, and found damaged when it is', async () => {
  const built = await kart('gallery', 'build', prints, '-o', gallery)
  expect(built).toMatchObject({ code: 0, document: { people: 30, records: 30, refused: [{ file: 'broken.fmr' }] } })
  expect(await kart('gallery', 'info', gallery)).toMatchObject({
    code: 0,
    document: { records: 30, removed: 0, damaged: [], synthetic: false },
  })

  for (const mode of ['exhaustive', 'cascade']) {
    const found = await kart('identify', '--gallery', gallery, probe, '--mode', mode, '--workers', '1', '--top', '3')
    expect(found).toMatchObject({ code: 0, document: { mode, complete: true, searched: 30, results: [{ status: 'searched' }] } })
    expect(found.document).toMatchObject({
      results: [{ candidates: [{ person: 'p17' }], reaching: 1 }],
      threshold: { score: 40, overAll: 55, highestScore: 100 },
    })
  }
  const answers: { code: number; results: unknown }[] = []
  for (const kernel of ['wasm', 'typed-arrays', 'reference']) {
    const { code, document } = await kart('identify', '--gallery', gallery, probe, '--kernel', kernel, '--workers', '1')
    answers.push({ code, results: document.results })
  }
  expect(answers).toEqual(answers.map(() => answers[0]))
  writeFileSync(join(folder, 'stranger.fmr'), record(900))
  expect((await kart('identify', '--gallery', gallery, join(folder, 'stranger.fmr'), '--workers', '1')).code).toBe(1)

  const bytes = new Uint8Array(readFileSync(gallery))
  bytes[6000]! ^= 1
  writeFileSync(gallery, bytes)
  expect(await kart('gallery', 'info', gallery)).toMatchObject({ code: 3, document: { damaged: [0] } })
  expect(await kart('identify', '--gallery', gallery, probe, '--workers', '1')).toMatchObject({
    code: 3,
    document: { complete: false, refused: 30 },
  })
})

test('a template that is meant to match everyone is neither enrolled nor searched for', async () => {
  const poisoned = join(folder, 'poisoned')
  mkdirSync(poisoned)
  const grid = templateFrom(
    Array.from({ length: 250 }, (_, i) => ({
      x: 100 * (i % 16),
      y: 100 * Math.floor(i / 16),
      angle: (i * 37) & 0xff,
      type: 1,
      quality: 90,
    })),
  )
  writeFileSync(join(poisoned, 'grid_1.fmr'), encodeTemplate(grid, 'iso-19794-2-2005'))
  writeFileSync(join(poisoned, 'few_1.fmr'), encodeTemplate(templateFrom(minutiaeOf(syntheticTemplate(1)).slice(0, 5)), 'iso-19794-2-2005'))
  writeFileSync(join(poisoned, 'p1_1.fmr'), record(1))
  const file = join(folder, 'poisoned.gallery')
  expect(await kart('gallery', 'build', poisoned, '-o', file)).toMatchObject({
    code: 0,
    document: {
      records: 1,
      refused: [
        { file: 'few_1.fmr', problem: expect.stringContaining('too few minutiae: 5') },
        { file: 'grid_1.fmr', problem: expect.stringContaining('grid') },
      ],
    },
  })
  const found = await kart(
    'identify',
    '--gallery',
    file,
    join(poisoned, 'grid_1.fmr'),
    join(poisoned, 'p1_1.fmr'),
    join(poisoned, 'few_1.fmr'),
    '--workers',
    '1',
  )
  expect(found).toMatchObject({
    code: 1,
    document: {
      results: [
        { status: 'unusable', candidates: [], reaching: 0, concerns: [{ code: 'grid', unusable: true }] },
        { status: 'searched', candidates: [{ person: 'p1' }], reaching: 1, concerns: [] },
        { status: 'too-few-minutiae', candidates: [], reaching: 0, concerns: [{ code: 'too-few-minutiae' }] },
      ],
    },
  })
  expect(await kart('identify', '--gallery', file, join(poisoned, 'grid_1.fmr'))).toMatchObject({
    code: 1,
    document: { results: [{ status: 'unusable' }] },
  })
})

test('an invented gallery says that it is synthetic', async () => {
  const file = join(folder, 'synthetic.gallery')
  expect(await kart('gallery', 'synth', '20', '--fingers', '2', '-o', file)).toMatchObject({
    code: 0,
    document: { records: 40, synthetic: true },
  })
  expect(await kart('identify', '--gallery', file, probe, '--workers', '1')).toMatchObject({ document: { synthetic: true } })
})

test('no file is written over unless told', async () => {
  const precious = join(folder, 'precious.key')
  for (const args of [
    ['gallery', 'synth', '3', '-o', precious],
    ['gallery', 'build', prints, '-o', precious],
    ['minutiae', probe, '--to', 'card-compact', '-o', precious],
    ['match', probe, probe, '--explain', precious],
    ['match', 'eval', prints, '--plot', precious],
  ]) {
    writeFileSync(precious, 'secret')
    expect(await kart(...args), args.join(' ')).toMatchObject({
      code: 2,
      document: { error: { message: expect.stringMatching(/is there already/) } },
    })
    expect(readFileSync(precious, 'utf8')).toBe('secret')
    expect(await kart(...args, '--force'), args.join(' ')).toMatchObject({ code: 0 })
    expect(readFileSync(precious, 'utf8')).not.toBe('secret')
  }
  expect((await kart('minutiae', probe, '--to', 'card-compact', '-o', probe, '--force')).code).toBe(2)
})

test('what is no gallery is said in plain words first', async () => {
  expect(await kart('gallery', 'info', import.meta.filename)).toMatchObject({
    code: 2,
    document: { error: { message: expect.stringMatching(/: is no gallery that can be read.*\(/) } },
  })
})

test.each([
  ['no such mode', ['identify', '--gallery', 'x', 'y', '--mode', 'fast']],
  ['no such kernel', ['identify', '--gallery', 'x', 'y', '--kernel', 'fast']],
  ['a folder without templates', ['gallery', 'build', tmpdir(), '-o', join(folder, 'none.gallery')]],
  ['no number of people', ['gallery', 'synth', 'many', '-o', join(folder, 'none.gallery')]],
])('%s is bad input', async (_, args) => {
  expect((await kart(...args)).code).toBe(2)
})
