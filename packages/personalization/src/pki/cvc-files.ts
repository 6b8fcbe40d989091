import { mkdir, readdir } from 'node:fs/promises'
import { CardError, equalBytes } from '@kart/codec'
import { publicKeyOf } from '@kart/crypto'
import { type CvCertificate, type CvRequest, decodeCvCertificate, type TerminalAlgorithmName, terminalAlgorithm } from '@kart/layout'
import { type CvSigner, cvPublicKey, keySigner, withoutDomain } from '@kart/secure-channel'
import type { CvHolder, TestCvc } from './init-test-cvc.ts'
import { create, fileProblem, fromPem, read, toPem } from './key-files.ts'
import { PkiError } from './pki-error.ts'

/** Where a PKI folder keeps the test CVCA, document verifier and terminal that go with it. */
export const cvcFolderName = 'cvc'

const certificateEnding = '.cvcert'
const requestEnding = '.cvreq'
const keyEnding = '-key.pem'
const readmeName = 'README.txt'
const readme = `TEST KEYS. Anybody who has this folder can read the fingerprints of cards that were issued with its CVCA.

NAME.cvcert       CV certificate of NAME (BSI TR-03110-3, C.1)
NEW_OLD.cvcert    link certificate: OLD vouches for the next key of the authority, NEW
NAME-key.pem      the private key of NAME (PKCS#8)
NAME.cvreq        a certificate request (C.2)
`

/** Name of a certificate's file: its holder, and for a link certificate its authority too. */
export function cvFileName({ holderReference, authorityReference, authorization }: CvCertificate): string {
  const isLink = authorization.role === 'cvca' && holderReference !== authorityReference
  return `${holderReference}${isLink ? `_${authorityReference}` : ''}${certificateEnding}`
}

/** Writes a certificate, and its key where there is one; never over a file that is there. Gives the certificate's file name. Throws PkiError. */
export async function saveCvHolder(folder: string, certificate: CvCertificate, privateKeyPkcs8?: Uint8Array): Promise<string> {
  const name = cvFileName(certificate)
  if (privateKeyPkcs8 !== undefined) await create(folder, `${certificate.holderReference}${keyEnding}`, toPem(privateKeyPkcs8), 0o600)
  await create(folder, name, certificate.raw, 0o644)
  return name
}

/** Writes a certificate request and its key; never over a file that is there. Gives the request's file name. Throws PkiError. */
export async function saveCvRequest(folder: string, request: CvRequest, privateKeyPkcs8: Uint8Array): Promise<string> {
  const name = `${request.holderReference}${requestEnding}`
  await create(folder, `${request.holderReference}${keyEnding}`, toPem(privateKeyPkcs8), 0o600)
  await create(folder, name, request.raw, 0o644)
  return name
}

/** Writes a test hierarchy into a folder, made if need be. Throws PkiError when any of its files exists already, or cannot be written. */
export async function saveCvc(folder: string, made: TestCvc): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new PkiError(`the CVC folder ${fileProblem(cause)}`, { cause })
  }
  for (const { certificate, privateKeyPkcs8 } of [made.cvca, made.documentVerifier, made.terminal])
    await saveCvHolder(folder, certificate, privateKeyPkcs8)
  await create(folder, readmeName, readme, 0o644)
}

/** Opens one CV certificate's bytes, named in errors by its file. Throws PkiError. */
function openCertificate(bytes: Uint8Array, name: string): CvCertificate {
  try {
    return decodeCvCertificate(bytes)
  } catch (cause) {
    if (cause instanceof CardError) throw new PkiError(`${name} is no CV certificate: ${cause.message}`, { cause })
    throw cause
  }
}

/** Everything in a CVC folder. */
export interface CvcFolder {
  readonly certificates: readonly CvCertificate[]
  /** Certificates whose private key lies in the folder. */
  readonly holders: readonly CvHolder[]
}

/** The signer of a holder's key. Throws CryptoError. */
export function signerOf({ certificate, privateKeyPkcs8 }: CvHolder): CvSigner {
  return keySigner(privateKeyPkcs8, algorithmOf(certificate))
}

