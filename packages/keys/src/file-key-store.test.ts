import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { fromHex, InputError, toHex } from '@kart/codec'
import { aesCmac } from '@kart/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileKeyStore, readKeyDescription } from './file-key-store.ts'
import { encodeKeyDescription, type KeyDescription } from './key-description.ts'
import { initTestKeys, saveKeyDescription } from './make-keys.ts'
import { describeKey } from './testing/memory-store.ts'

const keyHex = '8c72c72cf908411653018807950d82fbad947562f0828a0b10b8b9606abf3bcd'
const desHex = '404142434445464748494a4b4c4d4e4f'
let parent: string
let folder: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kart-keys-'))
  folder = join(parent, 'keys')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

/** A folder with one AES-256 key and one triple-DES key. */
async function known(): Promise<KeyDescription> {
  const description: KeyDescription = {
    test: true,
    keys: [await describeKey('a', fromHex(keyHex)), await describeKey('d', fromHex(desHex), 'des-ede2')],
    sets: [],
  }
  await saveKeyDescription(folder, description)
  writeFileSync(join(folder, 'a.key'), `${keyHex}\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'd.key'), `${desHex}\n`, { mode: 0o600 })
  return description
}

describe('kart-made test keys', () => {
  it('a folder is made that opens, owner-only, and derives', async () => {
    const made = await initTestKeys(folder)
    expect(await readKeyDescription(folder)).toEqual(made)
    if (process.platform !== 'win32') expect(statSync(join(folder, 'card-master-1.key')).mode & 0o777).toBe(0o600)
    const store = await FileKeyStore.open(folder, made)
    const key = fromHex(readFileSync(join(folder, 'card-master-1.key'), 'latin1').trim())
    expect(key).toHaveLength(32)
    expect(toHex(await store.cmac('card-master-1', Uint8Array.of(1)))).toBe(toHex(aesCmac(key, Uint8Array.of(1))))
    expect(await store.list()).toEqual(made.keys)
    await store.close()
  })

  it('nothing that is there is overwritten', async () => {
    await initTestKeys(folder)
    const before = readFileSync(join(folder, 'card-master-1.key'))
    await expect(initTestKeys(folder)).rejects.toMatchObject({ problem: 'access' })
    expect(readFileSync(join(folder, 'card-master-1.key')).equals(before)).toBe(true)
  })

  it('two folders have two keys', async () => {
    await initTestKeys(folder)
    await initTestKeys(join(parent, 'other'))
    expect(readFileSync(join(folder, 'card-master-1.key'), 'latin1')).not.toBe(
      readFileSync(join(parent, 'other', 'card-master-1.key'), 'latin1'),
    )
  })
})

describe('the file store', () => {
  it('holds the published key check values of its keys', async () => {
    const { keys } = await known()
    expect(toHex(keys[1]!.checkValue)).toBe('8baf47') // GlobalPlatform's test key, triple DES
    const store = await FileKeyStore.open(folder, { test: true, keys, sets: [] })
    expect(toHex(await store.encryptTripleDes('d', new Uint8Array(16)))).toMatch(/^(8baf47.{10})\1$/)
    await store.close()
  })

  it.each<[string, (path: string) => void, string]>([
    ['is missing', (path) => rmSync(path), 'missing'],
    ['may be read by the group', (path) => chmodSync(path, 0o640), 'access'],
    ['may be read by all', (path) => chmodSync(path, 0o604), 'access'],
    ['is too short', (path) => writeFileSync(path, keyHex.slice(2)), 'description'],
    ['is one digit too long', (path) => writeFileSync(path, `${keyHex}0\n`), 'description'],
    ['has an upper-case digit', (path) => writeFileSync(path, `${keyHex.toUpperCase()}\n`), 'description'],
    ['has a letter that is no digit', (path) => writeFileSync(path, `g${keyHex.slice(1)}\n`), 'description'],
    ['ends without a line feed', (path) => writeFileSync(path, `${keyHex}0`), 'description'],
    ['holds another key: one bit', (path) => writeFileSync(path, `9${keyHex.slice(1)}\n`), 'check-value'],
    [
      'is a link',
      (path) => {
        rmSync(path)
        symlinkSync(join(parent, 'elsewhere'), path)
      },
      'access',
    ],
  ])('B10 refuses a key whose file %s', async (_, change, problem) => {
    const description = await known()
    writeFileSync(join(parent, 'elsewhere'), `${keyHex}\n`, { mode: 0o600 })
    change(join(folder, 'a.key'))
    const failure = await FileKeyStore.open(folder, description).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'KeyStoreError', code: 'key-store', problem })
    expect(inspect(failure, { depth: 9 })).not.toContain(keyHex.slice(2, 12))
  })

  it('B17 takes no keys that are said to be real', async () => {
    const description = await known()
    await expect(FileKeyStore.open(folder, { ...description, test: false })).rejects.toMatchObject({ problem: 'unfit' })
  })

  it('refuses keys that it has not, operations that are another key’s, and everything once it is closed', async () => {
    const store = await FileKeyStore.open(folder, await known())
    await expect(store.cmac('b', new Uint8Array(1))).rejects.toMatchObject({ problem: 'missing' })
    await expect(store.cmac('d', new Uint8Array(1))).rejects.toMatchObject({ problem: 'unfit' })
    await expect(store.encryptTripleDes('a', new Uint8Array(8))).rejects.toMatchObject({ problem: 'unfit' })
    await expect(store.encryptTripleDes('d', new Uint8Array(7))).rejects.toBeInstanceOf(InputError)
    await store.close()
    await expect(store.cmac('a', new Uint8Array(1))).rejects.toMatchObject({ problem: 'lost' })
    await expect(store.list()).rejects.toMatchObject({ problem: 'lost' })
  })

  it('shows no key to inspection or serialization', async () => {
    const store = await FileKeyStore.open(folder, await known())
    const shown = `${inspect(store, { showHidden: true, depth: 9 })} ${JSON.stringify(store)} ${String(store)}`
    for (const hex of [keyHex, desHex]) {
      expect(shown).not.toContain(hex.slice(0, 10))
      expect(shown).not.toContain([...fromHex(hex).slice(0, 4)].join(', '))
    }
    await store.close()
  })

  it('a description that is missing, a folder, or not UTF-8', async () => {
    await expect(readKeyDescription(folder)).rejects.toMatchObject({ problem: 'missing' })
    await known()
    writeFileSync(join(folder, 'keys.json'), Uint8Array.of(0xff, 0xfe))
    await expect(readKeyDescription(folder)).rejects.toMatchObject({ problem: 'description' })
    writeFileSync(
      join(folder, 'keys.json'),
      encodeKeyDescription({ test: true, keys: [await describeKey('a', fromHex(keyHex))], sets: [] }),
    )
    expect((await readKeyDescription(folder)).keys).toHaveLength(1)
    expect(existsSync(join(folder, 'README.txt'))).toBe(false)
  })
})
