import { type CardChannel, computeSignature, internalAuthenticate, StatusWordError, send, setPrivateKey } from '@kart/apdu/host'
import { DecodeError, InputError } from '@kart/codec'
import { decodePublicKey, digest, encodePkcs1Block, type HashAlgorithm, startDigest, verifySignature } from '@kart/crypto'
import { type Certificate, type SignatureScheme, signCades } from '@kart/layout'
import type { HolderApplication, HolderKey, HolderReading } from './holder-application.ts'
import { PinError } from './pin-error.ts'
import { verifyHolderPin } from './pins.ts'
import { type CardSigner, checkSigner, readSigner } from './signer.ts'

/** How a key of the card signs: ECDSA with the hash of its curve's size (FIPS 186-5), or RSASSA-PKCS1-v1_5 with SHA-256. */
export type CardSignatureScheme =
  | { readonly kind: 'ecdsa'; readonly hash: 'sha256' | 'sha384' | 'sha512' }
  | { readonly kind: 'rsa-pkcs1'; readonly hash: 'sha256' }

const hashOfCurve: Readonly<Record<string, 'sha256' | 'sha384' | 'sha512'>> = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' }

/** The scheme that goes with a public key (DER SubjectPublicKeyInfo). Throws InputError for a curve that the card has no keys on, CryptoError, DecodeError. */
export function schemeOfKey(spki: Uint8Array): CardSignatureScheme {
  const key = decodePublicKey(spki)
  if (key.kind === 'rsa') return { kind: 'rsa-pkcs1', hash: 'sha256' }
  const hash = hashOfCurve[key.curve]
  if (hash === undefined) throw new InputError('key', `a key on ${key.curve} does not sign here`)
  return { kind: 'ecdsa', hash }
}

/** Hash of a file that comes piece by piece; `onProgress` hears how many bytes were taken. */
export async function hashPieces(
  hash: HashAlgorithm,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onProgress?: (bytes: number) => void,
): Promise<Uint8Array> {
  const running = startDigest(hash)
  let bytes = 0
  for await (const piece of pieces) {
    running.update(piece)
    bytes += piece.length
    onProgress?.(bytes)
  }
  return running.finish()
}

type UsableKey = Pick<HolderKey, 'fid' | 'kind' | 'label'>

/** What the card is given for a digest: the digest itself, or for RSA the block that holds it. */
function inputOf(spki: Uint8Array, scheme: CardSignatureScheme, hashed: Uint8Array): Uint8Array {
  if (scheme.kind === 'ecdsa') return hashed
  const key = decodePublicKey(spki)
  if (key.kind !== 'rsa') throw new InputError('key', 'is no RSA key')
  return encodePkcs1Block(scheme.hash, hashed, key.modulus.length)
}

const notSatisfied = 0x6982
const conditions = 0x6985

/** Runs one private-key operation; what the card says of its PIN becomes a PinError. */
async function withKey<T>(label: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof StatusWordError)) throw cause
    if (cause.sw === conditions)
      throw new PinError(
        label,
        'not-changed-yet',
        'the card does not use this key under the PIN of the letter (transport PIN): change it first ("kart pin change")',
        { cause },
      )
    if (cause.sw === notSatisfied) throw new PinError(label, 'refused', 'the card asks for the PIN of this key before each use', { cause })
    throw cause
  }
}

/** PSO: COMPUTE DIGITAL SIGNATURE of a digest with a key whose PIN is verified. `spki`: its public half. Throws PinError, StatusWordError, DecodeError, TransportError. */
export async function signDigest(
  channel: CardChannel,
  key: UsableKey,
  spki: Uint8Array,
  scheme: CardSignatureScheme,
  hashed: Uint8Array,
): Promise<Uint8Array> {
  const data = inputOf(spki, scheme, hashed)
  return withKey(key.label, async () => {
    await send(channel, setPrivateKey('sign', { fid: key.fid, algorithm: key.kind }, { label: key.label }))
    return send(channel, computeSignature(data, { label: key.label, ne: data.length > 255 ? data.length : 256 }))
  })
}

/**
 * INTERNAL AUTHENTICATE with a key whose PIN is verified: the card's signature over the digest of a challenge, not verified yet. `spki`: the key's public half.
 * Throws PinError, StatusWordError, DecodeError, TransportError, CryptoError.
 */
