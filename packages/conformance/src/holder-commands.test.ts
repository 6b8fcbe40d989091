import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBlankCard, fileMemory, testTransportKeys } from '@kart/emulator'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { opensslAuthority } from './testing/openssl-authority.ts'
import { kart, kartTyping } from './testing/run-here.ts'
import { signatureCard, testPins } from './testing/signature-card.ts'

const authority = opensslAuthority()
const folder = mkdtempSync(join(tmpdir(), 'kart-holder-'))
const at = (name: string) => join(folder, name)
const secret = (name: string, value: string): string => {
  writeFileSync(at(name), `${value}\n`, { mode: 0o600 })
  return at(name)
}
const card = ['--card', at('citizen.card')] as const
const memory = () => readFileSync(at('citizen.card'))
let pins: { readonly sign: string; readonly auth: string; readonly officer: string }

beforeAll(async () => {
  const made = await signatureCard(authority, { memory: fileMemory(at('citizen.card')) })
  made.close()
  writeFileSync(at('contract.txt'), 'متن نمونه')
  writeFileSync(at('ca.cer'), authority.certificate)
  pins = {
    sign: secret('sign', testPins.SignPIN),
    auth: secret('auth', testPins.AuthPIN),
    officer: secret('officer', testPins['SO-PIN']),
  }
})
afterAll(() => {
  authority.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('kart pin at a terminal', () => {
  it('asks for a new PIN twice, and leaves the card as it is when the two differ', async () => {
    const before = memory()
    const differ = await kartTyping([testPins.SignPIN, '957268', '957286'], 'pin', 'change', 'SignPIN', ...card)
    expect(differ).toMatchObject({ code: 2, out: '' })
    expect(differ.err).toMatch(/the two that were typed differ; nothing was sent to the card/)
    const unblock = await kartTyping([testPins.puk, '957268', '957286'], 'pin', 'unblock', 'SignPIN', ...card)
    expect(unblock).toMatchObject({ code: 2, out: '' })
    expect(memory()).toEqual(before)
    const same = await kartTyping([testPins.SignPIN, '957268', '957268'], 'pin', 'change', 'SignPIN', ...card)
    expect(same).toMatchObject({ code: 0 })
    expect(await kartTyping(['957268', testPins.SignPIN, testPins.SignPIN], 'pin', 'change', 'SignPIN', ...card)).toMatchObject({ code: 0 })
  })
})

describe('kart pin unblock', () => {
  it('says of the SO-PIN that nothing unblocks it, and asks for nothing', async () => {
    const refused = await kartTyping([], 'pin', 'unblock', 'SO-PIN', ...card)
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/SO-PIN: has no PUK/)
    expect(refused.err).not.toMatch(/: \n/)
  })
})

describe('kart pin unblock --so-pin', () => {
  it('gives a PIN that is not blocked a new value with the SO-PIN, and says both', async () => {
    const fresh = secret('fresh', testPins.SignPIN)
    const done = await kart('pin', 'unblock', 'SignPIN', ...card, '--so-pin', '--pin-file', pins.officer, '--new-pin-file', fresh)
    expect(done).toMatchObject({ code: 0, err: expect.stringMatching(/SignPIN is not blocked \(3 tries left\)/) })
    expect(done.out).toMatch(/^UNBLOCKED {2}SignPIN of \S+\n$/)
  })
})

describe('a question for a PIN', () => {
  it('is left with Ctrl-C, as a shell tells it', async () => {
    const before = memory()
    expect(await kartTyping(['\u0003'], 'pin', 'change', 'SignPIN', ...card)).toMatchObject({ code: 130, out: '' })
    expect(await kartTyping(['\u0004'], 'pin', 'change', 'SignPIN', ...card)).toMatchObject({ code: 2, out: '' })
    expect(memory()).toEqual(before)
  })

  it('that nobody answers says where the PIN may come from', async () => {
    const { err } = await kart('pin', 'change', 'AuthPIN', ...card)
    expect(err).toMatch(/give the current AuthPIN in KART_PIN, or in a file with --pin-file/)
  })

  it('shows how many tries are left', async () => {
    expect((await kartTyping(['\u0003'], 'pin', 'change', 'SignPIN', ...card)).err).toMatch(/current SignPIN, 3 tries left: /)
  })
})

describe('a card that is not finished', () => {
  it('is called so by sign and pin', async () => {
    createBlankCard({ memory: fileMemory(at('blank.card')), transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) }).close()
    for (const command of [
      ['pin', 'status'],
      ['sign', at('contract.txt'), '-o', at('never.p7s')],
    ])
      expect(await kart(...command, '--card', at('blank.card')), command[0]).toMatchObject({
        code: 2,
        err: expect.stringMatching(/card: is not finished, or has no application of its holder/),
      })
  })
})

