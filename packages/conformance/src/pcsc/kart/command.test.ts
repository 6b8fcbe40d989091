import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../../../scripts/workspace.mjs'
import { runProgram, slots, startProgram, until, waitForCard, waitForStack } from '../stack.ts'

// The `kart` command on Kart's own virtual readers, each part in a process of its own.
const kart = join(root, 'packages/cli/bin/kart.js')
const [first, second] = slots
const third = slots[2]!

let folder = ''
let context: PcscContext
const at = (name: string): string => join(folder, name)
const run = (...args: readonly string[]) => runProgram(process.execPath, [kart, ...args], { timeoutMs: 120_000 })
const start = (...args: readonly string[]) => startProgram(process.execPath, [kart, ...args], { timeoutMs: 120_000 })

/** The JSON documents that a program under way has printed so far. */
function documents(text: string): Record<string, unknown>[] {
  return text
    .split(/(?<=^\})\n/m)
    .filter((part) => part.trim() !== '')
    .map((part) => JSON.parse(part) as Record<string, unknown>)
}

beforeAll(async () => {
  await waitForStack()
  folder = mkdtempSync(join(tmpdir(), 'kart-own-'))
  context = await openPcsc()
})
afterAll(async () => {
  await context.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the command on Kart’s own readers', () => {
  it('puts several cards in, tells of them as they come and go, and takes them out again', async () => {
    const watch = start('readers', '--watch', '--json')
    let told = ''
    watch.process.stdout?.on('data', (text: string) => {
      told += text
    })
    const emulate = start('emulate', '--reader-driver', 'kart', '--readers', '2', '--card', at('two.card'), '--json')
    for (const { reader } of [first, second]) await waitForCard(context, reader, true)
    const { code, stdout } = await run('readers', '--json')
    expect(code).toBe(0)
    const { readers } = JSON.parse(stdout) as { readers: { name: string; cardPresent: boolean }[] }
    expect(readers.filter(({ cardPresent }) => cardPresent).map(({ name }) => name)).toEqual([first.reader, second.reader])
    await until('both insertions', async () => (told.split('card-inserted').length === 3 ? true : undefined))
    const { stdout: said } = await emulate.stop()
    expect(JSON.parse(said)).toMatchObject({ plugged: true, driver: 'kart', cards: [{ blank: true }, { blank: true }] })
    for (const { reader } of [first, second]) await waitForCard(context, reader, false)
    await until('both removals', async () => (told.split('card-removed').length === 3 ? true : undefined))
    await watch.stop()
    const kinds = documents(told).map(({ kind }) => kind)
    expect(kinds[0]).toBe('service-started')
    expect(kinds.filter((kind) => kind === 'reader-added')).toHaveLength(slots.length)
    expect(existsSync(at('two-00.card')) && existsSync(at('two-01.card'))).toBe(true)
  })

  it('shows a card as a field does, refuses it a plain PIN, and records, replays and plays the session', async () => {
    const emulate = start('emulate', '--reader-driver', 'kart', '--slot', '2', '--contactless', '--card', at('field.card'))
    await waitForCard(context, third.reader, true)
    const commands = ['0020008104 31323334 = 6982', '00A4000C023F00']
    const shell = await run('apdu', '--reader', third.reader, '--trace', at('a.trace'), ...commands)
    expect([shell.code, shell.stderr]).toEqual([0, ''])
    expect(shell.stdout).toMatch(/VERIFY.*6982 security status not satisfied/s)
    expect(shell.stdout + readFileSync(at('a.trace'), 'utf8')).not.toContain('31323334')
    const replayed = await run('trace', 'replay', at('a.trace'), '--reader', third.reader, '--json')
    expect(replayed.code).toBe(0)
    expect((JSON.parse(replayed.stdout) as { exchanges: { outcome: string }[] }).exchanges.map(({ outcome }) => outcome)).toEqual([
      'skipped',
      'same',
    ])
    expect((await run('apdu', '--replay', at('a.trace'), ...commands)).code).toBe(0)
    await emulate.stop()
    await waitForCard(context, third.reader, false)
  })

  it('makes faults that a program survives with the exit code of a failed card', async () => {
    const emulate = start('emulate', '--reader-driver', 'kart', '--slot', '2', '--fault', 'cut@2', '--card', at('field.card'))
    await waitForCard(context, third.reader, true)
    const { code, stderr } = await run('apdu', '--reader', third.reader, '00A4000C023F00', '00A4000C023F00')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^kart: /)
    expect(stderr).not.toContain('defect')
    await emulate.stop()
    await waitForCard(context, third.reader, false)
  })

  it('says what is wrong with what it was asked for', async () => {
    const none = await run('emulate', '--reader-driver', 'kart', '--sockets', folder, '--card', at('none.card'))
    expect([none.code, existsSync(at('none.card'))]).toEqual([3, false])
    expect(none.stderr).toContain('no reader listens there')
    for (const args of [
      ['--reader-driver', 'other'],
      ['--fault', 'cut'],
      ['--reader-driver', 'kart', '--readers', '17'],
      ['--reader-driver', 'kart', '--fault', 'burn'],
    ])
      expect([args, (await run('emulate', '--card', at('none.card'), ...args)).code]).toEqual([args, 2])
  })
})
