import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { getResponse, openChannel, selectApplication, send, wrongLength } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { generateEcKeyPair } from '@kart/crypto'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import {
  currentCardSet,
  deriveCardKeys,
  deriveKey,
  generateMasterKey,
  initTokenKeys,
  issuerKeysOf,
  type KeyDescription,
  type KeySet,
  type KeyStore,
  listTokenKeys,
  type MasterAlgorithm,
  Pkcs11KeyStore,
  Pkcs11SigningKey,
  planDerivation,
  readKeyDescription,
} from '@kart/keys'
import { decodeCertificate, nationalId } from '@kart/layout'
import { execute, type Signer } from '@kart/personalization'
import { openScp03 } from '@kart/secure-channel'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimenImage } from '../testing/specimen.ts'
import { makeToken, type OtherProgram, type TestToken, tokenPin } from './softhsm.ts'

interface Row {
  readonly comment: string
  readonly input: Readonly<Record<string, string>> & { readonly keyType?: never }
  readonly expected: Readonly<Record<string, string>>
}
const groups = (file: string): { name?: string; tests: Row[] }[] =>
  JSON.parse(readFileSync(new URL(`../../../../test-vectors/kdf/${file}.json`, import.meta.url), 'utf8')).groups
const rowsOf = (name: string) => groups('diversification').find((group) => group.name === name)!.tests
const purposeOf = (keyType: unknown) => (['enc', 'mac', 'dek'] as const)[Number(keyType) - 1]!

const aesType = 0x1f
const des2Type = 0x14
const master = fromHex('8c72c72cf908411653018807950d82fbad947562f0828a0b10b8b9606abf3bcd')

let token: TestToken
let other: OtherProgram
let count = 0
const open: { close(): void | Promise<void> }[] = []
/** Keeps what is opened, to close it after the test. */
function kept<T extends { close(): void | Promise<void> }>(opened: T): T {
  open.push(opened)
  return opened
}

beforeAll(() => {
  token = makeToken()
  other = token.otherProgram()
})
afterEach(async () => {
  for (const opened of open.splice(0)) await opened.close()
})
afterAll(() => token.remove())

/** Puts a key of known bytes onto the token, as a key ceremony would; gives its id. */
function put(
  value: Uint8Array,
  more: readonly (readonly [number, number | boolean | string | Uint8Array])[] = [],
  label = `key-${++count}`,
): string {
  const type = more.some(([attribute, set]) => attribute === 0x100 && set === des2Type) ? des2Type : aesType
  other.create([
    [0x000, 4], // CKA_CLASS = CKO_SECRET_KEY
    [0x100, type], // CKA_KEY_TYPE
    [0x003, label], // CKA_LABEL
    [0x011, value], // CKA_VALUE
    [0x001, true], // CKA_TOKEN
    [0x002, true], // CKA_PRIVATE
    ...[
      [0x103, true] as const, // CKA_SENSITIVE
      [0x162, false] as const, // CKA_EXTRACTABLE
    ].filter(([attribute]) => !more.some(([changed]) => changed === attribute)),
    [type === aesType ? 0x108 : 0x104, true], // CKA_SIGN, CKA_ENCRYPT
    ...more.filter(([attribute]) => attribute !== 0x100),
  ])
  return label
}

/** The description of keys as the token reports them. */
async function describeKeys(...ids: readonly string[]): Promise<KeyDescription> {
  const rows = await listTokenKeys(token)
  const keys = ids.map((id) => {
    const { algorithm, checkValue } = rows.find(({ label }) => label === id)!
    return { id, algorithm: algorithm as MasterAlgorithm, checkValue: checkValue! }
  })
  return { test: true, keys, sets: [] }
}

const openStore = async (description: KeyDescription) => kept(await Pkcs11KeyStore.open(token, description))
const setOf = (id: string, more: Partial<KeySet> = {}): KeySet => ({
  name: 's',
  use: 'card',
  keyVersion: 0x31,
  scheme: 'sp800-108-cmac',
  keys: { enc: id, mac: id, dek: id },
  keyLength: 16,
  ...more,
})

