import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, encodeUtf8, fromHex, toHex, uintToBytes } from '@kart/codec'
import { createBlankCard, inMemory, type PluggedCard, testTransportKeys } from '@kart/emulator'
import {
  aodfCodec,
  cdfCodec,
  dodfCodec,
  efDirCodec,
  type ObjectValue,
  odfCodec,
  pkcs15Aid,
  prkdfCodec,
  pukdfCodec,
  tokenInfoCodec,
} from '@kart/layout'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../../../scripts/workspace.mjs'
import { insertCard, type ProgramResult, runProgram, slots, waitForStack } from '../stack.ts'

// A card of ours that unmodified pkcs15-init alone made into a signature card; then our codecs read what an outsider wrote, and unmodified pkcs15-tool its PINs.
const pins = { auth: '271828', sign: '602214', officer: '90517284', puk: '16180339' } as const
const wrong = '397264'
const serial = '00112233445566778899'
const certificate = new Uint8Array(readFileSync(join(root, 'test-vectors/pa/ecdsa-p384-sha384-csca.cer')))
const longCertificate = new Uint8Array(readFileSync(join(root, 'test-vectors/pa/rsa-pss-sha256-csca.cer')))
const note = encodeUtf8('یادداشت دارنده')
const secret = encodeUtf8('فقط با رمز')

