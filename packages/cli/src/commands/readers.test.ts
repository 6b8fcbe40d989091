import { fromHex } from '@kart/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { run } from '../program.ts'

const name = 'Evil\u001b[2J\u202eReader\u009b31m'
vi.mock('@kart/pcsc', async (original) => ({
  ...(await original<typeof import('@kart/pcsc')>()),
  openPcsc: async () => ({
    listReaders: async () => [{ name, cardPresent: true, exclusive: false, inUse: false, mute: false, atr: fromHex('3b00') }],
    close: async () => undefined,
  }),
}))

afterEach(() => vi.restoreAllMocks())

async function output(...args: string[]): Promise<string> {
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  expect(await run(args)).toBe(0)
  return text
}

describe('kart readers', () => {
  it('lets no reader’s name steer the terminal, in lines or in the document', async () => {
    const lines = await output('readers')
    expect(lines).toContain('Evil\ufffd[2J\ufffdReader\ufffd31m')
    for (const raw of ['\u001b[2J', '\u202e', '\u009b']) expect(lines).not.toContain(raw)
    const document = await output('readers', '--json')
    for (const raw of ['\u001b', '\u202e', '\u009b']) expect(document).not.toContain(raw)
    expect((JSON.parse(document) as { readers: { name: string }[] }).readers[0]?.name).toBe(name)
  })
})
