import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CardError, InputError } from '@kart/codec'
import { chatRights } from '@kart/layout'
import { CertificateChainError, startCvTrust, trustPointOf, verifyCvChain } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { issueCv, linkCvca, nextReference, requestCv, verifyCv } from './cvc-authority.ts'
import { type CvcFolder, loadCvc, saveCvc, saveCvHolder, saveCvRequest } from './cvc-files.ts'
import { initTestCvc } from './init-test-cvc.ts'
import { PkiError } from './pki-error.ts'

const made = await initTestCvc({ now: new Date('2026-03-25T10:00:00Z') })
const holders = [made.cvca, made.documentVerifier, made.terminal]
const folder: CvcFolder = { certificates: holders.map(({ certificate }) => certificate), holders }
const root = made.cvca.certificate
const effective = '2026-03-26'

describe('issueCv', () => {
  it('a document verifier’s new terminal has what the card would grant', async () => {
    const { certificate, privateKeyPkcs8 } = await issueCv(folder, {
      ...{ issuer: 'IRTESTDV00001', holderReference: 'IRTESTIS00002', rights: ['read-dg3'], effective, months: 2 },
    })
    expect(privateKeyPkcs8).toBeDefined()
    expect(certificate).toMatchObject({ authorityReference: 'IRTESTDV00001', effective, expiration: '2026-05-25' })
    const more = { ...folder, certificates: [...folder.certificates, certificate] }
    const found = verifyCv(more, root, certificate, effective)
    expect(chatRights(found.authorization)).toEqual(['read-dg3'])
    expect(found.chain.map(({ holderReference }) => holderReference)).toEqual(['IRTESTDV00001', 'IRTESTIS00002'])
    expect(() => verifyCv(more, root, certificate, '2026-05-26')).toThrow(CertificateChainError)
  })

  it('a CVCA’s document verifier is its own country’s, or a foreign one', async () => {
    for (const [domestic, role] of [
      [true, 'dv-domestic'],
      [false, 'dv-foreign'],
    ] as const) {
      const order = { issuer: root.holderReference, holderReference: 'IRTESTDV00002', domestic, effective }
      expect((await issueCv(folder, order)).certificate).toMatchObject({ authorization: { role }, expiration: '2026-06-25' })
    }
  })

  it('certifies the key of a request, and none that did not sign it', async () => {
    const { request } = await requestCv('IRTESTIS00003', 'IRTESTDV00001')
    const issued = await issueCv(folder, { issuer: 'IRTESTDV00001', request: request.raw, effective })
    expect(issued.privateKeyPkcs8).toBeUndefined()
    expect(issued.certificate.holderReference).toBe('IRTESTIS00003')
    expect(issued.certificate.publicKey).toMatchObject({ point: request.publicKey.kind === 'ec' && request.publicKey.point })
    const forged = request.raw.map((byte, i) => (i === request.raw.length - 1 ? byte ^ 1 : byte))
    await expect(issueCv(folder, { issuer: 'IRTESTDV00001', request: forged, effective })).rejects.toThrow(InputError)
    const other = { issuer: 'IRTESTDV00001', request: request.raw, holderReference: 'IRTESTIS00009', effective }
    await expect(issueCv(folder, other)).rejects.toThrow(InputError)
  })

  it.each([
    [{ issuer: 'IRTESTDV00009', holderReference: 'IRTESTIS00002' }, PkiError],
    [{ issuer: 'IRTESTIS00001', holderReference: 'IRTESTIS00002' }, InputError],
    [{ issuer: 'IRTESTDV00001' }, InputError],
    [{ issuer: 'IRTESTDV00001', holderReference: 'IRTESTIS00002', rights: ['read-everything'] }, InputError],
    [{ issuer: 'IRTESTDV00001', holderReference: 'IRTESTIS00002', months: 0 }, InputError],
    [{ issuer: 'IRTESTDV00001', holderReference: 'not a reference, far too long' }, InputError],
  ])('refuses %o', async (order, kind) => {
    await expect(issueCv(folder, { ...order, effective })).rejects.toThrow(kind)
  })
})

describe('linkCvca', () => {
  it('leads a card from the CVCA that it knows to the next, whose terminals it takes then', async () => {
    const link = await linkCvca(folder, root.holderReference, effective)
    expect(link.certificate).toMatchObject({ holderReference: 'IRTESTCVCA00002', authorityReference: 'IRTESTCVCA00001' })
    const next = { certificate: link.certificate, privateKeyPkcs8: link.privateKeyPkcs8! }
    const grown: CvcFolder = { certificates: [...folder.certificates, link.certificate], holders: [...holders, next] }
    const verifier = await issueCv(grown, { issuer: 'IRTESTCVCA00002', holderReference: 'IRTESTDV00007', effective })
    const withVerifier: CvcFolder = {
      certificates: [...grown.certificates, verifier.certificate],
      holders: [...grown.holders, { certificate: verifier.certificate, privateKeyPkcs8: verifier.privateKeyPkcs8! }],
    }
    const terminal = await issueCv(withVerifier, { issuer: 'IRTESTDV00007', holderReference: 'IRTESTIS00007', effective })
    const all = { ...withVerifier, certificates: [...withVerifier.certificates, terminal.certificate] }
    const found = verifyCv(all, root, terminal.certificate, effective)
    expect(found.chain.map(({ holderReference }) => holderReference)).toEqual(['IRTESTCVCA00002', 'IRTESTDV00007', 'IRTESTIS00007'])
    expect(() => verifyCvChain(startCvTrust([trustPointOf(root)], effective), [verifier.certificate, terminal.certificate])).toThrow(
      CertificateChainError,
    )
  })

  it('counts the name on by one', () => {
    expect(nextReference('IRTESTCVCA00099')).toBe('IRTESTCVCA00100')
    for (const reference of ['IRTESTCVCA99999', 'IRTESTCVCAUT001', 'IR1']) expect(() => nextReference(reference)).toThrow(InputError)
  })
})

describe('verifyCv', () => {
  it('says that no chain leads there', async () => {
    const strange = await initTestCvc({ country: 'DE' })
    expect(() => verifyCv(folder, root, strange.terminal.certificate, effective)).toThrow(PkiError)
  })
})

it('a folder keeps a link, a request and their keys, each once', async () => {
  const path = await mkdtemp(join(tmpdir(), 'kart-cvc-'))
  try {
    await saveCvc(path, made)
    const link = await linkCvca(await loadCvc(path), root.holderReference, effective)
    expect(await saveCvHolder(path, link.certificate, link.privateKeyPkcs8)).toBe('IRTESTCVCA00002_IRTESTCVCA00001.cvcert')
    expect((await loadCvc(path)).holders.map(({ certificate }) => certificate.holderReference)).toContain('IRTESTCVCA00002')
    const { request, privateKeyPkcs8 } = await requestCv('IRTESTIS00003', 'IRTESTDV00001')
    expect(await saveCvRequest(path, request, privateKeyPkcs8)).toBe('IRTESTIS00003.cvreq')
    expect(new Uint8Array(await readFile(join(path, 'IRTESTIS00003.cvreq')))).toEqual(request.raw)
    await expect(saveCvRequest(path, request, privateKeyPkcs8)).rejects.toThrow(CardError)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
})