let folder = ''
let context: PcscContext
let plugged: PluggedCard
const at = (name: string): string => join(folder, name)
const tool = (...args: readonly string[]): Promise<ProgramResult> => runProgram('pkcs15-tool', args, { timeoutMs: 60_000 })
const init = (...args: readonly string[]): Promise<ProgramResult> => runProgram('pkcs15-init', args, { timeoutMs: 60_000 })
async function made(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await init('--so-pin', pins.officer, '--pin', pins.auth, ...args)
  if (code !== 0) throw new Error(`pkcs15-init ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
}

/** Content of files as the card gives them to a reader that knows nothing of OpenSC. */
async function readFiles(...paths: readonly string[]): Promise<Uint8Array[]> {
  const card = await context.connect(slots[0].reader, { mode: 'shared' })
  const send = async (hex: string): Promise<Uint8Array> => {
    const response = await card.transceive(fromHex(hex))
    if (toHex(response.subarray(-2)) !== '9000') throw new Error(`${hex} answered ${toHex(response.subarray(-2))}`)
    return response.subarray(0, -2)
  }
  try {
    const contents: Uint8Array[] = []
    for (const path of paths) {
      const control = await send(`00a40800${(path.length / 2).toString(16).padStart(2, '0')}${path}00`)
      const size = ((control[4] ?? 0) << 8) | (control[5] ?? 0)
      const parts: Uint8Array[] = []
      for (let offset = 0; offset < size; offset += 255)
        parts.push(
          await send(
            `00b0${toHex(uintToBytes(offset, 2))}${Math.min(255, size - offset)
              .toString(16)
              .padStart(2, '0')}`,
          ),
        )
      contents.push(concatBytes(...parts))
    }
    return contents
  } finally {
    await card.disconnect('reset')
  }
}
const readFile = async (path: string): Promise<Uint8Array> => (await readFiles(path))[0]!

/** Path of an object in hex, without the MF. */
const pathOf = (value: ObjectValue): string => {
  if (value.kind !== 'path') throw new Error(`the value is no path but ${value.kind}`)
  return toHex(value.path).replace(/^3f00/, '')
}

beforeAll(async () => {
  await waitForStack()
  folder = mkdtempSync(join(tmpdir(), 'kart-stock-card-'))
  for (const [name, content] of Object.entries({ certificate, longCertificate, note, secret })) writeFileSync(at(name), content)
  context = await openPcsc()
  plugged = await insertCard(context, createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: fromHex(serial) }))
  // An application that was made once and emptied again leaves nothing behind.
  await made('--create-pkcs15', '--so-puk', pins.puk, '--label', 'first')
  await made('--erase-card')
  await made('--create-pkcs15', '--so-puk', pins.puk, '--label', 'Kart')
  await made('--store-pin', '--auth-id', '01', '--label', 'AuthPIN', '--puk', pins.puk)
  await made('--store-pin', '--auth-id', '02', '--label', 'SignPIN', '--pin', pins.sign, '--puk', pins.puk)
  await made('--generate-key', 'ec/prime256v1', '--auth-id', '01', '--id', '01', '--label', 'authentication')
  await made('--generate-key', 'ec/secp384r1', '--auth-id', '02', '--id', '02', '--label', 'signature', '--pin', pins.sign)
  await made('--generate-key', 'rsa/2048', '--auth-id', '01', '--id', '03', '--label', 'old')
  await made('--store-certificate', at('certificate'), '--format', 'der', '--auth-id', '01', '--id', '02', '--label', 'signature')
  await made(
    '--store-certificate',
    at('longCertificate'),
    '--format',
    'der',
    '--auth-id',
    '01',
    '--id',
    '0a',
    '--label',
    'authority',
    '--authority',
  )
  await made('--store-data', at('note'), '--label', 'note', '--application-name', 'Kart', '--application-id', '1.2.3.4')
  await made(
    '--store-data',
    at('secret'),
    '--auth-id',
    '01',
    '--label',
    'secret',
    '--application-name',
    'Kart',
    '--application-id',
    '1.2.3.5',
  )
  await made('--store-certificate', at('certificate'), '--format', 'der', '--auth-id', '01', '--id', '0b', '--label', 'passing')
  await made('--delete-objects', 'cert', '--id', '0b')
  await made('--finalize')
}, 240_000)
afterAll(async () => {
  await plugged?.unplug()
  await context?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('our library on a card that pkcs15-init made', () => {
  it('EF.DIR, EF.ODF and EF.TokenInfo', async () => {
    const [dir, odf, tokenInfo] = await readFiles('2f00', '50155031', '50155032')
    const { applications } = efDirCodec.decode(dir!)
    expect(applications.map(({ aid, label }) => [toHex(aid), label])).toEqual([[toHex(pkcs15Aid), 'Kart']])
    const directories = odfCodec.decode(odf!).map((entry) => (entry.kind === 'other' ? 'other' : [entry.kind, pathOf(entry.value)]))
    expect(directories).toEqual([
      ['privateKeys', '50154402'],
      ['publicKeys', '50154404'],
      ['secretKeys', '50154407'],
      ['certificates', '50154403'],
      ['trustedCertificates', '50154405'],
      ['dataObjects', '50154406'],
      ['authObjects', '50154401'],
    ])
    expect(tokenInfoCodec.decode(tokenInfo!)).toMatchObject({ label: 'Kart', serialNumber: fromHex(serial) })
  })

  it('PINs', async () => {
    const found = aodfCodec.decode(await readFile('50154401'))
    expect(found).toMatchObject([
      { kind: 'password', id: Uint8Array.of(0xff), reference: 3, passwordFlags: ['initialized', 'needs-padding', 'soPassword'] },
      { kind: 'password', label: 'AuthPIN', id: Uint8Array.of(1), reference: 1, padChar: 0xff, storedLength: 8 },
      { kind: 'password', label: 'SignPIN', id: Uint8Array.of(2), reference: 2, padChar: 0xff, storedLength: 8 },
    ])
  })

  it('keys, private and public, the public ones as the card tells them', async () => {
    const [privateKeys, publicKeys] = await readFiles('50154402', '50154404')
    const found = prkdfCodec.decode(privateKeys!)
    expect(found).toMatchObject([
      { kind: 'ec', label: 'authentication', id: Uint8Array.of(1), authId: Uint8Array.of(1), bits: 256 },
      { kind: 'ec', label: 'signature', id: Uint8Array.of(2), authId: Uint8Array.of(2), bits: 384 },
      { kind: 'rsa', label: 'old', id: Uint8Array.of(3), authId: Uint8Array.of(1), bits: 2048 },
    ])
    expect(found.map((key) => (key.kind === 'other' ? 'other' : pathOf(key.value)))).toEqual(['50154b01', '50154b02', '50154b03'])
    expect(pukdfCodec.decode(publicKeys!)).toMatchObject([{ kind: 'ec' }, { kind: 'ec' }, { kind: 'rsa' }])
    for (const [id, kind] of [
      ['01', 'ec'],
      ['02', 'ec'],
      ['03', 'rsa'],
    ]) {
      const { code, stdout } = await tool('--read-public-key', id!)
      expect([code, createPublicKey(stdout.slice(stdout.indexOf('-----BEGIN'))).asymmetricKeyType]).toEqual([0, kind])
    }
  })

  it('certificates, byte for byte, and no trace of the deleted one', async () => {
    const found = cdfCodec.decode(await readFile('50154403'))
    const rows = found.map((entry) => (entry.kind === 'other' ? undefined : [entry.label, toHex(entry.id), pathOf(entry.value)]))
    expect(rows.map((row) => row?.slice(0, 2))).toEqual([
      ['signature', '02'],
      ['authority', '0a'],
    ])
    const contents = await readFiles(...rows.map((row) => row![2]!))
    expect(contents).toEqual([certificate, longCertificate])
    await expect(readFile('50154303')).rejects.toThrow('6a82')
  })

  it('data objects; the one under a PIN stays shut without it', async () => {
    const found = dodfCodec.decode(await readFile('50154406'))
    expect(found).toMatchObject([
      { label: 'note', applicationName: 'Kart', applicationOid: '1.2.3.4' },
      { label: 'secret', applicationName: 'Kart', applicationOid: '1.2.3.5', authId: Uint8Array.of(1) },
    ])
    const [free, shut] = found.map((entry) => (entry.kind === 'other' ? '' : pathOf(entry.value)))
    expect(await readFile(free!)).toEqual(note)
    await expect(readFile(shut!)).rejects.toThrow('6982')
    const { code, stdout } = await tool('--read-data-object', 'secret', '--pin', pins.auth)
    expect([code, stdout.replaceAll(/[\s>]/g, '').toLowerCase().endsWith(toHex(secret))]).toEqual([0, true])
  })
})

describe('unmodified pkcs15-tool', () => {
  const check = (id: string, pin: string): Promise<ProgramResult> => tool('--verify-pin', '--auth-id', id, '--pin', pin)
  const outcome = async (run: Promise<ProgramResult>): Promise<string> => {
    const { code, stdout, stderr } = await run
    return code === 0
      ? 'done'
      : (/PIN code or key incorrect|method blocked|Incorrect parameters|tries left: \d+|not satisfied|Not allowed/.exec(
          stdout + stderr,
        )?.[0] ?? stderr)
  }

  it('--dump lists everything', async () => {
    const { code, stdout } = await tool('--dump')
    expect(code).toBe(0)
    for (const line of [
      /PKCS#15 Card \[Kart\]/,
      /Private EC Key \[signature\]/,
      /Private RSA Key \[old\]/,
      /X.509 Certificate \[authority\]/,
      /Data object 'secret'/,
    ])
      expect(stdout).toMatch(line)
  })

  it('--read-certificate gives the certificate', async () => {
    const { code, stdout } = await tool('--read-certificate', '02')
    expect([code, toHex(new Uint8Array(Buffer.from(stdout.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')))]).toEqual([
      0,
      toHex(certificate),
    ])
  })

  it('wrong, changed, blocked, unblocked', async () => {
    expect(await outcome(check('01', wrong))).toBe('PIN code or key incorrect')
    expect(await outcome(check('01', pins.auth))).toBe('done')
    expect(await outcome(tool('--change-pin', '--auth-id', '01', '--pin', pins.auth, '--new-pin', '123456'))).toBe('Incorrect parameters')
    expect(await outcome(tool('--change-pin', '--auth-id', '01', '--pin', pins.auth, '--new-pin', '867530'))).toBe('done')
    for (let i = 0; i < 3; i++) expect(await outcome(check('01', pins.auth))).toBe('PIN code or key incorrect')
    expect(await outcome(check('01', '867530'))).toBe('method blocked')
    expect(await outcome(check('02', pins.sign))).toBe('done')
    const unblock = (puk: string): Promise<ProgramResult> => tool('--unblock-pin', '--auth-id', '01', '--puk', puk, '--new-pin', pins.auth)
    expect(await outcome(unblock('16180330'))).toBe('tries left: 9')
    expect(await outcome(unblock(pins.puk))).toBe('done')
    expect(await outcome(check('01', pins.auth))).toBe('done')
  })

  it('after --finalize nothing can be made or erased', async () => {
    const late = ['--so-pin', pins.officer, '--pin', pins.auth] as const
    expect(
      await outcome(init(...late, '--store-certificate', at('certificate'), '--format', 'der', '--auth-id', '01', '--id', '0c')),
    ).toMatch(/not satisfied|Not allowed/)
    expect(await outcome(init(...late, '--erase-card'))).toMatch(/not satisfied|Not allowed/)
    expect((await tool('--dump')).stdout).toContain('X.509 Certificate [signature]')
  })
})
