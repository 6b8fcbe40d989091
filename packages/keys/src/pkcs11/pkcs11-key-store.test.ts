import { inspect } from 'node:util'
import { fromHex, InputError, toHex } from '@kart/codec'
import { aesCmac } from '@kart/crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deriveCardKeys } from '../derive-key.ts'
import type { KeyDescription, KeySet } from '../key-description.ts'
import { KeyStoreError } from '../key-store-error.ts'
import { type FakeModule, fakeModule, fakePin } from '../testing/fake-token.ts'
import { describeKey } from '../testing/memory-store.ts'
import { ck } from './cryptoki.ts'
import { generateMasterKey, listTokenKeys, Pkcs11KeyStore } from './pkcs11-key-store.ts'

const key = fromHex('8c72c72cf908411653018807950d82fbad947562f0828a0b10b8b9606abf3bcd')
const desKey = fromHex('404142434445464748494a4b4c4d4e4f')
const serial = fromHex('00010203040506070809')
const set: KeySet = { name: 's', use: 'card', keyVersion: 1, scheme: 'kdf3', keys: { enc: 'a', mac: 'a', dek: 'a' }, keyLength: 32 }

let module: FakeModule
let description: KeyDescription
let store: Pkcs11KeyStore | undefined

const options = () => ({ module: `fake-${expect.getState().currentTestName}`, token: 'cards', pin: fakePin, load: module.load })
const open = async (more: object = {}) => {
  store = await Pkcs11KeyStore.open({ ...options(), ...more }, description)
  return store
}

beforeEach(async () => {
  module = fakeModule({ label: 'a', type: ck.CKK_AES, value: key }, { label: 'd', type: ck.CKK_DES2, value: desKey })
  description = { test: false, keys: [await describeKey('a', key), await describeKey('d', desKey, 'des-ede2')], sets: [set] }
})
afterEach(async () => {
  await store?.close()
  store = undefined
})

