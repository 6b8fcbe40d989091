import { equalBytes, InputError } from '@kart/codec'
import type { KeyDescription } from '../key-description.ts'
import { type KeyStore, type MasterAlgorithm, type MasterKey, masterAlgorithms, masterCheckValue } from '../key-store.ts'
import { KeyStoreError } from '../key-store-error.ts'
import { ck } from './cryptoki.ts'
import { type Pkcs11Options, Pkcs11Token, type TokenKey } from './token.ts'

/** What a token says of one of its secret keys. */
export interface TokenKeyReport {
  readonly label: string
  /** Undefined for a key of another kind. */
  readonly algorithm: MasterAlgorithm | undefined
  /** Undefined where the key may not make it. */
  readonly checkValue: Uint8Array | undefined
  /** Why it cannot be a master key; undefined when it can. */
  readonly unfit: string | undefined
}

function algorithmOf(token: Pkcs11Token, key: TokenKey): MasterAlgorithm | undefined {
  const type = token.number(key, ck.CKA_KEY_TYPE)
  if (type === ck.CKK_DES2 || type === ck.CKK_DES3) return 'des-ede2'
  if (type !== ck.CKK_AES) return undefined
  return (['aes-128', 'aes-192', 'aes-256'] as const).find((name) => masterAlgorithms[name] === token.number(key, ck.CKA_VALUE_LEN))
}

/** Why a key on a token may not serve as a master key: one that can be read out is no secret of the token's. */
function unfitness(token: Pkcs11Token, key: TokenKey, algorithm: MasterAlgorithm | undefined): string | undefined {
  if (algorithm === undefined) return 'is neither an AES nor a triple-DES key'
  if (token.flag(key, ck.CKA_SENSITIVE) !== true || token.flag(key, ck.CKA_EXTRACTABLE) !== false)
    return 'can be read out of the token (it must be sensitive and not extractable)'
  const [right, name] = algorithm === 'des-ede2' ? [ck.CKA_ENCRYPT, 'encrypt'] : [ck.CKA_SIGN, 'make MACs (CKA_SIGN)']
  return token.flag(key, right) === true ? undefined : `may not ${name}`
}

function operations(token: Pkcs11Token, key: TokenKey) {
  return {
    cmac: (data: Uint8Array) => token.sign(key, ck.CKM_AES_CMAC, data, 16),
    encryptTripleDes: (blocks: Uint8Array) => token.encrypt(key, ck.CKM_DES3_ECB, blocks),
  }
}

/** The secret keys on a token and what may be known of them. Opens and closes a session of its own. Throws KeyStoreError. */
export async function listTokenKeys(options: Pkcs11Options): Promise<readonly TokenKeyReport[]> {
  const token = Pkcs11Token.open(options)
  try {
    const reports: TokenKeyReport[] = []
    for (const key of token.findKeys(ck.CKO_SECRET_KEY)) {
      const algorithm = algorithmOf(token, key)
      const unfit = unfitness(token, key, algorithm)
      const checkValue =
        algorithm !== undefined && unfit === undefined ? await masterCheckValue(algorithm, operations(token, key)) : undefined
      reports.push({ label: key.label, algorithm, checkValue, unfit })
    }
    return reports.sort((a, b) => (a.label < b.label ? -1 : 1))
  } finally {
    token.close()
  }
}

/**
 * Makes an AES master key on a token that never leaves it: sensitive, not extractable, with no right but to make MACs. Gives its description.
 * Throws KeyStoreError, also when there is a key of this name.
 */
export async function generateMasterKey(
  options: Omit<Pkcs11Options, 'writable'>,
  id: string,
  algorithm: Exclude<MasterAlgorithm, 'des-ede2'>,
): Promise<MasterKey> {
  const token = Pkcs11Token.open({ ...options, writable: true })
  try {
    if (token.findKeys(ck.CKO_SECRET_KEY, id).length > 0)
      throw new KeyStoreError('access', `token ${token.label} has a key with the label ${id} already; a new version of a key has a new id`)
    const no = [ck.CKA_EXTRACTABLE, ck.CKA_ENCRYPT, ck.CKA_DECRYPT, ck.CKA_WRAP, ck.CKA_UNWRAP, ck.CKA_DERIVE]
    const yes = [ck.CKA_TOKEN, ck.CKA_PRIVATE, ck.CKA_SENSITIVE, ck.CKA_SIGN]
    token.generateKey({ mechanism: ck.CKM_AES_KEY_GEN }, [
      { type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY },
      { type: ck.CKA_KEY_TYPE, value: ck.CKK_AES },
      { type: ck.CKA_LABEL, value: id },
      { type: ck.CKA_VALUE_LEN, value: masterAlgorithms[algorithm] },
      ...yes.map((type) => ({ type, value: true })),
      ...no.map((type) => ({ type, value: false })),
    ])
    const key = token.findKey(ck.CKO_SECRET_KEY, id)
    return { id, algorithm, checkValue: await masterCheckValue(algorithm, operations(token, key)) }
  } finally {
    token.close()
  }
}

