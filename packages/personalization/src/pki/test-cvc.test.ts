import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chatRights } from '@kart/layout'
import { CertificateChainError, findCvChain, startCvTrust, trustPointOf, verifyCvChain } from '@kart/secure-channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cvFileName, loadCvc, newestCvca, saveCvc, saveCvHolder, signerOf, terminalIn } from './cvc-files.ts'
import { initTestCvc, lastDay } from './init-test-cvc.ts'
import { PkiError } from './pki-error.ts'

const now = new Date('2026-03-25T23:59:00Z')
const made = await initTestCvc({ now })

describe('initTestCvc', () => {
  it('makes a chain that a card takes, with the right to fingerprints, for a month', () => {
    const trust = startCvTrust([trustPointOf(made.cvca.certificate)], '2026-03-25')
    const chain = [made.documentVerifier.certificate, made.terminal.certificate]
    const terminal = verifyCvChain(trust, chain)
    expect(chatRights(terminal.authorization)).toEqual(['read-dg3', 'read-dg4'])
    expect(terminal.certificate).toMatchObject({ holderReference: 'IRTESTIS00001', effective: '2026-03-25', expiration: '2026-04-24' })
    expect(made.cvca.certificate.expiration).toBe('2029-03-24')
    const late = startCvTrust([trustPointOf(made.cvca.certificate)], '2026-04-25')
    expect(() => verifyCvChain(late, chain)).toThrow(CertificateChainError)
  })

  it('ends in the last day of a shorter month', () => {
    expect(lastDay('2026-01-31', 1)).toBe('2026-02-27')
    expect(lastDay('2027-11-30', 3)).toBe('2028-02-28')
    expect(lastDay('2026-03-25', 36)).toBe('2029-03-24')
  })

  it('refuses a country that is none', async () => {
    await expect(initTestCvc({ country: 'IRN' })).rejects.toThrow('country')
  })
})

describe('CVC folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kart-cvc-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it.each(['IR/../../00001', 'IR\\..\\..\\00001', 'IRA:B00001'])(
    'a request that names its holder %s is given no file',
    async (holderReference) => {
      const inside = join(folder, 'cvc')
      await saveCvc(inside, made)
      const certificate = { ...made.terminal.certificate, holderReference }
      await expect(saveCvHolder(inside, certificate, made.terminal.privateKeyPkcs8)).rejects.toThrow(PkiError)
      await expect(saveCvHolder(inside, certificate)).rejects.toThrow(PkiError)
      expect(await readdir(folder)).toEqual(['cvc'])
    },
  )

  it('is written and read back; keys for their owner only; marked as test keys', async () => {
    const inside = join(folder, 'made')
    await saveCvc(inside, made)
    const loaded = await loadCvc(inside)
    expect(loaded.certificates.map(cvFileName)).toEqual(['IRTESTCVCA00001.cvcert', 'IRTESTDV00001.cvcert', 'IRTESTIS00001.cvcert'])
    expect(newestCvca(loaded)).toEqual(made.cvca.certificate)
    const terminal = terminalIn(loaded)
    expect(terminal).toEqual(made.terminal)
    expect(signerOf(terminal).algorithm).toBe('id-TA-ECDSA-SHA-256')
    expect(findCvChain(loaded.certificates, terminal.certificate, ['IRTESTCVCA00001'])).toHaveLength(2)
    expect((await stat(join(inside, 'IRTESTIS00001-key.pem'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(inside, 'README.txt'), 'utf8')).toMatch(/^TEST KEYS/)
  })

  it('never writes over what is there', async () => {
    await saveCvc(folder, made)
    await expect(saveCvc(folder, await initTestCvc({ now }))).rejects.toThrow(PkiError)
    await expect(saveCvHolder(folder, made.terminal.certificate)).rejects.toThrow(
      'exists already in the folder, and is never overwritten: take another name or folder',
    )
    expect((await loadCvc(folder)).holders).toHaveLength(3)
  })

  it('refuses what is missing, malformed or mixed up', async () => {
    await expect(loadCvc(join(folder, 'none'))).rejects.toThrow('is missing')
    await expect(loadCvc(folder)).rejects.toThrow('holds no CV certificate')
    await saveCvHolder(folder, made.cvca.certificate)
    expect(() => terminalIn({ certificates: [made.cvca.certificate], holders: [] })).toThrow(PkiError)
    expect(() => newestCvca({ certificates: [made.terminal.certificate], holders: [] })).toThrow(PkiError)
    await saveCvHolder(folder, made.terminal.certificate, made.documentVerifier.privateKeyPkcs8)
    await expect(loadCvc(folder)).rejects.toThrow('another key')
    await chmod(join(folder, 'IRTESTIS00001.cvcert'), 0o600)
    await writeFile(join(folder, 'IRTESTIS00001.cvcert'), 'no certificate')
    await expect(loadCvc(folder)).rejects.toThrow('is no CV certificate')
  })
})
