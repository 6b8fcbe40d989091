import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeTlv } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { dg15Codec, efSodCodec } from '@kart/layout'
import { execute, savePki } from '@kart/personalization'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readIssuedCard } from './testing/read-issued-card.ts'
import { chipSerial, executeOptions, personalizationDay, pki, specimenImage } from './testing/specimen.ts'

// OpenSSL is not ours: what it accepts we did not only agree on with ourselves. On Linux, where every distribution has it, its absence is a failure.
const missing = 'the openssl command line is needed for this cross-check: install the package openssl'

let folder: string
let files: Map<string, Uint8Array>
const at = String(Math.floor(personalizationDay.getTime() / 1000) + 60)

function openssl(...parts: readonly string[]): string {
  try {
    return execFileSync('openssl', parts, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 })
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw new Error(missing)
    throw error
  }
}

describe.runIf(process.platform === 'linux')('openssl on what Kart makes', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kart-openssl-'))
    const image = specimenImage()
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
    await execute(card.transport(), image, executeOptions)
    files = await readIssuedCard(card.transport(), image)
    await savePki(folder, pki)
    writeFileSync(join(folder, 'sod.der'), decodeTlv(files.get('EF.SOD')!, 0x77, { constructed: false }).value)
    writeFileSync(join(folder, 'dg15.der'), dg15Codec.decode(files.get('EF.DG15')!).subjectPublicKeyInfo)
    openssl('x509', '-inform', 'der', '-in', 'csca.cer', '-out', 'csca.pem')
    openssl('x509', '-inform', 'der', '-in', 'document-signer.cer', '-out', 'signer.pem')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('finds the chain of the test PKI, strictly', () => {
    expect(openssl('verify', '-x509_strict', '-check_ss_sig', '-attime', at, '-CAfile', 'csca.pem', 'csca.pem')).toContain('csca.pem: OK')
    expect(openssl('verify', '-x509_strict', '-attime', at, '-CAfile', 'csca.pem', 'signer.pem')).toContain('signer.pem: OK')
  })

  it('reads the private keys, and each is its certificate’s', () => {
    for (const name of ['csca', 'document-signer']) {
      openssl('pkey', '-check', '-noout', '-in', `${name}-key.pem`)
      expect(openssl('pkey', '-pubout', '-in', `${name}-key.pem`)).toBe(
        openssl('x509', '-inform', 'der', '-in', `${name}.cer`, '-pubkey', '-noout'),
      )
    }
  })

  it('verifies EF.SOD to the CSCA, and takes the LDS security object out of it', () => {
    openssl(
      'cms',
      '-verify',
      '-inform',
      'der',
      '-in',
      'sod.der',
      '-CAfile',
      'csca.pem',
      '-purpose',
      'any',
      '-attime',
      at,
      '-out',
      'lds.der',
    )
    expect(new Uint8Array(readFileSync(join(folder, 'lds.der')))).toEqual(efSodCodec.decode(files.get('EF.SOD')!).content)
    const dump = openssl('asn1parse', '-inform', 'der', '-in', 'lds.der')
    expect(dump).toContain('sha256')
    expect(dump.match(/OCTET STRING/g)).toHaveLength(9)
  })

  it('refuses EF.SOD with one bit of a hash changed, and under another CSCA', () => {
    const verify = (sod: string, ca: string) =>
      openssl('cms', '-verify', '-inform', 'der', '-in', sod, '-CAfile', ca, '-purpose', 'any', '-attime', at, '-out', 'out.der')
    const changed = new Uint8Array(readFileSync(join(folder, 'sod.der')))
    const { content } = efSodCodec.decode(files.get('EF.SOD')!)
    const start = Buffer.from(changed).indexOf(content)
    changed[start + content.length - 40]! ^= 1
    writeFileSync(join(folder, 'changed.der'), changed)
    expect(() => verify('changed.der', 'csca.pem')).toThrow('CMS')
    expect(() => verify('sod.der', 'signer.pem')).toThrow(/certificate verify error/i)
  })

  it('reads the card’s own public key', () => {
    expect(openssl('pkey', '-pubin', '-pubcheck', '-inform', 'der', '-in', 'dg15.der', '-text', '-noout')).toMatch(/NIST CURVE: P-256/)
  })
})
