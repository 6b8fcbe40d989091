import { equalBytes } from '@kart/codec'
import { type Certificate, sameName } from '@kart/layout'
import { notValidText, signedBy, validAt } from '../certificate-path.ts'
import type { Policy } from '../policy.ts'

/** The way from a holder's certificate to an authority that is trusted, the holder's first; or why there is none. */
export type HolderPath = { readonly path: readonly Certificate[] } | { readonly problem: string }

/** Most authorities between a holder and a trusted one (house rule). */
const longestPath = 4

/** Why an authority may not have issued what stands `below` authorities under it; undefined when it may (RFC 5280, 4.2.1.3, 4.2.1.9 and 6.1.4). */
function authorityProblem(authority: Certificate, below: number, policy: Policy): string | undefined {
  const { basicConstraints, keyUsage, unknownCritical } = authority
  if (basicConstraints?.ca !== true) return 'the issuer’s certificate does not say that it is an authority'
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign')) return 'the issuer’s key may not sign certificates'
  if (basicConstraints.pathLength !== undefined && below > basicConstraints.pathLength)
    return 'more authorities stand between than the path length allows'
  if (unknownCritical.length > 0) return 'an authority’s certificate has a critical extension that is not known'
  if (!validAt(authority, policy.now)) return `an authority’s certificate is ${notValidText(authority, policy.now)}`
  return undefined
}

/**
 * Finds the way from a certificate to one of the trusted authorities over certificates that came with the signature (RFC 5280, 6.1): names, signatures, the
 * authorities' uses, path lengths and validity. `others` are only helpers: nobody vouches for them.
 */
export function findHolderPath(
  certificate: Certificate,
  authorities: readonly Certificate[],
  others: readonly Certificate[],
  policy: Policy,
): HolderPath {
  const path: Certificate[] = [certificate]
  let problem = 'no trusted authority has the name of the certificate’s issuer'
  for (let below = 0; below <= longestPath; below++) {
    const last = path.at(-1)!
    const named = (list: readonly Certificate[]) => list.filter(({ subject }) => sameName(subject, last.issuer))
    const issuers = (list: readonly Certificate[]) =>
      named(list).filter((issuer) => {
        const signed = signedBy(last, issuer, policy)
        const refusal = signed === true ? authorityProblem(issuer, below, policy) : undefined
        if (signed === true && refusal === undefined) return true
        problem = typeof signed === 'string' ? signed : (refusal ?? 'not signed by the key of the authority with the issuer’s name')
        return false
      })
    const [anchor] = issuers(authorities)
    if (anchor !== undefined) return { path: [...path, anchor] }
    const next = issuers(others.filter((other) => !path.some((one) => equalBytes(one.raw, other.raw))))[0]
    if (next === undefined) return { problem }
    path.push(next)
  }
  return { problem: `more than ${longestPath} authorities stand between` }
}