function algorithmOf(certificate: CvCertificate): TerminalAlgorithmName {
  const row = terminalAlgorithm(certificate.publicKey.oid)
  if (row === undefined) throw new PkiError(`the certificate of ${certificate.holderReference} has a signature algorithm that is not known`)
  return row.name
}

/** Whether the key in the file is the one that the certificate names. */
function belongs(certificate: CvCertificate, privateKeyPkcs8: Uint8Array): boolean {
  const own = withoutDomain(cvPublicKey(publicKeyOf(privateKeyPkcs8), algorithmOf(certificate)))
  const certified = certificate.publicKey
  if (own.kind === 'ec') return certified.kind === 'ec' && equalBytes(own.point, certified.point)
  return certified.kind === 'rsa' && equalBytes(own.modulus, certified.modulus)
}

/** Loads every CV certificate of a folder, with the keys beside them; checks that each key is its certificate's. Throws PkiError. */
export async function loadCvc(folder: string): Promise<CvcFolder> {
  let names: string[]
  try {
    names = (await readdir(folder)).sort()
  } catch (cause) {
    throw new PkiError(
      `the CVC folder ${fileProblem(cause)}: make one with "kart cvc init DIR"; "kart pki init DIR" makes one in DIR/cvc`,
      { cause },
    )
  }
  const certificates: CvCertificate[] = []
  for (const name of names.filter((each) => each.endsWith(certificateEnding)))
    certificates.push(openCertificate(await read(folder, name), name))
  if (certificates.length === 0)
    throw new PkiError(
      'the folder holds no CV certificate (*.cvcert): "kart cvc init DIR" makes them in DIR, "kart pki init DIR" in DIR/cvc',
    )
  const holders: CvHolder[] = []
  for (const certificate of certificates) {
    const keyName = `${certificate.holderReference}${keyEnding}`
    if (!names.includes(keyName)) continue
    const privateKeyPkcs8 = fromPem(Buffer.from(await read(folder, keyName)).toString('latin1'), keyName)
    try {
      if (!belongs(certificate, privateKeyPkcs8)) throw new PkiError(`${keyName} is another key than that of the certificate`)
    } catch (cause) {
      if (cause instanceof PkiError || !(cause instanceof CardError)) throw cause
      throw new PkiError(`${keyName} cannot be used: ${cause.message}`, { cause })
    }
    holders.push({ certificate, privateKeyPkcs8 })
  }
  return { certificates, holders }
}

/** The newest of a folder's self-signed CVCA certificates: what cards are issued with. Throws PkiError where there is none. */
export function newestCvca({ certificates }: CvcFolder): CvCertificate {
  const roots = certificates.filter(
    ({ authorization, holderReference, authorityReference }) => authorization.role === 'cvca' && holderReference === authorityReference,
  )
  const [newest] = roots.sort((a, b) => (a.effective < b.effective ? 1 : -1))
  if (newest === undefined) throw new PkiError('the CVC folder holds no self-signed CVCA certificate')
  return newest
}

const nameOf = ({ certificate }: CvHolder) => `${certificate.holderReference} (${certificate.authorization.role})`

/** The newest terminal whose key lies in the folder, or the one of this name. Throws PkiError where there is none. */
export function terminalIn({ holders }: CvcFolder, holderReference?: string): CvHolder {
  const terminals = holders.filter(
    ({ certificate }) =>
      certificate.authorization.role === 'terminal' && (holderReference === undefined || certificate.holderReference === holderReference),
  )
  const [newest] = terminals.sort((a, b) => (a.certificate.effective < b.certificate.effective ? 1 : -1))
  if (newest === undefined) {
    const what =
      holderReference === undefined ? 'no terminal certificate with its private key' : 'no terminal of that name with its private key'
    throw new PkiError(`the CVC folder holds ${what}; it has ${holders.map(nameOf).join(', ') || 'no private key at all'}`)
  }
  return newest
}
