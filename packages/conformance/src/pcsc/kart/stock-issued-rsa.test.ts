import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { toHex } from '@kart/codec'
import { holderKeys, type KeyRow, nationalId } from '@kart/layout'
import { findKey, readCertificates } from '@kart/signature'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stockProgram } from '../../../../../scripts/stock-programs.mjs'
import type { ProgramResult } from '../stack.ts'
import { changeTransportPins, chosen, type IssuedCard, insertIssuedCard, letter, readKeys } from './issued-card.ts'
import { mechanisms, signAndVerify, signingMechanisms } from './mechanisms.ts'

// A card of the main job by a profile whose holders have RSA keys, in the hands of unmodified OpenSC and openssl.
const keys: readonly KeyRow[] = [
  { ...holderKeys[0], algorithm: { kind: 'rsa', bits: 2048 }, usage: ['sign'] },
  { ...holderKeys[1], algorithm: { kind: 'rsa', bits: 3072 } },
]
const tokens = [
  { pin: 'AuthPIN', slot: '0', id: '01', label: 'authentication', bits: 2048 },
  { pin: 'SignPIN', slot: '1', id: '02', label: 'signature', bits: 3072 },
] as const
type Token = (typeof tokens)[number]
const rows = tokens.map((token) => [token.pin, token] as const)

let card: IssuedCard
const pkcs11 = ({ slot }: Token, ...args: readonly string[]): Promise<ProgramResult> =>
  card.run('pkcs11-tool', '--module', stockProgram('opensc-pkcs11.so'), '--slot-index', slot, ...args)
const sign = (token: Token, pin: string, mechanism: string, input: string, ...more: readonly string[]): Promise<ProgramResult> =>
  pkcs11(token, '--login', '--pin', pin, '--id', token.id, '--sign', '-m', mechanism, '-i', input, '-o', 'signature', ...more)

beforeAll(async () => {
  card = await insertIssuedCard({ ...nationalId, holderKeys: keys })
  await readKeys(card)
}, 240_000)
afterAll(async () => {
  await card?.remove()
})

describe('RSA keys of an issued card', () => {
  it.each(rows)('%s: key, certificate and directory agree, to OpenSC and to our library', async (_, { id, label, bits }) => {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(readFileSync(card.at(`${id}.pem`)))
    expect([asymmetricKeyType, asymmetricKeyDetails?.modulusLength]).toEqual(['rsa', bits])
    const shown = await card.done('pkcs15-tool', '--read-public-key', id)
    expect(shown.slice(shown.indexOf('-----BEGIN')).trim()).toBe(readFileSync(card.at(`${id}.pem`), 'utf8').trim())
    await card.done('openssl', 'verify', '-CAfile', 'ca.pem', `${id}.crt`)
    await card.done('openssl', 'x509', '-in', `${id}.crt`, '-outform', 'DER', '-out', 'certificate.der')
    const ours = await card.library(async (channel, application) => {
      const key = findKey(application, label)
      return { key, ...(await readCertificates(channel, application, key)) }
    })
    expect([ours.key.kind, ours.key.bits]).toEqual(['rsa', bits])
    expect(toHex(new Uint8Array(readFileSync(card.at('certificate.der'))))).toBe(toHex(ours.certificate))
    expect(toHex(ours.certificate)).toBe(toHex(card.certified.get(label)!))
  })

  it('sign nothing under the PINs of the letter', async () => {
    for (const token of tokens) expect((await sign(token, letter[token.pin].pin, 'SHA256-RSA-PKCS', 'message')).code).not.toBe(0)
    await changeTransportPins(card)
  })

  it.each(rows)('the token of %s offers these mechanisms', async (_, token) => {
    expect(signingMechanisms((await pkcs11(token, '--list-mechanisms')).stdout).sort()).toEqual(
      [...mechanisms.rsa, ...mechanisms.ec].sort(),
    )
  })

  it.each(tokens.flatMap((token) => mechanisms.rsa.map((mechanism) => [mechanism, token.pin, token] as const)))(
    '--sign %s under %s, good under the certificate',
    async (mechanism, _, token) => {
      await signAndVerify(card, { id: token.id, kind: 'rsa' }, mechanism, async (input, ...more) => {
        const { code, stderr } = await sign(token, chosen[token.pin], mechanism, input, ...more)
        expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
      })
    },
  )

  it('neither token takes the other’s PIN', async () => {
    const [auth, own] = tokens
    for (const [token, pin] of [
      [auth, chosen.SignPIN],
      [own, chosen.AuthPIN],
    ] as const) {
      const { code, stderr } = await sign(token, pin, 'SHA256-RSA-PKCS', 'message')
      expect([code === 0, /CKR_PIN_INCORRECT/.test(stderr)]).toEqual([false, true])
    }
  })
})
