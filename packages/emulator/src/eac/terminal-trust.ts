import type { TerminalTrust } from '../memory/card-state.ts'
import {
  type Chat,
  type CvCertificate,
  CvcFormatError,
  type CvRole,
  dateBytes,
  keptCertificate,
  longestCertificate,
  readCvCertificate,
  readDate,
} from './cv-certificate.ts'
import { type CvKey, domainOf, isSignedBy, openCvKey } from './cv-key.ts'

/** Most trust points kept (Doc 9303-11, 8th ed., 7.1.4.3.2). */
const mostPoints = 2

/** A CVCA key that the card trusts. */
export interface TrustPoint {
  readonly certificate: CvCertificate
  readonly key: CvKey
  /** The certificate as the card keeps it, DO'7F21'. */
  readonly kept: Uint8Array
}

/** The key of a document verifier or terminal, held until the next one comes or secure messaging ends (Doc 9303-11, 8th ed., 7.1.4.3.7). */
export interface ImportedKey {
  readonly certificate: CvCertificate
  readonly key: CvKey
  /** The relative authorizations of its chain, from the trust point's down to its own: what is effective is their AND. */
  readonly chain: readonly Chat[]
}

/** What the card goes by when it is shown a certificate. */
export interface TrustView {
  /** Newest first. */
  readonly points: readonly TrustPoint[]
  /** YYMMDD; 000000 before the first trust point. */
  readonly date: string
}

/** Opens what the memory holds. */
export function openTrust(trust: TerminalTrust): TrustView {
  const points = trust.trustPoints.flatMap((kept) => {
    const certificate = readCvCertificate(kept)
    const key = openCvKey(certificate.publicKey, undefined)
    return key ? [{ certificate, key, kept }] : []
  })
  return { points, date: trust.date ? trust.date.join('') : '000000' }
}

/** Whether these are what a card keeps: at most two certificates with keys that open, and a day of the calendar. */
export function isTrust(trust: TerminalTrust): boolean {
  try {
    if (trust.date) readDate(trust.date)
    return trust.trustPoints.length <= mostPoints && openTrust(trust).points.length === trust.trustPoints.length
  } catch (error) {
    if (error instanceof CvcFormatError) return false
    throw error
  }
}

/** Closes it again. */
export function keepTrust(view: TrustView): TerminalTrust {
  return { trustPoints: view.points.map(({ kept }) => kept), date: dateBytes(view.date) }
}

/**
 * A trust point from a certificate that personalization brings (Doc 9303-11, 8th ed., 7.1.4.3.1): a self-signed CVCA certificate with its domain parameters,
 * whose signature holds. Undefined for any other. Throws CvcFormatError.
 */
export function trustPointOf(bytes: Uint8Array): TrustPoint | undefined {
  const certificate = readCvCertificate(bytes)
  if (certificate.chat.role !== 'cvca' || certificate.authority !== certificate.holder) return undefined
  const key = openCvKey(certificate.publicKey, undefined)
  if (key === undefined || !isSignedBy(key, certificate.body, certificate.signature)) return undefined
  return { certificate, key, kept: keptCertificate(certificate, undefined) }
}

/** The trust with a personalized trust point, the newest first; it takes the place of one of its name. The date is never set back. */
export function withTrustPoint(view: TrustView, point: TrustPoint): TrustView {
  const others = view.points.filter(({ certificate }) => certificate.holder !== point.certificate.holder)
  return { points: newestFirst([point, ...others]).slice(0, mostPoints), date: later(view.date, point.certificate.effective) }
}

/** The later of two dates YYMMDD. */
export const later = (a: string, b: string): string => (a < b ? b : a)

function newestFirst(points: readonly TrustPoint[]): TrustPoint[] {
  return [...points].sort((a, b) =>
    a.certificate.effective < b.certificate.effective ? 1 : a.certificate.effective > b.certificate.effective ? -1 : 0,
  )
}

