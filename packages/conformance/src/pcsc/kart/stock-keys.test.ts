import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, type PluggedCard, testTransportKeys } from '@kart/emulator'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stockProgram } from '../../../../../scripts/stock-programs.mjs'
import { insertCard, type ProgramResult, runProgram, waitForStack } from '../stack.ts'
import { type Folder, hashes, mechanisms, signAndVerify, signingMechanisms, verified } from './mechanisms.ts'

// Keys that the card made for unmodified OpenSC, used by unmodified OpenSC, and every result judged by openssl: none of them shares a line with Kart.
const pins = { '01': '835192', '02': '640917' } as const
const officer = '73918264'

interface Key {
  readonly id: string
  /** Object identifier of the PIN; the tokens stand in the order of the PINs. */
  readonly pin: keyof typeof pins
  readonly spec: string
  readonly kind: 'rsa' | 'ec'
  readonly usage: string
}
// biome-ignore format: a row a line
const keys: readonly Key[] = [
  { id: '11', pin: '01', spec: 'rsa/2048', kind: 'rsa', usage: 'sign,decrypt' },
  { id: '12', pin: '01', spec: 'rsa/3072', kind: 'rsa', usage: 'sign,decrypt' },
  { id: '13', pin: '01', spec: 'rsa/4096', kind: 'rsa', usage: 'sign,decrypt' },
  { id: '14', pin: '01', spec: 'ec/prime256v1', kind: 'ec', usage: 'digitalSignature,keyAgreement' },
  { id: '15', pin: '01', spec: 'ec/secp521r1', kind: 'ec', usage: 'digitalSignature,keyAgreement' },
  { id: '21', pin: '02', spec: 'ec/secp384r1', kind: 'ec', usage: 'digitalSignature,keyAgreement' },
  { id: '22', pin: '02', spec: 'rsa/2048', kind: 'rsa', usage: 'sign,decrypt' },
]

let folder = ''
let context: PcscContext
let plugged: PluggedCard
let imported: ProgramResult
const at = (name: string): string => join(folder, name)
const content = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)))
const run = (program: string, args: readonly string[]): Promise<ProgramResult> =>
  runProgram(program, args, { timeoutMs: 120_000, cwd: folder })
/** Runs a program that must end well. */
async function done(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
  return stdout
}
const init = (...args: readonly string[]): Promise<string> => done('pkcs15-init', '--so-pin', officer, ...args)
/** pkcs11-tool on the token of the key's PIN, logged in. */
const token = ({ pin, id }: Key, ...args: readonly string[]): Promise<string> =>
  done(
    'pkcs11-tool',
    '--module',
    stockProgram('opensc-pkcs11.so'),
    '--slot-index',
    pin === '01' ? '0' : '1',
    '--login',
    '--pin',
    pins[pin],
    '--id',
    id,
    ...args,
  )
const publicKeys = new Map<string, KeyObject>()

beforeAll(async () => {
  await waitForStack()
  folder = mkdtempSync(join(tmpdir(), 'kart-stock-keys-'))
  context = await openPcsc()
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: fromHex('00112233445566778899') })
  plugged = await insertCard(context, card)
  await init('--create-pkcs15', '--so-puk', '84629173')
  for (const [id, pin] of Object.entries(pins))
    await init('--store-pin', '--auth-id', id, '--label', `PIN ${id}`, '--pin', pin, '--puk', '91827364')
  for (const { id, pin, spec, usage } of keys)
    await init('--generate-key', spec, '--auth-id', pin, '--id', id, '--label', `key ${id}`, '--key-usage', usage, '--pin', pins[pin])
  await done('openssl', 'genrsa', '-out', 'outside.pem', '2048')
  imported = await run('pkcs15-init', ['--store-private-key', 'outside.pem', '--auth-id', '01', '--pin', pins['01'], '--so-pin', officer])
  await init('--finalize')
  for (const { id } of keys) {
    const pem = await done('pkcs15-tool', '--read-public-key', id)
    writeFileSync(at(`${id}.pem`), pem.slice(pem.indexOf('-----BEGIN')))
    publicKeys.set(id, createPublicKey(pem.slice(pem.indexOf('-----BEGIN'))))
  }
  writeFileSync(at('message'), randomBytes(1000))
  for (const hash of hashes) await done('openssl', 'dgst', `-${hash.toLowerCase()}`, '-binary', '-out', `${hash}.digest`, 'message')
}, 300_000)
afterAll(async () => {
  await plugged?.unplug()
  await context?.close()
  rmSync(folder, { recursive: true, force: true })
})

