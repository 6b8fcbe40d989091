import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/workspace.mjs'
import { type ProgramResult, runProgram, startEmulatedCard, waitForStack } from './stack.ts'

// The whole main job by the `kart` command, through pcscd and vpcd, each part in a process of its own.
const kart = join(root, 'packages/cli/bin/kart.js')
const specimen = join(root, 'test-vectors/specimen')

let folder = ''
const at = (name: string): string => join(folder, name)
const run = (...args: readonly string[]): Promise<ProgramResult> => runProgram(process.execPath, [kart, ...args], { timeoutMs: 180_000 })
const emulate = (card: string) => startEmulatedCard(process.execPath, [kart, 'emulate', '--card', card])

interface Verdict {
  readonly verdict: string
  readonly checks: readonly { readonly id: string; readonly outcome: string; readonly required: boolean }[]
}

describe('the main job through pcscd and vpcd', () => {
  let plugged: Awaited<ReturnType<typeof emulate>>
  let mrz = ''

  beforeAll(async () => {
    await waitForStack()
    folder = mkdtempSync(join(tmpdir(), 'kart-pcsc-'))
    expect((await run('pki', 'init', at('pki'))).code).toBe(0)
    expect((await run('demo', '--out', at('demo'), '--json')).code).toBe(0)
    plugged = await emulate(at('blank.card'))
  })
  afterAll(async () => {
    await plugged?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('kart readers shows the reader, the card and its ATR explained', async () => {
    const { code, stdout } = await run('readers', '--json')
    expect(code).toBe(0)
    const { readers } = JSON.parse(stdout) as { readers: { name: string; cardPresent: boolean; atr?: string; explained?: string[] }[] }
    const found = readers.find(({ name }) => name === plugged.reader)
    expect(found).toMatchObject({ cardPresent: true, atr: '3b8d80018031fe739621c0554f7345494466' })
    expect(found?.explained?.length).toBeGreaterThan(3)
  })

  it('kart issue --reader personalizes the blank card', async () => {
    const { code, stdout, stderr } = await run(
      'issue',
      join(specimen, 'record.json'),
      '--pki',
      at('pki'),
      '--reader',
      plugged.reader,
      '--json',
    )
    expect([code, stderr]).toEqual([0, ''])
    const issued = JSON.parse(stdout) as { mrz: string; lifeCycle: string; files: { name: string; readBack: boolean }[] }
    expect(issued.lifeCycle).toBe('SECURED')
    expect(issued.files.filter(({ readBack }) => !readBack).map(({ name }) => name)).toEqual(['EF.DG3'])
    mrz = issued.mrz
    expect(mrz).toHaveLength(90)
  })

  it('kart issue refuses the card a second time', async () => {
    const { code, stderr } = await run('issue', join(specimen, 'record.json'), '--pki', at('pki'), '--reader', plugged.reader)
    expect(code).toBe(3)
    expect(stderr).toContain('personalized already')
  })

  it('kart verify --reader accepts the card and its holder, and writes the report', async () => {
    const { code, stdout } = await run(
      'verify',
      '--reader',
      plugged.reader,
      '--mrz',
      mrz,
      '--pki',
      at('pki'),
      '--cvc',
      at('pki/cvc'),
      '--probe',
      at('demo/live.fmr'),
      '--report',
      at('report.html'),
      '--json',
    )
    const document = JSON.parse(stdout) as Verdict
    expect(document.checks.filter(({ required, outcome }) => required && outcome !== 'pass')).toEqual([])
    expect([code, document.verdict]).toEqual([0, 'accepted'])
    expect(readFileSync(at('report.html'), 'utf8')).toContain('accepted')
  })

  it('kart verify rejects the card under another authority', async () => {
    const { code, stdout } = await run('verify', '--reader', plugged.reader, '--mrz', mrz, '--pki', at('demo/pki'), '--json')
    expect([code, (JSON.parse(stdout) as Verdict).verdict]).toEqual([1, 'rejected'])
  })

  it('the card’s memory outlives the reader: taken out, read in process, put in again', async () => {
    await plugged.stop()
    expect(existsSync(at('blank.card.lock'))).toBe(false)
    const inProcess = await run('verify', '--card', at('blank.card'), '--mrz', mrz, '--pki', at('pki'), '--json')
    expect([inProcess.code, (JSON.parse(inProcess.stdout) as Verdict).verdict]).toEqual([0, 'accepted'])
    plugged = await emulate(at('blank.card'))
    const again = await run('verify', '--reader', 'Virtual PCD 00 00', '--mrz', mrz, '--pki', at('pki'), '--json')
    expect([again.code, (JSON.parse(again.stdout) as Verdict).verdict]).toEqual([0, 'accepted'])
  })

  it('without a card in it, a reader is an error at once, and so is a reader that is not there', async () => {
    for (const reader of ['Virtual PCD 00 01', 'no such reader']) {
      const { code, stderr } = await run('verify', '--reader', reader, '--mrz', mrz, '--pki', at('pki'))
      expect([reader, code]).toEqual([reader, 3])
      expect(stderr).toContain(reader)
    }
  })
})
