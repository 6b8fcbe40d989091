import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CardTransport } from '@kart/apdu/host'
import { InputError, toHex } from '@kart/codec'
import { digest } from '@kart/crypto'
import { type EmulatedCard, fileMemory } from '@kart/emulator'
import { decodeCertificate, holderKeys, type KeyRow } from '@kart/layout'
import {
  changePin,
  findKey,
  findPin,
  openHolderApplication,
  openHolderChannel,
  PinError,
  proveKey,
  readCertificates,
  readPinStatus,
  schemeOfKey,
  signDigest,
  signWithCard,
  unblockByOfficer,
  unblockPin,
  verifyHolderPin,
} from '@kart/signature'
import { defaultPolicy, verifyCades } from '@kart/verification'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { opensslAuthority } from './testing/openssl-authority.ts'
import { kart } from './testing/run-here.ts'
import { signatureCard, testPins } from './testing/signature-card.ts'

const authority = opensslAuthority()
afterAll(() => authority.remove())
const document = new TextEncoder().encode('متن نمونه')
writeFileSync(join(authority.folder, 'document'), document)

/** A transport that keeps what went to the card. */
function listening(card: EmulatedCard): { transport: CardTransport; commands: string[] } {
  const inner = card.transport()
  const commands: string[] = []
  const transceive = (command: Uint8Array) => {
    commands.push(toHex(command))
    return inner.transceive(command)
  }
  return { transport: { atr: inner.atr, transceive, close: () => inner.close() }, commands }
}

async function open(card: EmulatedCard) {
  const { transport, commands } = listening(card)
  const { channel } = await openHolderChannel(transport)
  return { channel, commands, application: await openHolderApplication(channel) }
}

const rsaKeys: readonly KeyRow[] = holderKeys.map((key) => ({ ...key, algorithm: { kind: 'rsa', bits: 2048 } }))

const signed = async (card: EmulatedCard, label: string, pin: string) => {
  const { channel, application } = await open(card)
  return signWithCard(channel, application, {
    key: findKey(application, label),
    pin,
    messageDigest: async (hash) => digest(hash, document),
  })
}

const verdict = async (signature: Uint8Array) => {
  const report = await verifyCades(signature, {
    authorities: [decodeCertificate(authority.certificate)],
    policy: defaultPolicy(new Date()),
    messageDigest: async (hash) => digest(hash, document),
  })
  return report.checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ id }) => id)
}

