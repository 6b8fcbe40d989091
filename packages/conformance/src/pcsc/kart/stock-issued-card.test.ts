import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equalBytes } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, inMemory, type PluggedCard, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { buildImage, execute, initTestPki, type TransportPins, testHolderAuthority } from '@kart/personalization'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, specimen, specimenOptions } from '../../testing/specimen.ts'
import { insertCard, type ProgramResult, runProgram, waitForStack } from '../stack.ts'

// A card that Kart personalized and secured, in the hands of unmodified OpenSC and openssl.
const module = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so'
const letter: TransportPins = {
  AuthPIN: { pin: '730518', puk: '40271853' },
  SignPIN: { pin: '916207', puk: '58302617' },
  'SO-PIN': { pin: '62950174' },
}
const chosen = { auth: '850392', sign: '640917' } as const
const certificates = new Map<string, Uint8Array>()

let folder = ''
let context: PcscContext
let plugged: PluggedCard
const run = (program: string, ...args: readonly string[]): Promise<ProgramResult> =>
  runProgram(program, args, { timeoutMs: 120_000, cwd: folder })
async function done(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, ...args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
  return stdout
}
const pkcs15 = (...args: readonly string[]): Promise<string> => done('pkcs15-tool', ...args)
const token = (index: 0 | 1, ...args: readonly string[]): readonly string[] => ['--module', module, '--slot-index', String(index), ...args]
const changePin = (id: '01' | '02', from: string, to: string): Promise<ProgramResult> =>
  run('pkcs15-tool', '--change-pin', '--auth-id', id, '--pin', from, '--new-pin', to)
const sign = (index: 0 | 1, id: string, pin: string, hash: string): Promise<ProgramResult> =>
  run(
    'pkcs11-tool',
    ...token(
      index,
      '--login',
      '--pin',
      pin,
      '--sign',
      '--id',
      id,
      '--mechanism',
      `ECDSA-${hash}`,
      '--signature-format',
      'openssl',
      '--input-file',
      'message',
      '--output-file',
      'signature',
    ),
  )

beforeAll(async () => {
  await waitForStack()
  folder = mkdtempSync(join(tmpdir(), 'kart-stock-issued-'))
  context = await openPcsc()
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const pki = initTestPki({ now: personalizationDay })
  const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: { pins: letter } })
  const authority = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
  await execute(card.transport(), image, {
    ...executeOptions,
    seenKeys: seenInMemory(),
    certify: async (order) => {
      const made = await authority(order)
      certificates.set(order.label, made.certificate)
      return made
    },
  })
  plugged = await insertCard(context, card)
  writeFileSync(join(folder, 'message'), 'a contract')
}, 120_000)
afterAll(async () => {
  await plugged?.unplug()
  await context?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a card that Kart issued, to OpenSC', () => {
  it('shows its PINs, keys and certificates', async () => {
    const dump = await pkcs15('--dump')
    for (const words of [
      'AuthPIN',
      'SignPIN',
      'SO-PIN',
      'Private EC Key [authentication]',
      'Private EC Key [signature]',
      'X.509 Certificate [signature]',
    ])
      expect(dump).toContain(words)
  })

  it.each([
    ['authentication', '1'],
    ['signature', '2'],
  ])('gives the certificate of %s as it was certified, and its key', async (label, id) => {
    await pkcs15('--read-certificate', id, '--output', 'own.pem')
    await done('openssl', 'x509', '-in', 'own.pem', '-outform', 'DER', '-out', 'own.der')
    expect(equalBytes(new Uint8Array(readFileSync(join(folder, 'own.der'))), certificates.get(label)!)).toBe(true)
    writeFileSync(join(folder, `${id}.pub`), await done('openssl', 'x509', '-in', 'own.pem', '-noout', '-pubkey'))
    const read = await pkcs15('--read-public-key', id)
    expect(read.slice(read.indexOf('-----BEGIN')).trim()).toBe(readFileSync(join(folder, `${id}.pub`), 'utf8').trim())
  })

  it('C09 signs nothing under the PINs of the letter', async () => {
    expect((await sign(0, '01', letter.AuthPIN!.pin, 'SHA256')).code).not.toBe(0)
  })

  it('C10 takes new PINs, and none from the holder’s numbers', async () => {
    expect((await changePin('01', letter.AuthPIN!.pin, specimen.holder.nationalCode.slice(2, 8))).code).not.toBe(0)
    expect((await changePin('01', letter.AuthPIN!.pin, chosen.auth)).code).toBe(0)
    expect((await changePin('02', letter.SignPIN!.pin, chosen.sign)).code).toBe(0)
  })

  it.each([
    ['authentication', 0, '01', '1', chosen.auth, 'SHA256'],
    ['signature', 1, '02', '2', chosen.sign, 'SHA384'],
  ] as const)('signs with %s on its token, and openssl takes it', async (_label, index, id, file, pin, hash) => {
    const made = await sign(index, id, pin, hash)
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)])
    expect(await done('openssl', 'dgst', `-${hash.toLowerCase()}`, '-verify', `${file}.pub`, '-signature', 'signature', 'message')).toMatch(
      /Verified OK/,
    )
  })

  it('refuses the signature key to the AuthPIN', async () => {
    expect((await sign(1, '02', chosen.auth, 'SHA384')).code).not.toBe(0)
    // That was a wrong SignPIN: one try.
    expect((await run('pkcs15-tool', '--verify-pin', '--auth-id', '02', '--pin', chosen.sign)).code).toBe(0)
  })

  it('blocks a PIN after three wrong ones, and the PUK unblocks it', async () => {
    for (let i = 0; i < 3; i++) expect((await run('pkcs15-tool', '--verify-pin', '--auth-id', '01', '--pin', '949372')).code).not.toBe(0)
    expect((await run('pkcs15-tool', '--verify-pin', '--auth-id', '01', '--pin', chosen.auth)).code).not.toBe(0)
    expect((await run('pkcs15-tool', '--unblock-pin', '--auth-id', '01', '--puk', letter.AuthPIN!.puk!, '--new-pin', '275093')).code).toBe(
      0,
    )
    expect((await sign(0, '01', '275093', 'SHA256')).code).toBe(0)
  })
})