export async function answerChallenge(channel: CardChannel, key: UsableKey, spki: Uint8Array, challenge: Uint8Array): Promise<Uint8Array> {
  const scheme = schemeOfKey(spki)
  const data = inputOf(spki, scheme, digest(scheme.hash, challenge))
  return withKey(key.label, async () => {
    await send(channel, setPrivateKey('authenticate', { fid: key.fid, algorithm: key.kind }, { label: key.label }))
    return send(channel, internalAuthenticate(data, { label: key.label, ne: data.length > 255 ? data.length : 256 }))
  })
}

/** As {@link answerChallenge}, and whether the answer is a signature of `spki`. Throws the same. */
export async function proveKey(channel: CardChannel, key: UsableKey, spki: Uint8Array, challenge: Uint8Array): Promise<boolean> {
  return holds(spki, schemeOfKey(spki), challenge, await answerChallenge(channel, key, spki, challenge))
}

/** Whether a card's signature over these bytes is that of the public key. Throws CryptoError, DecodeError for a key that is none. */
export function holds(spki: Uint8Array, scheme: CardSignatureScheme, data: Uint8Array, signature: Uint8Array): boolean {
  return verifySignature(spki, scheme.kind === 'ecdsa' ? { ...scheme, encoding: 'der' } : scheme, data, signature)
}

/** What is to be signed, and with what. */
export interface CardSigning {
  readonly key: HolderKey
  /** The PIN of the key, or what asks for it once all else has been looked at; undefined where none guards it. Secret. */
  readonly pin: string | (() => Promise<string>) | undefined
  /** Looks at the signer before the PIN is asked for; what it throws ends the signing. */
  readonly approve?: (signer: CardSigner) => void | Promise<void>
  /** Whether a certificate that has expired, or does not hold yet, is taken all the same; false unless told. */
  readonly anyTime?: boolean
  /** Digest of the file with this hash. */
  readonly messageDigest: (hash: HashAlgorithm) => Promise<Uint8Array>
  /** When it is signed; the present moment unless told. */
  readonly signingTime?: Date
  readonly reading?: HolderReading
}

/** A signature that the card made. */
export interface CardSignature {
  /** CMS SignedData, detached, CAdES baseline B-B: DER. */
  readonly signature: Uint8Array
  readonly certificate: Certificate
  readonly scheme: CardSignatureScheme
  readonly signingTime: Date
}

/**
 * Signs a file with a key of the card: reads its certificate, refuses one that would be rejected (for another use, another key, another time), hashes, sends VERIFY once,
 * lets the card sign, and verifies what it gave with the certificate before handing it out. The application must be selected. Throws PinError, InputError, DecodeError,
 * StatusWordError, TransportError, CryptoError for a certificate with an unusable key, and what `approve` throws.
 */
export async function signWithCard(channel: CardChannel, application: HolderApplication, signing: CardSigning): Promise<CardSignature> {
  const { key, pin, approve, anyTime = false } = signing
  const signer = await readSigner(channel, application, key, signing.reading)
  const { certificate, chain } = signer
  const scheme = schemeOfKey(certificate.spki)
  const signingTime = new Date(Math.floor((signing.signingTime ?? new Date()).getTime() / 1000) * 1000)
  checkSigner(signer, key, { signingTime, anyTime })
  await approve?.(signer)
  const messageDigest = await signing.messageDigest(scheme.hash)
  if (key.pin !== undefined) {
    if (pin === undefined) throw new InputError('PIN', `the key ${key.label} asks for its ${key.pin.label}`)
    await verifyHolderPin(channel, key.pin, typeof pin === 'string' ? pin : await pin())
  }
  const signature = await signCades({
    ...{ messageDigest, certificate: certificate.raw, chain, scheme: scheme as SignatureScheme, signingTime },
    digest: (hash, bytes) => digest(hash as HashAlgorithm, bytes),
    sign: async (hashed, bytes) => {
      const made = await signDigest(channel, key, certificate.spki, scheme, hashed)
      if (!holds(certificate.spki, scheme, bytes, made))
        throw new DecodeError('signature', 'the card’s signature does not verify with its own certificate: nothing was written')
      return made
    },
  })
  return { signature, certificate, scheme, signingTime }
}
