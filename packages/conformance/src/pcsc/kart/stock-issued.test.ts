import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { toHex } from '@kart/codec'
import { dodfCodec, nationalId } from '@kart/layout'
import { findKey, readCertificates, readHolderFile } from '@kart/signature'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stockProgram } from '../../../../../scripts/stock-programs.mjs'
import { specimen } from '../../testing/specimen.ts'
import type { ProgramResult } from '../stack.ts'
import { chosen, type IssuedCard, insertIssuedCard, letter, pinStatus, readKeys } from './issued-card.ts'
import { mechanisms, signAndVerify, signingMechanisms, verified } from './mechanisms.ts'

// A card of the main job, with its letter, in the hands of a holder who has OpenSC and openssl as Debian ships them, and nothing of ours. In the order of the story.
const tokens = [
  { pin: 'AuthPIN', slot: '0', id: '01', label: 'authentication', bits: 256, other: '02' },
  { pin: 'SignPIN', slot: '1', id: '02', label: 'signature', bits: 384, other: '01' },
] as const
type Token = (typeof tokens)[number]
const rows = tokens.map((token) => [token.pin, token] as const)
const wrong = '397264'
/** What the PINs are in the end. */
const last = { AuthPIN: '507283', SignPIN: '274906' } as const

let card: IssuedCard
const tool = (...args: readonly string[]): Promise<ProgramResult> => card.run('pkcs15-tool', ...args)
const pkcs11 = ({ slot }: Token, ...args: readonly string[]): Promise<ProgramResult> =>
  card.run('pkcs11-tool', '--module', stockProgram('opensc-pkcs11.so'), '--slot-index', slot, ...args)
const sign = (token: Token, pin: string, mechanism: string, ...more: readonly string[]): Promise<ProgramResult> => {
  rmSync(card.at('signature'), { force: true })
  const files = ['-i', 'message', '-o', 'signature', '--signature-format', 'openssl'] // what comes later counts
  return pkcs11(token, '--login', '--pin', pin, '--id', token.id, '--sign', '-m', mechanism, ...files, ...more)
}
/** What a program said of how it ended. */
async function outcome(run: Promise<ProgramResult>): Promise<string> {
  const { code, stdout, stderr } = await run
  const words = /CKR_\w+|PIN code or key incorrect|method blocked|Incorrect parameters|tries left: \d+|not satisfied|not found/
  return code === 0 ? 'done' : (words.exec(stdout + stderr)?.[0] ?? stderr)
}
/** What the token says of its PIN's tries, by the flags of PKCS#11. */
async function tries(token: Token): Promise<string[]> {
  const { stdout } = await pkcs11(token, '--list-slots')
  const flags = [...stdout.matchAll(/token flags {8}: (.*)|token flags {2,}: (.*)/g)].map((match) => match[1] ?? match[2] ?? '')
  return flags[Number(token.slot)]!.split(', ').filter((flag) => /PIN (count|locked)|PIN try/.test(flag))
}

beforeAll(async () => {
  card = await insertIssuedCard()
  await readKeys(card)
})
afterAll(async () => {
  await card?.remove()
})

