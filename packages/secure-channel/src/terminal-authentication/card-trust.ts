import { CardError, equalBytes } from '@kart/codec'
import { type Chat, type CvCertificate, type CvDomainParameters, effectiveChat } from '@kart/layout'
import { CertificateChainError, type ChainProblem } from './chain-error.ts'
import { type CvKey, type CvKeyPolicy, openCvKey, verifyCvSignature } from './cv-key.ts'

/** A CVCA key that a card trusts. */
export interface CvTrustPoint {
  readonly holderReference: string
  readonly key: CvKey
  readonly authorization: Chat
  /** `YYYY-MM-DD`. */
  readonly effective: string
  /** `YYYY-MM-DD`. */
  readonly expiration: string
  /** Whether it may verify document verifiers; link certificates it verifies always. */
  readonly enabled: boolean
}

/** The key that came with the last document verifier's or terminal's certificate. */
export interface ImportedCvKey {
  readonly certificate: CvCertificate
  readonly key: CvKey
  /** The effective authorization: AND of the certificate's and all above it. */
  readonly authorization: Chat
}

/** What a card knows of CV certificates: its trust points, the date that it has come to believe, the key imported last. */
export interface CvTrust {
  /** `YYYY-MM-DD`: the latest effective date of an accurate certificate, or of personalization. */
  readonly currentDate: string
  readonly trustPoints: readonly CvTrustPoint[]
  readonly imported: ImportedCvKey | undefined
}

/** How certificates are judged. */
export interface CvTrustPolicy extends CvKeyPolicy {
  /**
   * A kind of terminal that changes along the chain: refused unless told, as a card does that was told the kind in PACE (TR-03110-3 v2.21, 2.7.1); with
   * `no-rights` it is taken and grants nothing.
   */
  readonly otherTerminalType?: 'refuse' | 'no-rights'
}

/** Most trust points that verify document verifiers at a time (BSI TR-03110-3 v2.21, 2.5.1, step 3). */
const maxEnabled = 2

function refuse(problem: ChainProblem, certificate: CvCertificate, message: string, cause?: unknown): never {
  throw new CertificateChainError(problem, certificate.holderReference, message, cause === undefined ? undefined : { cause })
}

function keyOf(certificate: CvCertificate, inherited: CvDomainParameters | undefined, policy: CvKeyPolicy): CvKey {
  try {
    return openCvKey(certificate.publicKey, inherited, policy)
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    refuse('key', certificate, 'a key that is malformed or that the policy refuses', cause)
  }
}

function pointOf(certificate: CvCertificate, key: CvKey): CvTrustPoint {
  const { holderReference, authorization, effective, expiration } = certificate
  return { holderReference, key, authorization, effective, expiration, enabled: true }
}

/**
 * A trust point from a self-signed CVCA certificate (BSI TR-03110-3 v2.21, 2.6 and D.3.3): role CVCA, both references equal, domain parameters spelled out,
 * its signature its own. That it is the right one must be known otherwise. Throws CertificateChainError.
 */
export function trustPointOf(certificate: CvCertificate, policy: CvKeyPolicy = {}): CvTrustPoint {
  if (certificate.authorization.role !== 'cvca') refuse('role', certificate, 'is not that of a CVCA')
  if (certificate.authorityReference !== certificate.holderReference) refuse('unknown-issuer', certificate, 'is not self-signed')
  if (certificate.publicKey.kind === 'ec' && certificate.publicKey.domain === undefined)
    refuse('domain-parameters', certificate, 'a self-signed certificate without domain parameters')
  const key = keyOf(certificate, undefined, policy)
  if (!verifyCvSignature(key, certificate.body, certificate.signature)) refuse('signature', certificate, 'its own key did not sign it')
  return pointOf(certificate, key)
}

/** What a card knows to begin with (BSI TR-03110-3 v2.21, 2.6): its trust points, and the date `YYYY-MM-DD` that it holds for today. */
export function startCvTrust(trustPoints: readonly CvTrustPoint[], currentDate: string): CvTrust {
  return { currentDate, trustPoints: enable(trustPoints, currentDate), imported: undefined }
}

/** Disables what has expired, then the oldest beyond the two that may be enabled. */
function enable(points: readonly CvTrustPoint[], currentDate: string): readonly CvTrustPoint[] {
  const newest = points.filter(({ expiration }) => expiration >= currentDate).sort((a, b) => (a.effective < b.effective ? 1 : -1))
  const enabled = newest.slice(0, maxEnabled)
  return points.map((point) => ({ ...point, enabled: enabled.includes(point) }))
}

interface Issuer {
  readonly key: CvKey
  readonly authorization: Chat
  readonly trustPoint: CvTrustPoint | undefined
}

function issuerOf(trust: CvTrust, certificate: CvCertificate): Issuer {
  const { imported } = trust
  // A temporary key never stands in for a trust point of its name (TR-03110-3 v2.21, A.7.2.1).
  const trustPoint = trust.trustPoints.find(({ holderReference }) => holderReference === certificate.authorityReference)
  if (trustPoint !== undefined) return { key: trustPoint.key, authorization: trustPoint.authorization, trustPoint }
  if (imported?.certificate.holderReference === certificate.authorityReference)
    return { key: imported.key, authorization: imported.authorization, trustPoint: undefined }
  refuse('unknown-issuer', certificate, 'nothing known has its authority reference')
}

/** Roles that an issuer of each role may give. */
const mayIssue = {
  cvca: ['cvca', 'dv-domestic', 'dv-foreign'],
  'dv-domestic': ['terminal'],
  'dv-foreign': ['terminal'],
  terminal: [],
} as const

