import { CardError, equalBytes } from '@kart/codec'
import { decodePublicKey, verifySignature } from '@kart/crypto'
import { type Certificate, coversDocumentCode, sameName } from '@kart/layout'
import type { Policy } from './policy.ts'
import { digestsOf, usableScheme } from './signature-scheme.ts'
import { issuerCandidates, type TrustStore } from './trust-store.ts'

/** The CSCA that signed a document signer, with the link certificates that lead to it, or why none did. */
export type PathResult = { readonly csca: Certificate; readonly links: readonly Certificate[] } | { readonly problem: string }

/** A CSCA key that is trusted, and the links from a certificate of the trust store to it, the oldest first. */
interface TrustedCsca {
  readonly csca: Certificate
  readonly links: readonly Certificate[]
}

/**
 * Every CSCA key that is trusted: those of the store, and those that a link certificate signed by a trusted one vouches for, however many generations on
 * (Doc 9303-12, 8th ed., 5). A link of another country, or that has no authority's uses, vouches for nothing.
 */
function trustedCscas(store: TrustStore, policy: Policy): readonly TrustedCsca[] {
  const trusted: TrustedCsca[] = store.cscas.map((csca) => ({ csca, links: [] }))
  let left = store.links.filter((link) => authorityUsageProblem(link) === undefined)
  for (let grown = true; grown; ) {
    grown = false
    for (const link of left) {
      const by = trusted.find(
        ({ csca }) =>
          sameName(csca.subject, link.issuer) && csca.subject.country === link.subject.country && signedBy(link, csca, policy) === true,
      )
      if (by === undefined) continue
      trusted.push({ csca: link, links: [...by.links, link] })
      left = left.filter((one) => one !== link)
      grown = true
    }
  }
  return trusted
}

/** Whether the CSCA's key signed the certificate or list; or why it cannot have. */
export function signedBy(signed: Signed, csca: Certificate, policy: Policy): boolean | string {
  const scheme = signed.signatureScheme === undefined ? undefined : usableScheme(signed.signatureScheme)
  if (scheme === undefined) return 'signed with an algorithm that is not supported'
  try {
    return verifySignature(csca.spki, scheme, signed.tbs, signed.signature, { minRsaBits: policy.minRsaBits })
  } catch (error) {
    // A CSCA whose key cannot serve (another kind, refused by policy) is no issuer; another with the same name may be.
    if (error instanceof CardError) return error.message
    throw error
  }
}

type Signed = Pick<Certificate, 'tbs' | 'signature' | 'signatureScheme'>

/** Finds the trusted CSCA whose key signed the certificate: same name, and the signature verifies (Doc 9303-12, 8th ed., 5; RFC 5280, 6.1.3). */
export function findIssuer(certificate: Certificate, store: TrustStore, policy: Policy): PathResult {
  if (sameName(certificate.subject, certificate.issuer)) return { problem: 'the document signer’s certificate is signed by itself' }
  const trusted = trustedCscas(store, policy)
  if (trusted.some(({ csca }) => equalBytes(csca.spki, certificate.spki))) return { problem: 'the document signer’s key is a CSCA’s key' }
  if (certificate.signatureScheme === undefined || usableScheme(certificate.signatureScheme) === undefined)
    return { problem: 'the certificate is signed with an algorithm that is not supported' }
  const candidates = issuerCandidates(
    trusted.map(({ csca }) => csca),
    certificate,
  )
  if (candidates.length === 0) return { problem: 'no trusted CSCA has the name of the document signer’s issuer' }
  let problem = `not signed by the key of ${candidates.length === 1 ? 'the trusted CSCA' : `any of ${candidates.length} trusted CSCAs`} with the issuer’s name`
  for (const candidate of candidates) {
    const signed = signedBy(certificate, candidate, policy)
    if (signed === true) return trusted.find(({ csca }) => csca === candidate)!
    if (typeof signed === 'string') problem = `a CSCA with the issuer’s name has a key that cannot be used: ${signed}`
  }
  return { problem }
}

/** What the revocation lists of the store say of a document signer: `unknown` where no list of its CSCA holds at the moment judged at. */
export type RevocationStatus =
  | { readonly status: 'good'; readonly until: Date | undefined }
  | { readonly status: 'revoked'; readonly since: Date }
  | { readonly status: 'unknown'; readonly problem: string }

/**
 * Whether the CSCA has revoked the certificate (RFC 5280, 6.3; Doc 9303-12, 8th ed., 7.1.4). A list that says revoked counts however old it is: certificates do not
 * come back. A list that is stale, signed by another, with a key that may not or over a digest that the policy does not take, or that has critical extensions that we do not
 * know says nothing good.
 */