const openssl: Folder = { at, done }

describe('pkcs15-init on a blank card', () => {
  it.each(keys.map((key) => [key.spec, key] as const))('has made %s on the card', (spec, { id }) => {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKeys.get(id)!
    expect(type === 'rsa' ? `rsa/${details?.modulusLength}` : `ec/${details?.namedCurve}`).toBe(spec)
  })

  it('could not bring a key from outside, and made its own after that', () => {
    expect(imported.code).not.toBe(0)
    expect(imported.stderr).toMatch(/Failed to store private key: Card does not support the requested operation/)
  })
})

describe('pkcs11-tool --sign, with every mechanism that the token offers', () => {
  it('leaves no mechanism out', async () => {
    const offered = await done('pkcs11-tool', '--module', stockProgram('opensc-pkcs11.so'), '--slot-index', '0', '--list-mechanisms')
    expect(signingMechanisms(offered).sort()).toEqual([...mechanisms.rsa, ...mechanisms.ec].sort())
  })

  // Every mechanism with a key of each kind on each token; the longer RSA keys with one of each padding.
  const some = ['RSA-X-509', 'SHA256-RSA-PKCS', 'SHA512-RSA-PKCS-PSS']
  const rows = keys.flatMap((key) =>
    mechanisms[key.kind]
      .filter((name) => key.kind === 'ec' || key.spec === 'rsa/2048' || some.includes(name))
      .map((name) => [name, key] as const),
  )
  it.each(rows.map(([mechanism, key]) => [mechanism, key.spec, key.pin, key] as const))('%s, %s under PIN %s', (mechanism, _, __, key) =>
    signAndVerify(openssl, key, mechanism, (input, ...more) =>
      token(key, '--sign', '-m', mechanism, '-i', input, '-o', 'signature', ...more),
    ),
  )
})

describe('pkcs11-tool --decrypt', () => {
  const rows = keys.filter(({ kind }) => kind === 'rsa').map((key) => [key.spec, key] as const)
  it.each(rows)('%s: PKCS #1 v1.5, OAEP and bare', async (_, key) => {
    const secret = randomBytes(48)
    writeFileSync(at('secret'), secret)
    const seal = (...options: readonly string[]) =>
      done('openssl', 'pkeyutl', '-encrypt', '-pubin', '-inkey', `${key.id}.pem`, '-in', 'secret', '-out', 'sealed', ...options)
    const open = (mechanism: string, ...more: readonly string[]) =>
      token(key, '--decrypt', '-m', mechanism, '-i', 'sealed', '-o', 'opened', ...more)
    await seal()
    await open('RSA-PKCS')
    expect(toHex(content('opened'))).toBe(toHex(secret))
    await open('RSA-X-509')
    expect(toHex(content('opened')).endsWith(`00${toHex(secret)}`)).toBe(true)
    await seal('-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha256')
    await open('RSA-PKCS-OAEP', '--hash-algorithm', 'SHA256', '--mgf', 'MGF1-SHA256')
    expect(toHex(content('opened'))).toBe(toHex(secret))
  })
})

