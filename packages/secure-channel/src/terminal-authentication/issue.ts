import { InputError } from '@kart/codec'
import { CryptoError } from '@kart/crypto'
import {
  type CvBody,
  type CvCertificate,
  type CvDomainParameters,
  type CvExtension,
  type CvPublicKey,
  type CvRequest,
  type CvRequestBody,
  cvRequestOuterData,
  decodeCvCertificate,
  decodeCvRequest,
  encodeAuthenticatedCvRequest,
  encodeCvBody,
  encodeCvCertificate,
  encodeCvRequest,
  encodeCvRequestBody,
  makeChat,
  type TerminalType,
  terminalAlgorithm,
  terminalAlgorithms,
} from '@kart/layout'
import { type CvKeyPolicy, openCvKey, verifyCvSignature, withoutDomain } from './cv-key.ts'
import type { CvSigner } from './cv-signer.ts'

/** What every kind of certificate is issued with. */
export interface CvIssueInput {
  /** Name of the new key: country, mnemonic, sequence number. */
  readonly holderReference: string
  /** The holder's public key; its domain parameters are left out where the profile wants them out. */
  readonly publicKey: CvPublicKey
  /** Rights, by the names that `rightsOf` lists. */
  readonly rights: readonly string[]
  /** First and last day, `YYYY-MM-DD`. */
  readonly effective: string
  readonly expiration: string
  readonly extensions?: readonly CvExtension[]
}

/** Who signs: its certificate (a link's or document verifier's with the domain parameters that it has inherited) and its key. */
export interface CvIssuer {
  readonly certificate: CvCertificate
  /** Domain parameters of the issuer's key where its certificate leaves them out. */
  readonly domain?: CvDomainParameters
  readonly signer: CvSigner
}

/** Any algorithm and size that there is: what an authority issues is its own decision. */
const anyKey: CvKeyPolicy = { minRsaBits: 1024, algorithms: terminalAlgorithms.map(({ name }) => name) }

/** Signs, and checks with the public key that the signer made a signature of the algorithm that the key's certificate names. */
async function signed(
  signer: CvSigner,
  publicKey: CvPublicKey,
  domain: CvDomainParameters | undefined,
  data: Uint8Array,
): Promise<Uint8Array> {
  if (terminalAlgorithm(publicKey.oid)?.name !== signer.algorithm) throw new InputError('signer.algorithm', 'is not that of the public key')
  const signature = await signer.sign(data)
  if (!verifyCvSignature(openCvKey(publicKey, domain, anyKey), data, signature))
    throw new CryptoError('invalid-key', 'the signer’s key is not the issuer’s')
  return signature
}

async function issue(body: CvBody, signer: CvSigner, key: CvPublicKey, domain: CvDomainParameters | undefined): Promise<CvCertificate> {
  if (body.expiration < body.effective) throw new InputError('expiration', 'is before the effective date')
  openCvKey(body.publicKey, domain, anyKey)
  const bytes = encodeCvBody(body)
  return decodeCvCertificate(encodeCvCertificate(bytes, await signed(signer, key, domain, bytes)))
}

function bodyOf(input: CvIssueInput, authorityReference: string, publicKey: CvPublicKey, chat: CvBody['authorization']): CvBody {
  const { holderReference, effective, expiration, extensions = [] } = input
  return { authorityReference, publicKey, holderReference, authorization: chat, effective, expiration, extensions }
}

/**
 * Issues a self-signed CVCA certificate, with domain parameters (BSI TR-03110-3 v2.21, C.1 and D.3.3). Throws InputError for a field that cannot be coded,
 * CryptoError for a key refused or a signer that is not the key's.
 */