describe('a signature by the card', () => {
  it.each([
    ['P-256 and P-384', undefined],
    ['RSA-2048', rsaKeys],
  ] as const)('with %s is verified by openssl and by us', async (_, keys) => {
    const card = await signatureCard(authority, keys === undefined ? {} : { keys })
    const { signature } = await signed(card, 'signature', testPins.SignPIN)
    writeFileSync(join(authority.folder, 'card.p7s'), signature)
    // biome-ignore format: a command a line
    authority.openssl('cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', 'card.p7s', '-content', 'document', '-CAfile', 'ca.crt', '-purpose', 'any', '-out', 'content')
    expect(await verdict(signature)).toEqual([])
  })

  it('is not made with a certificate that would be rejected, and no PIN is used to find out', async () => {
    const card = await signatureCard(authority)
    const refused = async (of: EmulatedCard, label: string, changes: object = {}) => {
      const { channel, application, commands } = await open(of)
      const made = signWithCard(channel, application, {
        key: findKey(application, label),
        pin: () => Promise.reject(new Error('asked for the PIN')),
        messageDigest: async (hash) => digest(hash, document),
        ...changes,
      })
      const error = await made.then(
        () => undefined,
        (reason: unknown) => reason as Error,
      )
      expect(commands.filter((command) => command.startsWith('0020'))).toEqual([])
      return error?.message
    }
    expect(await refused(card, 'authentication')).toMatch(/signs no files: the key is certified for digitalSignature only/)
    const days = (count: number) => ({ signingTime: new Date(Date.now() + count * 86_400_000) })
    expect(await refused(card, 'signature', days(-2))).toMatch(/holds from \d{4}-\d\d-\d\d only/)
    expect(await refused(card, 'signature', days(400))).toMatch(/expired on \d{4}-\d\d-\d\d/)
    for (const count of [-2, 400]) expect(await refused(card, 'signature', { ...days(count), anyTime: true })).toBe('asked for the PIN')
    expect(await refused(card, 'signature', { approve: () => Promise.reject(new Error('no')) })).toBe('no')

    const strangers = new Map([
      ['nonRepudiation', decodeCertificate(authority.holder('other-384', 'P-384')).spki],
      ['digitalSignature', decodeCertificate(authority.holder('other-256', 'P-256')).spki],
    ])
    const mixedUp = {
      ...authority,
      certify: (name: string, _: Uint8Array, use: 'nonRepudiation' | 'digitalSignature') =>
        authority.certify(name, strangers.get(use)!, use),
    }
    expect(await refused(await signatureCard(mixedUp), 'signature')).toMatch(/certificate: is for another key than signature/)
    const [rsa, rsaStranger] = [rsaKeys, decodeCertificate(authority.holder('other-rsa', 'rsa:2048')).spki]
    const mixedRsa = {
      ...authority,
      certify: (name: string, _: Uint8Array, use: 'nonRepudiation' | 'digitalSignature') => authority.certify(name, rsaStranger, use),
    }
    expect(await refused(await signatureCard(mixedRsa, { keys: rsa }), 'signature')).toMatch(/certificate: is for another key/)
  })

  it('is one for one VERIFY of the SignPIN, and any number for the AuthPIN', async () => {
    const { channel, application } = await open(await signatureCard(authority))
    for (const [label, again] of [
      ['signature', false],
      ['authentication', true],
    ] as const) {
      const key = findKey(application, label)
      const { certificate } = await readCertificates(channel, application, key)
      const { spki } = decodeCertificate(certificate)
      const scheme = schemeOfKey(spki)
      const sign = () => signDigest(channel, key, spki, scheme, digest(scheme.hash, document))
      await expect(sign()).rejects.toThrow(PinError)
      await verifyHolderPin(channel, key.pin!, label === 'signature' ? testPins.SignPIN : testPins.AuthPIN)
      await sign()
      if (again) await sign()
      else await expect(sign()).rejects.toMatchObject({ problem: 'refused' })
    }
  })

  it('a challenge proves the key to log in with', async () => {
    const { channel, application } = await open(await signatureCard(authority))
    const [key, other] = [findKey(application, 'authentication'), findKey(application, 'signature')]
    const spkiOf = async (of: typeof key) => decodeCertificate((await readCertificates(channel, application, of)).certificate).spki
    await verifyHolderPin(channel, key.pin!, testPins.AuthPIN)
    expect(await proveKey(channel, key, await spkiOf(key), document)).toBe(true)
    const stranger = authority.holder('stranger', 'P-256')
    expect(await proveKey(channel, key, decodeCertificate(stranger).spki, document)).toBe(false)
    await expect(proveKey(channel, other, await spkiOf(other), document)).rejects.toThrow(PinError)
  })

  it('waits for the PIN of the letter to be changed', async () => {
    const card = await signatureCard(authority, { transport: true })
    await expect(signed(card, 'signature', testPins.SignPIN)).rejects.toMatchObject({ problem: 'not-changed-yet' })
    const { channel, application } = await open(card)
    const pin = findPin(application, 'signpin')
    await verifyHolderPin(channel, pin, testPins.SignPIN)
    await changePin(channel, pin, testPins.SignPIN, '957268')
    const key = findKey(application, 'signature')
    const { spki } = decodeCertificate((await readCertificates(channel, application, key)).certificate)
    await expect(signDigest(channel, key, spki, schemeOfKey(spki), digest('sha384', document))).rejects.toMatchObject({
      problem: 'refused',
    })
    expect(await verdict((await signed(card, 'signature', '957268')).signature)).toEqual([])
  })
})

