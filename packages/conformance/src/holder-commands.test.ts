import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileMemory } from '@kart/emulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { opensslAuthority } from './testing/openssl-authority.ts'
import { kart, kartTyping } from './testing/run-here.ts'
import { signatureCard, testPins } from './testing/signature-card.ts'

const authority = opensslAuthority()
const folder = mkdtempSync(join(tmpdir(), 'kart-holder-'))
const at = (name: string) => join(folder, name)
const secret = (name: string, value: string): string => {
  writeFileSync(at(name), `${value}\n`, { mode: 0o600 })
  return at(name)
}
const card = ['--card', at('citizen.card')] as const
const memory = () => readFileSync(at('citizen.card'))
let pins: { readonly sign: string; readonly auth: string; readonly officer: string }

beforeAll(async () => {
  const made = await signatureCard(authority, { memory: fileMemory(at('citizen.card')) })
  made.close()
  writeFileSync(at('contract.txt'), 'متن نمونه')
  writeFileSync(at('ca.cer'), authority.certificate)
  pins = {
    sign: secret('sign', testPins.SignPIN),
    auth: secret('auth', testPins.AuthPIN),
    officer: secret('officer', testPins['SO-PIN']),
  }
})
afterAll(() => {
  authority.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('kart pin at a terminal', () => {
  it('asks for a new PIN twice, and leaves the card as it is when the two differ', async () => {
    const before = memory()
    const differ = await kartTyping([testPins.SignPIN, '957268', '957286'], 'pin', 'change', 'SignPIN', ...card)
    expect(differ).toMatchObject({ code: 2, out: '' })
    expect(differ.err).toMatch(/the two that were typed differ; nothing was sent to the card/)
    const unblock = await kartTyping([testPins.puk, '957268', '957286'], 'pin', 'unblock', 'SignPIN', ...card)
    expect(unblock).toMatchObject({ code: 2, out: '' })
    expect(memory()).toEqual(before)
    const same = await kartTyping([testPins.SignPIN, '957268', '957268'], 'pin', 'change', 'SignPIN', ...card)
    expect(same).toMatchObject({ code: 0 })
    expect(await kartTyping(['957268', testPins.SignPIN, testPins.SignPIN], 'pin', 'change', 'SignPIN', ...card)).toMatchObject({ code: 0 })
  })
})

describe('the file that kart sign writes', () => {
  it('is never written over an earlier one unless told, and the card is not asked then', async () => {
    const first = await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign)
    expect(first).toMatchObject({ code: 0, err: '' })
    const [signature, before] = [readFileSync(at('contract.txt.p7s')), memory()]
    for (const target of [[], ['-o', at('contract.txt.p7s')]]) {
      const refused = await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign, ...target)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(/contract\.txt\.p7s is there already.*--force/)
    }
    expect(readFileSync(at('contract.txt.p7s'))).toEqual(signature)
    expect(memory()).toEqual(before)
    expect(await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign, '--force')).toMatchObject({ code: 0 })
    expect(readFileSync(at('contract.txt.p7s'))).not.toEqual(signature)
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
    expect(existsSync(at('contract.txt'))).toBe(true)
  })

  it('needs no --force to be verified', async () => {
    const refused = await kart('sign', at('contract.txt'), '--verify', '--force', '--ca', at('ca.cer'))
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('--force') })
  })
})
