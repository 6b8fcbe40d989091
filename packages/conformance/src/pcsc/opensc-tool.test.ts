import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/workspace.mjs'
import { runProgram, startEmulatedCard, waitForStack } from './stack.ts'

// OpenSC's own tool, as Debian ships it, against the card on the real stack: an outsider that shares no line with Kart.
const kart = join(root, 'packages/cli/bin/kart.js')

describe('unmodified opensc-tool', () => {
  let folder = ''
  let plugged: Awaited<ReturnType<typeof startEmulatedCard>>
  const tool = (...args: readonly string[]) => runProgram('opensc-tool', args, { timeoutMs: 60_000 })

  beforeAll(async () => {
    await waitForStack()
    folder = mkdtempSync(join(tmpdir(), 'kart-opensc-'))
    const demo = await runProgram(process.execPath, [kart, 'demo', '--out', join(folder, 'demo'), '--json'], { timeoutMs: 180_000 })
    expect(demo.code).toBe(0)
    plugged = await startEmulatedCard(process.execPath, [kart, 'emulate', '--card', join(folder, 'demo/citizen.card')])
  })
  afterAll(async () => {
    await plugged?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('--list-readers sees the card', async () => {
    const { code, stdout } = await tool('--list-readers')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^0\s+Yes\s+.*Virtual PCD 00 00/m)
  })

  it('--atr prints the card’s', async () => {
    const { code, stdout } = await tool('--atr')
    expect([code, stdout.trim()]).toEqual([0, '3b:8d:80:01:80:31:fe:73:96:21:c0:55:4f:73:45:49:44:66'])
  })

  it('--list-readers --atr together, as one call', async () => {
    const { code, stdout } = await tool('--list-readers', '--atr')
    expect(code).toBe(0)
    expect(stdout).toContain('Virtual PCD 00 00')
    expect(stdout).toContain('3b:8d:80:01')
  })

  it('--send-apdu selects the eMRTD application, and is refused its files before BAC', async () => {
    const { code, stdout } = await tool('-s', '00A4040C07A0000002471001', '-s', '00A4020C020101', '-s', '00B0000004')
    expect(code).toBe(0)
    const statusWords = [...stdout.matchAll(/SW1=0x([0-9A-F]{2}), SW2=0x([0-9A-F]{2})/g)].map(([, sw1, sw2]) => `${sw1}${sw2}`)
    expect(statusWords).toEqual(['9000', '6982', '6986'])
  })

  it('--send-apdu reads EF.DIR, which is open to all, and gets a challenge', async () => {
    const apdus = ['00A4000C023F00', '00A4020C022F00', '00B0000002', '00A4040C07A0000002471001', '0084000008']
    const { code, stdout } = await tool(...apdus.flatMap((apdu) => ['-s', apdu]))
    expect(code).toBe(0)
    const statusWords = [...stdout.matchAll(/SW1=0x([0-9A-F]{2}), SW2=0x([0-9A-F]{2})/g)].map(([, sw1, sw2]) => `${sw1}${sw2}`)
    expect(statusWords).toEqual(apdus.map(() => '9000'))
    expect(stdout).toMatch(/^61 /m)
  })

  it('--name knows the card by its ATR and leaves it usable', async () => {
    const { code, stdout } = await tool('--name')
    expect([code, stdout.trim()]).toEqual([0, 'OsEID 4.0.9'])
    const again = await tool('--atr')
    expect(again.code).toBe(0)
  })
})
