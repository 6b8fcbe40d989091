import type { Certificate, CertificateRevocationList } from '@kart/layout'
import { commitmentProblem } from '@kart/signature'
import { refusedDigests, validAt } from '../certificate-path.ts'
import { type Check, type CheckRow, fail, pass } from '../check.ts'
import type { Policy } from '../policy.ts'
import { findHolderPath } from './holder-path.ts'
import { checkRevocation } from './holder-revocation.ts'

/** What the certificate of one who signs is judged for, whether he is about to sign or has signed. */
export const certificateRows = {
  chain: { id: 'sig.chain', title: 'An authority that is trusted issued the certificate', clause: 'RFC 5280, 6.1' },
  usage: {
    id: 'sig.usage',
    title: 'The key is for signatures in the holder’s name',
    clause: 'ETSI EN 319 412-2 v2.3.1, 4.3.2; RFC 5280, 4.2.1.3',
  },
  revocation: { id: 'sig.revocation', title: 'The certificate is not revoked', clause: 'RFC 5280, 6.3' },
} as const satisfies Record<string, CheckRow>

const timeRow = { id: 'sig.time', title: 'The certificate is valid now', clause: 'RFC 5280, 4.1.2.5' } as const satisfies CheckRow
const algorithmsRow = {
  id: 'sig.algorithms',
  title: 'The algorithms of the certificates are sound',
  clause: 'policy (house rule)',
} as const satisfies CheckRow

/** What certificates of holders are judged against. */
export interface HolderTrust {
  /** Authorities of holders' certificates that are trusted, and revocation lists of theirs. */
  readonly authorities: readonly Certificate[]
  readonly revocationLists?: readonly CertificateRevocationList[]
  readonly policy: Policy
}

/** A certificate judged, and the way to the authority that vouches for it, the certificate first. */
export interface JudgedCertificate {
  readonly path: readonly Certificate[] | undefined
  readonly chain: Check
  readonly usage: Check
  readonly revocation: Check
}

/** Judges chain, use and revocation of a signer's certificate; `others` are certificates that came with it, for which nobody vouches. */
export function judgeCertificate(certificate: Certificate, others: readonly Certificate[], trust: HolderTrust): JudgedCertificate {
  const found = findHolderPath(certificate, trust.authorities, others, trust.policy)
  const path = 'path' in found ? found.path : undefined
  const problem = commitmentProblem(certificate)
  return {
    path,
    chain: 'path' in found ? pass(certificateRows.chain, found.path.at(-1)!.subject.text) : fail(certificateRows.chain, found.problem),
    usage:
      problem === undefined ? pass(certificateRows.usage, (certificate.keyUsage ?? []).join(', ')) : fail(certificateRows.usage, problem),
    revocation: checkRevocation(certificateRows.revocation, path === undefined ? [] : [path], trust),
  }
}

/**
 * Whether a signature that was made now with this certificate would be accepted, as far as the certificate decides: the checks of {@link verifyCades} on chain,
 * algorithms, use, time and revocation, before anything is signed (house rule).
 */
export function checkBeforeSigning(certificate: Certificate, others: readonly Certificate[], trust: HolderTrust): Check[] {
  const { path, chain, usage, revocation } = judgeCertificate(certificate, others, trust)
  const refused = (path ?? [certificate, certificate]).slice(0, -1).flatMap((one) => refusedDigests(one, trust.policy))
  return [
    chain,
    refused.length === 0
      ? pass(algorithmsRow, 'digests that the policy takes')
      : fail(algorithmsRow, `not taken here: ${refused.join(', ')}`),
    usage,
    validAt(certificate, trust.policy.now) ? pass(timeRow, 'now') : fail(timeRow, 'the certificate is not valid at this time'),
    revocation,
  ]
}
