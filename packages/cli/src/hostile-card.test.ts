import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CardTransport } from '@kart/apdu'
import { fromHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from './program.ts'
import { specimenFile } from './specimen.ts'

// Whatever a card answers is the card's failure (3) or its rejection (1), and the user's own files stay bad input (2).
let transport: CardTransport
vi.mock('./card-source.ts', () => ({ openCard: async () => ({ transport, where: 'a reader', close: async () => undefined }) }))

const folder = mkdtempSync(join(tmpdir(), 'kart-hostile-'))
const at = (name: string): string => join(folder, name)
const access = ['--docno', 'S12345678', '--dob', '910612', '--doe', '331003']

/** Runs a command; gives exit code and document. */
async function kart(...args: string[]): Promise<{ code: number; document: { error?: { code: string } } }> {
  let text = ''
  const write = (chunk: unknown): boolean => {
    text += String(chunk)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  const code = await run([...args, '--json'])
  vi.restoreAllMocks()
  return { code, document: JSON.parse(text) as { error?: { code: string } } }
}

beforeAll(async () => {
  await kart('pki', 'init', at('pki'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

const commands = [
  ['verify', '--reader', 'x', ...access, '--pki', at('pki')],
  ['read', '--reader', 'x', ...access],
  ['tree', '--reader', 'x', ...access],
  ['issue', specimenFile('record.json'), '--reader', 'x', '--pki', at('pki')],
]

const answers = [
  ['FFFF', 'ffff'],
  ['nothing', ''],
  ['one byte', '90'],
  ['61FF without end', '61ff'],
  ['6CFF without end', '6cff'],
  ['data and 61FF without end', `${'00'.repeat(200)}61ff`],
  ['a length beyond every bound', '618483ffffff009000'],
  ['an object cut off', '6f1084059000'],
  ['zeros', `${'00'.repeat(64)}9000`],
  ['success and nothing else', '9000'],
  ['no precise diagnosis', '6f00'],
]

describe('a card that answers every command with', () => {
  it.each(answers)('%s is a failure of the card', async (_name, hex) => {
    transport = { atr: nationalId.atr, transceive: async () => fromHex(hex), close: async () => undefined }
    for (const command of commands) {
      const { code, document } = await kart(...command)
      expect([command[0], code, document.error?.code ?? 'verdict']).toEqual([
        command[0],
        3,
        expect.not.stringMatching(/^(input|file|internal)$/),
      ])
    }
  })

  it('61FF without end reaches the bound of GET RESPONSE, which is the card’s doing', async () => {
    transport = { atr: nationalId.atr, transceive: async () => fromHex('61ff'), close: async () => undefined }
    expect(await kart(...commands[1]!)).toMatchObject({ code: 3, document: { error: { code: 'limit' } } })
  })
})

describe('a genuine card that answers nothing else from some command of a verification on', () => {
  it.each(['ffff', '', '61ff', '6c00', `${'00'.repeat(64)}9000`])('with %s is never accepted and never the user’s doing', async (hex) => {
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: fromHex('4b415254000000000009') })
    transport = card.transport()
    expect(await kart(...commands[3]!)).toMatchObject({ code: 0 })
    for (let wrongAt = 0; wrongAt < 60; wrongAt += 3) {
      const genuine = card.transport()
      let count = 0
      transport = {
        atr: nationalId.atr,
        transceive: (command) => (count++ >= wrongAt ? Promise.resolve(fromHex(hex)) : genuine.transceive(command)),
        close: async () => undefined,
      }
      const { code, document } = await kart(...commands[0]!)
      expect([1, 3, ...(count <= wrongAt ? [0] : [])], `wrong at ${wrongAt} of ${count}: ${JSON.stringify(document.error)}`).toContain(code)
    }
    card.close()
  })
})

describe('a card that goes wrong in the middle of a personalization', () => {
  it.each(['ffff', '', '61ff', '6c00', '6f00', `${'00'.repeat(64)}9000`])(
    'with %s is a failure of the card at every command',
    async (hex) => {
      for (let wrongAt = 0; wrongAt < 40; wrongAt += 3) {
        const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: fromHex('4b415254000000000009') })
        const genuine = card.transport()
        let count = 0
        transport = {
          atr: nationalId.atr,
          transceive: (command) => (count++ >= wrongAt ? Promise.resolve(fromHex(hex)) : genuine.transceive(command)),
          close: async () => undefined,
        }
        const { code, document } = await kart(...commands[3]!)
        expect([wrongAt, code, document.error?.code]).toEqual([wrongAt, 3, expect.not.stringMatching(/^(input|file|internal)$/)])
        card.close()
      }
    },
  )
})

describe('the user’s own files', () => {
  it('are bad input before any card is asked', async () => {
    let asked = 0
    transport = {
      atr: nationalId.atr,
      transceive: async () => {
        asked++
        return fromHex('9000')
      },
      close: async () => undefined,
    }
    writeFileSync(at('garbage'), Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1))
    writeFileSync(at('deep.json'), `${'['.repeat(100)}${']'.repeat(100)}`)
    copyFileSync(specimenFile('portrait.jpg'), at('portrait.jpg'))
    await kart('pki', 'init', at('us'), '--country', 'US', '--state', 'USA')
    const wrong = [
      ['verify', '--reader', 'x', ...access, '--csca', at('garbage')],
      ['verify', '--reader', 'x', ...access, '--pki', at('pki'), '--probe', at('garbage')],
      ['verify', '--reader', 'x', '--mrz', at('garbage'), '--pki', at('pki')],
      ['issue', at('deep.json'), '--reader', 'x', '--pki', at('pki')],
      ['issue', at('garbage'), '--reader', 'x', '--pki', at('pki')],
      ['issue', specimenFile('record.json'), '--reader', 'x', '--pki', at('us')],
      ['match', at('garbage'), specimenFile('finger-enrolled.fmr')],
      ['minutiae', at('portrait.jpg')],
    ]
    for (const command of wrong) {
      const { code, document } = await kart(...command)
      expect([command.join(' '), code, document.error?.code]).toEqual([command.join(' '), 2, expect.stringMatching(/^(input|pki)$/)])
    }
    expect(asked).toBe(0)
  })
})