/**
 * Takes one certificate as a card does (BSI TR-03110-3 v2.21, 2.5 and 2.7; Doc 9303-11, 8th ed., 7.1.4.3): the signature by the key that its authority
 * reference names; not expired, unless it is a link certificate; then the current date moves to its effective date if it is a link, a document verifier's or
 * issued by a domestic document verifier; a link's key becomes a trust point, expired ones serve for links only, and at most two verify document verifiers.
 * `trust` is left as it is. Throws CertificateChainError, and then nothing has changed.
 */
export function importCvCertificate(trust: CvTrust, certificate: CvCertificate, policy: CvTrustPolicy = {}): CvTrust {
  const issuer = issuerOf(trust, certificate)
  const { role, terminalType } = certificate.authorization
  const issuerRole = issuer.authorization.role
  if (!(mayIssue[issuerRole] as readonly string[]).includes(role)) refuse('role', certificate, `a ${issuerRole} may not certify a ${role}`)
  const isLink = role === 'cvca'
  if (isLink && certificate.authorityReference === certificate.holderReference) refuse('role', certificate, 'is self-signed, not a link')
  const own = certificate.publicKey.kind === 'ec' ? certificate.publicKey.domain : undefined
  if (!isLink && own !== undefined) refuse('domain-parameters', certificate, 'only a CVCA’s certificate may carry domain parameters')
  if (!verifyCvSignature(issuer.key, certificate.body, certificate.signature))
    refuse('signature', certificate, 'the issuer’s key did not sign it')
  if (!isLink && certificate.expiration < trust.currentDate) refuse('expired', certificate, 'has expired')
  if (!isLink && issuer.trustPoint?.enabled === false) refuse('issuer-expired', certificate, 'its trust point has expired or been replaced')
  if (terminalType !== issuer.authorization.terminalType && policy.otherTerminalType !== 'no-rights')
    refuse('terminal-type', certificate, `is for a ${terminalType}, its issuer’s for a ${issuer.authorization.terminalType}`)
  const key = keyOf(certificate, issuer.key.domain, policy)
  if (isLink) refuseRenamedKey(trust, certificate, key)

  const accurate = isLink || role !== 'terminal' || issuerRole === 'dv-domestic'
  const currentDate = accurate && certificate.effective > trust.currentDate ? certificate.effective : trust.currentDate
  if (isLink) return { currentDate, trustPoints: withLink(trust.trustPoints, pointOf(certificate, key), currentDate), imported: undefined }
  const authorization = effectiveChat(certificate.authorization, [issuer.authorization])
  return { currentDate, trustPoints: enable(trust.trustPoints, currentDate), imported: { certificate, key, authorization } }
}

/** A name that is known already must come with the key that is known (TR-03110-3 v2.21, A.7.2.1: overwritten by the same name, or refused). */
function refuseRenamedKey(trust: CvTrust, certificate: CvCertificate, key: CvKey): void {
  const known = trust.trustPoints.find(({ holderReference }) => holderReference === certificate.holderReference)
  if (known !== undefined && !equalBytes(known.key.spki, key.spki)) refuse('role', certificate, 'another key has this name already')
}

/** Adds the new trust point and drops those that are disabled, whose successor it is (TR-03110-3 v2.21, 2.5.1). */
function withLink(points: readonly CvTrustPoint[], added: CvTrustPoint, currentDate: string): readonly CvTrustPoint[] {
  const others = points.filter(({ holderReference }) => holderReference !== added.holderReference)
  return enable([added, ...others], currentDate).filter(
    ({ enabled, holderReference }) => enabled || holderReference === added.holderReference,
  )
}

/** A terminal whose chain holds. */
export interface VerifiedTerminal {
  readonly certificate: CvCertificate
  readonly key: CvKey
  /** What the card will grant: the AND of all authorizations from the trust point down. */
  readonly authorization: Chat
  /** The card's trust afterwards. */
  readonly trust: CvTrust
}

/**
 * Verifies a chain from a card's trust points down to a terminal, as the card will: link certificates, document verifier, terminal, each once and in this
 * order. Throws CertificateChainError.
 */
export function verifyCvChain(trust: CvTrust, chain: readonly CvCertificate[], policy: CvTrustPolicy = {}): VerifiedTerminal {
  let after: CvTrust = { ...trust, imported: undefined }
  for (const certificate of chain) after = importCvCertificate(after, certificate, policy)
  const { imported } = after
  if (imported?.certificate.authorization.role !== 'terminal')
    throw new CertificateChainError('no-terminal', chain.at(-1)?.holderReference, 'the chain does not end with a terminal’s certificate')
  return { certificate: imported.certificate, key: imported.key, authorization: imported.authorization, trust: after }
}

/** Most certificates in a chain that is looked for (house rule: fourteen links). */
const maxChain = 16

/**
 * Finds the certificates that lead from one of a card's trust points, named by `authorityReferences` (EF.CVCA, or PACE's answer), down to the terminal: the
 * shortest chain, ending with the terminal's own; undefined when there is none. Only names are looked at; {@link verifyCvChain} proves the rest.
 */
export function findCvChain(
  certificates: readonly CvCertificate[],
  terminal: CvCertificate,
  authorityReferences: readonly string[],
): readonly CvCertificate[] | undefined {
  let chains: CvCertificate[][] = [[terminal]]
  const seen = new Set<string>()
  for (let length = 1; length <= maxChain && chains.length > 0; length++) {
    const found = chains.find(([top]) => authorityReferences.includes(top!.authorityReference))
    if (found !== undefined) return found
    chains = chains.flatMap((chain) => {
      const wanted = chain[0]!.authorityReference
      if (seen.has(wanted)) return []
      seen.add(wanted)
      return certificates
        .filter(({ holderReference, authorityReference }) => holderReference === wanted && authorityReference !== holderReference)
        .map((issuer) => [issuer, ...chain])
    })
  }
  return undefined
}