/**
 * Master keys on a token of a hardware security module. Each is found by its label and must be the one described: algorithm, rights, check value. The check
 * value is made anew before every operation, for a handle may come to stand for another key; a difference, and any failure of the token, closes the store.
 */
export class Pkcs11KeyStore implements KeyStore {
  readonly kind = 'pkcs11'
  readonly name: string
  readonly test: boolean
  readonly #token: Pkcs11Token
  readonly #keys: ReadonlyMap<string, { readonly master: MasterKey; readonly key: TokenKey }>

  private constructor(
    token: Pkcs11Token,
    test: boolean,
    keys: ReadonlyMap<string, { readonly master: MasterKey; readonly key: TokenKey }>,
  ) {
    this.name = token.label
    this.test = test
    this.#token = token
    this.#keys = keys
  }

  /** Opens a session with the token and finds every key of the description. Throws KeyStoreError. */
  static async open(options: Omit<Pkcs11Options, 'writable'>, description: KeyDescription): Promise<Pkcs11KeyStore> {
    const token = Pkcs11Token.open({ ...options, writable: false })
    try {
      const keys = new Map<string, { master: MasterKey; key: TokenKey }>()
      for (const master of description.keys) keys.set(master.id, { master, key: await findMaster(token, master) })
      return new Pkcs11KeyStore(token, description.test, keys)
    } catch (error) {
      token.close()
      throw error
    }
  }

  async list(): Promise<readonly MasterKey[]> {
    for (const { master, key } of this.#keys.values()) await this.#check(master, key)
    return [...this.#keys.values()].map(({ master }) => master)
  }

  async cmac(keyId: string, data: Uint8Array): Promise<Uint8Array> {
    return operations(this.#token, await this.#key(keyId, false)).cmac(data)
  }

  async encryptTripleDes(keyId: string, blocks: Uint8Array): Promise<Uint8Array> {
    if (blocks.length === 0 || blocks.length % 8 !== 0) throw new InputError('blocks', 'not whole blocks of 8 bytes')
    return operations(this.#token, await this.#key(keyId, true)).encryptTripleDes(blocks)
  }

  async close(): Promise<void> {
    this.#token.close()
  }

  async #key(keyId: string, tripleDes: boolean): Promise<TokenKey> {
    const found = this.#keys.get(keyId)
    if (found === undefined) throw new KeyStoreError('missing', `key ${keyId} is not in the key description`)
    if ((found.master.algorithm === 'des-ede2') !== tripleDes) throw new KeyStoreError('unfit', `key ${keyId} is not for this operation`)
    await this.#check(found.master, found.key)
    return found.key
  }

  async #check(master: MasterKey, key: TokenKey): Promise<void> {
    try {
      await requireDescribed(this.#token, master, key)
    } catch (error) {
      this.#token.close()
      throw error
    }
  }
}

async function requireDescribed(token: Pkcs11Token, master: MasterKey, key: TokenKey): Promise<void> {
  const checkValue = await masterCheckValue(master.algorithm, operations(token, key))
  if (!equalBytes(checkValue, master.checkValue))
    throw new KeyStoreError(
      'check-value',
      `key ${master.id} on token ${token.label} is another one than the key description says (key check value)`,
    )
}

async function findMaster(token: Pkcs11Token, master: MasterKey): Promise<TokenKey> {
  const key = token.findKey(ck.CKO_SECRET_KEY, master.id)
  const algorithm = algorithmOf(token, key)
  const unfit = unfitness(token, key, algorithm)
  if (unfit !== undefined) throw new KeyStoreError('unfit', `key ${master.id} on token ${token.label} ${unfit}`)
  if (algorithm !== master.algorithm)
    throw new KeyStoreError('unfit', `key ${master.id} on token ${token.label} is not ${master.algorithm}`)
  await requireDescribed(token, master, key)
  return key
}