describe('what everybody may see', () => {
  it('pkcs15-tool --dump lists card, PINs, keys and certificates', async () => {
    const { code, stdout } = await tool('--dump')
    expect(code).toBe(0)
    for (const line of [
      /Serial number {2}: 4b415254000000000001/,
      /PIN \[AuthPIN\][\s\S]*?ID {13}: 01[\s\S]*?min_len:6, max_len:8, stored_len:8[\s\S]*?Reference {6}: 1 /,
      /PIN \[SignPIN\][\s\S]*?ID {13}: 02[\s\S]*?Reference {6}: 2 /,
      /PIN \[SO-PIN\][\s\S]*?soPin[\s\S]*?Reference {6}: 3 /,
      /Private EC Key \[authentication\][\s\S]*?sign, derive[\s\S]*?alwaysSensitive, neverExtract, local[\s\S]*?FieldLength {4}: 256[\s\S]*?Auth ID {8}: 01/,
      /Private EC Key \[signature\][\s\S]*?nonRepudiation[\s\S]*?alwaysSensitive, neverExtract, local[\s\S]*?FieldLength {4}: 384[\s\S]*?Auth ID {8}: 02/,
      /X.509 Certificate \[authentication\][\s\S]*?Authority {6}: no[\s\S]*?ID {13}: 01/,
      /X.509 Certificate \[signature\][\s\S]*?Authority {6}: no[\s\S]*?ID {13}: 02/,
      /X.509 Certificate \[authority 1\][\s\S]*?Authority {6}: yes/,
      /Data object 'card profile'[\s\S]*?applicationName: Kart[\s\S]*?Path: {12}3f0050154601/,
    ])
      expect(stdout).toMatch(line)
  })

  it.each(rows)('openssl takes the certificate under %s for the holder’s, from the authority', async (_, { id, bits }) => {
    await card.done('openssl', 'verify', '-CAfile', 'ca.pem', `${id}.crt`)
    const subject = await card.done('openssl', 'x509', '-in', `${id}.crt`, '-noout', '-subject', '-nameopt', 'utf8')
    expect(subject).toContain(specimen.holder.persian.givenNames)
    expect(subject).toContain(specimen.holder.nationalCode)
    expect(createPublicKey(readFileSync(card.at(`${id}.pem`))).asymmetricKeyDetails?.namedCurve).toBe(
      bits === 256 ? 'prime256v1' : 'secp384r1',
    )
  })

  it.each(rows)(
    '--read-certificate under %s gives what the authority gave and our library reads, byte for byte',
    async (_, { id, label }) => {
      await card.done('openssl', 'x509', '-in', `${id}.crt`, '-outform', 'DER', '-out', 'certificate.der')
      const read = toHex(new Uint8Array(readFileSync(card.at('certificate.der'))))
      expect(read).toBe(toHex(card.certified.get(label)!))
      const ours = await card.library((channel, application) => readCertificates(channel, application, findKey(application, label)))
      expect(read).toBe(toHex(ours.certificate))
    },
  )

  it('--read-data-object gives the data object, as our library reads it', async () => {
    const shown = await card.done('pkcs15-tool', '--read-data-object', 'card profile', '--raw')
    expect(JSON.parse(shown)).toEqual({ profile: nationalId.name, version: nationalId.version, issuingState: nationalId.issuingState })
    const files = await card.library(async (channel) => [
      await readHolderFile(channel, 0x4406, 'EF.DODF'),
      await readHolderFile(channel, 0x4601, 'card profile'),
    ])
    expect(dodfCodec.decode(files[0]!)).toMatchObject([{ label: 'card profile', applicationName: 'Kart' }])
    expect(new TextDecoder().decode(files[1])).toBe(shown)
  })

  it.each(rows)('--read-public-key and --read-ssh-key give the certified key under %s', async (_, { id, bits, label }) => {
    const jwk = createPublicKey(readFileSync(card.at(`${id}.pem`))).export({ format: 'jwk' })
    const point = toHex(new Uint8Array(Buffer.from(`${jwk.x}`, 'base64url'))) + toHex(new Uint8Array(Buffer.from(`${jwk.y}`, 'base64url')))
    const pem = (await tool('--read-public-key', id)).stdout
    expect(createPublicKey(pem.slice(pem.indexOf('-----BEGIN'))).export({ format: 'jwk' })).toEqual(jwk)
    const [kind, blob, comment] = (await tool('--read-ssh-key', id)).stdout.trim().split('\n').at(-1)!.split(' ')
    expect([kind, comment]).toEqual([`ecdsa-sha2-nistp${bits}`, label])
    expect(toHex(new Uint8Array(Buffer.from(blob!, 'base64')))).toMatch(new RegExp(`04${point}$`))
  })
})

describe('the PINs of the letter', () => {
  it.each(rows)('open the token of %s, and sign nothing', async (_, token) => {
    expect(await outcome(sign(token, letter[token.pin].pin, 'ECDSA-SHA256'))).toBe('CKR_FUNCTION_FAILED')
  })

  it('pkcs11-tool and pkcs15-tool change them, to no weak one and to no part of the holder’s numbers', async () => {
    const [auth, own] = tokens
    const change = (to: string) => tool('--change-pin', '--auth-id', own.id, '--pin', letter.SignPIN.pin, '--new-pin', to)
    for (const weak of ['123456', specimen.holder.nationalCode.slice(2, 8)])
      expect(await outcome(change(weak))).toBe('Incorrect parameters')
    expect(await outcome(change(chosen.SignPIN))).toBe('done')
    expect(await outcome(pkcs11(auth, '--change-pin', '--pin', letter.AuthPIN.pin, '--new-pin', chosen.AuthPIN))).toBe('done')
    for (const { id, pin } of tokens) {
      expect(await outcome(tool('--verify-pin', '--auth-id', id, '--pin', letter[pin].pin))).toBe('PIN code or key incorrect')
      expect(await outcome(tool('--verify-pin', '--auth-id', id, '--pin', chosen[pin]))).toBe('done')
    }
  })
})

