import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { InputError, toHex } from '@kart/codec'
import { CryptoError } from '@kart/crypto'
import { type CvCertificate, decodeCvCertificate, encodeCvBody, type TerminalAlgorithmName } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { testKey, testPki } from '../testing/test-pki.ts'
import { startCvTrust, trustPointOf, verifyCvChain } from './card-trust.ts'
import { cvPublicKey, openCvKey, verifyCvSignature } from './cv-key.ts'
import { keySigner } from './cv-signer.ts'
import {
  authenticateCvRequest,
  issueCvca,
  issueDocumentVerifier,
  issueLinkCertificate,
  issueTerminal,
  makeCvRequest,
  verifyCvRequest,
} from './issue.ts'

const dates = { effective: '2026-01-01', expiration: '2027-01-01' }

/** OpenSSL's own opinion of an ECDSA certificate. */
function opensslVerifies(spki: Uint8Array, hash: string, certificate: CvCertificate): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return verify(hash, certificate.body, { key, dsaEncoding: 'ieee-p1363' }, certificate.signature)
}

describe('issuing CV certificates', () => {
  it.each<[TerminalAlgorithmName, string | undefined]>([
    ['id-TA-ECDSA-SHA-224', 'secp224r1'],
    ['id-TA-ECDSA-SHA-256', 'prime256v1'],
    ['id-TA-ECDSA-SHA-256', 'brainpoolP256r1'],
    ['id-TA-ECDSA-SHA-384', 'secp384r1'],
    ['id-TA-ECDSA-SHA-384', 'brainpoolP320r1'],
    ['id-TA-ECDSA-SHA-512', 'secp521r1'],
    ['id-TA-ECDSA-SHA-512', 'brainpoolP512r1'],
    ['id-TA-RSA-v1-5-SHA-256', undefined],
    ['id-TA-RSA-v1-5-SHA-512', undefined],
    ['id-TA-RSA-PSS-SHA-256', undefined],
    ['id-TA-RSA-PSS-SHA-512', undefined],
  ])(
    '%s on %s: two generations, verifiers and terminals, all verified',
    async (algorithm, curve) => {
      const pki = await testPki(algorithm, curve)
      const trust = startCvTrust([trustPointOf(pki.root)], '2026-01-01')
      expect(verifyCvChain(trust, [pki.dv, pki.terminal]).certificate.holderReference).toBe('IRTERM00001')
      expect(verifyCvChain(trust, [pki.link, pki.nextDv, pki.nextTerminal]).certificate.holderReference).toBe('IRTERM00002')
      for (const certificate of [pki.root, pki.link, pki.dv, pki.terminal]) {
        expect(toHex(encodeCvBody(certificate))).toBe(toHex(certificate.body))
        expect(decodeCvCertificate(certificate.raw)).toEqual(certificate)
      }
      const carriesDomain = [pki.root, pki.link, pki.dv, pki.terminal].map(
        ({ publicKey }) => publicKey.kind === 'ec' && publicKey.domain !== undefined,
      )
      expect(carriesDomain).toEqual(curve === undefined ? [false, false, false, false] : [true, true, false, false])
      if (curve !== undefined) {
        const hash = algorithm.replace('id-TA-ECDSA-SHA-', 'sha')
        expect(opensslVerifies(pki.keys.root.spki, hash, pki.root)).toBe(true)
        expect(opensslVerifies(pki.keys.root.spki, hash, pki.link)).toBe(true)
        expect(opensslVerifies(pki.keys.dv.spki, hash, pki.terminal)).toBe(true)
        expect(opensslVerifies(pki.keys.root.spki, hash, pki.terminal)).toBe(false)
      }
    },
    60_000,
  )

  const key = testKey()
  const root = {
    holderReference: 'IRCVCA00001',
    publicKey: key.publicKey,
    rights: [],
    ...dates,
    terminalType: 'inspection-system',
    signer: key.signer,
  } as const
  const terminal = { holderReference: 'IRTERM00001', publicKey: key.publicKey, rights: [], ...dates }

  it('refuses a signer that holds another key, before anything leaves', async () => {
    await expect(issueCvca({ ...root, signer: testKey().signer })).rejects.toThrow(CryptoError)
    await expect(issueCvca({ ...root, signer: testKey('id-TA-ECDSA-SHA-512').signer })).rejects.toThrow('signer.algorithm')
  })

  it('refuses dates the wrong way round, rights of another kind of terminal, a root without its curve', async () => {
    await expect(issueCvca({ ...root, effective: '2027-01-02' })).rejects.toThrow('expiration')
    await expect(issueCvca({ ...root, rights: ['can-allowed'] })).rejects.toThrow('rights')
    await expect(issueCvca({ ...root, publicKey: { ...key.publicKey, domain: undefined } as typeof key.publicKey })).rejects.toThrow(
      'publicKey.domain',
    )
    await expect(issueCvca({ ...root, holderReference: 'x' })).rejects.toThrow(InputError)
  })

  it('roles of the issuer: roots for links and verifiers, verifiers for terminals', async () => {
    const pki = await testPki()
    const byRoot = { certificate: pki.root, signer: pki.keys.root.signer }
    const byDv = { certificate: pki.dv, signer: pki.keys.dv.signer, domain: pki.keys.root.domain! }
    await expect(issueTerminal(byRoot, terminal)).rejects.toThrow('issuer')
    await expect(issueLinkCertificate(byDv, terminal)).rejects.toThrow('issuer')
    await expect(issueDocumentVerifier(byDv, { ...terminal, role: 'dv-foreign' })).rejects.toThrow('issuer')
    await expect(issueTerminal({ certificate: pki.dv, signer: pki.keys.dv.signer }, terminal)).rejects.toThrow('domain parameters')
  })

  it('a verifier’s or terminal’s key must be on the curve that it inherits', async () => {
    const pki = await testPki()
    const other = testKey('id-TA-ECDSA-SHA-256', 'brainpoolP256r1').publicKey
    await expect(
      issueDocumentVerifier(
        { certificate: pki.root, signer: pki.keys.root.signer },
        { ...terminal, publicKey: other, role: 'dv-domestic' },
      ),
    ).rejects.toThrow(CryptoError)
  })

  it('a key on a named curve is spelled out as the published roots spell theirs', () => {
    for (const name of ['DECVCAEPASS00102', 'tr-ecdh-cvca']) {
      const { publicKey } = decodeCvCertificate(
        new Uint8Array(readFileSync(new URL(`../../../../test-vectors/cvc/${name}.cvcert`, import.meta.url))),
      )
      const { spki, algorithm } = openCvKey(publicKey, undefined)
      expect(cvPublicKey(spki, algorithm.name)).toEqual(publicKey)
    }
  })

  it('requests: signed with the new key, and again with the old one', async () => {
    const old = testKey()
    const request = await makeCvRequest(
      { authorityReference: 'IRDV00001', publicKey: key.publicKey, holderReference: 'IRTERM00002', extensions: [] },
      key.signer,
    )
    expect(verifyCvRequest(request)).toBe(true)
    const authenticated = await authenticateCvRequest(request, 'IRTERM00001', old.signer)
    expect(verifyCvRequest(authenticated)).toBe(true)
    const { outer } = authenticated
    expect(outer?.authorityReference).toBe('IRTERM00001')
    expect(verifyCvSignature(openCvKey(old.publicKey, undefined), outer!.signed, outer!.signature)).toBe(true)
    expect(verifyCvSignature(openCvKey(key.publicKey, undefined), outer!.signed, outer!.signature)).toBe(false)
    expect(verifyCvRequest({ ...request, body: request.body.with(20, request.body[20]! ^ 1) })).toBe(false)
    await expect(authenticateCvRequest(authenticated, 'IRTERM00001', old.signer)).rejects.toThrow('outer signature')
    await expect(makeCvRequest({ ...request, publicKey: old.publicKey }, key.signer)).rejects.toThrow(CryptoError)
  })

  it('a signer tells nothing of a key that it cannot read', () => {
    expect(() => keySigner(Uint8Array.of(1, 2, 3), 'id-TA-ECDSA-SHA-256')).toThrow('cannot be read')
  })
})
