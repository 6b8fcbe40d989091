import { generateKeyPairSync } from 'node:crypto'
import type { CvCertificate, CvDomainParameters, CvPublicKey, TerminalAlgorithmName } from '@kart/layout'
import { cvPublicKey } from '../terminal-authentication/cv-key.ts'
import { type CvSigner, keySigner } from '../terminal-authentication/cv-signer.ts'
import { issueCvca, issueDocumentVerifier, issueLinkCertificate, issueTerminal } from '../terminal-authentication/issue.ts'

// For the tests of this package only; the entry point does not reach it.

export interface TestKey {
  readonly publicKey: CvPublicKey
  readonly signer: CvSigner
  readonly domain: CvDomainParameters | undefined
  readonly spki: Uint8Array
}

/** A fresh key for the algorithm; curves by their OpenSSL names. */
export function testKey(algorithm: TerminalAlgorithmName = 'id-TA-ECDSA-SHA-256', namedCurve = 'prime256v1'): TestKey {
  const { privateKey, publicKey } = algorithm.includes('ECDSA')
    ? generateKeyPairSync('ec', { namedCurve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const key = cvPublicKey(spki, algorithm)
  const signer = keySigner(new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })), algorithm)
  return { publicKey: key, signer, domain: key.kind === 'ec' ? key.domain : undefined, spki }
}

export interface TestPki {
  readonly keys: { readonly root: TestKey; readonly nextRoot: TestKey; readonly dv: TestKey; readonly terminal: TestKey }
  readonly root: CvCertificate
  /** The next root's key, vouched for by the root. */
  readonly link: CvCertificate
  readonly dv: CvCertificate
  /** A document verifier under the next root. */
  readonly nextDv: CvCertificate
  readonly foreignDv: CvCertificate
  readonly terminal: CvCertificate
  /** Below the document verifier of the next root. */
  readonly nextTerminal: CvCertificate
  /** Below the foreign document verifier. */
  readonly foreignTerminal: CvCertificate
}

/** Two generations of a CVCA, document verifiers and inspection systems: root 2025..2027, next root 2026..2028, verifiers and terminals within them. */
export async function testPki(algorithm?: TerminalAlgorithmName, curve?: string): Promise<TestPki> {
  const keys = {
    root: testKey(algorithm, curve),
    nextRoot: testKey(algorithm, curve),
    dv: testKey(algorithm, curve),
    terminal: testKey(algorithm, curve),
  }
  const both = ['read-dg3', 'read-dg4']
  const root = await issueCvca({
    ...{ holderReference: 'IRCVCA00001', publicKey: keys.root.publicKey, rights: both, effective: '2025-01-01', expiration: '2027-12-31' },
    ...{ terminalType: 'inspection-system', signer: keys.root.signer },
  })
  const byRoot = { certificate: root, signer: keys.root.signer }
  const link = await issueLinkCertificate(byRoot, {
    ...{
      holderReference: 'IRCVCA00002',
      publicKey: keys.nextRoot.publicKey,
      rights: both,
      effective: '2026-06-01',
      expiration: '2028-12-31',
    },
  })
  const dvInput = { publicKey: keys.dv.publicKey, rights: both, effective: '2026-01-10', expiration: '2026-12-31' }
  const dv = await issueDocumentVerifier(byRoot, { ...dvInput, holderReference: 'IRDV00001', role: 'dv-domestic' })
  const foreignDv = await issueDocumentVerifier(byRoot, {
    ...dvInput,
    holderReference: 'DEDV00001',
    role: 'dv-foreign',
    rights: ['read-dg3'],
  })
  const nextDv = await issueDocumentVerifier(
    { certificate: link, signer: keys.nextRoot.signer },
    { ...dvInput, holderReference: 'IRDV00002', role: 'dv-domestic', effective: '2026-07-01', expiration: '2027-06-30' },
  )
  const below = (certificate: CvCertificate, holderReference: string, from: string, to: string) =>
    issueTerminal(
      { certificate, signer: keys.dv.signer, ...(keys.root.domain === undefined ? {} : { domain: keys.root.domain }) },
      { holderReference, publicKey: keys.terminal.publicKey, rights: ['read-dg3'], effective: from, expiration: to },
    )
  return {
    ...{ keys, root, link, dv, nextDv, foreignDv },
    terminal: await below(dv, 'IRTERM00001', '2026-02-01', '2026-03-31'),
    nextTerminal: await below(nextDv, 'IRTERM00002', '2026-08-01', '2026-09-30'),
    foreignTerminal: await below(foreignDv, 'DETERM00001', '2026-02-05', '2026-03-31'),
  }
}