describe('pkcs11-tool on both tokens', () => {
  it.each(rows)('--list-objects shows the key of %s on its token alone, asked for at each use where it signs', async (_, token) => {
    const { code, stdout } = await pkcs11(token, '--login', '--pin', chosen[token.pin], '--list-objects')
    expect(code).toBe(0)
    expect([...stdout.matchAll(/Private Key Object; EC\s+label: +(\S+)/g)].map(([, label]) => label)).toEqual([token.label])
    expect(stdout.includes('always authenticate')).toBe(token.pin === 'SignPIN')
    expect([...stdout.matchAll(/Certificate Object;.*\s+label: +(.+)/g)].map(([, label]) => label)).toEqual([token.label, 'authority 1'])
  })

  it.each(rows)('the token of %s offers these mechanisms and no other for such keys', async (_, token) => {
    const { stdout } = await pkcs11(token, '--list-mechanisms')
    expect(signingMechanisms(stdout).sort()).toEqual([...mechanisms.rsa, ...mechanisms.ec].sort())
  })

  it.each(tokens.flatMap((token) => mechanisms.ec.map((mechanism) => [mechanism, token.pin, token] as const)))(
    '--sign %s under %s, good under the certificate',
    async (mechanism, _, token) => {
      await signAndVerify(card, { id: token.id, kind: 'ec' }, mechanism, async (input, ...more) =>
        expect(await outcome(sign(token, chosen[token.pin], mechanism, '-i', input, ...more))).toBe('done'),
      )
      writeFileSync(card.at('signature'), readFileSync(card.at('signature')).fill(1, 10, 20))
      const hash = mechanism.split('-')[1] ?? 'SHA512'
      await expect(verified(card, token.id, hash)).rejects.toThrow(/ended with 1/)
    },
  )

  it('--derive with the key to log in agrees with the other side', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    writeFileSync(card.at('other.der'), other.publicKey.export({ type: 'spki', format: 'der' }))
    const args = ['--login', '--pin', chosen.AuthPIN, '--id', '01', '--derive', '-m', 'ECDH1-DERIVE', '-i', 'other.der', '-o', 'secret']
    expect(await outcome(pkcs11(tokens[0], ...args))).toBe('done')
    const expected = diffieHellman({ privateKey: other.privateKey, publicKey: createPublicKey(readFileSync(card.at('01.pem'))) })
    expect(toHex(new Uint8Array(readFileSync(card.at('secret'))))).toBe(toHex(expected))
  })

  it('neither token takes the other’s PIN, nor has the other’s key', async () => {
    const [auth, own] = tokens
    expect(await outcome(sign(own, chosen.AuthPIN, 'ECDSA-SHA384'))).toBe('CKR_PIN_INCORRECT')
    expect(await outcome(sign(auth, chosen.SignPIN, 'ECDSA-SHA384'))).toBe('CKR_PIN_INCORRECT')
    for (const token of tokens)
      expect(await outcome(sign(token, chosen[token.pin], 'ECDSA-SHA384', '--id', token.other))).toMatch(/not found/)
  })
})

describe('pkcs15-crypt', () => {
  const crypt = (id: string, pin: string) =>
    card.run('pkcs15-crypt', '--sign', '--key', id, '--pin', pin, '--sha-256', '-i', 'SHA256.digest', '-o', 'signature', '--signature-format', 'openssl') // biome-ignore format: a command a line

  it.each(rows)('signs under %s, and not under the other PIN', async (_, { id, pin }) => {
    expect(await outcome(crypt(id, chosen[pin]))).toBe('done')
    await verified(card, id, 'SHA256')
    expect(await outcome(crypt(id, chosen[pin === 'AuthPIN' ? 'SignPIN' : 'AuthPIN']))).toBe('PIN code or key incorrect')
    expect(await outcome(crypt(id, chosen[pin]))).toBe('done')
  })
})

