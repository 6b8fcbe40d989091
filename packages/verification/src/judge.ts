import type { Check } from './check.ts'
import type { Policy } from './policy.ts'

/** What the checks come to. `error` = the card could not be judged at all (it was never opened, or took no PIN). */
export type Verdict = 'accepted' | 'rejected' | 'error'

/** Why, for machines; the worst first in {@link Report.reasons}. */
export const reportReasons = [
  'access-refused', // the card did not open with the key from the printed data
  'data-not-authentic', // passive authentication failed: signature, hashes or what was signed
  'signer-not-trusted', // no authority that is trusted here vouches for who signed the card
  'certificate-not-valid', // a certificate behind the card is not valid at this time
  'chip-not-genuine', // the chip did not prove the key that the issuer signed
  'not-the-holder', // the live finger does not match
  'document-expired', // the date of expiry has passed
  'data-inconsistent', // what the card says in one place contradicts another
  'cannot-prove-genuine-chip', // nothing failed, but the chip never proved itself: it may be a copy
  'pin-not-taken', // the card did not take the holder's PIN, so its key could not be asked
  'incomplete', // nothing failed, but a required check did not run
  'nothing-proved', // there was no required check at all
  'genuine', // every required check passed
] as const

export type ReportReason = (typeof reportReasons)[number]

/** The verdict on one card, with every check behind it. */
export interface Report {
  readonly verdict: Verdict
  /** The first of {@link Report.reasons}. */
  readonly reason: ReportReason
  /** Every reason that applies, worst first. */
  readonly reasons: readonly ReportReason[]
  /** One sentence for people. */
  readonly summary: string
  readonly checks: readonly Check[]
  /** The moment judged at; undefined when {@link judge} was not told the policy. */
  readonly judgedAt?: Date
  /** What of the policy a reader of the verdict must know; undefined as above. */
  readonly policy?: PolicySummary
}

/** The part of a {@link Policy} that a verdict is to be read with. */
export type PolicySummary = Pick<Policy, 'fingerThreshold' | 'chipAuthentication' | 'signerValidity' | 'revocation'>

const failureReasons = [
  { ids: /^access\./, reason: 'access-refused' },
  { ids: /^(pa\.(chain|signer)|holder\.chain)$/, reason: 'signer-not-trusted' },
  { ids: /^(pa\.(validity|revocation)|holder\.(validity|revocation))$/, reason: 'certificate-not-valid' },
  { ids: /^pa\./, reason: 'data-not-authentic' },
  { ids: /^((aa|ca|cam)\.|holder\.proof$)/, reason: 'chip-not-genuine' },
  { ids: /^holder\.pin$/, reason: 'pin-not-taken' },
  { ids: /^finger\./, reason: 'not-the-holder' },
  { ids: /^document\.expired$/, reason: 'document-expired' },
  { ids: /^/, reason: 'data-inconsistent' },
] as const satisfies readonly { ids: RegExp; reason: ReportReason }[]

const summaries = {
  'access-refused': 'The card did not open with the data printed on it, so nothing could be judged.',
  'data-not-authentic': 'The data on the card are not shown to be what the issuer signed.',
  'signer-not-trusted': 'No authority that is trusted here vouches for who signed this card, or for its holder’s keys.',
  'certificate-not-valid': 'A certificate behind this card is not valid at this time.',
  'chip-not-genuine': 'The chip did not prove that it is the one the issuer made.',
  'not-the-holder': 'The finger presented does not match the one on the card.',
  'document-expired': 'The document has expired.',
  'data-inconsistent': 'The data on the card contradict each other or the profile.',
  'cannot-prove-genuine-chip': 'The data are the issuer’s, but the chip never proved that it is not a copy.',
  'pin-not-taken': 'The card did not take the PIN, so its holder’s key could not be asked.',
  incomplete: 'Not every required check could be run',
  'nothing-proved': 'No check was required, so nothing is proved.',
  genuine: 'Every required check passed.',
} as const satisfies Record<ReportReason, string>

/**
 * The verdict, only from positive evidence (house rule, ARCHITECTURE.md): accepted needs at least one required check and every required check passed.
 * Checks that are not required never turn it either way. The policy that the checks ran under, when given, is told in the report; it changes no verdict.
 */
export function judge(checks: readonly Check[], policy?: Policy): Report {
  const required = checks.filter((check) => check.required)
  const found = new Set<ReportReason>()
  for (const check of required) {
    if (check.outcome === 'fail') found.add(failureReasons.find((row) => row.ids.test(check.decidedBy ?? check.id))!.reason)
    else if (check.outcome !== 'pass') found.add(/^(aa|ca|cam)\./.test(check.id) ? 'cannot-prove-genuine-chip' : 'incomplete')
  }
  // A failed check leaves others without anything to look at: that they did not run is then no reason of its own.
  if (required.some((check) => check.outcome === 'fail')) found.delete('incomplete')
  if (required.length === 0) found.add('nothing-proved')
  const accepted = required.length > 0 && required.every((check) => check.outcome === 'pass')
  if (accepted) found.add('genuine')
  // Everything behind a card that stayed shut did not run: saying so for each would hide the one reason that counts.
  const reasons = found.has('access-refused') ? (['access-refused'] as const) : reportReasons.filter((reason) => found.has(reason))
  const reason = reasons[0]!
  const verdict = accepted ? 'accepted' : reason === 'access-refused' || reason === 'pin-not-taken' ? 'error' : 'rejected'
  return {
    verdict,
    reason,
    reasons,
    summary: reason === 'incomplete' ? `${summaries.incomplete}: ${missing(required)}.` : summaries[reason],
    checks,
    ...(policy === undefined ? {} : { judgedAt: new Date(policy.now), policy: summaryOf(policy) }),
  }
}

function summaryOf({ fingerThreshold, chipAuthentication, signerValidity, revocation }: Policy): PolicySummary {
  return { fingerThreshold, chipAuthentication, signerValidity, revocation }
}

/** What was not run, and why, for people: the first of the required checks that did not run. */
function missing(required: readonly Check[]): string {
  const [first, ...more] = required.filter((check) => check.outcome === 'not-run')
  if (first === undefined) return 'nothing'
  return `${first.title} (${first.detail})${more.length > 0 ? `, and ${more.length} more` : ''}`
}