describe('kart pin status', () => {
  it('says which PINs are still those of the letter, and the tries of the PUKs', async () => {
    const fresh = ['--card', at('letter.card')]
    // An authority of its own: what is revoked below is the last certificate of the other.
    const another = opensslAuthority()
    const made = await signatureCard(another, { memory: fileMemory(at('letter.card')), transport: true })
    made.close()
    another.remove()
    const state = async () => {
      const { pins: found } = JSON.parse((await kart('pin', 'status', ...fresh, '--json')).out) as { pins: Record<string, unknown>[] }
      return found.map(({ label, transport, pukTriesLeft }) => [label, transport, pukTriesLeft])
    }
    const sign = ['SignPIN', true, 10]
    const officer = ['SO-PIN', false, null]
    expect(await state()).toEqual([['AuthPIN', true, 10], sign, officer])
    const unblock = (puk: string, to: string) =>
      kart('pin', 'unblock', 'AuthPIN', ...fresh, '--puk-file', secret('puk', puk), '--new-pin-file', secret('next', to))
    expect(await unblock('40962718', '506182')).toMatchObject({ code: 2, err: expect.stringMatching(/9 tries are left/) })
    expect(await state()).toEqual([['AuthPIN', true, 9], sign, officer])
    expect((await kart('pin', 'status', ...fresh)).out).toMatch(/AuthPIN .* 3 tries left, still that of the letter +9 tries left/)
    expect((await unblock(testPins.puk, '506182')).out).toMatch(/UNBLOCKED.*\n.*still counts as the PIN of the letter.*kart pin change/)
    const change = ['--pin-file', secret('next', '506182'), '--new-pin-file', secret('own', '840952')]
    expect(await kart('pin', 'change', 'AuthPIN', ...fresh, ...change)).toMatchObject({ code: 0 })
    expect(await state()).toEqual([['AuthPIN', false, 10], sign, officer])
  })
})

describe('the file that kart sign writes', () => {
  it('is never written over an earlier one unless told, and the card is not asked then', async () => {
    const first = await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign)
    expect(first).toMatchObject({ code: 0, err: '' })
    const [signature, before] = [readFileSync(at('contract.txt.p7s')), memory()]
    for (const target of [[], ['-o', at('contract.txt.p7s')]]) {
      const refused = await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign, ...target)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(/contract\.txt\.p7s is there already.*--force/)
    }
    expect(readFileSync(at('contract.txt.p7s'))).toEqual(signature)
    expect(memory()).toEqual(before)
    expect(await kart('sign', at('contract.txt'), ...card, '--pin-file', pins.sign, '--force')).toMatchObject({ code: 0 })
    expect(readFileSync(at('contract.txt.p7s'))).not.toEqual(signature)
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
    expect(existsSync(at('contract.txt'))).toBe(true)
  })

  it('needs no --force to be verified', async () => {
    const refused = await kart('sign', at('contract.txt'), '--verify', '--force', '--ca', at('ca.cer'))
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('--force') })
  })
})