export function revocationOf(certificate: Certificate, csca: Certificate, store: TrustStore, policy: Policy): RevocationStatus {
  const lists = store.revocationLists.filter((list) => sameName(list.issuer, csca.subject))
  if (lists.length === 0) return { status: 'unknown', problem: 'no revocation list of the CSCA is held' }
  const problems: string[] = []
  let good: { status: 'good'; until: Date | undefined } | undefined
  for (const list of lists) {
    if (signedBy(list, csca, policy) !== true) {
      problems.push('the revocation list is not signed by the CSCA')
      continue
    }
    const entry = list.revoked.find(({ serialNumber }) => equalBytes(serialNumber, certificate.serialNumber))
    if (entry !== undefined) return { status: 'revoked', since: entry.revokedAt }
    const refused = refusedDigests(list, policy)
    if (refused.length > 0) problems.push(`the revocation list is signed with what is not taken here: ${refused.join(', ')}`)
    // RFC 5280, 6.3.3, f.
    else if (csca.keyUsage !== undefined && !csca.keyUsage.includes('cRLSign')) problems.push('the key of the CSCA may not sign lists')
    else if (list.unknownCritical.length > 0) problems.push('the revocation list has a critical extension that is not known')
    else if (policy.now < list.thisUpdate) problems.push('the revocation list is not valid yet')
    else if (list.nextUpdate !== undefined && policy.now > list.nextUpdate)
      problems.push(`the revocation list is stale: a newer one was due on ${list.nextUpdate.toISOString().slice(0, 10)}`)
    else good = { status: 'good', until: list.nextUpdate }
  }
  return good ?? { status: 'unknown', problem: problems[0]! }
}

/** Why a key cannot be used under the policy; undefined when it can. */
export function keyProblem(certificate: Certificate, policy: Policy): string | undefined {
  try {
    decodePublicKey(certificate.spki, { minRsaBits: policy.minRsaBits })
    return undefined
  } catch (error) {
    if (error instanceof CardError) return error.message
    throw error
  }
}

/** Digests of the signature of a certificate or list that the policy does not take; an unknown algorithm is reported by its identifier. */
export function refusedDigests(signed: Pick<Certificate, 'signatureScheme' | 'signatureAlgorithm'>, policy: Policy): string[] {
  if (signed.signatureScheme === undefined) return [signed.signatureAlgorithm.oid]
  return digestsOf(signed.signatureScheme).filter((digest) => !policy.digests.some((allowed) => allowed === digest))
}

/** Why a document signer's certificate may not sign documents; undefined when it may (Doc 9303-12, 8th ed., 7.1.1, tables 5 and 6). */
export function signerUsageProblem(signer: Certificate): string | undefined {
  if (signer.version !== 3) return 'the document signer’s certificate is not version 3'
  if (signer.basicConstraints?.ca) return 'the document signer’s certificate says that it is an authority'
  if (signer.keyUsage === undefined) return 'the document signer’s certificate does not limit its key usage'
  if (!signer.keyUsage.includes('digitalSignature') || signer.keyUsage.includes('keyCertSign'))
    return 'the document signer’s key usage is not digital signatures'
  // Master-list and deviation-list signers have a purpose of their own; a signer of documents has none.
  if (signer.extendedKeyUsage !== undefined) return 'the document signer’s key is for another extended purpose'
  return undefined
}

/**
 * Why a document signer may not sign documents of this code (two MRZ characters, `I<`); undefined when it may. A signer that lists none may sign any; a
 * single letter in the list stands for every code that begins with it (Doc 9303-12, 8th ed., 7.1.1.6).
 */
export function documentTypeProblem({ documentTypes }: Certificate, documentCode: string): string | undefined {
  if (documentTypes === undefined || coversDocumentCode(documentTypes, documentCode)) return undefined
  return `the document signer may sign documents of type ${documentTypes.join(', ')} only, not ${documentCode.replace(/<$/, '')}`
}

/** Why a CSCA certificate may not sign certificates; undefined when it may (Doc 9303-12, 8th ed., 7.1.1, tables 5 and 6). */
export function authorityUsageProblem(csca: Certificate): string | undefined {
  if (!csca.basicConstraints?.ca) return 'the CSCA’s certificate does not say that it is an authority'
  if (!csca.keyUsage?.includes('keyCertSign')) return 'the CSCA’s key usage is not signing certificates'
  return undefined
}

/** Whether a moment lies in the certificate's validity; both ends count. */
export function validAt(certificate: Certificate, moment: Date): boolean {
  return certificate.notBefore.getTime() <= moment.getTime() && moment.getTime() <= certificate.notAfter.getTime()
}

const day = (moment: Date): string => moment.toISOString().slice(0, 10)

/** Why a certificate is not valid at a moment, with its days (UTC): `not valid at this time: it holds from ... to ..., and this is judged as of ...`. */
export const notValidText = ({ notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>, moment: Date): string =>
  `not valid at this time: it holds from ${day(notBefore)} to ${day(notAfter)}, and this is judged as of ${day(moment)}`