/** The key that a reference names: a trust point before an imported key, which never stands in for one (7.1.4.3.7). */
export function findIssuer(view: TrustView, imported: ImportedKey | undefined, reference: string): TrustPoint | ImportedKey | undefined {
  const point = view.points.find(({ certificate }) => certificate.holder === reference)
  return point ?? (imported?.certificate.holder === reference ? imported : undefined)
}

/** Whom each role may certify. */
const mayCertify: Readonly<Record<CvRole, readonly CvRole[]>> = {
  cvca: ['cvca', 'dv-domestic', 'dv-foreign'],
  'dv-domestic': ['terminal'],
  'dv-foreign': ['terminal'],
  terminal: [],
}

/** What the card knows after a certificate was taken. */
export interface ImportResult {
  readonly view: TrustView
  /** Undefined after a link certificate. */
  readonly imported: ImportedKey | undefined
}

/**
 * Verifies one certificate with its issuer's key and takes it in (Doc 9303-11, 8th ed., 7.1.4.3.4; BSI TR-03110-3 v2.21, 2.5.1). Undefined when it is refused:
 * a role that the issuer may not give, a wrong signature, an expired certificate that is no link, an issuer that has expired and is asked for more than a link,
 * a key that is none, a name that another key has, or a link that is too long to be kept. Nothing of `view` changes in place.
 */
export function importCertificate(view: TrustView, issuer: TrustPoint | ImportedKey, certificate: CvCertificate): ImportResult | undefined {
  const { role } = certificate.chat
  const issuerRole = issuer.certificate.chat.role
  const isLink = role === 'cvca'
  if (!mayCertify[issuerRole].includes(role) || certificate.authority !== issuer.certificate.holder) return undefined
  if (!isSignedBy(issuer.key, certificate.body, certificate.signature)) return undefined
  // Only a CVCA's certificate brings domain parameters (D.3.3).
  if (!isLink && certificate.publicKey.kind === 'ec' && certificate.publicKey.domain !== undefined) return undefined
  if (!isLink && certificate.expiration < view.date) return undefined
  if (!isLink && issuerRole === 'cvca' && issuer.certificate.expiration < view.date) return undefined
  const key = openCvKey(certificate.publicKey, issuer.key)
  if (key === undefined) return undefined
  const accurate = role !== 'terminal' || issuerRole === 'dv-domestic'
  const date = accurate ? later(view.date, certificate.effective) : view.date
  if (isLink) {
    const kept = keptCertificate(certificate, domainOf(key))
    // Domain parameters written in may make it longer than the card could read again.
    return kept.length > longestCertificate ? undefined : importLink(view, { certificate, key, kept }, date)
  }
  if (view.points.some(({ certificate: { holder } }) => holder === certificate.holder)) return undefined
  const above = 'chain' in issuer ? issuer.chain : [issuer.certificate.chat]
  return { view: { ...view, date }, imported: { certificate, key, chain: [...above, certificate.chat] } }
}

/**
 * The new trust point is added; one of its name must be the same key. Of all that have not expired, and the new one, the two newest stay: an expired one may go
 * once its successor is there (7.1.4.3.4).
 */
function importLink(view: TrustView, point: TrustPoint, date: string): ImportResult | undefined {
  const { holder } = point.certificate
  const known = view.points.find(({ certificate }) => certificate.holder === holder)
  if (known !== undefined) return known.key.key.equals(point.key.key) ? { view: { ...view, date }, imported: undefined } : undefined
  const others = view.points.filter(({ certificate }) => certificate.expiration >= date)
  return { view: { points: newestFirst([point, ...others]).slice(0, mostPoints), date }, imported: undefined }
}

/** The rights that a whole chain gives: the AND of its authorizations, and of the one that PACE confined it to; none where their terminal types differ. */
export function effectiveTemplate(chain: readonly Chat[], confined: Chat | undefined): Uint8Array {
  const all = confined === undefined ? chain : [...chain, confined]
  const own = chain.at(-1)
  if (own === undefined || all.some(({ type }) => type !== own.type)) return new Uint8Array(own?.template.length ?? 0)
  return own.template.map((_, i) => all.reduce((bits, { template }) => bits & template[i]!, 0xff))
}