export async function issueCvca(
  input: CvIssueInput & { readonly terminalType: TerminalType; readonly signer: CvSigner },
): Promise<CvCertificate> {
  const { publicKey, signer } = input
  if (publicKey.kind === 'ec' && publicKey.domain === undefined)
    throw new InputError('publicKey.domain', 'a CVCA must spell its domain parameters out')
  const chat = makeChat(input.terminalType, 'cvca', input.rights)
  return issue(bodyOf(input, input.holderReference, publicKey, chat), signer, publicKey, undefined)
}

function domainOf(issuer: CvIssuer): CvDomainParameters | undefined {
  const { publicKey } = issuer.certificate
  return (publicKey.kind === 'ec' ? publicKey.domain : undefined) ?? issuer.domain
}

function issueBelow(
  issuer: CvIssuer,
  input: CvIssueInput,
  role: 'cvca' | 'dv-domestic' | 'dv-foreign' | 'terminal',
  key: CvPublicKey,
): Promise<CvCertificate> {
  const { certificate, signer } = issuer
  const chat = makeChat(certificate.authorization.terminalType, role, input.rights)
  return issue(bodyOf(input, certificate.holderReference, key, chat), signer, certificate.publicKey, domainOf(issuer))
}

/**
 * Issues a link certificate: the old CVCA vouches for the new CVCA's key (BSI TR-03110-3 v2.21, 2.2; C.1). The key keeps the domain parameters that it is
 * given with. Throws as {@link issueCvca}, and InputError when the issuer is no CVCA.
 */
export async function issueLinkCertificate(issuer: CvIssuer, input: CvIssueInput): Promise<CvCertificate> {
  if (issuer.certificate.authorization.role !== 'cvca') throw new InputError('issuer', 'is not a CVCA')
  return issueBelow(issuer, input, 'cvca', input.publicKey)
}

/** Issues a document verifier's certificate, without domain parameters. Throws as {@link issueLinkCertificate}, also for a key on another curve. */
export async function issueDocumentVerifier(
  issuer: CvIssuer,
  input: CvIssueInput & { readonly role: 'dv-domestic' | 'dv-foreign' },
): Promise<CvCertificate> {
  if (issuer.certificate.authorization.role !== 'cvca') throw new InputError('issuer', 'is not a CVCA')
  return issueBelow(issuer, input, input.role, withoutDomain(input.publicKey))
}

/** Issues a terminal's certificate, without domain parameters. Throws as {@link issueCvca}, and InputError when the issuer is no document verifier. */
export async function issueTerminal(issuer: CvIssuer, input: CvIssueInput): Promise<CvCertificate> {
  if (!issuer.certificate.authorization.role.startsWith('dv-')) throw new InputError('issuer', 'is not a document verifier')
  return issueBelow(issuer, input, 'terminal', withoutDomain(input.publicKey))
}

/** Makes a certificate request, signed with the new key (BSI TR-03110-3 v2.21, C.2). Throws InputError or CryptoError. */
export async function makeCvRequest(body: CvRequestBody, signer: CvSigner): Promise<CvRequest> {
  const bytes = encodeCvRequestBody(body)
  return decodeCvRequest(encodeCvRequest(bytes, await signed(signer, body.publicKey, undefined, bytes)))
}

/** Adds the outer signature of a key that the authority knows already, named by `authorityReference` (BSI TR-03110-3 v2.21, C.2.6). Throws InputError. */
export async function authenticateCvRequest(request: CvRequest, authorityReference: string, signer: CvSigner): Promise<CvRequest> {
  if (request.outer !== undefined) throw new InputError('request', 'has its outer signature already')
  const signature = await signer.sign(cvRequestOuterData(request.raw, authorityReference))
  return decodeCvRequest(encodeAuthenticatedCvRequest(request.raw, authorityReference, signature))
}

/** Whether the request was signed with the key in it. Throws CryptoError for a key that is refused. */
export function verifyCvRequest(request: CvRequest, policy: CvKeyPolicy = {}): boolean {
  return verifyCvSignature(openCvKey(request.publicKey, undefined, policy), request.body, request.signature)
}
