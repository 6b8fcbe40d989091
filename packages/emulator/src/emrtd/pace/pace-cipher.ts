import type { MessagingCipher } from '@kart/layout/profile'
import { aesCmac, decryptAesCbc, encryptAesCbc } from '../../card-crypto/aes.ts'
import { decryptTripleDes, encryptTripleDes, retailMac } from '../../card-crypto/triple-des.ts'

/** What PACE needs of a cipher (Doc 9303-11, 8th ed., 4.4.3). */
export interface PaceCipher {
  /** Bytes of a key, and of the terminal's nonce in the integrated mapping. */
  readonly keyLength: 16 | 24 | 32
  /** Bytes of the nonce in the integrated mapping (4.4.3.3.2). */
  readonly integratedNonceLength: 16 | 32
  /** CBC with an IV of zeros, no padding. */
  encrypt(key: Uint8Array, data: Uint8Array): Uint8Array
  decrypt(key: Uint8Array, data: Uint8Array): Uint8Array
  /** Eight bytes. */
  mac(key: Uint8Array, message: Uint8Array): Uint8Array
}

const zeroIv = new Uint8Array(16)

const aes = {
  encrypt: (key: Uint8Array, data: Uint8Array) => encryptAesCbc(key, zeroIv, data),
  decrypt: (key: Uint8Array, data: Uint8Array) => decryptAesCbc(key, zeroIv, data),
  mac: (key: Uint8Array, message: Uint8Array) => aesCmac(key, message).slice(0, 8),
} as const

/** The cipher of each name. */
export const paceCiphers: Readonly<Record<MessagingCipher, PaceCipher>> = {
  '3DES': { keyLength: 16, integratedNonceLength: 16, encrypt: encryptTripleDes, decrypt: decryptTripleDes, mac: retailMac },
  'AES-128': { keyLength: 16, integratedNonceLength: 16, ...aes },
  'AES-192': { keyLength: 24, integratedNonceLength: 32, ...aes },
  'AES-256': { keyLength: 32, integratedNonceLength: 32, ...aes },
}
