import { InputError } from '@kart/codec'
import { type CvCertificate, type CvDomainParameters, type CvPublicKey, type CvRequest, decodeCvRequest } from '@kart/layout'
import {
  type CvIssuer,
  cvPublicKey,
  findCvChain,
  issueDocumentVerifier,
  issueLinkCertificate,
  issueTerminal,
  makeCvRequest,
  startCvTrust,
  trustPointOf,
  type VerifiedTerminal,
  verifyCvChain,
  verifyCvRequest,
} from '@kart/secure-channel'
import { type CvcFolder, signerOf } from './cvc-files.ts'
import { type CvHolder, lastDay, newCvKey, testCvcAlgorithm } from './init-test-cvc.ts'
import { PkiError } from './pki-error.ts'

/** What a certificate is to say that one holder of a folder issues. */
export interface CvIssueOrder {
  /** Holder reference of the issuer, whose key lies in the folder. */
  readonly issuer: string
  /** Name of the new key; with a request, the name in it. */
  readonly holderReference?: string
  /** A certificate request (BSI TR-03110-3 v2.21, C.2); without one a key is made. */
  readonly request?: Uint8Array
  /** Below a CVCA: whether the document verifier is one of its own country; true unless told. Without meaning below a document verifier. */
  readonly domestic?: boolean
  /** Rights by name; what the issuer may give at most unless told. */
  readonly rights?: readonly string[]
  /** First day, `YYYY-MM-DD`. */
  readonly effective: string
  /** Months of validity, from 1; three for a document verifier and one for a terminal unless told (Doc 9303-12, 8th ed., 7.2.2.3). */
  readonly months?: number
}

/** A certificate that was made, and its key where that was made too. */
export interface IssuedCv {
  readonly certificate: CvCertificate
  readonly privateKeyPkcs8: Uint8Array | undefined
}

function holderNamed({ holders }: CvcFolder, name: string): CvHolder {
  const found = holders.find(({ certificate }) => certificate.holderReference === name)
  if (found === undefined) throw new PkiError(`the CVC folder holds no certificate of ${name} with its private key`)
  return found
}

/** Domain parameters of a holder's key: its own, or those of the authorities above it. */
function domainOf(folder: CvcFolder, certificate: CvCertificate): CvDomainParameters | undefined {
  let at: CvCertificate | undefined = certificate
  const seen = new Set<string>()
  while (at !== undefined && !seen.has(at.holderReference)) {
    if (at.publicKey.kind === 'ec' && at.publicKey.domain !== undefined) return at.publicKey.domain
    seen.add(at.holderReference)
    const above: string = at.authorityReference
    at = folder.certificates.find(({ holderReference }) => holderReference === above)
  }
  return undefined
}

function issuerOf(folder: CvcFolder, name: string): CvIssuer {
  const holder = holderNamed(folder, name)
  const domain = domainOf(folder, holder.certificate)
  return { certificate: holder.certificate, signer: signerOf(holder), ...(domain === undefined ? {} : { domain }) }
}

/** A request whose own signature holds. Throws InputError, DecodeError or CryptoError. */
function openRequest(bytes: Uint8Array): CvRequest {
  const request = decodeCvRequest(bytes)
  if (!verifyCvRequest(request)) throw new InputError('request', 'is not signed with the key in it')
  return request
}

function monthsOf({ months }: CvIssueOrder, unlessTold: number): number {
  if (months === undefined) return unlessTold
  if (!Number.isInteger(months) || months < 1 || months > 120) throw new InputError('months', 'not in 1..120')
  return months
}

const allRights = ['read-dg3', 'read-dg4']

/**
 * Issues a document verifier's certificate below a CVCA, or a terminal's below a document verifier (BSI TR-03110-3 v2.21, C.1). Throws PkiError where the issuer's key
 * is not in the folder, InputError, CryptoError.
 */