describe('the signer of kart sign', () => {
  const wrong = () => secret('wrong', '842953')
  const signing = (...more: readonly string[]) => kart('sign', at('contract.txt'), ...card, '--force', '--pin-file', wrong(), ...more)
  const tries = async (): Promise<unknown> =>
    JSON.parse((await kart('pin', 'status', ...card, '--json')).out).pins.map(({ triesLeft }: { triesLeft: number }) => triesLeft)

  it('is looked at before a PIN is used: its use, its time, and with --ca or --pki who vouches for it', async () => {
    const stranger = opensslAuthority()
    writeFileSync(at('stranger.cer'), stranger.certificate)
    stranger.remove()
    await kart('pki', 'init', at('pki'))
    writeFileSync(at('revoked.crl'), authority.revocationList('ca', 'card-signature'))
    writeFileSync(at('good.crl'), authority.revocationList('ca'))
    const refusals = [
      [/certified for digitalSignature only/, '--key', 'authentication'],
      [/a signature would be rejected: not signed by the key/, '--ca', at('stranger.cer')],
      [/a signature would be rejected: no trusted authority/, '--pki', at('pki')],
      [/a signature would be rejected: revoked since/, '--ca', at('ca.cer'), '--crl', at('revoked.crl')],
      [/--crl: goes with --ca or --pki/, '--crl', at('good.crl')],
    ] as const
    for (const [words, ...options] of refusals) {
      const refused = await signing(...options)
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toMatch(words)
    }
    expect(await tries()).toEqual([3, 3, 3])
    for (const options of [[], ['--crl', at('good.crl')]]) {
      const done = await kart('sign', at('contract.txt'), ...card, '--force', '--pin-file', pins.sign, '--ca', at('ca.cer'), ...options)
      expect(done).toMatchObject({ code: 0, err: '' })
    }
  })

  it('is refused with an expired certificate unless told', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 400 * 86_400_000 })
    try {
      const refused = await signing()
      expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/expired on .*--any-time/) })
      expect(await tries()).toEqual([3, 3, 3])
      const told = await kart('sign', at('contract.txt'), ...card, '--force', '--any-time', '--pin-file', pins.sign)
      expect(told).toMatchObject({ code: 0 })
      expect(await kart('sign', '--verify', at('contract.txt'), '--ca', at('ca.cer'))).toMatchObject({ code: 1 })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('kart sign --verify', () => {
  it('takes the authority of a PKI folder, and lists in which the signer or his authority is revoked', async () => {
    await kart('sign', at('contract.txt'), ...card, '--force', '--pin-file', pins.sign)
    const verify = (...more: readonly string[]) => kart('sign', '--verify', at('contract.txt'), ...more)
    expect(await verify('--ca', at('ca.cer'))).toMatchObject({ code: 0 })
    expect(await verify('--ca', at('ca.cer'), '--crl', at('good.crl'))).toMatchObject({ code: 0 })
    const revoked = await verify('--ca', at('ca.cer'), '--crl', at('revoked.crl'))
    expect(revoked).toMatchObject({ code: 1, out: expect.stringMatching(/revoked since/) })
    // A list that names the authority itself.
    writeFileSync(at('ca.crl'), authority.revocationList('ca', 'ca'))
    expect(await verify('--ca', at('ca.cer'), '--crl', at('ca.crl'))).toMatchObject({ code: 1 })
    // The folder's own authority is trusted, and has not certified this signer.
    const foreign = await verify('--pki', at('pki'))
    expect(foreign).toMatchObject({ code: 1, out: expect.stringMatching(/no trusted authority/) })
    writeFileSync(at('pki/holder-ca.cer'), authority.certificate)
    expect(await verify('--pki', at('pki'))).toMatchObject({ code: 0 })
    expect(await verify('--pki', at('nowhere'))).toMatchObject({ code: 2 })
  })
})

describe('kart pki revoke', () => {
  it('keeps the list of a PKI folder’s authority, and takes no certificate of another', async () => {
    await kart('pki', 'init', at('other'))
    const revoke = async (...files: readonly string[]) => {
      const { code, out } = await kart('pki', 'revoke', at('other'), ...files, '--json')
      return { code, document: JSON.parse(out) }
    }
    expect(await revoke()).toMatchObject({ code: 0, document: { list: at('other/holder-ca.crl'), revoked: [] } })
    const { document } = await revoke(at('other/holder-ca.cer'))
    expect(document.revoked).toHaveLength(1)
    expect(await revoke(at('other/csca.cer'))).toMatchObject({ code: 2 })
    expect((await revoke()).document.revoked).toEqual(document.revoked)
    expect(await kart('pki', 'revoke', at('other'), at('other/document-signer.cer'), '--by', 'csca', '--days', '7')).toMatchObject({
      code: 0,
    })
    expect(await kart('pki', 'revoke', at('other'), '--days', 'x')).toMatchObject({ code: 2 })
  })
})
