import { type Certificate, type CertificateRevocationList, decodeCertificate, decodeRevocationList, sameName } from '@kart/layout'

/** What a verifier trusts: country signing certificates; and what it holds besides, trusted only through them. */
export interface TrustStore {
  /** Country signing CA certificates (Doc 9303-12, 8th ed., 7.1): trusted as such, whoever signed them. */
  readonly cscas: readonly Certificate[]
  /** Document signer certificates received by another way; trusted only through a CSCA. */
  readonly documentSigners: readonly Certificate[]
  /** CSCA link certificates: an older CSCA vouches for the next one's key (Doc 9303-12, 8th ed., 5); trusted only when a trusted CSCA signed them. */
  readonly links: readonly Certificate[]
  /** Revocation lists; counted only when the CSCA signed them. */
  readonly revocationLists: readonly CertificateRevocationList[]
}

/** What a trust store may hold beside CSCAs and document signers, in DER. */
export interface TrustStoreOptions {
  readonly links?: readonly Uint8Array[]
  readonly revocationLists?: readonly Uint8Array[]
}

/** Builds a trust store from certificates and revocation lists in DER; throws DecodeError or LimitError for one that cannot be read. */
export function trustStore(
  cscas: readonly Uint8Array[],
  documentSigners: readonly Uint8Array[] = [],
  { links = [], revocationLists = [] }: TrustStoreOptions = {},
): TrustStore {
  return {
    cscas: cscas.map(decodeCertificate),
    documentSigners: documentSigners.map(decodeCertificate),
    links: links.map(decodeCertificate),
    revocationLists: revocationLists.map(decodeRevocationList),
  }
}

/**
 * Those of these CSCA certificates that may have issued this one: every one whose subject is its issuer. After a key change several share the name, so all of them are
 * tried; one whose key identifier is the one named comes first (a hint only: the signature decides).
 */
export function issuerCandidates(cscas: readonly Certificate[], certificate: Certificate): Certificate[] {
  const named = cscas.filter((csca) => sameName(csca.subject, certificate.issuer))
  const hinted = (csca: Certificate) => Number(sameBytes(csca.subjectKeyId, certificate.authorityKeyId))
  return named.sort((a, b) => hinted(b) - hinted(a))
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}
