import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { equalBytes, InputError } from '@kart/codec'
import { aesCmac, desEde3CbcEncrypt, wipe } from '@kart/crypto'
import { firstCardSet, type KeyDescription, parseKeyDescription } from './key-description.ts'
import { type KeyStore, type MasterKey, masterAlgorithms, masterCheckValue } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'

/** Names in a folder of keys. */
export const keyFolderNames = { description: 'keys.json', keySuffix: '.key', readme: 'README.txt' } as const

const mostDescription = 1024 * 1024

/** What stands between a path and its file, in words. */
function fileProblem(cause: unknown): { problem: 'missing' | 'access'; words: string } {
  const { code } = cause as { code?: string }
  if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'missing', words: 'is missing' }
  return { problem: 'access', words: code === 'ELOOP' ? 'is a link, which is not followed' : 'cannot be opened' }
}

async function openForReading(folder: string, name: string): Promise<FileHandle> {
  try {
    return await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { problem, words } = fileProblem(cause)
    const next = problem === 'missing' && name === keyFolderNames.description ? ': make one with "kart keys init DIR"' : ''
    throw new KeyStoreError(problem, `${name} ${words} in the folder of keys${next}`, { cause })
  }
}

/** Reads a whole file of at most `most` bytes; `ownerOnly` refuses one that anybody else may read or write. */
async function readBounded(folder: string, name: string, most: number, ownerOnly: boolean): Promise<Uint8Array> {
  const file = await openForReading(folder, name)
  try {
    const about = await file.stat()
    if (!about.isFile() || about.size > most)
      throw new KeyStoreError('description', `${name} in the folder of keys is not a file of at most ${most} bytes`)
    if (ownerOnly && process.platform !== 'win32' && (about.mode & 0o077) !== 0)
      throw new KeyStoreError('access', `${name} may be opened by others than its owner: a key’s file has mode 600 (chmod 600)`)
    const bytes = new Uint8Array(about.size)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Reads the description in a folder of keys; no key is touched. Throws KeyStoreError. */
export async function readKeyDescription(folder: string): Promise<KeyDescription> {
  const bytes = await readBounded(folder, keyFolderNames.description, mostDescription, false)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new KeyStoreError('description', `${keyFolderNames.description} is not UTF-8 text`, { cause })
  }
  return parseKeyDescription(text)
}

const digitOf = (code: number): number => (code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1)

/** Lower-case hex digits and one line feed, straight from bytes to bytes: a string of the key could not be wiped. */
function decodeKeyFile(file: Uint8Array, name: string, length: number): Uint8Array {
  const key = new Uint8Array(length)
  let isKey = file.length === 2 * length + 1 && file[2 * length] === 0x0a
  for (let i = 0; i < length; i++) {
    const [high, low] = [digitOf(file[2 * i] ?? 0), digitOf(file[2 * i + 1] ?? 0)]
    if (high < 0 || low < 0) isKey = false
    key[i] = ((high & 15) << 4) | (low & 15)
  }
  if (isKey) return key
  wipe(key)
  throw new KeyStoreError('description', `${name} is not ${2 * length} lower-case hex digits and a line feed`)
}

/** Two-key triple DES of each block on its own. */
function tripleDesEcb(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const out = new Uint8Array(blocks.length)
  for (let at = 0; at < blocks.length; at += 8) out.set(desEde3CbcEncrypt(key, new Uint8Array(8), blocks.subarray(at, at + 8)), at)
  return out
}

async function loadKey(folder: string, master: MasterKey): Promise<Uint8Array> {
  const name = `${master.id}${keyFolderNames.keySuffix}`
  const length = masterAlgorithms[master.algorithm]
  const file = await readBounded(folder, name, 2 * length + 1, true)
  try {
    const key = decodeKeyFile(file, name, length)
    const found = await masterCheckValue(master.algorithm, {
      cmac: (data) => aesCmac(key, data),
      encryptTripleDes: (blocks) => tripleDesEcb(key, blocks),
    })
    if (equalBytes(found, master.checkValue)) return key
    wipe(key)
    throw new KeyStoreError('check-value', `${name} holds another key than ${keyFolderNames.description} describes (key check value)`)
  } finally {
    wipe(file)
  }
}

/**
 * TEST KEYS ONLY: master keys in files, read into memory. Keys stand in private fields, which neither inspection nor serialization shows, and are wiped by
 * `close`; what the runtime copied elsewhere is out of reach, which is one reason why real keys belong in an HSM.
 */
export class FileKeyStore implements KeyStore {
  readonly kind = 'file'
  readonly name: string
  readonly test = true
  readonly #keys: ReadonlyMap<string, { readonly master: MasterKey; readonly key: Uint8Array }>
  #open = true

  private constructor(name: string, keys: ReadonlyMap<string, { readonly master: MasterKey; readonly key: Uint8Array }>) {
    this.name = name
    this.#keys = keys
  }

  /**
   * Loads every key of a folder as `description` says: owner-only files (mode 600), hex, the described check value. Throws KeyStoreError, also for a
   * description that does not say `test`: a real key does not lie in a file.
   */
  static async open(folder: string, description: KeyDescription): Promise<FileKeyStore> {
    if (!description.test)
      throw new KeyStoreError(
        'unfit',
        'the key description is not of TEST keys: real keys are taken from an HSM (PKCS#11), never from files',
      )
    const keys = new Map<string, { master: MasterKey; key: Uint8Array }>()
    try {
      for (const master of description.keys) keys.set(master.id, { master, key: await loadKey(folder, master) })
    } catch (error) {
      for (const { key } of keys.values()) wipe(key)
      throw error
    }
    return new FileKeyStore(folder, keys)
  }

  /**
   * A store with one key that all the world knows, GlobalPlatform's 40 41 .. 4F, and the set that follows from it: to look at derivation without keys of one's
   * own. Never for a card that a person will hold.
   */
  static async example(): Promise<{ readonly store: FileKeyStore; readonly description: KeyDescription }> {
    const key = Uint8Array.from({ length: 16 }, (_, i) => 0x40 + i)
    const checkValue = await masterCheckValue('aes-128', {
      cmac: (data) => aesCmac(key, data),
      encryptTripleDes: (blocks) => tripleDesEcb(key, blocks),
    })
    const master: MasterKey = { id: 'public-example', algorithm: 'aes-128', checkValue }
    const store = new FileKeyStore('the public example key', new Map([[master.id, { master, key }]]))
    return { store, description: { test: true, keys: [master], sets: [firstCardSet(master.id)] } }
  }

  async list(): Promise<readonly MasterKey[]> {
    if (!this.#open) throw new KeyStoreError('lost', 'the key store is closed')
    return [...this.#keys.values()].map(({ master }) => master)
  }

  async cmac(keyId: string, data: Uint8Array): Promise<Uint8Array> {
    return aesCmac(this.#key(keyId, false), data)
  }

  async encryptTripleDes(keyId: string, blocks: Uint8Array): Promise<Uint8Array> {
    if (blocks.length === 0 || blocks.length % 8 !== 0) throw new InputError('blocks', 'not whole blocks of 8 bytes')
    return tripleDesEcb(this.#key(keyId, true), blocks)
  }

  async close(): Promise<void> {
    this.#open = false
    for (const { key } of this.#keys.values()) wipe(key)
  }

  #key(keyId: string, tripleDes: boolean): Uint8Array {
    if (!this.#open) throw new KeyStoreError('lost', 'the key store is closed')
    const found = this.#keys.get(keyId)
    if (found === undefined) throw new KeyStoreError('missing', `there is no key ${keyId} in the folder of keys`)
    if ((found.master.algorithm === 'des-ede2') !== tripleDes) throw new KeyStoreError('unfit', `key ${keyId} is not for this operation`)
    return found.key
  }
}
