import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../program.ts'
import { specimenFile } from '../specimen.ts'

// A personalization that breaks off where the test says; the rest is real.
let breakAt: 'open' | 'mf-files' | undefined
vi.mock('@kart/personalization', async (original) => {
  const real = await original<typeof import('@kart/personalization')>()
  return {
    ...real,
    execute: async (...args: Parameters<typeof real.execute>) => {
      if (breakAt === undefined) return real.execute(...args)
      args[2].onProgress?.({ step: breakAt, done: 0, total: 1, bytes: 0, apdus: 0, ms: 0 })
      throw new real.PersonalizationError(breakAt, 'the link broke')
    },
  }
})

const folder = mkdtempSync(join(tmpdir(), 'kart-issue-'))
const at = (name: string): string => join(folder, name)
const card = at('new.card')

async function kart(...args: string[]): Promise<{ code: number; stderr: string }> {
  let stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk)
    return true
  })
  return { code: await run(args), stderr }
}

beforeAll(async () => {
  await kart('pki', 'init', at('pki'))
  await kart('pki', 'init', at('us'), '--country', 'US', '--state', 'USA')
})
afterEach(() => {
  vi.restoreAllMocks()
  breakAt = undefined
  rmSync(card, { force: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kart issue', () => {
  it('writes the card access number over nothing that is there: not the card, not the signer’s key', async () => {
    const record = specimenFile('record.json')
    const key = readdirSync(at('pki')).find((name) => name.endsWith('-key.pem'))!
    const before = readFileSync(join(at('pki'), key))
    for (const taken of [card, join(at('pki'), key)]) {
      const made = await kart('issue', record, '--pki', at('pki'), '--card', card, '--can-file', taken)
      expect(made).toMatchObject({ code: 2, stderr: expect.stringContaining('--can-file') })
      expect(existsSync(card)).toBe(false)
    }
    expect(readFileSync(join(at('pki'), key))).toEqual(before)
  })

  it('writes the letter and the card access number into two files, however one is named', async () => {
    const record = specimenFile('record.json')
    const files = ['--can-file', at('told'), '--letter', `${folder}/./told`]
    const made = await kart('issue', record, '--pki', at('pki'), '--card', card, ...files)
    expect(made).toMatchObject({ code: 2, stderr: expect.stringContaining('--letter') })
    expect([existsSync(card), existsSync(at('told'))]).toEqual([false, false])
  })

  it('makes no card for a signer that may not sign it, or a record that no card has room for', async () => {
    const record = specimenFile('record.json')
    expect(await kart('issue', record, '--pki', at('us'), '--card', card)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the document signer'),
    })
    expect(existsSync(card)).toBe(false)
    const beside = (name: string): Buffer => readFileSync(join(dirname(record), name))
    // A comment makes the portrait larger than EF.DG2, and still a portrait.
    const portrait = beside('portrait.jpg')
    const comment = Buffer.alloc(60_000)
    comment.set([0xff, 0xfe, (comment.length - 2) >> 8, (comment.length - 2) & 0xff])
    writeFileSync(at('portrait.jpg'), Buffer.concat([portrait.subarray(0, 2), comment, portrait.subarray(2)]))
    for (const name of ['record.json', 'signature.jpg', 'finger-enrolled.fmr']) writeFileSync(at(name), beside(name))
    const { code, stderr } = await kart('issue', at('record.json'), '--pki', at('pki'), '--card', card)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^kart: .*(EF\.DG2|portrait)/)])
    expect(existsSync(card)).toBe(false)
  })

  it('takes away the card that it made when nothing was written onto it', async () => {
    breakAt = 'open'
    expect(await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).toMatchObject({ code: 3 })
    expect([existsSync(card), existsSync(`${card}.lock`)]).toEqual([false, false])
  })

  it('leaves a card that is half written, and says so', async () => {
    breakAt = 'mf-files'
    const { code, stderr } = await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)
    expect([code, existsSync(card), existsSync(`${card}.lock`)]).toEqual([3, true, false])
    expect(stderr).toContain(`${card} stays`)
    breakAt = undefined
    expect(await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card, '--allow-unfinished')).toMatchObject({
      code: 0,
    })
  })

  it('never takes away a card that was there before', async () => {
    expect((await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).code).toBe(0)
    const before = readFileSync(card)
    breakAt = 'open'
    expect((await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).code).toBe(3)
    expect(readFileSync(card)).toEqual(before)
  })
})

describe('kart emulate', () => {
  it('leaves no blank card behind when there is no vpcd', async () => {
    const { code } = await kart('emulate', '--card', card, '--port', '1')
    expect([code, existsSync(card), existsSync(`${card}.lock`)]).toEqual([3, false, false])
  })
})