describe('PINs', () => {
  it('a question takes no try; a wrong PIN takes one and is sent once', async () => {
    const { channel, application, commands } = await open(await signatureCard(authority))
    const pin = findPin(application, 'AuthPIN')
    for (let i = 0; i < 5; i++) expect(await readPinStatus(channel, pin)).toEqual({ state: 'usable', triesLeft: 3 })
    commands.length = 0
    await expect(verifyHolderPin(channel, pin, '736255')).rejects.toMatchObject({ problem: 'wrong', triesLeft: 2 })
    expect(commands).toHaveLength(1)
    expect(await readPinStatus(channel, pin)).toEqual({ state: 'usable', triesLeft: 2 })
    await verifyHolderPin(channel, pin, '۷۳۶۲۵۴')
    expect(await readPinStatus(channel, pin)).toEqual({ state: 'verified' })
  })

  it('is blocked after three, and unblocked with its PUK', async () => {
    const card = await signatureCard(authority)
    const { channel, application } = await open(card)
    const pin = findPin(application, 'SignPIN')
    for (const problem of ['wrong', 'wrong', 'blocked', 'blocked'])
      await expect(verifyHolderPin(channel, pin, '111222')).rejects.toMatchObject({ problem })
    expect(await readPinStatus(channel, pin)).toEqual({ state: 'blocked' })
    await expect(unblockPin(channel, pin, '60718294', '951847')).rejects.toThrow(/the PUK is wrong; 9 tries/)
    await unblockPin(channel, pin, testPins.puk, '951847')
    expect(await readPinStatus(channel, pin)).toEqual({ state: 'usable', triesLeft: 3 })
    await verifyHolderPin(channel, pin, '951847')
  })

  it('is unblocked by the SO-PIN once its PUK is used up, which the message says', async () => {
    const { channel, application, commands } = await open(await signatureCard(authority))
    const pin = findPin(application, 'SignPIN')
    for (let tries = 9; tries >= 0; tries--)
      await expect(unblockPin(channel, pin, '60718294', '951847')).rejects.toMatchObject({ pin: 'SignPIN' })
    await expect(unblockPin(channel, pin, testPins.puk, '951847')).rejects.toThrow(/no try of the PUK is left: the SO-PIN alone.*--so-pin/)
    await verifyHolderPin(channel, pin, testPins.SignPIN)
    commands.length = 0
    await expect(unblockByOfficer(channel, application, pin, testPins['SO-PIN'], '123456')).rejects.toThrow(InputError)
    expect(commands).toEqual([])
    await unblockByOfficer(channel, application, pin, testPins['SO-PIN'], '951847')
    await verifyHolderPin(channel, pin, '951847')
    await expect(unblockByOfficer(channel, application, pin, '59036282', '840952')).rejects.toMatchObject({ pin: 'SO-PIN', triesLeft: 2 })
  })

  it('of a length that EF.AODF rules out costs no try', async () => {
    const { channel, application, commands } = await open(await signatureCard(authority))
    commands.length = 0
    for (const [label, value] of [
      ['SignPIN', '12345'],
      ['SO-PIN', '590362'],
    ] as const) {
      const pin = findPin(application, label)
      await expect(verifyHolderPin(channel, pin, value)).rejects.toThrow(/nothing was sent/)
      await expect(changePin(channel, pin, value, '95184736')).rejects.toThrow(InputError)
    }
    expect(commands).toEqual([])
  })

  it('of the security officer is unblocked by nothing, which is said before a PUK is asked for', async () => {
    const { channel, application, commands } = await open(await signatureCard(authority))
    const pin = findPin(application, 'SO-PIN')
    commands.length = 0
    const refused = unblockPin(channel, pin, testPins.puk, '95184736')
    await expect(refused).rejects.toMatchObject({ problem: 'refused', message: expect.stringMatching(/has no PUK/) })
    expect(commands).toEqual([])
  })

  it('a weak one is refused before anything is sent; the holder’s own digits by the card', async () => {
    const { channel, application, commands } = await open(await signatureCard(authority))
    const pin = findPin(application, 'AuthPIN')
    commands.length = 0
    for (const weak of ['123456', '111111', '12', '159357', '250250', 'abcdef', '123456789'])
      await expect(changePin(channel, pin, testPins.AuthPIN, weak), weak).rejects.toThrow(InputError)
    await expect(changePin(channel, pin, testPins.AuthPIN, testPins.AuthPIN)).rejects.toThrow(InputError)
    expect(commands).toEqual([])
    await expect(changePin(channel, pin, testPins.AuthPIN, '499370')).rejects.toMatchObject({ problem: 'weak' })
    expect(await readPinStatus(channel, pin)).toMatchObject({ triesLeft: 3 })
  })

  it('no error repeats one', async () => {
    const { channel, application } = await open(await signatureCard(authority))
    const pin = findPin(application, 'AuthPIN')
    for (const attempt of [
      () => verifyHolderPin(channel, pin, '842953'),
      () => changePin(channel, pin, '842953', '135790'),
      () => changePin(channel, pin, '842953', '842953'),
      () => unblockPin(channel, pin, '842953', '357913'),
    ])
      await expect(attempt()).rejects.toThrow(/^(?!.*(842953|135790|357913))/)
  })
})

