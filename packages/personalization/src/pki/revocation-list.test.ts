import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@kart/codec'
import { decodeCertificate, decodeRevocationList } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { initTestPki } from './init-test-pki.ts'
import { PkiError } from './pki-error.ts'
import { buildRevocationList } from './revocation-list.ts'

const now = new Date('2026-11-01T00:00:00Z')
const pki = initTestPki({ now })
const serialOf = (certificate: Uint8Array) => toHex(decodeCertificate(certificate).serialNumber)

describe('a revocation list', () => {
  it('names what it is told and what the one before named, and says when the next is due', () => {
    const first = buildRevocationList(pki.csca, { certificates: [pki.documentSigner.certificate], now })
    const later = new Date('2026-11-05T00:00:00Z')
    const second = buildRevocationList(pki.csca, { certificates: [pki.csca.certificate], previous: first, now: later, days: 7 })
    const { revoked, thisUpdate, nextUpdate } = decodeRevocationList(second)
    expect(revoked.map(({ serialNumber, revokedAt }) => [toHex(serialNumber), revokedAt])).toEqual([
      [serialOf(pki.documentSigner.certificate), now],
      [serialOf(pki.csca.certificate), later],
    ])
    expect([thisUpdate, nextUpdate]).toEqual([later, new Date('2026-11-12T00:00:00Z')])
    expect(decodeRevocationList(buildRevocationList(pki.csca, { certificates: [], now })).revoked).toEqual([])
  })

  it('refuses certificates and earlier lists of another authority', () => {
    expect(() => buildRevocationList(pki.holderAuthority, { certificates: [pki.documentSigner.certificate] })).toThrow(PkiError)
    const other = buildRevocationList(pki.csca, { certificates: [] })
    expect(() => buildRevocationList(pki.holderAuthority, { certificates: [], previous: other })).toThrow(PkiError)
    expect(() => buildRevocationList(pki.csca, { certificates: [], previous: Uint8Array.of(0x30, 0) })).toThrow(PkiError)
  })

  it('is taken by openssl, which finds the revoked certificate by it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kart-crl-'))
    try {
      const openssl = (...args: readonly string[]) =>
        execFileSync('openssl', [...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
      const present = initTestPki()
      for (const [name, certificate] of [
        ['csca', present.csca.certificate],
        ['signer', present.documentSigner.certificate],
      ] as const) {
        writeFileSync(join(folder, `${name}.cer`), certificate)
        openssl('x509', '-inform', 'DER', '-in', `${name}.cer`, '-out', `${name}.pem`)
      }
      const verifyWith = (certificates: readonly Uint8Array[]) => {
        writeFileSync(join(folder, 'list.crl'), buildRevocationList(present.csca, { certificates }))
        openssl('crl', '-inform', 'DER', '-in', 'list.crl', '-out', 'list.pem', '-CAfile', 'csca.pem')
        return openssl('verify', '-crl_check', '-CRLfile', 'list.pem', '-CAfile', 'csca.pem', 'signer.pem')
      }
      expect(verifyWith([])).toContain('OK')
      expect(() => verifyWith([present.documentSigner.certificate])).toThrow(/certificate revoked/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