describe('a PIN forgotten', () => {
  const unblocked = { AuthPIN: '951847', SignPIN: '628491' } as const
  /** What PKCS#11 and our own library say of the tries left: the flags of PKCS#11 do not tell three from two. */
  const counters = async (token: Token) => [await tries(token), await pinStatus(card, token.pin)] as const
  const usable = (triesLeft: number) => ({ state: 'usable', triesLeft }) as const

  it.each(rows)('%s: the counter falls, blocks, and the PUK unblocks', async (_, token) => {
    const { id, pin } = token
    const check = (value: string) => outcome(tool('--verify-pin', '--auth-id', id, '--pin', value))
    const unblock = (puk: string, to: string) => outcome(tool('--unblock-pin', '--auth-id', id, '--puk', puk, '--new-pin', to))
    // OpenSC asks the card (an empty VERIFY) and says so in the flags of PKCS#11: how many there were at first it does not know.
    expect(await counters(token)).toEqual([[], usable(3)])
    expect(await check(wrong)).toBe('PIN code or key incorrect')
    expect(await counters(token)).toEqual([[], usable(2)])
    expect(await check(wrong)).toBe('PIN code or key incorrect')
    expect(await counters(token)).toEqual([['final user PIN try'], usable(1)])
    expect(await check(chosen[pin])).toBe('done')
    expect(await counters(token)).toEqual([[], usable(3)])
    const seen: unknown[] = []
    for (let i = 0; i < 3; i++) {
      expect(await outcome(sign(token, wrong, 'ECDSA-SHA256'))).toMatch(/CKR_PIN_(INCORRECT|LOCKED)/)
      seen.push(await counters(token))
    }
    expect(seen).toEqual([
      [[], usable(2)],
      [['final user PIN try'], usable(1)],
      [['user PIN locked'], { state: 'blocked' }],
    ])
    expect(await check(chosen[pin])).toBe('method blocked')
    expect(await outcome(sign(token, chosen[pin], 'ECDSA-SHA256'))).toBe('CKR_PIN_LOCKED')
    expect(await unblock('16180339', chosen[pin])).toBe('tries left: 9')
    expect(await pinStatus(card, pin)).toEqual({ state: 'blocked' })
    expect(await unblock(letter[pin].puk, unblocked[pin])).toBe('done')
    expect(await counters(token)).toEqual([[], usable(3)])
    expect(await check(unblocked[pin])).toBe('done')
    expect(await outcome(sign(token, unblocked[pin], 'ECDSA-SHA256'))).toBe('done')
    await verified(card, id, 'SHA256')
  })

  it.each(rows)('%s: pkcs11-tool blocks it, unblocks it with the PUK and changes it', async (_, token) => {
    // How PKCS#11 is to unblock is a matter of OpenSC's configuration, and left out of it as Debian ships it.
    const style = 'app opensc-pkcs11 { pkcs11 { user_pin_unblock_style = set_pin_in_unlogged_session; } }'
    writeFileSync(card.at('opensc.conf'), `app default { }\n${style}\n`)
    const line = (...args: readonly string[]): string =>
      [stockProgram('pkcs11-tool'), '--module', stockProgram('opensc-pkcs11.so'), '--slot-index', token.slot, ...args].join(' ')
    const unlock = (puk: string, to: string) =>
      card.shell(line('--unlock-pin', '--puk', puk, '--new-pin', to), '', { OPENSC_CONF: card.at('opensc.conf') })
    const change = (from: string, to: string) => outcome(pkcs11(token, '--change-pin', '--pin', from, '--new-pin', to))
    for (let i = 0; i < 3; i++) expect(await change(wrong, last[token.pin])).toMatch(/CKR_PIN_(INCORRECT|LOCKED)/)
    expect(await pinStatus(card, token.pin)).toEqual({ state: 'blocked' })
    expect(await change(unblocked[token.pin], last[token.pin])).toBe('CKR_PIN_LOCKED')
    expect(await outcome(unlock('16180339', chosen[token.pin]))).toBe('CKR_PIN_INCORRECT')
    expect(await pinStatus(card, token.pin)).toEqual({ state: 'blocked' })
    expect(await outcome(unlock(letter[token.pin].puk, chosen[token.pin]))).toBe('done')
    expect(await pinStatus(card, token.pin)).toEqual(usable(3))
    expect(await change(chosen[token.pin], last[token.pin])).toBe('done')
    expect(await outcome(sign(token, chosen[token.pin], 'ECDSA-SHA256'))).toBe('CKR_PIN_INCORRECT')
    expect(await pinStatus(card, token.pin)).toEqual(usable(2))
    expect(await outcome(sign(token, last[token.pin], 'ECDSA-SHA256'))).toBe('done')
    expect(await pinStatus(card, token.pin)).toEqual(usable(3))
  })
})

describe('pkcs15-init with the SO-PIN', () => {
  it('changes nothing on an issued card (C17): makes, stores, deletes, renames and erases nothing', async () => {
    const before = (await tool('--dump')).stdout
    const officer = ['--so-pin', letter['SO-PIN'].pin, '--pin', last.AuthPIN] as const
    for (const args of [
      ['--create-pkcs15', '--so-puk', '16180339'],
      ['--store-certificate', 'ca.pem', '--auth-id', '01', '--id', '44'],
      ['--delete-objects', 'cert', '--id', '01', '--auth-id', '01'],
      ['--change-attributes', 'cert', '--id', '01', '--label', 'renamed', '--auth-id', '01'],
      ['--store-data', 'message', '--label', 'late', '--application-id', '1.2.3', '--auth-id', '01'],
      ['--generate-key', 'ec/prime256v1', '--id', '21', '--auth-id', '01'],
      ['--erase-card'],
      ['--finalize'],
    ])
      expect((await card.run('pkcs15-init', ...officer, ...args)).code, args.join(' ')).not.toBe(0)
    expect((await tool('--dump')).stdout).toBe(before)
    expect(await outcome(tool('--verify-pin', '--auth-id', '01', '--pin', last.AuthPIN))).toBe('done')
  })
})