describe('kart sign and kart pin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kart-sign-'))
  const at = (name: string) => join(folder, name)
  const secret = (name: string, value: string): string => {
    writeFileSync(at(name), `${value}\n`, { mode: 0o600 })
    return at(name)
  }
  beforeAll(async () => {
    const memory = fileMemory(at('citizen.card'))
    const card = await signatureCard(authority, { transport: true, memory })
    card.close()
    writeFileSync(at('contract.txt'), document)
    writeFileSync(at('ca.cer'), authority.certificate)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('changes the PIN of the letter, signs, and says who signed', async () => {
    const old = secret('old', testPins.SignPIN)
    const card = ['--card', at('citizen.card')]
    const early = await kart('sign', at('contract.txt'), ...card, '--pin-file', old)
    expect(early).toMatchObject({ code: 2, out: '' })
    expect(early.err).toMatch(/transport PIN/)
    expect(existsSync(at('contract.txt.p7s'))).toBe(false)

    const weak = await kart('pin', 'change', 'SignPIN', ...card, '--pin-file', old, '--new-pin-file', secret('weak', '123456'))
    expect(weak).toMatchObject({ code: 2 })
    expect(weak.err).toMatch(/not taken.*nothing was sent/)
    const fresh = secret('new', '957268')
    expect(await kart('pin', 'change', 'SignPIN', ...card, '--pin-file', old, '--new-pin-file', fresh)).toMatchObject({ code: 0, err: '' })

    const done = await kart('sign', at('contract.txt'), ...card, '--pin-file', fresh)
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(done.out).toMatch(/SIGNED.*\n.*نمونه\u200cپور/)
    const verify = ['sign', '--verify', at('contract.txt'), '--ca', at('ca.cer')]
    const good = await kart(...verify)
    expect(good).toMatchObject({ code: 0, err: '' })
    expect(good.out).toMatch(/ACCEPTED[^\n]*\n {2}signed by .*SN=نمونه\u200cپور, GN=آزمون/)
    const json = JSON.parse((await kart(...verify, '--json')).out)
    expect(json).toMatchObject({
      verdict: 'accepted',
      signers: [{ familyName: 'نمونه\u200cپور', givenName: 'آزمون', serialNumber: '0499370899' }],
    })

    writeFileSync(at('changed.txt'), 'another text')
    const bad = await kart('sign', '--verify', at('changed.txt'), '--signature', at('contract.txt.p7s'), '--ca', at('ca.cer'))
    expect(bad.code).toBe(1)
    expect(bad.out).toMatch(/REJECTED {2}[^\n]*changed\.txt: The signature is over this very file: /)
    writeFileSync(at('none.p7s'), 'no signature')
    expect(await kart('sign', '--verify', at('contract.txt'), '--signature', at('none.p7s'), '--ca', at('ca.cer'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--signature: is no CMS signature/),
    })
    expect(await kart('sign', '--verify', at('changed.txt'), '--ca', at('ca.cer'))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--signature: there is no .*changed\.txt\.p7s: name the signature/),
    })
    const late = await kart(...verify, '--at', '2099-01-01')
    expect(late.out).toMatch(
      /not valid at this time: it holds from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, and this is judged as of 2099-01-01/,
    )
    expect(await kart('sign', '--verify', at('contract.txt'))).toMatchObject({ code: 2 })
  })

  it('tells tries, spends one for a wrong PIN, and shows no PIN', async () => {
    const card = ['--card', at('citizen.card')]
    const status = async () =>
      JSON.parse((await kart('pin', 'status', ...card, '--json')).out).pins.map((pin: { triesLeft?: number }) => pin.triesLeft)
    expect(await status()).toEqual([3, 3, 3])
    const wrong = await kart('sign', at('contract.txt'), '--force', ...card, '--pin-file', secret('wrong', '842953'))
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.err).toMatch(/PIN is wrong; 2 tries/)
    expect(wrong.err + wrong.out).not.toContain('842953')
    expect(await status()).toEqual([3, 2, 3])
    expect((await kart('pin', 'status', ...card)).out).toMatch(/SignPIN .*2 tries left/)
  })

  it('refuses a PIN file that others may read, a key and a PIN that are not there', async () => {
    const card = ['--card', at('citizen.card')]
    const open = secret('open', '957268')
    if (process.platform !== 'win32') {
      chmodSync(open, 0o644)
      expect((await kart('sign', at('contract.txt'), '--force', ...card, '--pin-file', open)).err).toMatch(/chmod 600/)
    }
    expect((await kart('sign', at('contract.txt'), '--force', ...card, '--key', 'nothing')).err).toMatch(
      /it has: authentication, signature/,
    )
    expect((await kart('pin', 'change', 'nothing', ...card)).err).toMatch(/it has: AuthPIN, SignPIN, SO-PIN/)
    expect(readFileSync(at('contract.txt'))).toEqual(Buffer.from(document))
  })

  it('writes no signature over the card or the file of its PIN', async () => {
    const memory = readFileSync(at('citizen.card'))
    const pin = secret('kept', '957268')
    for (const target of [at('citizen.card'), `${folder}/./citizen.card`, pin]) {
      const refused = await kart('sign', at('contract.txt'), '--card', at('citizen.card'), '--pin-file', pin, '-o', target)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(/-o: is the file of the (card|PIN)/)
    }
    expect(readFileSync(at('citizen.card'))).toEqual(memory)
    expect(readFileSync(pin, 'utf8')).toContain('957268')
  })
})