describe('outside vectors, computed by the token', () => {
  it('NIST’s 48 of SP 800-108 with CMAC', async () => {
    let rows = 0
    for (const { tests } of groups('nist-kbkdf-cmac'))
      for (const { input, expected } of tests) {
        const id = put(fromHex(input.ki!))
        const store = await Pkcs11KeyStore.open(token, await describeKeys(id))
        const blocks: Uint8Array[] = []
        for (let i = 1; i <= Math.ceil(Number(input.bits) / 128); i++)
          blocks.push(await store.cmac(id, concatBytes(fromHex(input.dataBefore!), Uint8Array.of(i), fromHex(input.dataAfter!))))
        expect(toHex(concatBytes(...blocks)).slice(0, Number(input.bits) / 4)).toBe(expected.ko)
        await store.close()
        for (const handle of other.find(id)) other.destroy(handle)
        rows++
      }
    expect(rows).toBe(48)
  })

  it('KDF3, every AES size', async () => {
    const rows = rowsOf('kdf3-aes')
    expect(rows).toHaveLength(12)
    for (const { input, expected, comment } of rows) {
      const id = put(fromHex(input.master!))
      const store = await openStore(await describeKeys(id))
      const plan = planDerivation('kdf3', purposeOf(input.keyType), fromHex(input.kdd!), input.master!.length / 2)
      expect(toHex(await deriveKey(store, id, plan)), comment).toBe(expected.key)
    }
  })

  it('EMV and VISA2, triple DES', async () => {
    const rows = rowsOf('emv-visa2-3des')
    expect(rows).toHaveLength(6)
    for (const { input, expected, comment } of rows) {
      const id = put(fromHex(input.master!), [[0x100, des2Type]])
      const store = await openStore(await describeKeys(id))
      expect(toHex((await store.list())[0]!.checkValue)).toBe('8baf47')
      const plan = planDerivation(comment.startsWith('EMV') ? 'emv' : 'visa2', purposeOf(input.keyType), fromHex(input.kdd!), 16)
      expect(toHex(await deriveKey(store, id, plan)), comment).toBe(expected.key)
    }
  })
})

describe('a master key made on the token', () => {
  it('cannot be read out, wrapped or used for anything but MACs, and issues a card', async () => {
    const folder = join(token.folder, 'keys')
    const description = await initTokenKeys(folder, token, { test: true })
    expect(await readKeyDescription(folder)).toEqual(description)
    const [handle] = other.find('card-master-1')
    expect(other.read(handle!, 0x011)).toBe('CKR_ATTRIBUTE_SENSITIVE')
    for (const attribute of [0x104, 0x105, 0x106, 0x107, 0x10c, 0x162])
      expect(other.read(handle!, attribute), `${attribute}`).toEqual(Uint8Array.of(0))

    const store = await openStore(description)
    const set = currentCardSet(description.sets, personalizationDay)
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
    const shown: string[] = []
    const report = await execute(card.transport(), specimenImage(), {
      ...executeOptions,
      issuerKeys: issuerKeysOf(store, set, { now: personalizationDay }),
      traceSink: (entry) =>
        shown.push(inspect(entry, { depth: 9 }), toHex(entry.command.data), toHex(entry.response?.data ?? new Uint8Array())),
    })
    expect(report.keySet).toMatchObject({ version: 0x31 })
    const channel = openChannel(card.transport(), getResponse(), wrongLength())
    await send(channel, selectApplication(nationalId.securityDomainAid, { answer: 'fci' }))
    const keys = await deriveCardKeys(store, set, chipSerial)
    await openScp03(channel, keys, { aid: nationalId.securityDomainAid })
    const all = [...shown, JSON.stringify(report), inspect(store, { depth: 9 }), JSON.stringify(store)].join('\n')
    for (const secret of [toHex(keys.enc), toHex(keys.mac), toHex(keys.dek), tokenPin]) expect(all).not.toContain(secret)
    await expect(initTokenKeys(join(token.folder, 'again'), token)).rejects.toMatchObject({ code: 'key-store', problem: 'access' })
  })
})

