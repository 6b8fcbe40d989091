import { DecodeError, fromHex, InputError, joinBytes } from '@kart/codec'
import { type AgreementGroup, type KeyAlgorithm, wipe } from '@kart/crypto'
import { paceCiphers } from './pace-cipher.ts'

/** Longest nonce taken, in bytes (house rule). */
const maxNonce = 64

/**
 * s = D(K_pi, z) (Doc 9303-11, 8th ed., 4.4.3.3 and 9.4.4): whole blocks, CBC with a zero IV. Throws DecodeError for a length that is not whole blocks of 1 to 64
 * bytes. Whatever the key, something comes out: whether it is right shows in the tokens only.
 */
export function decryptNonce(cipher: KeyAlgorithm, kPi: Uint8Array, encryptedNonce: Uint8Array): Uint8Array {
  const suite = paceCiphers[cipher]
  const { length } = encryptedNonce
  if (length === 0 || length > maxNonce || length % suite.blockLength !== 0)
    throw new DecodeError('PACE nonce', `${length} bytes are not whole blocks, 64 at most`)
  return suite.decrypt(kPi, encryptedNonce)
}

/** What the generic mapping gives. */
export interface GenericMapping {
  /** H, what both sides agreed on in the mapping. */
  readonly sharedSecretH: Uint8Array
  /** The generator that keys are agreed with. */
  readonly mappedGenerator: Uint8Array
}

/**
 * Generic mapping (Doc 9303-11, 8th ed., 4.4.3.3.1): H from the mapping keys, then s times the generator combined with H. The card's key is checked first.
 * Throws CryptoError.
 */
export function mapGeneric(
  group: AgreementGroup,
  nonce: Uint8Array,
  mappingPrivateKey: Uint8Array,
  chipMappingPublicKey: Uint8Array,
): GenericMapping {
  const sharedSecretH = group.power(group.check(chipMappingPublicKey), mappingPrivateKey)
  return { sharedSecretH, mappedGenerator: group.combine(group.power(group.generator, nonce), sharedSecretH) }
}

const constants = {
  16: ['a668892a7c41e3ca739f40b057d85904', 'a4e136ac725f738b01c1f60217c188ad'],
  32: [
    'd463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676',
    '54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517',
  ],
} as const

/**
 * R(s, t), the pseudo-random function of the integrated mapping (Doc 9303-11, 8th ed., 4.4.3.3.2): `nonce` 16 bytes (32 with AES-192 and -256), `additionalNonce` as
 * long as a key; so many blocks that 64 bits more come out than `fieldBits`. Throws InputError for another length.
 */
export function integratedRandom(cipher: KeyAlgorithm, nonce: Uint8Array, additionalNonce: Uint8Array, fieldBits: number): Uint8Array {
  const { keyLength, mappedNonceLength, encrypt } = paceCiphers[cipher]
  if (nonce.length !== mappedNonceLength || additionalNonce.length !== keyLength)
    throw new InputError('PACE nonces', `not ${mappedNonceLength} and ${keyLength} bytes`)
  const [c0, c1] = constants[mappedNonceLength].map((hex) => fromHex(hex)) as [Uint8Array, Uint8Array]
  const rounds = Math.ceil((fieldBits + 64) / (8 * mappedNonceLength))
  const blocks: Uint8Array[] = []
  let key = encrypt(additionalNonce, nonce)
  for (let i = 0; i < rounds; i++) {
    const used = key.subarray(0, keyLength)
    blocks.push(encrypt(used, c1))
    const next = encrypt(used, c0)
    wipe(key)
    key = next
  }
  wipe(key)
  const out = joinBytes(blocks)
  wipe(...blocks)
  return out
}

/** What the integrated mapping gives. */
export interface IntegratedMapping {
  /** R(s, t). */
  readonly pseudoRandom: Uint8Array
  /** R(s, t) modulo the prime, in the field's width. */
  readonly reduced: Uint8Array
  readonly mappedGenerator: Uint8Array
}

/** Integrated mapping (Doc 9303-11, 8th ed., 4.4.3.3.2 and Appendix B). Throws InputError or CryptoError. */
export function mapIntegrated(
  group: AgreementGroup,
  cipher: KeyAlgorithm,
  nonce: Uint8Array,
  additionalNonce: Uint8Array,
): IntegratedMapping {
  const pseudoRandom = integratedRandom(cipher, nonce, additionalNonce, group.fieldBits)
  const { reduced, element } = group.mapToElement(pseudoRandom)
  return { pseudoRandom, reduced, mappedGenerator: element }
}
