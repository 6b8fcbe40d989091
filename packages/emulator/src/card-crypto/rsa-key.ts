import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
} from 'node:crypto'
import { concatBytes, equalBytes } from '@kart/codec'
import { aaModuli } from '@kart/layout/profile'

/** Lengths of an RSA modulus that the card makes, in bits. */
export type ModulusBits = 2048 | 3072 | 4096
const lengths = [2048, 3072, 4096] as const satisfies readonly ModulusBits[]

/** An RSA key pair that the card made for itself. */
export interface RsaKey {
  readonly modulusBits: ModulusBits
  /** PKCS #8, DER. */
  readonly privateKey: Uint8Array
}

/** The modulus length that the byte of a generate DGI names; undefined = none. */
export function modulusOfByte(byte: number): ModulusBits | undefined {
  return lengths.find((bits) => aaModuli[bits] === byte)
}

/** Makes a fresh key pair; public exponent 65537. */
export function generateRsaKey(modulusBits: ModulusBits): RsaKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: modulusBits })
  return { modulusBits, privateKey: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })) }
}

const load = (key: Pick<RsaKey, 'privateKey'>): KeyObject =>
  createPrivateKey({ key: Buffer.from(key.privateKey), format: 'der', type: 'pkcs8' })

/** Whether the stored bytes are an RSA private key of the length they claim. */
export function isUsableRsaKey(key: RsaKey): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = load(key)
    return asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === key.modulusBits && lengths.includes(key.modulusBits)
  } catch {
    return false
  }
}

/** Modulus and public exponent, big-endian without leading zeros. */
export function rsaPublicNumbers(key: Pick<RsaKey, 'privateKey'>): { readonly modulus: Uint8Array; readonly exponent: Uint8Array } {
  const { n, e } = createPublicKey(load(key)).export({ format: 'jwk' })
  const bytes = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64url'))
  return { modulus: bytes(n), exponent: bytes(e) }
}

/** Trailer and hash of the message representative: BC stands for SHA-1 (Doc 9303-11, 8th ed., 6.1.2.3), xxCC names the hash (ISO/IEC 10118-3). */
const trailers = { sha1: Uint8Array.of(0xbc), sha256: Uint8Array.of(0x34, 0xcc) } as const
const digestLengths = { sha1: 20, sha256: 32 } as const
export type RecoverableHash = keyof typeof trailers

/**
 * F = 6A || M1 || H(M1 || M2) || trailer, as long as the modulus (ISO/IEC 9796-2:2010, scheme 1, partial recovery; Doc 9303-11, 8th ed., 6.1.2.3 and
 * appendix F): M1 is random and fills all the room, M2 is the terminal's challenge. `random` gives M1.
 */
export function messageRepresentative(
  modulusLength: number,
  hash: RecoverableHash,
  challenge: Uint8Array,
  random: (length: number) => Uint8Array,
): Uint8Array {
  const trailer = trailers[hash]
  const recoverable = random(modulusLength - 1 - digestLengths[hash] - trailer.length)
  const digest = createHash(hash).update(recoverable).update(challenge).digest()
  return concatBytes(Uint8Array.of(0x6a), recoverable, digest, trailer)
}

/**
 * Signs the challenge with message recovery. The signature is opened again before it leaves (a fault in one half of the computation would give the key away);
 * undefined when it does not give the representative back.
 */
export function signRecoverably(
  key: Pick<RsaKey, 'privateKey'>,
  hash: RecoverableHash,
  challenge: Uint8Array,
  random: (length: number) => Uint8Array,
): Uint8Array | undefined {
  const privateKey = load(key)
  const padding = constants.RSA_NO_PADDING
  const representative = messageRepresentative((privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8, hash, challenge, random)
  const signature = privateEncrypt({ key: privateKey, padding }, representative)
  const opened = publicDecrypt({ key: createPublicKey(privateKey), padding }, signature)
  return equalBytes(opened, representative) ? new Uint8Array(signature) : undefined
}