describe('B10 the store does not open', () => {
  it('with a wrong PIN', async () => {
    // Login is the whole process's: it has to be tried where nobody is logged in.
    const description = await describeKeys(put(master))
    other.closeAllSessions()
    const failure = await Pkcs11KeyStore.open({ ...token, pin: '00000000' }, description).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'key-store', problem: 'access' })
    expect(inspect(failure)).not.toContain('00000000')
    other = token.otherProgram()
  })

  it('on a token that is not there, and without a module', async () => {
    const description = await describeKeys(put(master))
    await expect(Pkcs11KeyStore.open({ ...token, token: 'other' }, description)).rejects.toMatchObject({ problem: 'missing' })
    await expect(Pkcs11KeyStore.open({ ...token, module: join(token.folder, 'none.so') }, description)).rejects.toMatchObject({
      problem: 'missing',
    })
  })

  it('with a key that may leave the token, or be read', async () => {
    for (const attribute of [
      [0x162, true],
      [0x103, false],
    ] as const) {
      const label = `weak-${++count}`
      put(master, [attribute], label)
      const description = await describeKeys(put(master))
      const weak = { ...description, keys: [{ ...description.keys[0]!, id: label }] }
      await expect(Pkcs11KeyStore.open(token, weak)).rejects.toMatchObject({ problem: 'unfit' })
      expect((await listTokenKeys(token)).find((row) => row.label === label)).toMatchObject({
        checkValue: undefined,
        unfit: expect.stringContaining('read out'),
      })
    }
  })

  it('with another key under the label, a second one, or none: a wrong version of the key', async () => {
    const id = put(master)
    const description = await describeKeys(id)
    put(master, [], id)
    await expect(Pkcs11KeyStore.open(token, description)).rejects.toMatchObject({ problem: 'missing' })
    for (const handle of other.find(id)) other.destroy(handle)
    await expect(Pkcs11KeyStore.open(token, description)).rejects.toMatchObject({ problem: 'missing' })
    put(
      master.map((byte, i) => (i === 31 ? byte ^ 1 : byte)),
      [],
      id,
    )
    await expect(Pkcs11KeyStore.open(token, description)).rejects.toMatchObject({ problem: 'check-value' })
  })
})

describe('B10 the store stops', () => {
  it('when the sessions are gone', async () => {
    const id = put(master)
    const store = await openStore(await describeKeys(id))
    await store.cmac(id, new Uint8Array(1))
    other.closeAllSessions()
    await expect(store.cmac(id, new Uint8Array(1))).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    other = token.otherProgram()
    // The token is well again; the store has stopped all the same.
    await expect(store.cmac(id, new Uint8Array(1))).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
  })

  it('when the key goes away, in mid derivation', async () => {
    const id = put(master)
    const store = await openStore(await describeKeys(id))
    let asked = 0
    const watched: KeyStore = {
      kind: store.kind,
      name: store.name,
      test: store.test,
      list: () => store.list(),
      encryptTripleDes: (key: string, blocks: Uint8Array) => store.encryptTripleDes(key, blocks),
      close: () => store.close(),
      cmac: async (key: string, data: Uint8Array) => {
        if (asked++ === 2) for (const handle of other.find(id)) other.destroy(handle)
        return store.cmac(key, data)
      },
    }
    await expect(deriveCardKeys(watched, setOf(id, { keyLength: 32 }), chipSerial)).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    await expect(store.list()).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
  })
})

describe('a document signer on the token', () => {
  const pem = (der: Uint8Array) => `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der).toString('base64')}\n-----END PRIVATE KEY-----\n`
  const certificate = pki.documentSigner.certificate
  const publicKey = decodeCertificate(certificate).spki

  it('signs a card that personalization takes, and a plain signature for CV certificates', async () => {
    token.importPrivateKey('document-signer', pem(pki.documentSigner.privateKeyPkcs8))
    const key = kept(await Pkcs11SigningKey.open(token, { label: 'document-signer', publicKey, hash: 'sha256' }))
    const signer: Signer = { certificate, algorithm: { kind: 'ecdsa', hash: 'sha256' }, sign: (data) => key.sign(data, 'der') }
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
    expect((await execute(card.transport(), specimenImage(), { ...executeOptions, signer })).lifeCycle).toBe('SECURED')
    expect(await key.sign(Uint8Array.of(1), 'plain')).toHaveLength(64)
  })

  it('B10 is not taken with a certificate of another key, nor after the sessions are gone', async () => {
    token.importPrivateKey('signer-2', pem(pki.documentSigner.privateKeyPkcs8))
    const stranger = generateEcKeyPair('P-256')
    await expect(
      Pkcs11SigningKey.open(token, { label: 'signer-2', publicKey: stranger.publicKeySpki, hash: 'sha256' }),
    ).rejects.toMatchObject({
      problem: 'check-value',
    })
    const key = kept(await Pkcs11SigningKey.open(token, { label: 'signer-2', publicKey, hash: 'sha256' }))
    other.closeAllSessions()
    await expect(key.sign(Uint8Array.of(1), 'der')).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    other = token.otherProgram()
  })
})

it('a second key on the token is another one', async () => {
  const [a, b] = [await generateMasterKey(token, 'made-a', 'aes-128'), await generateMasterKey(token, 'made-b', 'aes-192')]
  expect(toHex(a.checkValue)).not.toBe(toHex(b.checkValue))
  const store = await openStore({ test: true, keys: [a, b], sets: [] })
  expect((await store.list()).map(({ algorithm }) => algorithm)).toEqual(['aes-128', 'aes-192'])
})
