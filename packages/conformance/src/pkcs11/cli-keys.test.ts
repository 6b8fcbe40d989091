import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KartFolder, vectorPath } from '../testing/run-kart.ts'
import { makeToken, type TestToken, tokenPin } from './softhsm.ts'

// The built command with master keys on a token.
const folder = new KartFolder()
let token: TestToken
let onToken: readonly string[]
let env: Readonly<Record<string, string>>
const record = vectorPath('specimen/record.json')

beforeAll(async () => {
  token = makeToken()
  onToken = ['--pkcs11', token.module, '--token', token.token]
  env = { ...token.env, KART_PKCS11_PIN: tokenPin }
  await folder.done(['pki', 'init', 'pki'])
})
afterAll(() => {
  token.remove()
  folder.remove()
})

/** Runs the command, and finds the PIN in nothing that it says. */
async function kart(args: readonly string[], code = 0): Promise<string> {
  const run = await folder.run(args, { env })
  expect(run).toMatchObject({ code })
  expect(run.stdout + run.stderr).not.toContain(tokenPin)
  return code === 0 ? run.stdout : run.stderr
}

describe('kart with a token', () => {
  it('makes a master key, lists it, explains it, and issues a card with it', async () => {
    expect(await kart(['keys', 'init', 'keys', ...onToken, '--test'])).toContain('it cannot be read out')
    const listed = await kart(['keys', 'list', ...onToken])
    expect(listed).toMatch(/card-master-1: aes-256, key check value [0-9A-F]{10}/)
    expect(await kart(['keys', 'list', 'keys', ...onToken])).toContain(/key check value ([0-9A-F]{10})/.exec(listed)![1])
    const told = JSON.parse(
      await kart(['issue', record, '--pki', 'pki', '--keys', 'keys', ...onToken, '--card', 'token.card', '--json']),
    ) as {
      keySet: { version: number; checkValues: Record<string, string> }
    }
    expect(told.keySet.version).toBe(0x31)
    const explained = JSON.parse(await kart(['keys', 'explain', '--keys', 'keys', ...onToken, '--card', 'token.card', '--json'])) as {
      store: object
      keys: { purpose: string; checkValue: string }[]
    }
    expect(explained.store).toEqual({ kind: 'pkcs11', name: 'cards', test: true })
    expect(Object.fromEntries(explained.keys.map(({ purpose, checkValue }) => [purpose, checkValue.toLowerCase()]))).toEqual(
      told.keySet.checkValues,
    )
  })

  it('B17 takes no test card with keys that are not for tests, and leaves no card behind', async () => {
    writeFileSync(folder.at('pin'), `${tokenPin}\n`, { mode: 0o600 })
    const second = makeToken()
    try {
      const [args, secondEnv] = [['--pkcs11', second.module, '--token', second.token, '--pin-file', 'pin'], second.env]
      expect((await folder.run(['keys', 'init', 'real', ...args], { env: secondEnv })).code).toBe(0)
      const words = await folder.refused(['issue', record, '--pki', 'pki', '--keys', 'real', ...args, '--card', 'never.card'], 2, {
        env: secondEnv,
      })
      expect(words).toContain('no key set has the key version 48')
      const { code, stderr } = await folder.run(['keys', 'explain', '--card', 'never.card'])
      expect([code, stderr]).toEqual([2, expect.stringContaining('there is no file never.card')])
    } finally {
      second.remove()
    }
  })

  it('B10 stops without a PIN, with a wrong one, without the module, the token or the key, and makes no card', async () => {
    const issue = (...args: readonly string[]) => ['issue', record, '--pki', 'pki', '--keys', 'keys', ...args, '--card', 'never.card']
    expect(await folder.refused(issue(...onToken), 2, { env: token.env })).toContain('KART_PKCS11_PIN')
    const wrong = await folder.refused(issue(...onToken), 2, { env: { ...token.env, KART_PKCS11_PIN: '00000000' } })
    expect(wrong).toContain('the PIN is not the token’s')
    expect(wrong).not.toContain('00000000')
    expect(await folder.refused(issue('--pkcs11', 'none.so', '--token', 'cards'), 2, { env })).toContain(
      'the PKCS#11 module cannot be loaded',
    )
    expect(await folder.refused(issue('--pkcs11', token.module, '--token', 'others'), 2, { env })).toContain(
      'no token with the label others',
    )
    // Named for the token, and not found in the folder either: software does not step in.
    expect(await folder.refused(issue(), 2)).toContain('card-master-1.key is missing')
    writeFileSync(folder.at('open-pin'), tokenPin, { mode: 0o644 })
    expect(await folder.refused(issue(...onToken, '--pin-file', 'open-pin'), 2, { env: token.env })).toContain('chmod 600')
    expect((await folder.run(['tree', '--card', 'never.card'])).code).toBe(2)
  })
})