export async function issueCv(folder: CvcFolder, order: CvIssueOrder): Promise<IssuedCv> {
  const issuer = issuerOf(folder, order.issuer)
  const request = order.request && openRequest(order.request)
  const holderReference = order.holderReference ?? request?.holderReference
  if (holderReference === undefined) throw new InputError('holderReference', 'is needed where no request names the holder')
  if (request !== undefined && request.holderReference !== holderReference)
    throw new InputError('holderReference', 'is not the name in the request')
  const made = request === undefined ? newCvKey() : undefined
  const publicKey: CvPublicKey = request?.publicKey ?? cvPublicKey(made!.publicKeySpki, testCvcAlgorithm)
  const { effective, rights = allRights } = order
  const isRoot = issuer.certificate.authorization.role === 'cvca'
  const expiration = lastDay(effective, monthsOf(order, isRoot ? 3 : 1))
  const input = { holderReference, publicKey, rights, effective, expiration }
  const certificate = isRoot
    ? await issueDocumentVerifier(issuer, { ...input, role: order.domestic === false ? 'dv-foreign' : 'dv-domestic' })
    : await issueTerminal(issuer, input)
  return { certificate, privateKeyPkcs8: made?.privateKeyPkcs8 }
}

/** The name of the key that follows: the sequence number, the last five characters, plus one (BSI TR-03110-3 v2.21, A.6.1). Throws InputError. */
export function nextReference(reference: string): string {
  const sequence = reference.slice(-5)
  if (!/^\d{5}$/.test(sequence) || sequence === '99999')
    throw new InputError('reference', 'does not end in a number of five digits that can grow')
  return reference.slice(0, -5) + String(Number(sequence) + 1).padStart(5, '0')
}

/** Makes the next key of a CVCA and the link certificate by which the old one vouches for it (BSI TR-03110-3 v2.21, 2.2). Throws as {@link issueCv}. */
export async function linkCvca(folder: CvcFolder, name: string, effective: string, months = 36): Promise<IssuedCv> {
  const issuer = issuerOf(folder, name)
  const { privateKeyPkcs8, publicKeySpki } = newCvKey()
  const certificate = await issueLinkCertificate(issuer, {
    ...{ holderReference: nextReference(name), publicKey: cvPublicKey(publicKeySpki, testCvcAlgorithm), rights: allRights, effective },
    expiration: lastDay(effective, months),
  })
  return { certificate, privateKeyPkcs8 }
}

/** Makes a key and the request for its certificate, addressed to an authority (BSI TR-03110-3 v2.21, C.2). Throws InputError. */
export async function requestCv(
  holderReference: string,
  authorityReference: string,
): Promise<{ readonly request: CvRequest; readonly privateKeyPkcs8: Uint8Array }> {
  const { privateKeyPkcs8, publicKeySpki, signer } = newCvKey()
  const publicKey = cvPublicKey(publicKeySpki, testCvcAlgorithm)
  const request = await makeCvRequest({ authorityReference, publicKey, holderReference, extensions: [] }, signer)
  return { request, privateKeyPkcs8 }
}

/** A chain of a folder that holds, from its CVCA to the terminal. */
export interface VerifiedChain extends VerifiedTerminal {
  readonly root: CvCertificate
  readonly chain: readonly CvCertificate[]
}

/**
 * Verifies a terminal's chain as a card of this CVCA would that knows no later date (BSI TR-03110-3 v2.21, 2.5). `on` is the day, `YYYY-MM-DD`. Throws
 * CertificateChainError, PkiError where no chain leads there.
 */
export function verifyCv(folder: CvcFolder, root: CvCertificate, terminal: CvCertificate, on: string): VerifiedChain {
  const chain = findCvChain(folder.certificates, terminal, [root.holderReference])
  if (chain === undefined)
    throw new PkiError(`no certificates in the folder lead from ${root.holderReference} to ${terminal.holderReference}`)
  return { ...verifyCvChain(startCvTrust([trustPointOf(root)], on), chain), root, chain }
}
