import { InputError } from '@kart/codec'
import { generateEcKeyPair, randomBytes } from '@kart/crypto'
import { buildCertificate } from './build-certificate.ts'

/** A certificate with its private key. */
export interface Authority {
  /** X.509 in DER. */
  readonly certificate: Uint8Array
  /** PKCS#8 in DER; a secret. */
  readonly privateKeyPkcs8: Uint8Array
}

/** A country's signing authority and one document signer, both for tests. */
export interface TestPki {
  readonly csca: Authority
  readonly documentSigner: Authority
  /** Certifies holders' keys; apart from the CSCA, which signs document signers alone. */
  readonly holderAuthority: Authority
}

export interface TestPkiOptions {
  /** ISO 3166-1 alpha-2 code, upper case; `IR` unless told. */
  readonly country?: string
  /** ICAO three-letter code of the MRZ; `IRN` unless told. */
  readonly mrzCode?: string
  /** Document codes that the document signer may sign; `I` unless told. */
  readonly documentTypes?: readonly string[]
  /**
   * How certificates give the curve of their key. Doc 9303-12, 8th ed., 4.1.6.3 asks for explicit parameters; `named` unless told, because OpenSSL 3 refuses
   * chains with explicit ones.
   */
  readonly curveParameters?: 'named' | 'explicit'
  /** Beginning of the validity; the present moment unless told. */
  readonly now?: Date
}

// Doc 9303-12, 8th ed., table 1: CSCA keys sign 3 to 5 years, document signer keys up to three months; certificates stay valid as long as the documents.
const cscaSigningYears = 5
const signerSigningMonths = 3
const documentYears = 10

function later(from: Date, years: number, months: number): Date {
  const time = new Date(from)
  time.setUTCFullYear(time.getUTCFullYear() + years, time.getUTCMonth() + months)
  return time
}

function serialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40 // positive, and no leading zero byte
  return bytes
}

/**
 * Makes a test CSCA (P-384) and a document signer (P-256) by the certificate profile of Doc 9303-12, 8th ed., 7.1, and an authority for holders' keys (P-384); every
 * name says TEST.
 * Throws InputError for a malformed country or code.
 */
export function initTestPki(options: TestPkiOptions = {}): TestPki {
  const country = options.country ?? 'IR'
  const mrzCode = options.mrzCode ?? 'IRN'
  const documentTypes = options.documentTypes ?? ['I']
  if (!/^[A-Z]{2}$/.test(country)) throw new InputError('country', 'is not two upper-case letters')
  if (!/^[A-Z]{1,3}$/.test(mrzCode)) throw new InputError('mrzCode', 'is not one to three upper-case letters')
  if (documentTypes.length === 0 || documentTypes.some((type) => !/^[A-Z]{1,2}$/.test(type)))
    throw new InputError('documentTypes', 'are not one or two upper-case letters each')
  const notBefore = new Date(Math.floor((options.now ?? new Date()).getTime() / 1000) * 1000)
  const cscaKeys = generateEcKeyPair('P-384')
  const signerKeys = generateEcKeyPair('P-256')
  const holderKeys = generateEcKeyPair('P-384')
  const organization = 'TEST ONLY Kart'
  const cscaName = { country, organization, commonName: `TEST CSCA ${mrzCode}` }
  const shared = {
    curveParameters: options.curveParameters ?? 'named',
    mrzCode,
    contact: 'test-only@kart.invalid',
    crlUri: `https://kart.invalid/test-only/${mrzCode}.crl`,
    issuer: cscaName,
    issuerKey: cscaKeys.publicKeySpki,
    notBefore,
  }
  const csca = buildCertificate(
    {
      ...shared,
      kind: 'csca',
      serialNumber: serialNumber(),
      subject: cscaName,
      subjectKey: cscaKeys.publicKeySpki,
      privateKeyNotAfter: later(notBefore, cscaSigningYears, 0),
      notAfter: later(notBefore, cscaSigningYears + documentYears, signerSigningMonths),
      documentTypes: [],
    },
    cscaKeys.privateKeyPkcs8,
  )
  const documentSigner = buildCertificate(
    {
      ...shared,
      kind: 'document-signer',
      serialNumber: serialNumber(),
      subject: { country, organization, commonName: `TEST Document Signer ${mrzCode} 01` },
      subjectKey: signerKeys.publicKeySpki,
      privateKeyNotAfter: later(notBefore, 0, signerSigningMonths),
      notAfter: later(notBefore, documentYears, signerSigningMonths),
      documentTypes,
    },
    cscaKeys.privateKeyPkcs8,
  )
  const holderName = { country, organization, commonName: `TEST Holder CA ${mrzCode}` }
  const holderAuthority = buildCertificate(
    {
      ...shared,
      // The same form as a CSCA's: self-signed, certificates and lists only.
      kind: 'csca',
      curveParameters: 'named',
      serialNumber: serialNumber(),
      issuer: holderName,
      issuerKey: holderKeys.publicKeySpki,
      subject: holderName,
      subjectKey: holderKeys.publicKeySpki,
      privateKeyNotAfter: later(notBefore, cscaSigningYears, 0),
      notAfter: later(notBefore, cscaSigningYears + documentYears, signerSigningMonths),
      documentTypes: [],
    },
    holderKeys.privateKeyPkcs8,
  )
  return {
    csca: { certificate: csca, privateKeyPkcs8: cscaKeys.privateKeyPkcs8 },
    documentSigner: { certificate: documentSigner, privateKeyPkcs8: signerKeys.privateKeyPkcs8 },
    holderAuthority: { certificate: holderAuthority, privateKeyPkcs8: holderKeys.privateKeyPkcs8 },
  }
}