describe('a store on a token', () => {
  it('does what a key in memory does', async () => {
    const opened = await open()
    expect(opened).toMatchObject({ kind: 'pkcs11', name: 'cards', test: false })
    expect(await opened.list()).toEqual(description.keys)
    expect(toHex(await opened.cmac('a', Uint8Array.of(1, 2)))).toBe(toHex(aesCmac(key, Uint8Array.of(1, 2))))
    expect(toHex(await opened.encryptTripleDes('d', new Uint8Array(16)))).toMatch(/^8baf47/)
    // third-party, but for the key types 2 and 3: kdf/diversification.json, kdf3-aes 10
    expect(toHex((await deriveCardKeys(opened, set, serial)).enc)).toHaveLength(64)
    await expect(opened.encryptTripleDes('d', new Uint8Array(3))).rejects.toBeInstanceOf(InputError)
  })

  it('starts and ends the module once, however many stores are open', async () => {
    const shared = { ...options(), module: 'fake-shared' }
    const first = await Pkcs11KeyStore.open(shared, description)
    const second = await Pkcs11KeyStore.open(shared, description)
    await first.close()
    await first.close()
    await second.cmac('a', new Uint8Array(1))
    expect(module.calls.filter((call) => call === 'C_Finalize')).toHaveLength(0)
    await second.close()
    for (const call of ['load', 'C_Initialize', 'C_Finalize', 'close']) expect(module.calls.filter((name) => name === call)).toHaveLength(1)
    expect(module.calls.filter((call) => call === 'C_CloseSession')).toHaveLength(2)
  })

  it('leaves a module alone that somebody else has started', async () => {
    module.fail('C_Initialize', 0, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')
    await (await open()).close()
    expect(module.calls).not.toContain('C_Finalize')
  })
})

describe('B10 the store does not open', () => {
  it.each<[string, () => unknown, string, RegExp]>([
    ['for a wrong PIN', () => module.fail('C_Login', 0, 'CKR_PIN_INCORRECT'), 'access', /the PIN is not the token/],
    ['for a locked PIN', () => module.fail('C_Login', 0, 'CKR_PIN_LOCKED'), 'access', /locked/],
    ['where no session is to be had', () => module.fail('C_OpenSession', 0, 'CKR_SESSION_COUNT'), 'failed', /CKR_SESSION_COUNT/],
    ['where the token goes away', () => module.fail('C_Sign', 0, 'CKR_DEVICE_REMOVED'), 'lost', /CKR_DEVICE_REMOVED/],
    ['where the module does not load', () => module.fail('load', 0, 'no return value at all'), 'missing', /cannot be loaded/],
    ['where the module does not start', () => module.fail('C_Initialize', 0, 'CKR_GENERAL_ERROR'), 'failed', /does not start/],
    [
      'without the key: a wrong version of it',
      () => Object.assign(module.keys[0]!, { label: 'a-2' }),
      'missing',
      /no key with the label a/,
    ],
    ['with two keys of one label', () => module.keys.push({ ...module.keys[0]! }), 'missing', /more than one key/],
    [
      'with another key under the label',
      () => Object.assign(module.keys[0]!, { value: new Uint8Array(32).fill(1) }),
      'check-value',
      /another one/,
    ],
    ['with a key of another size', () => Object.assign(module.keys[0]!, { value: new Uint8Array(16).fill(1) }), 'unfit', /not aes-256/],
    ['with a key that can be taken out', () => Object.assign(module.keys[0]!, { extractable: true }), 'unfit', /read out/],
    ['with a key that can be read', () => Object.assign(module.keys[0]!, { sensitive: false }), 'unfit', /read out/],
    ['with a key that may make no MACs', () => Object.assign(module.keys[0]!, { sign: false }), 'unfit', /make MACs/],
    ['with a triple-DES key that may not encrypt', () => Object.assign(module.keys[1]!, { encrypt: false }), 'unfit', /may not encrypt/],
    ['with a key of another kind', () => Object.assign(module.keys[0]!, { type: 0x10 }), 'unfit', /neither an AES/],
  ])('%s, and gives the module back', async (_, change, problem, words) => {
    change()
    const failure = await open().catch((error: unknown) => error as KeyStoreError)
    expect(failure).toBeInstanceOf(KeyStoreError)
    expect(failure).toMatchObject({ problem, message: expect.stringMatching(words) })
    const started =
      module.calls.filter((call) => call === 'C_OpenSession').length > 0 && !(failure as Error).message.includes('SESSION_COUNT')
    expect(module.calls.filter((call) => call === 'C_CloseSession')).toHaveLength(started ? 1 : 0)
  })

  it('on another token, or one that is not there', async () => {
    await expect(open({ token: 'cards2' })).rejects.toMatchObject({ problem: 'missing' })
    await expect(open({ token: 'others', pin: 'wrong' })).rejects.toMatchObject({ problem: 'access' })
  })

  it('without pkcs11js, or with one that was not built', async () => {
    const absent = Object.assign(new Error("Cannot find module 'pkcs11js'"), { code: 'MODULE_NOT_FOUND' })
    const raise = (error: Error) => () => {
      throw error
    }
    await expect(open({ load: raise(absent) })).rejects.toThrow(/is not installed; install a compiler/)
    await expect(open({ load: raise(new Error('bindings')) })).rejects.toThrow(/was not built/)
  })
})

describe('B10 the store stops', () => {
  it.each([
    'CKR_SESSION_HANDLE_INVALID',
    'CKR_SESSION_CLOSED',
    'CKR_KEY_HANDLE_INVALID',
    'CKR_DEVICE_REMOVED',
    'CKR_TOKEN_NOT_PRESENT',
    'CKR_USER_NOT_LOGGED_IN',
  ])('at %s in mid derivation, and goes on with nothing', async (returnValue) => {
    const opened = await open()
    module.fail('C_SignInit', 3, returnValue)
    await expect(deriveCardKeys(opened, set, serial)).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    const before = module.calls.length
    for (const again of [opened.cmac('a', new Uint8Array(1)), opened.encryptTripleDes('d', new Uint8Array(8)), opened.list()])
      await expect(again).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    expect(module.calls.slice(before)).toEqual([])
  })

  it('at any other error of the token too', async () => {
    const opened = await open()
    module.fail('C_Sign', 0, 'CKR_FUNCTION_FAILED')
    await expect(opened.cmac('a', new Uint8Array(1))).rejects.toMatchObject({ code: 'hsm', problem: 'failed' })
    await expect(opened.cmac('a', new Uint8Array(1))).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
  })

  it('when the handle comes to stand for another key', async () => {
    const opened = await open()
    module.keys[0]!.value = new Uint8Array(32).fill(3)
    await expect(opened.cmac('a', new Uint8Array(1))).rejects.toMatchObject({ problem: 'check-value' })
    module.keys[0]!.value = key
    await expect(opened.cmac('a', new Uint8Array(1))).rejects.toMatchObject({ problem: 'lost' })
  })

  it('wherever the token fails, no key comes out and the error is one of ours', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('C_SignInit', 'C_Sign'),
        fc.nat({ max: 11 }),
        fc.constantFrom('CKR_SESSION_CLOSED', 'CKR_DEVICE_ERROR', 'CKR_GENERAL_ERROR', 'CKR_HOST_MEMORY', 'nonsense'),
        async (call, after, returnValue) => {
          const opened = await Pkcs11KeyStore.open({ ...options(), module: 'fake-anywhere' }, description)
          module.fail(call, after, returnValue)
          const result = await deriveCardKeys(opened, set, serial).catch((error: unknown) => error)
          expect(result).toBeInstanceOf(KeyStoreError)
          expect((result as KeyStoreError).code).toBe('hsm')
          await opened.close()
        },
      ),
    )
  })
})

