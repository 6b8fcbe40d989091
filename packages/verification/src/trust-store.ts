import { type Certificate, decodeCertificate, sameName } from '@kart/layout'

/** What a verifier trusts: country signing certificates, and document signers it holds for cards that do not carry theirs. */
export interface TrustStore {
  /** Country signing CA certificates (Doc 9303-12, 8th ed., 7.1): trusted as such, whoever signed them. */
  readonly cscas: readonly Certificate[]
  /** Document signer certificates received by another way; trusted only through a CSCA. */
  readonly documentSigners: readonly Certificate[]
}

/** Builds a trust store from certificates in DER; throws DecodeError or LimitError for one that cannot be read. */
export function trustStore(cscas: readonly Uint8Array[], documentSigners: readonly Uint8Array[] = []): TrustStore {
  return { cscas: cscas.map(decodeCertificate), documentSigners: documentSigners.map(decodeCertificate) }
}

/**
 * The CSCA certificates that may have issued this one: every one whose subject is its issuer. After a key change several share the name, so all of them are
 * tried; one whose key identifier is the one named comes first (a hint only: the signature decides).
 */
export function issuerCandidates(store: TrustStore, certificate: Certificate): Certificate[] {
  const named = store.cscas.filter((csca) => sameName(csca.subject, certificate.issuer))
  const hinted = (csca: Certificate) => Number(sameBytes(csca.subjectKeyId, certificate.authorityKeyId))
  return named.sort((a, b) => hinted(b) - hinted(a))
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}
