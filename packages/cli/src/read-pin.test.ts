import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { InputError } from '@kart/codec'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { exitCode, exitCodeOf } from './exit-code.ts'
import { InterruptedError } from './interrupt.ts'
import { explainError } from './output.ts'
import { readNewSecret, readSecret } from './read-pin.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-pin-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const source = { what: 'new SignPIN', variable: 'KART_TEST_PIN', option: '--new-pin-file', file: undefined }
const was = {
  stdin: Object.getOwnPropertyDescriptor(process, 'stdin')!,
  write: process.stderr.write,
  isTTY: process.stderr.isTTY,
}
afterEach(() => {
  Object.defineProperty(process, 'stdin', was.stdin)
  process.stderr.write = was.write
  process.stderr.isTTY = was.isTTY
})

/** A terminal at which this is typed, a line at each question; gives what stood on it. */
function typing(...lines: readonly string[]): { shown: string; left: string[] } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin })
  const terminal = { shown: '', left: [...lines] }
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  process.stderr.isTTY = true
  process.stderr.write = ((text: string) => {
    terminal.shown += text
    if (text.endsWith(': ')) setImmediate(() => stdin.write(`${terminal.left.shift()}\r`))
    return true
  }) as typeof process.stderr.write
  return terminal
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

describe('a new PIN', () => {
  it('is asked for twice at a terminal, and shown nowhere', async () => {
    const terminal = typing('957268', '957268')
    expect(await readNewSecret(source)).toBe('957268')
    expect(terminal).toEqual({ shown: 'new SignPIN: \nnew SignPIN, once more: \n', left: [] })
  })

  it('is asked for in words that cannot steer the terminal, whatever label the card gives its PIN', async () => {
    const terminal = typing('957268', '957268')
    await readNewSecret({ ...source, what: 'new A\r\u001b[2K\u202eNIPngiS' })
    expect(terminal.shown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  })

  it('typed in two ways is refused, and neither is repeated', async () => {
    typing('957268', '957286')
    const refused = readNewSecret(source)
    await expect(refused).rejects.toThrow(InputError)
    await expect(refused).rejects.toThrow(/^(?!.*9572).*the two that were typed differ/)
  })

  it('with the same digits in another script is the same', async () => {
    typing('957268', '۹۵۷۲۶۸')
    expect(await readNewSecret(source)).toBe('957268')
  })

  it('that is answered with Ctrl-C ends the run as a shell tells it, and in one class of error with a signal', async () => {
    typing('\u0003')
    const left = await readNewSecret(source).catch((error: unknown) => error)
    expect(left).toBeInstanceOf(InterruptedError)
    expect([exitCodeOf(left), explainError(left)]).toEqual([
      exitCode.interrupted,
      { code: 'interrupted', message: 'PIN: interrupted; it was not sent to the card', next: undefined },
    ])
  })

  it('of a file or of the environment is taken once', async () => {
    const terminal = typing('no', 'no')
    expect(await readNewSecret({ ...source, file: file('new', '957268\n') })).toBe('957268')
    process.env[source.variable] = '840952'
    expect(await readNewSecret(source)).toBe('840952')
    expect(terminal.shown).toBe('')
  })
})

describe('a PIN file', () => {
  it('may begin with a byte order mark, as editors of Windows write it', async () => {
    expect(await readSecret({ ...source, file: file('bom', '\ufeff957268\r\n') })).toBe('957268')
  })

  it('of 16-bit text is refused in plain words', async () => {
    for (const [name, mark] of [
      ['little', 'fffe'],
      ['big', 'feff'],
    ] as const)
      await expect(readSecret({ ...source, file: file(name, Buffer.from(`${mark}39003500`, 'hex')) })).rejects.toThrow(
        /--new-pin-file: is UTF-16 text: save it as UTF-8/,
      )
  })
})