describe('what is told', () => {
  it('the PIN, and what a module says beside its return value, are in no message and in no inspection of the store', async () => {
    const errors: unknown[] = []
    errors.push(await open({ pin: '00000000' }).catch((error: unknown) => error))
    const opened = await open()
    module.fail('C_Sign', 0, 'CKR_GENERAL_ERROR')
    const failure = (await opened.cmac('a', new Uint8Array(1)).catch((error: unknown) => error)) as Error
    expect(failure.message).toContain('CKR_GENERAL_ERROR')
    expect(inspect(failure, { depth: 9 })).not.toContain(fakePin)
    expect(inspect(failure, { depth: 9 })).not.toContain('/opt')
    expect(inspect(errors, { depth: 9 })).not.toContain('00000000')
    const shown = `${inspect(opened, { depth: 9 })} ${JSON.stringify(opened)}`
    expect(shown).not.toContain(fakePin)
  })

  it('a listing has labels, check values, and why a key cannot serve', async () => {
    module.keys.push({ label: 'weak', type: ck.CKK_AES, value: key, extractable: true }, { label: 'other', type: 0x10, value: key })
    const rows = await listTokenKeys(options())
    expect(rows.map(({ label, algorithm, checkValue }) => [label, algorithm, checkValue && toHex(checkValue)])).toEqual([
      ['a', 'aes-256', toHex(description.keys[0]!.checkValue)],
      ['d', 'des-ede2', '8baf47'],
      ['other', undefined, undefined],
      ['weak', 'aes-256', undefined],
    ])
    expect(rows[3]!.unfit).toMatch(/read out/)
    expect(module.calls.at(-1)).toBe('close')
  })

  it('a master key made on the token can make MACs and nothing else, and never replaces one', async () => {
    const made = await generateMasterKey(options(), 'new', 'aes-192')
    const [found] = module.keys.slice(-1)
    expect(found).toMatchObject({ label: 'new', extractable: false, sensitive: true, sign: true, encrypt: false })
    expect(made).toEqual(await describeKey('new', new Uint8Array(24).fill(9)))
    await expect(generateMasterKey(options(), 'new', 'aes-256')).rejects.toMatchObject({ problem: 'access' })
  })
})
