import { constants, createHash, createPrivateKey, createPublicKey, publicDecrypt } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { generateRsaKey, type RsaKey, signRecoverably } from '../card-crypto/rsa-key.ts'
import { generateSignatureKey } from '../card-crypto/signature-key.ts'
import type { CardState } from '../memory/card-state.ts'
import { noGrants } from '../os/grants.ts'
import { type EacBenchOptions, eacBench } from '../testing/eac-bench.ts'
import { blankCard, emrtdAid, grouping, openDomain } from '../testing/terminal.ts'

const challenge = fromHex('0102030405060708')
const ask = `0088000008${toHex(challenge)}00`
const key = generateRsaKey(2048)
const files = new Map([['emrtd', new Map([[0x010f, fromHex('6f00')]])]])
const rsa = (hash: 'sha1' | 'sha256', options: EacBenchOptions = {}, aaKey: CardState['aaKey'] = key) =>
  eacBench({ profile: { activeAuthentication: { algorithm: 'rsa', modulusBits: 2048, hash } }, ...options, state: { aaKey, files } })

const open = ({ privateKey }: Pick<RsaKey, 'privateKey'>, signature: Uint8Array) => {
  const publicKey = createPublicKey(createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }))
  return new Uint8Array(publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature))
}

describe('active authentication with RSA, the card alone', () => {
  it.each([
    ['sha1', 234, 'bc'],
    ['sha256', 221, '34cc'],
  ] as const)('%s: 6A, what the card drew, the hash over it and the challenge, the trailer', (hash, room, trailer) => {
    const recoverable = toHex(Uint8Array.from({ length: room }, (_, i) => (i * 11 + 3) & 0xff))
    const { data, sw } = rsa(hash, { random: [recoverable] }).terminal.send(ask)
    expect(sw).toBe('9000')
    const digest = createHash(hash)
      .update(concatBytes(fromHex(recoverable), challenge))
      .digest('hex')
    expect(toHex(open(key, data))).toBe(`6a${recoverable}${digest}${trailer}`)
  })

  it('is open to whoever may read EF.DG15, and takes eight bytes', () => {
    const { terminal } = rsa('sha256')
    expect(terminal.status('00880000070102030405060700')).toBe('6700')
    expect(terminal.status(`0088000009${toHex(challenge)}0900`)).toBe('6700')
    expect(terminal.status(`0088000008${toHex(challenge)}`)).toBe('6700')
    expect(terminal.status(`0088000008${toHex(challenge)}80`)).toBe('6c00') // the signature has 256 bytes
    expect(rsa('sha256', { grants: noGrants }).terminal.status(ask)).toBe('6982')
    expect(toHex(rsa('sha256').plain(ask))).toBe('6982')
  })

  it('a card without the key that its profile says answers 6A88', () => {
    const profile = { activeAuthentication: { algorithm: 'rsa', modulusBits: 2048, hash: 'sha256' } } as const
    expect(eacBench({ profile, state: { files } }).terminal.status(ask)).toBe('6a88')
    expect(rsa('sha256', {}, generateSignatureKey('P-256')).terminal.status(ask)).toBe('6a88')
    expect(eacBench({ state: { aaKey: key, files } }).terminal.status(ask)).toBe('6a88')
  })

  it('C19 with a fault in one half of the computation no wrong signature leaves', () => {
    const jwk = createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
    for (const part of ['dp', 'dq', 'qi'] as const) {
      const value = Buffer.from(jwk[part]!, 'base64url')
      value[value.length - 1]! ^= 2
      const faulty = createPrivateKey({ key: { ...jwk, [part]: value.toString('base64url') }, format: 'jwk' })
      const privateKey = new Uint8Array(faulty.export({ type: 'pkcs8', format: 'der' }))
      const signature = signRecoverably({ privateKey }, 'sha256', challenge, (length) => new Uint8Array(length).fill(7))
      if (signature !== undefined) expect(toHex(open(key, signature)).startsWith('6a0707')).toBe(true)
    }
  })
})

describe('the key of active authentication', () => {
  it('is made on the card in the length that the data grouping names; modulus and exponent come out', () => {
    const card = blankCard()
    const domain = openDomain(card, 0x03)
    domain.install(emrtdAid)
    const answer = toHex(domain.send('80e28900', grouping(nationalId.dgis.generateAaKey, Uint8Array.of(0x11))))
    expect(answer.startsWith('7f4982010981820100')).toBe(true)
    expect(answer).toContain('8203010001')
    for (const byte of [0x00, 0x03, 0x10, 0x14, 0xff]) expect(domain.store(nationalId.dgis.generateAaKey, Uint8Array.of(byte))).toBe('6a80')
  })
})
