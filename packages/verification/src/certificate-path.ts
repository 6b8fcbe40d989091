import { CardError, equalBytes } from '@kart/codec'
import { decodePublicKey, verifySignature } from '@kart/crypto'
import { type Certificate, coversDocumentCode, sameName } from '@kart/layout'
import type { Policy } from './policy.ts'
import { digestsOf, usableScheme } from './signature-scheme.ts'
import { issuerCandidates, type TrustStore } from './trust-store.ts'

/** The CSCA that signed a document signer, or why none did. */
export type PathResult = { readonly csca: Certificate } | { readonly problem: string }

/** Finds the trusted CSCA whose key signed the certificate: same name, and the signature verifies (Doc 9303-12, 8th ed., 5; RFC 5280, 6.1.3). */
export function findIssuer(certificate: Certificate, store: TrustStore, policy: Policy): PathResult {
  if (sameName(certificate.subject, certificate.issuer)) return { problem: 'the document signer’s certificate is signed by itself' }
  if (store.cscas.some((csca) => equalBytes(csca.spki, certificate.spki))) return { problem: 'the document signer’s key is a CSCA’s key' }
  const scheme = certificate.signatureScheme === undefined ? undefined : usableScheme(certificate.signatureScheme)
  if (scheme === undefined) return { problem: 'the certificate is signed with an algorithm that is not supported' }
  const candidates = issuerCandidates(store, certificate)
  if (candidates.length === 0) return { problem: 'no trusted CSCA has the name of the document signer’s issuer' }
  let problem = `not signed by the key of ${candidates.length === 1 ? 'the trusted CSCA' : `any of ${candidates.length} trusted CSCAs`} with the issuer’s name`
  for (const csca of candidates) {
    try {
      if (verifySignature(csca.spki, scheme, certificate.tbs, certificate.signature, { minRsaBits: policy.minRsaBits })) return { csca }
    } catch (error) {
      // A CSCA whose key cannot serve (another kind, refused by policy) is no issuer; another with the same name may be.
      if (!(error instanceof CardError)) throw error
      problem = `a CSCA with the issuer’s name has a key that cannot be used: ${error.message}`
    }
  }
  return { problem }
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

/** Digests of the certificate's own signature that the policy does not take; an unknown algorithm is reported by its identifier. */
export function refusedDigests(certificate: Certificate, policy: Policy): string[] {
  if (certificate.signatureScheme === undefined) return [certificate.signatureAlgorithm.oid]
  return digestsOf(certificate.signatureScheme).filter((digest) => !policy.digests.some((allowed) => allowed === digest))
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
