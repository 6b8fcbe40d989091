import type { SignatureScheme as CryptoScheme, HashAlgorithm } from '@kart/crypto'
import type { HashName, SignatureScheme } from '@kart/layout'

/** A digest that the terminal can compute; undefined for one that it cannot (MD5). */
export function usableHash(name: HashName | undefined): HashAlgorithm | undefined {
  return name === undefined || name === 'md5' ? undefined : name
}

/** The scheme of a certificate or of EF.SOD as the crypto package takes it: ECDSA values in DER there (RFC 3279, 2.2.3); undefined for an unusable digest. */
export function usableScheme(scheme: SignatureScheme): CryptoScheme | undefined {
  const hash = usableHash(scheme.hash)
  if (hash === undefined) return undefined
  if (scheme.kind === 'ecdsa') return { kind: 'ecdsa', hash, encoding: 'der' }
  if (scheme.kind === 'rsa-pkcs1') return { kind: 'rsa-pkcs1', hash }
  const mgfHash = usableHash(scheme.mgfHash)
  return mgfHash === undefined ? undefined : { kind: 'rsa-pss', hash, mgfHash, saltLength: scheme.saltLength }
}

/** Digests that a scheme uses, for a policy to allow or refuse. */
export function digestsOf(scheme: SignatureScheme): HashName[] {
  return scheme.kind === 'rsa-pss' ? [scheme.hash, scheme.mgfHash] : [scheme.hash]
}
