import type { HashAlgorithm } from '@kart/crypto'
import type { ThresholdName } from '@kart/matcher'

/** What a verifier demands beyond the standards' minimum. */
export interface Policy {
  /** The moment to judge at. */
  readonly now: Date
  /** Digests taken in EF.SOD, its signature and certificates. */
  readonly digests: readonly HashAlgorithm[]
  /** Whether the digest of the data groups must be the signature's (V01): by the standard they may differ. */
  readonly sameDigest: boolean
  /** Fewest bits of an RSA modulus in certificates. */
  readonly minRsaBits: number
  /** Fewest bits of an RSA modulus of the chip's own key. */
  readonly minChipRsaBits: number
  /**
   * When the document signer's certificate must be valid: now, or (`at-signing`) at the signing time that EF.SOD states, which is only the signer's word.
   * The CSCA must be valid now in either case.
   */
  readonly signerValidity: 'now' | 'at-signing'
  /** Hours by which a signing time may lie after {@link Policy.now}: how far the clocks of issuer and verifier may be apart (house rule). */
  readonly clockToleranceHours: number
  /**
   * Whether a document signer must be shown not to be revoked, by a list of its CSCA that holds now. A signer that a list says is revoked is never taken; `ignored`
   * lets pass one of which nothing is known.
   */
  readonly revocation: 'ignored' | 'required'
  /** Whether the chip must prove itself. `optional` excuses only a card that was issued without a key to prove: a proof that fails always rejects. */
  readonly chipAuthentication: 'required' | 'optional'
  /** Milliseconds that the shortest exchange of a card held at this very reader may take; a longer one is a warning that the card may be relayed, and no more. Undefined = not judged. */
  readonly maxExchange?: number
  /** Name of the matcher's threshold for the finger (false match rate 1 in 10,000: `fmr1e-4`), for all comparisons with the card's fingers and views together. */
  readonly fingerThreshold: ThresholdName
}

/** The policy that is used unless told (house rule): no SHA-1, RSA from 2048 bits, the chip must prove itself. */
export function defaultPolicy(now: Date): Policy {
  return {
    now,
    digests: ['sha224', 'sha256', 'sha384', 'sha512'],
    sameDigest: false,
    minRsaBits: 2048,
    minChipRsaBits: 2048,
    signerValidity: 'now',
    clockToleranceHours: 24,
    revocation: 'ignored',
    chipAuthentication: 'required',
    fingerThreshold: 'fmr1e-4',
  }
}
