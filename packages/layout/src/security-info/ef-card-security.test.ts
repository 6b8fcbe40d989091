import { createHash, generateKeyPairSync, sign, verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { ContentInfo, SignedData } from 'pkijs'
import { describe, expect, test } from 'vitest'
import { efCardSecurityCodec, encodeCardSecurity, securityObjectOid } from './ef-card-security.ts'
import type { OpenedSecurityInfo } from './security-info.ts'

const vector = (path: string) => new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${path}`, import.meta.url)))

describe('EF.CardSecurity of outside vectors', () => {
  test.each([
    ['ecdh', 13],
    ['dh', 0],
  ])('%s: opened, signed by its document signer, the same when put together again', (name, parameterId) => {
    const raw = vector(`eac/ef-cardsecurity-${name}.bin`)
    const file = efCardSecurityCodec.decode(raw)
    expect(file).toMatchObject({ version: 3, contentType: securityObjectOid })
    expect(toHex(file.raw)).toBe(toHex(raw))
    expect(toHex(efCardSecurityCodec.encode(file))).toBe(toHex(raw))
    expect(file.securityInfos.filter((info) => info.kind !== 'other').map((info) => info.kind)).toEqual([
      'terminal-authentication',
      'chip-authentication',
      'pace',
      'chip-authentication-domain-parameters',
      'chip-authentication-public-key',
    ])
    expect(file.securityInfos.find((info) => info.kind === 'pace')).toMatchObject({ parameterId })
    const signer = file.signers[0]!
    const scheme = signer.signatureScheme!
    const key = new X509Certificate(file.certificates[0]!).publicKey
    const options = scheme.kind === 'rsa-pss' ? { key, padding: 6, saltLength: scheme.saltLength } : key
    expect(verify(scheme.hash, signer.signedAttributes!, options, signer.signature)).toBe(true)
    expect(toHex(signer.messageDigest!)).toBe(createHash(scheme.hash).update(file.content).digest('hex'))
  })
})

const infos: readonly OpenedSecurityInfo[] = [
  { kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.6.2', version: 2, parameterId: 12 },
  { kind: 'terminal-authentication', oid: '0.4.0.127.0.7.2.2.2', version: 2, efCvca: undefined },
]
const certificateDer = vector('pa/ecdsa-p256-sha256-ds.cer')
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const make = (securityInfos: readonly OpenedSecurityInfo[]) =>
  encodeCardSecurity({
    securityInfos,
    signer: { certificateDer, signatureAlgorithm: { kind: 'ecdsa', hash: 'sha256' } },
    sign: async (bytes) => new Uint8Array(sign('sha256', bytes, privateKey)),
    digest: (hash, bytes) => new Uint8Array(createHash(hash).update(bytes).digest()),
    signingTime: new Date('2026-03-21T08:30:00Z'),
  })

describe('EF.CardSecurity made here', () => {
  test('pkijs finds the content type and the SecurityInfos, node:crypto the signature', async () => {
    const raw = await make(infos)
    const cms = new SignedData({ schema: ContentInfo.fromBER(raw.slice()).content })
    expect(cms.encapContentInfo.eContentType).toBe('0.4.0.127.0.7.3.2.1')
    // DER order of a SET OF: the shorter encoding of the two comes first by its length byte. Coded by hand from TR-03110-3, A.1.1.
    const content = '3123300d060804007f00070202020201023012060a04007f0007020204060202010202010c'
    expect(toHex(new Uint8Array(cms.encapContentInfo.eContent!.getValue()))).toBe(content)
    const attributes = new Uint8Array(cms.signerInfos[0]!.signedAttrs!.encodedValue)
    expect(verify('sha256', attributes, publicKey, new Uint8Array(cms.signerInfos[0]!.signature.valueBlock.valueHexView))).toBe(true)
    expect(efCardSecurityCodec.decode(raw).signers[0]!.contentType).toBe(securityObjectOid)
    expect(efCardSecurityCodec.decode(raw).securityInfos.map((info) => info.kind)).toEqual(['terminal-authentication', 'pace'])
  })

  test('more infos than fit are refused', async () => {
    await expect(make(Array.from({ length: 65 }, () => infos[0]!))).rejects.toThrow(InputError)
  })
})

test.each([
  ['nothing', ''],
  ['EF.SOD’s envelope', toHex(encodeTlv(0x77, vector('eac/ef-cardsecurity-ecdh.bin')))],
  ['a content that is not SignedData', '300f06092a864886f70d010701a0020400'],
  ['bytes behind it', `${toHex(vector('eac/ef-cardsecurity-ecdh.bin'))}00`],
])('refuses %s', (_, hex) => {
  expect(() => efCardSecurityCodec.decode(fromHex(hex))).toThrow(DecodeError)
})

test('refuses content that is no set of SecurityInfos', () => {
  const file = efCardSecurityCodec.decode(vector('eac/ef-cardsecurity-ecdh.bin'))
  const odd = efCardSecurityCodec.encode({ ...file, content: fromHex('3000') })
  expect(() => efCardSecurityCodec.decode(odd)).toThrow(DecodeError)
})
