import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { toHex } from '@kart/codec'
import { currentCardSet, deriveCardKeys, FileKeyStore, readKeyDescription } from '@kart/keys'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KartFolder, specimenAccess, vectorPath } from './testing/run-kart.ts'

// The built command with master keys in a folder.
const folder = new KartFolder()
const record = vectorPath('specimen/record.json')
/** Everything that the command has said in this file. */
const said: string[] = []

async function kart(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await folder.run(args)
  said.push(stdout, stderr)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

async function refused(words: string, ...args: readonly string[]): Promise<void> {
  const text = await folder.refused(args, 2)
  said.push(text)
  expect(text).toContain(words)
}

interface Explained {
  diversificationData: string
  keys: { purpose: string; label: string; checkValue: string; steps: { input: string; parts: { hex: string }[] }[] }[]
}
const explain = async (...args: readonly string[]): Promise<Explained> => JSON.parse(await kart('keys', 'explain', ...args, '--json'))

beforeAll(async () => {
  await kart('pki', 'init', 'pki')
  await kart('keys', 'init', 'keys')
})
afterAll(() => folder.remove())

describe('kart keys', () => {
  it('init says that the keys are TEST keys, and overwrites none', async () => {
    expect(readdirSync(folder.at('keys')).sort()).toEqual(['README.txt', 'card-master-1.key', 'keys.json'])
    const before = readFileSync(folder.at('keys/card-master-1.key'))
    await refused('exists already', 'keys', 'init', 'keys')
    expect(readFileSync(folder.at('keys/card-master-1.key')).equals(before)).toBe(true)
    expect(await kart('keys', 'init', 'small', '--bits', '128', '--card-bits', '128')).toContain('TEST KEYS')
    await refused('not longer than the master key', 'keys', 'init', 'wrong', '--bits', '128', '--card-bits', '256')
  })

  it('list tries every key against its description', async () => {
    expect(await kart('keys', 'list', 'keys')).toMatch(
      /card-master-1: aes-256, key check value [0-9A-F]{10}\n {2}card-1: card keys, version 31/,
    )
    await kart('keys', 'init', 'spoilt')
    writeFileSync(folder.at('spoilt/card-master-1.key'), readFileSync(folder.at('keys/card-master-1.key')))
    await refused('holds another key', 'keys', 'list', 'spoilt')
    chmodSync(folder.at('spoilt/card-master-1.key'), 0o644)
    await refused('chmod 600', 'keys', 'list', 'spoilt')
    await refused('name a folder of keys, or a token', 'keys', 'list')
    await refused('--pkcs11 MODULE --token LABEL', 'keys', 'list', '--token', 'cards')
  })

  it('explain shows the public example byte for byte: OpenSSL’s KBKDF gives these check values', async () => {
    const { keys } = await explain('--serial', '00010203040506070809')
    expect(keys.map(({ purpose, checkValue }) => [purpose, checkValue])).toEqual([
      ['enc', '5249F2'],
      ['mac', '355BF3'],
      ['dek', 'DED3CB'],
    ])
    expect(keys[0]!.steps[0]!.input).toBe('000000014b617274205343503033204b65792d454e43000001020304050607080900000080')
    const text = await kart('keys', 'explain', '--serial', '00010203040506070809')
    for (const words of ['"Kart SCP03 Key-ENC"', '000000014B617274', 'key check value 5249F2', 'not shown']) expect(text).toContain(words)
  })

  it('explain refuses what is no serial number, set or purpose', async () => {
    await refused('20 digits', 'keys', 'explain', '--serial', '0001')
    await refused('there are card-1', 'keys', 'explain', '--keys', 'keys', '--set', 'other')
    await refused('not both', 'keys', 'explain', '--serial', '00010203040506070809', '--card', 'x')
    expect((await folder.run(['keys', 'explain', '--purpose', 'pin'])).code).toBe(2)
    expect((await explain('--purpose', 'puk', 'so-pin')).keys.map(({ label }) => label)).toEqual(['Kart PUK', 'Kart SO-PIN'])
  })
})

describe('kart issue --keys', () => {
  it('puts onto the card what explain says, and the card verifies', async () => {
    const told = JSON.parse(await kart('issue', record, '--pki', 'pki', '--keys', 'keys', '--card', 'own.card', '--json')) as {
      iccSerial: string
      keySet: { version: number; checkValues: Record<string, string> }
    }
    const explained = await explain('--keys', 'keys', '--card', 'own.card')
    expect(explained.diversificationData).toBe(told.iccSerial)
    expect(told.keySet).toEqual({
      version: 0x31,
      checkValues: Object.fromEntries(explained.keys.map(({ purpose, checkValue }) => [purpose, checkValue.toLowerCase()])),
    })
    expect(await kart('issue', record, '--pki', 'pki', '--keys', 'keys', '--card', 'second.card')).toMatch(
      /the issuer’s keys, version 31; key check values ENC [0-9A-F]{6}, MAC [0-9A-F]{6}, DEK [0-9A-F]{6}/,
    )
    await kart('verify', '--card', 'own.card', ...specimenAccess, '--pki', 'pki')
  })

  it('leaves a card without keys where none are named, and explain says so', async () => {
    await kart('issue', record, '--pki', 'pki', '--card', 'plain.card')
    await refused('take one that was issued with --keys', 'keys', 'explain', '--keys', 'keys', '--card', 'plain.card')
  })

  it('refuses keys that it cannot use before there is a card', async () => {
    const issue = ['issue', record, '--pki', 'pki', '--card', 'never.card']
    await refused('keys.json is missing in the folder of keys: make one with "kart keys init DIR"', ...issue, '--keys', 'nosuch')
    await refused('name the folder with the description', ...issue, '--token', 'cards')
    expect(readdirSync(folder.path)).not.toContain('never.card')
  })
})

it('no key, and nothing derived from one, was in anything said', async () => {
  const secrets: string[] = []
  const description = await readKeyDescription(folder.at('keys'))
  const store = await FileKeyStore.open(folder.at('keys'), description)
  secrets.push(readFileSync(folder.at('keys/card-master-1.key'), 'latin1').trim())
  const serials = said.join('\n').match(/"(?:iccSerial|diversificationData)": "[0-9a-f]{20}"/g)!
  expect(serials.length).toBeGreaterThan(2)
  for (const match of serials) {
    const serial = Uint8Array.from(Buffer.from(match.slice(-21, -1), 'hex'))
    const { enc, mac, dek } = await deriveCardKeys(store, currentCardSet(description.sets, new Date()), serial)
    secrets.push(...[enc, mac, dek].map(toHex))
  }
  await store.close()
  const all = said.join('\n').toLowerCase()
  expect(secrets.length).toBeGreaterThan(6)
  for (const secret of secrets) for (let at = 0; at + 12 <= secret.length; at += 2) expect(all).not.toContain(secret.slice(at, at + 12))
})
