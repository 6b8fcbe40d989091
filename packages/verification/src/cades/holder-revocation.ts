import { type Certificate, type CertificateRevocationList, sameName } from '@kart/layout'
import { type RevocationStatus, revocationOf } from '../certificate-path.ts'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Policy } from '../policy.ts'
import type { TrustStore } from '../trust-store.ts'

/** What revocation is judged by. */
interface RevocationTrust {
  readonly authorities: readonly Certificate[]
  readonly revocationLists?: readonly CertificateRevocationList[]
  readonly policy: Policy
}

/**
 * Whether a way of certificates, the holder's first and a trusted one last, is revoked anywhere. Every certificate but the trusted one needs a list of its issuer: an authority that
 * was revoked vouches for nobody (RFC 5280, 6.1.3, a.3). Of the trusted one no list need speak (RFC 5280, 6.1.1, d); where a trusted authority's list names it, it is
 * revoked all the same (house rule). What was revoked counts as revoked, whatever time a signature states: that is the signer's word, and no time-stamp proves it.
 */
function statusesOf(path: readonly Certificate[], { authorities, revocationLists = [], policy }: RevocationTrust): RevocationStatus[] {
  const store: TrustStore = { cscas: [], documentSigners: [], links: [], revocationLists }
  const between = path.slice(0, -1).map((one, i) => revocationOf(one, path[i + 1]!, store, policy))
  const anchor = path.at(-1)!
  const ofAnchor = authorities
    .filter(({ subject }) => sameName(subject, anchor.issuer))
    .map((issuer) => revocationOf(anchor, issuer, store, policy))
    .filter(({ status }) => status === 'revoked')
  return [...between, ...ofAnchor]
}

/** Judges the revocation of certificates by their ways to trusted authorities; no way at all is `not run`. */
export function checkRevocation(row: CheckRow, paths: readonly (readonly Certificate[])[], trust: RevocationTrust): Check {
  const required = trust.policy.revocation === 'required'
  if (paths.length === 0) return notRun(row, 'nobody vouches for the certificate', required)
  const found = paths.flatMap((path) => statusesOf(path, trust))
  for (const status of found) if (status.status === 'revoked') return fail(row, `revoked since ${status.since.toISOString().slice(0, 10)}`)
  for (const status of found) if (status.status === 'unknown') return notRun(row, status.problem.replace('CSCA', 'authority'), required)
  return pass(row, 'the authority’s list does not name it')
}
