import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { type AaCurve, aaCurves } from '@kart/layout/profile'
import { loadPrivateKey } from './private-key.ts'

/** OpenSSL's names, and bytes of a coordinate. */
const curves = {
  'P-256': { node: 'prime256v1', size: 32 },
  'P-384': { node: 'secp384r1', size: 48 },
} as const satisfies Record<AaCurve, { node: string; size: number }>

/** A key pair that the card made for itself. */
export interface SignatureKey {
  readonly curve: AaCurve
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array
}

/** The curve that the byte of a generate DGI names; undefined = none. */
export function curveOfByte(byte: number): AaCurve | undefined {
  return (Object.keys(aaCurves) as AaCurve[]).find((curve) => aaCurves[curve] === byte)
}

/** Makes a fresh key pair on the curve. */
export function generateSignatureKey(curve: AaCurve): SignatureKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curves[curve].node })
  return { curve, privateKey: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })) }
}

/** Whether the stored bytes are a private key on the curve they claim. */
export function isUsableKey(key: SignatureKey): boolean {
  try {
    return loadPrivateKey(key.privateKey).privateKey.asymmetricKeyDetails?.namedCurve === curves[key.curve].node
  } catch {
    return false
  }
}

/** The public point, uncompressed: 04 || x || y (BSI TR-03111 2.10, 3.2.1). */
export function publicPoint(key: SignatureKey): Uint8Array {
  const spki = loadPrivateKey(key.privateKey).publicKey.export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-(1 + 2 * curves[key.curve].size)))
}

/**
 * ECDSA over the message, plain r || s (BSI TR-03111 2.10, 5.2.1). The signature is checked before it leaves (a fault must not leak the key);
 * undefined when that check fails.
 */
export function signPlain(key: SignatureKey, hash: 'sha256' | 'sha384', message: Uint8Array): Uint8Array | undefined {
  const { privateKey, publicKey } = loadPrivateKey(key.privateKey)
  const signature = sign(hash, message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const right = verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
  return right ? new Uint8Array(signature) : undefined
}
