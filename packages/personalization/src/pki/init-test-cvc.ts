import { InputError } from '@kart/codec'
import { generateEcKeyPair } from '@kart/crypto'
import type { CvCertificate, CvDomainParameters } from '@kart/layout'
import { type CvSigner, cvPublicKey, issueCvca, issueDocumentVerifier, issueTerminal, keySigner } from '@kart/secure-channel'

/** A CV certificate with its private key. */
export interface CvHolder {
  readonly certificate: CvCertificate
  /** PKCS#8 in DER; a secret. */
  readonly privateKeyPkcs8: Uint8Array
}

/** A country's verifying authority, one document verifier and one inspection system, all for tests. */
export interface TestCvc {
  readonly cvca: CvHolder
  readonly documentVerifier: CvHolder
  readonly terminal: CvHolder
}

export interface TestCvcOptions {
  /** ISO 3166-1 alpha-2 code, upper case; `IR` unless told. */
  readonly country?: string
  /** First day of the validity; the present moment, in UTC, unless told. */
  readonly now?: Date
}

/** ECDSA with SHA-256 on P-256 all the way down. */
export const testCvcAlgorithm = 'id-TA-ECDSA-SHA-256'
const rights = ['read-dg3', 'read-dg4']

// Longest validity of Doc 9303-12, 8th ed., 7.2.2.3: three years, three months, one month.
const months = { cvca: 36, documentVerifier: 3, terminal: 1 } as const

/** The day `months` later, less one, `YYYY-MM-DD`; a shorter month ends at its own end. */
export function lastDay(first: string, count: number): string {
  const [year, month, day] = first.split('-').map(Number) as [number, number, number]
  const end = new Date(Date.UTC(year, month - 1 + count, 1))
  const length = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate()
  end.setUTCDate(Math.min(day, length))
  end.setUTCDate(end.getUTCDate() - 1)
  return end.toISOString().slice(0, 10)
}

/** A fresh key for CV certificates, with what signs by it. */
export function newCvKey(): { privateKeyPkcs8: Uint8Array; publicKeySpki: Uint8Array; signer: CvSigner } {
  const { privateKeyPkcs8, publicKeySpki } = generateEcKeyPair('P-256')
  return { privateKeyPkcs8, publicKeySpki, signer: keySigner(privateKeyPkcs8, testCvcAlgorithm) }
}

/**
 * Makes a test CVCA, a domestic document verifier and an inspection system that may read DG3 and DG4 (BSI TR-03110-3 v2.21, C.1; Doc 9303-12, 8th ed., 7.2). Every
 * name says TEST. Throws InputError for a malformed country.
 */
export async function initTestCvc(options: TestCvcOptions = {}): Promise<TestCvc> {
  const country = options.country ?? 'IR'
  if (!/^[A-Z]{2}$/.test(country)) throw new InputError('country', 'is not two upper-case letters')
  const effective = (options.now ?? new Date()).toISOString().slice(0, 10)
  const [root, verifier, inspection] = [newCvKey(), newCvKey(), newCvKey()]
  const rootKey = cvPublicKey(root.publicKeySpki, testCvcAlgorithm)
  const domain: CvDomainParameters | undefined = rootKey.kind === 'ec' ? rootKey.domain : undefined
  const cvca = await issueCvca({
    ...{ holderReference: `${country}TESTCVCA00001`, publicKey: rootKey, rights, effective },
    ...{ expiration: lastDay(effective, months.cvca), terminalType: 'inspection-system', signer: root.signer },
  })
  const documentVerifier = await issueDocumentVerifier(
    { certificate: cvca, signer: root.signer },
    {
      ...{ holderReference: `${country}TESTDV00001`, publicKey: cvPublicKey(verifier.publicKeySpki, testCvcAlgorithm), rights, effective },
      ...{ expiration: lastDay(effective, months.documentVerifier), role: 'dv-domestic' },
    },
  )
  const terminal = await issueTerminal(
    { certificate: documentVerifier, signer: verifier.signer, ...(domain === undefined ? {} : { domain }) },
    {
      ...{
        holderReference: `${country}TESTIS00001`,
        publicKey: cvPublicKey(inspection.publicKeySpki, testCvcAlgorithm),
        rights,
        effective,
      },
      expiration: lastDay(effective, months.terminal),
    },
  )
  return {
    cvca: { certificate: cvca, privateKeyPkcs8: root.privateKeyPkcs8 },
    documentVerifier: { certificate: documentVerifier, privateKeyPkcs8: verifier.privateKeyPkcs8 },
    terminal: { certificate: terminal, privateKeyPkcs8: inspection.privateKeyPkcs8 },
  }
}
