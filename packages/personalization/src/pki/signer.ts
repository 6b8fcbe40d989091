import { signEcdsa } from '@kart/crypto'
import type { SignatureScheme } from '@kart/layout'

/** Signs for a document signer. The key may live in a file (tests) or in an HSM: only this interface is used. */
export interface Signer {
  /** Document signer certificate, X.509 in DER. */
  readonly certificate: Uint8Array
  readonly algorithm: SignatureScheme
  /** Signs `data` (hashing included); ECDSA gives the DER of (r, s). */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** A signer whose elliptic-curve key (DER PKCS#8) lies in memory: for tests and demonstrations only. Throws CryptoError when signing with an unusable key. */
export function softwareSigner(
  authority: { readonly certificate: Uint8Array; readonly privateKeyPkcs8: Uint8Array },
  hash: 'sha256' | 'sha384' = 'sha256',
): Signer {
  return {
    certificate: authority.certificate,
    algorithm: { kind: 'ecdsa', hash },
    sign: async (data) => signEcdsa(authority.privateKeyPkcs8, hash, data, 'der'),
  }
}
