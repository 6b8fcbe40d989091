import { CardError } from '@kart/codec'

/** Why a certificate is not taken. */
export type ChainProblem =
  | 'unknown-issuer' // no trust point and no certificate before it has the name that it asks for
  | 'signature' // the issuer's key did not make it
  | 'expired' // its last day is before the current date
  | 'issuer-expired' // the trust point may no longer vouch for document verifiers
  | 'role' // an issuer of this role may not issue it
  | 'terminal-type' // the kind of terminal changes along the chain
  | 'domain-parameters' // curve parameters where there may be none, or none where there must be
  | 'key' // a key or algorithm that is malformed or that the policy refuses
  | 'no-terminal' // the chain does not end with a terminal's certificate

/** A chain of CV certificates does not hold. The names in it are public: they say which certificate it is. */
export class CertificateChainError extends CardError {
  readonly code = 'pki'
  readonly problem: ChainProblem
  /** Holder reference of the certificate that is not taken; undefined when the chain is empty. */
  readonly holderReference: string | undefined

  constructor(problem: ChainProblem, holderReference: string | undefined, message: string, options?: { cause?: unknown }) {
    super(`${holderReference === undefined ? 'certificate chain' : `certificate of ${holderReference}`}: ${message}`, options)
    this.problem = problem
    this.holderReference = holderReference
  }
}
