import { createPrivateKey, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePublicKey } from '@kart/crypto'
import { type Certificate, decodeCertificate } from '@kart/layout'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { initTestPki } from './init-test-pki.ts'
import { PkiError } from './pki-error.ts'
import { loadPki, savePki } from './pki-files.ts'
import { softwareSigner } from './signer.ts'

const now = new Date('2026-03-01T10:20:30.456Z')
const pki = initTestPki({ now })
const csca = decodeCertificate(pki.csca.certificate)
const signer = decodeCertificate(pki.documentSigner.certificate)
const extension = (certificate: Certificate, oid: string) => certificate.extensions.find((candidate) => candidate.oid === oid)
const x509 = (der: Uint8Array) => new X509Certificate(der)

describe('initTestPki', () => {
  it('node:crypto finds the chain: a CA signed by itself, a document signer signed by it', () => {
    const [root, leaf] = [x509(pki.csca.certificate), x509(pki.documentSigner.certificate)]
    expect(root.ca).toBe(true)
    expect(leaf.ca).toBe(false)
    expect(root.verify(root.publicKey)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    expect(leaf.verify(leaf.publicKey)).toBe(false)
    expect(leaf.checkIssued(root)).toBe(true)
    expect(root.subject).toBe('C=IR\nO=TEST ONLY Kart\nCN=TEST CSCA IRN')
    expect(leaf.subject).toBe('C=IR\nO=TEST ONLY Kart\nCN=TEST Document Signer IRN 01')
    expect(root.subjectAltName).toMatch(/^email:test-only@kart\.invalid, DirName:"?L ?= ?IRN"?$/)
  })

  it('holds what Doc 9303-12 asks of both certificates', () => {
    expect(csca.keyUsage).toEqual(['keyCertSign', 'cRLSign'])
    expect(csca.basicConstraints).toEqual({ ca: true, pathLength: 0 })
    expect(signer.keyUsage).toEqual(['digitalSignature'])
    expect(signer.basicConstraints).toBeUndefined()
    expect(signer.extendedKeyUsage).toBeUndefined()
    for (const certificate of [csca, signer]) {
      expect(certificate.version).toBe(3)
      expect(certificate.serialNumber).toHaveLength(16)
      expect(certificate.unknownCritical).toEqual([])
      expect(certificate.authorityKeyId).toEqual(csca.subjectKeyId)
      expect(certificate.notBefore).toEqual(new Date('2026-03-01T10:20:30Z'))
      expect(decodePublicKey(certificate.spki)).toMatchObject({ kind: 'ec', explicit: false })
      for (const oid of ['2.5.29.17', '2.5.29.18', '2.5.29.31']) expect(extension(certificate, oid)?.critical).toBe(false)
    }
    expect(csca.notAfter).toEqual(new Date('2041-06-01T10:20:30Z'))
    expect(csca.privateKeyUsagePeriod).toEqual({ notBefore: csca.notBefore, notAfter: new Date('2031-03-01T10:20:30Z') })
    expect(signer.notAfter).toEqual(new Date('2036-06-01T10:20:30Z'))
    expect(signer.privateKeyUsagePeriod).toEqual({ notBefore: signer.notBefore, notAfter: new Date('2026-06-01T10:20:30Z') })
    expect(decodePublicKey(csca.spki)).toMatchObject({ curve: 'P-384' })
    expect(decodePublicKey(signer.spki)).toMatchObject({ curve: 'P-256' })
    // SEQUENCE { 0, SET { PrintableString I } }, coded by hand.
    expect(extension(signer, '2.23.136.1.1.6.2')?.value).toEqual(Uint8Array.from(Buffer.from('30080201003103130149', 'hex')))
    expect(extension(csca, '2.23.136.1.1.6.2')).toBeUndefined()
  })

  it('spells the curves out where it is told to, and node:crypto still finds the chain', () => {
    const spelled = initTestPki({ now, curveParameters: 'explicit' })
    const [root, leaf] = [x509(spelled.csca.certificate), x509(spelled.documentSigner.certificate)]
    expect(root.verify(root.publicKey)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    for (const der of [spelled.csca.certificate, spelled.documentSigner.certificate])
      expect(decodePublicKey(decodeCertificate(der).spki)).toMatchObject({ kind: 'ec', explicit: true })
  })

  it('refuses a country that cannot stand in a certificate', () => {
    expect(() => initTestPki({ country: 'ir' })).toThrow('country')
    expect(() => initTestPki({ mrzCode: 'IRAN' })).toThrow('mrzCode')
    expect(() => initTestPki({ documentTypes: [] })).toThrow('documentTypes')
  })

  it('signs as the certificate says', async () => {
    const data = new TextEncoder().encode('signed attributes')
    const signature = await softwareSigner(pki.documentSigner).sign(data)
    expect(verify('sha256', data, x509(pki.documentSigner.certificate).publicKey, signature)).toBe(true)
  })
})

describe('PKI folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kart-pki-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is written and read back, keys for their owner only, marked as test keys', async () => {
    const inside = join(folder, 'made', 'on', 'the', 'way')
    await savePki(inside, pki)
    expect(await loadPki(inside)).toEqual(pki)
    for (const name of ['csca-key.pem', 'document-signer-key.pem']) expect((await stat(join(inside, name))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(inside, 'README.txt'), 'utf8')).toMatch(/^TEST KEYS/)
    const key = createPrivateKey(await readFile(join(inside, 'csca-key.pem')))
    expect(createPublicKey(key).export({ format: 'jwk' })).toMatchObject({ crv: 'P-384' })
  })

  it('never writes over a PKI that is there', async () => {
    await savePki(folder, pki)
    await expect(savePki(folder, initTestPki())).rejects.toThrow(PkiError)
    expect(await loadPki(folder)).toEqual(pki)
    await rm(join(folder, 'csca-key.pem'))
    await expect(savePki(folder, initTestPki())).rejects.toThrow('csca.cer exists already')
  })

  it('refuses what is missing, malformed or mixed up', async () => {
    await expect(loadPki(folder)).rejects.toThrow('csca.cer is missing')
    await savePki(folder, pki)
    const other = initTestPki()
    await chmod(join(folder, 'document-signer.cer'), 0o600)
    await writeFile(join(folder, 'document-signer.cer'), other.documentSigner.certificate)
    await expect(loadPki(folder)).rejects.toThrow('for another key')
    await writeFile(join(folder, 'document-signer.cer'), new Uint8Array(4))
    await expect(loadPki(folder)).rejects.toThrow(PkiError)
    await writeFile(join(folder, 'csca-key.pem'), 'no key')
    await expect(loadPki(folder)).rejects.toThrow('not a PEM private key')
  })
})