describe('pkcs11-tool on a cryptogram whose padding is wrong', () => {
  it('gets a message all the same, and pkcs15-crypt the same one: neither says that it is made up', async () => {
    const key = keys[0]!
    const block = new Uint8Array(256).fill(7, 1)
    writeFileSync(at('block'), block)
    const bare = ['-pkeyopt', 'rsa_padding_mode:none', '-in', 'block', '-out', 'sealed']
    await done('openssl', 'pkeyutl', '-encrypt', '-pubin', '-inkey', `${key.id}.pem`, ...bare)
    await token(key, '--decrypt', '-m', 'RSA-PKCS', '-i', 'sealed', '-o', 'opened')
    const made = ['--decipher', '--pkcs1', '--key', key.id, '--pin', pins[key.pin], '-i', 'sealed', '-o', 'again']
    await done('pkcs15-crypt', ...made)
    expect(toHex(content('again'))).toBe(toHex(content('opened')))
  })
})

describe('pkcs11-tool --test', () => {
  it.each(['11', '21'])('finds no error on the token of key %s, random numbers among them', async (id) => {
    const key = keys.find((one) => one.id === id)!
    expect(await token(key, '--test')).toMatch(/^No errors$/m)
    await token(key, '--generate-random', '200', '-o', 'random')
    expect(content('random')).toHaveLength(200)
  })
})

describe('pkcs11-tool --derive', () => {
  const rows = keys
    .filter(({ kind }) => kind === 'ec')
    .flatMap((key) => ['ECDH1-DERIVE', 'ECDH1-COFACTOR-DERIVE'].map((name) => [name, key.spec, key] as const))
  it.each(rows)('%s, %s: the secret of the other side', async (mechanism, spec, key) => {
    const other = generateKeyPairSync('ec', { namedCurve: spec.slice('ec/'.length) })
    writeFileSync(at('other.der'), other.publicKey.export({ type: 'spki', format: 'der' }))
    await token(key, '--derive', '-m', mechanism, '-i', 'other.der', '-o', 'secret')
    const expected = diffieHellman({ privateKey: other.privateKey, publicKey: publicKeys.get(key.id)! })
    expect(toHex(content('secret'))).toBe(toHex(expected))
  })
})

describe('pkcs15-crypt', () => {
  const crypt = ({ id, pin }: Key, ...args: readonly string[]) => done('pkcs15-crypt', '--key', id, '--pin', pins[pin], ...args)
  it.each(keys.map((key) => [key.spec, key.pin, key] as const))('signs with %s under PIN %s', async (_, __, key) => {
    await crypt(
      key,
      '--sign',
      '-i',
      'SHA256.digest',
      '-o',
      'signature',
      '--sha-256',
      ...(key.kind === 'ec' ? ['--signature-format', 'openssl'] : ['--pkcs1']),
    )
    await verified(openssl, key.id, 'SHA256')
  })

  it.each(keys.filter(({ kind }) => kind === 'rsa').map((key) => [key.spec, key.pin, key] as const))(
    'deciphers with %s under PIN %s',
    async (_, __, key) => {
      writeFileSync(at('secret'), randomBytes(32))
      await done('openssl', 'pkeyutl', '-encrypt', '-pubin', '-inkey', `${key.id}.pem`, '-in', 'secret', '-out', 'sealed')
      await crypt(key, '--decipher', '-i', 'sealed', '-o', 'opened', '--pkcs1')
      expect(toHex(content('opened'))).toBe(toHex(content('secret')))
    },
  )

  it('is refused under a wrong PIN, and under the PIN of the other token', async () => {
    const [first] = keys
    for (const wrong of ['835193', pins['02']]) {
      const { code } = await run('pkcs15-crypt', [
        '--key',
        first!.id,
        '--pin',
        wrong,
        '--sign',
        '-i',
        'SHA256.digest',
        '-o',
        'signature',
        '--sha-256',
        '--pkcs1',
      ])
      expect(code).not.toBe(0)
    }
    await crypt(first!, '--sign', '-i', 'SHA256.digest', '-o', 'signature', '--sha-256', '--pkcs1')
  })
})
