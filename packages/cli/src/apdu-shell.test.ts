import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, InputError, toHex } from '@kart/codec'
import { createBlankCard, fileMemory, testTransportKeys } from '@kart/emulator'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApduShell, mayKeepLine, parseShellLine } from './apdu-shell.ts'
import { run } from './program.ts'

describe('a line of the shell', () => {
  it.each([
    ['', { kind: 'nothing' }],
    ['  # a comment', { kind: 'nothing' }],
    ['ATR', { kind: 'atr' }],
    ['00 a4 04 00', { kind: 'apdu', command: fromHex('00a40400'), expected: undefined }],
    ['00:A4:04:00=61XX # select', { kind: 'apdu', command: fromHex('00a40400'), expected: '61XX' }],
  ])('%j', (line, parsed) => expect(parseShellLine(line)).toEqual(parsed))

  it.each(['00a404', '00a4040', 'select', '00a40400 = 900', '00a40400 = 9000 = 9000'])('refuses %j', (line) => {
    expect(() => parseShellLine(line)).toThrow(InputError)
  })

  it('is not kept where it holds a PIN, or may hold one', () => {
    expect(mayKeepLine('00A4040000')).toBe(true)
    expect(mayKeepLine('002000810431323334')).toBe(false)
    expect(mayKeepLine('0020008104 3132333')).toBe(false)
    expect(() => parseShellLine('0020008104 3132333')).toThrow(/^(?!.*3132333)/s)
  })
})

describe('the shell', () => {
  it('sends, explains, checks what is expected, and shows no PIN', async () => {
    const sent: string[] = []
    let resets = 0
    const transport = {
      atr: fromHex('3b80800101'),
      transceive: async (command: Uint8Array) => {
        sent.push(toHex(command))
        return fromHex(command[1] === 0x20 ? '63c2' : '84011a9000')
      },
      close: async () => undefined,
    }
    const printed: string[] = []
    const shell = new ApduShell({ transport, reset: async () => void resets++ }, (text) => printed.push(text))
    for (const line of ['00a4040000 = 9000', '002000810431323334 = 9000', 'history', 'atr', 'reset', 'help', ''])
      expect(await shell.execute(line)).toBe('go on')
    expect(await shell.execute('quit')).toBe('quit')
    expect(sent).toEqual(['00a4040000', '002000810431323334'])
    expect([resets, shell.asExpected]).toEqual([1, false])
    const text = printed.join('\n')
    expect(text).toContain('└ 84 DF name, 1: 1A')
    expect(text).toMatch(/63C2 .*tries.*expected 9000/)
    expect(text).not.toContain('31323334')
    expect(JSON.stringify(shell.exchanges)).not.toContain('31323334')
    await expect(new ApduShell({ transport }, () => undefined).execute('reset')).rejects.toThrow(InputError)
  })
})

describe('kart apdu and kart trace', () => {
  let folder: string
  const at = (name: string) => join(folder, name)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kart-apdu-'))
    createBlankCard({ memory: fileMemory(at('blank.card')), transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) }).close()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true, force: true })
  })

  async function kart(...args: string[]): Promise<{ code: number; text: string }> {
    let text = ''
    const write = (chunk: unknown) => {
      text += String(chunk)
      return true
    }
    vi.spyOn(process.stdout, 'write').mockImplementation(write)
    vi.spyOn(process.stderr, 'write').mockImplementation(write)
    return { code: await run(args), text }
  }

  it('records a session, shows it, plays it to the card again and puts it in the card’s place', async () => {
    const commands = ['00a4040007a0000000030000 = 6A82', '00ca9f7f00', '002000810431323334']
    expect(await kart('apdu', '--card', at('blank.card'), '--trace', at('a.trace'), '--data', ...commands)).toMatchObject({ code: 0 })
    const file = readFileSync(at('a.trace'), 'utf8')
    expect(file).not.toContain('31323334')
    expect(statSync(at('a.trace')).mode & 0o077).toBe(0)
    const shown = await kart('trace', 'replay', at('a.trace'))
    expect(shown).toMatchObject({ code: 0 })
    expect(shown.text).toMatch(/SELECT.*6A82 file or application not found.*GET DATA.*VERIFY[^\n]*\(blanked\)/s)
    const outcomes = (text: string) => (JSON.parse(text) as { exchanges: { outcome: string }[] }).exchanges.map(({ outcome }) => outcome)
    // The PIN is not in the trace, and is not sent as zeros.
    const again = await kart('trace', 'replay', at('a.trace'), '--card', at('blank.card'), '--json')
    expect([again.code, outcomes(again.text)]).toEqual([0, ['same', 'same', 'skipped']])
    writeFileSync(at('other.trace'), file.replace('6a82', '9000'))
    const other = await kart('trace', 'replay', at('other.trace'), '--card', at('blank.card'), '--json')
    expect([other.code, outcomes(other.text)]).toEqual([1, ['different', 'same', 'skipped']])
    const mock = await kart('apdu', '--replay', at('a.trace'), '--json', ...commands)
    expect(mock.code).toBe(0)
    expect((JSON.parse(mock.text) as { exchanges: { sw: string }[] }).exchanges[0]?.sw).toBe('6A82')
    expect((await kart('apdu', '--replay', at('a.trace'), '00b0000000')).code).toBe(3)
  })

  it('records another command’s card, and says when there was none', async () => {
    const recordedRun = await kart('trace', 'record', at('b.trace'), '--', 'apdu', '--card', at('blank.card'), '00a4000000')
    expect(recordedRun).toMatchObject({ code: 0, text: expect.stringContaining('1 exchanges recorded') })
    expect(readFileSync(at('b.trace'), 'utf8')).toContain('"data":"blanked"')
    expect(await kart('trace', 'record', at('c.trace'), '--', 'tree')).toMatchObject({
      code: 2,
      text: expect.stringContaining('nothing was recorded'),
    })
    expect(existsSync(at('c.trace'))).toBe(false)
    expect(await kart('trace', 'record', at('c.trace'), 'apdu', '--card', at('blank.card'), '00a4000000')).toMatchObject({
      code: 2,
      text: expect.stringContaining('stands behind --'),
    })
    expect((await kart('trace', 'record', at('b.trace'), '--', 'tree')).code).toBe(2)
    expect((await kart('trace', 'record', at('d.trace'), '--', 'trace', 'replay', at('b.trace'))).code).toBe(2)
  })

  it('takes a script, and exits with 1 where an answer is not the expected one', async () => {
    writeFileSync(at('script.txt'), '# comment\n00A4000000 = 6A82\nquit\n0084000008\n')
    const { code, text } = await kart('apdu', '--card', at('blank.card'), '--script', at('script.txt'), '--json')
    expect(code).toBe(1)
    expect((JSON.parse(text) as { exchanges: unknown[] }).exchanges).toHaveLength(1)
    writeFileSync(at('bad.trace'), 'no')
    expect((await kart('apdu', '--replay', at('bad.trace'), '00a40000')).code).toBe(2)
  })
})
