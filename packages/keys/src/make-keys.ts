import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '@kart/codec'
import { aesCmac, randomBytes, wipe } from '@kart/crypto'
import { keyFolderNames } from './file-key-store.ts'
import { encodeKeyDescription, firstCardSet, type KeyDescription } from './key-description.ts'
import { type MasterAlgorithm, type MasterKey, masterAlgorithms, masterCheckValue } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'
import { generateMasterKey } from './pkcs11/pkcs11-key-store.ts'
import type { Pkcs11Options } from './pkcs11/token.ts'

/** Id of the first master key of a folder. */
const firstMaster = 'card-master-1'

const readme = `TEST KEYS. Anybody who has this folder has the keys of every card that was made with it.

keys.json   what keys and key sets there are, with key check values; holds no secret
*.key       the master keys, hex; readable by their owner only

Real master keys live in an HSM (PKCS#11): docs/keys.md.
`

async function create(folder: string, name: string, content: Uint8Array | string, mode: number): Promise<void> {
  try {
    // wx: never over a file that is there; it may be the only copy of a key.
    await writeFile(join(folder, name), content, { flag: 'wx', mode })
  } catch (cause) {
    const exists = (cause as { code?: string }).code === 'EEXIST'
    throw new KeyStoreError(
      'access',
      `${name} ${exists ? 'exists already and is never overwritten' : 'cannot be written'} in the folder of keys`,
      { cause },
    )
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new KeyStoreError('access', 'the folder of keys cannot be made', { cause })
  }
}

/** Writes a key description into a folder, made if need be; one that is there is never overwritten. Throws KeyStoreError. */
export async function saveKeyDescription(folder: string, description: KeyDescription): Promise<void> {
  await makeFolder(folder)
  await create(folder, keyFolderNames.description, encodeKeyDescription(description), 0o644)
}

/**
 * Makes an AES master key on a token, which never leaves it, and writes the description of the key set that follows from it into a folder. A description that
 * is there is never overwritten, and then no key is made. `test` says that the key is for test cards. Throws KeyStoreError.
 */
export async function initTokenKeys(
  folder: string,
  token: Omit<Pkcs11Options, 'writable'>,
  options: { readonly algorithm?: Exclude<MasterAlgorithm, 'des-ede2'>; readonly keyLength?: 16 | 24 | 32; readonly test?: boolean } = {},
): Promise<KeyDescription> {
  if (existsSync(join(folder, keyFolderNames.description)))
    throw new KeyStoreError('access', `${keyFolderNames.description} exists already and is never overwritten in the folder of keys`)
  await makeFolder(folder)
  const master = await generateMasterKey(token, firstMaster, options.algorithm ?? 'aes-256')
  const description: KeyDescription = { test: options.test ?? false, keys: [master], sets: [firstCardSet(master.id, options)] }
  await saveKeyDescription(folder, description)
  return description
}

/**
 * Makes a folder of TEST keys: a random AES master key in an owner-only file and the description of the key set that follows from it. Files that are there are
 * never overwritten. Throws KeyStoreError.
 */
export async function initTestKeys(
  folder: string,
  options: {
    readonly algorithm?: Exclude<MasterAlgorithm, 'des-ede2'>
    readonly keyVersion?: number
    readonly keyLength?: 16 | 24 | 32
  } = {},
): Promise<KeyDescription> {
  const algorithm = options.algorithm ?? 'aes-256'
  const id = firstMaster
  await makeFolder(folder)
  const key = randomBytes(masterAlgorithms[algorithm])
  const digits = new Uint8Array(2 * key.length + 1)
  try {
    const master = await describeKey(id, algorithm, key)
    const description: KeyDescription = { test: true, keys: [master], sets: [firstCardSet(id, options)] }
    encodeKeyFile(key, digits)
    await create(folder, `${id}${keyFolderNames.keySuffix}`, digits, 0o600)
    await create(folder, keyFolderNames.description, encodeKeyDescription(description), 0o644)
    await create(folder, keyFolderNames.readme, readme, 0o644)
    return description
  } finally {
    wipe(key, digits)
  }
}

async function describeKey(id: string, algorithm: MasterAlgorithm, key: Uint8Array): Promise<MasterKey> {
  const checkValue = await masterCheckValue(algorithm, {
    cmac: (data) => aesCmac(key, data),
    encryptTripleDes: () => {
      throw new KeyStoreError('unfit', `a ${algorithm} key is not made here`)
    },
  })
  return { id, algorithm, checkValue }
}

function encodeKeyFile(key: Uint8Array, digits: Uint8Array): void {
  const digit = (value: number) => value + (value < 10 ? 0x30 : 0x57)
  key.forEach((byte, i) => {
    digits[2 * i] = digit(byte >> 4)
    digits[2 * i + 1] = digit(byte & 15)
  })
  digits[2 * key.length] = 0x0a
}

/** A check value as it is shown: upper-case hex. */
export function showCheckValue(checkValue: Uint8Array): string {
  return toHex(checkValue).toUpperCase()
}
