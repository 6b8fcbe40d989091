import { aesCbcDecrypt, aesCbcEncrypt, aesCmac, desEde3CbcDecrypt, desEde3CbcEncrypt, type KeyAlgorithm, retailMac } from '@kart/crypto'

/** What PACE needs of its cipher (Doc 9303-11, 8th ed., 9.4.4 and 9.8). */
export interface PaceCipher {
  readonly blockLength: 8 | 16
  /** Bytes of a key, and of the terminal's nonce in the integrated mapping. */
  readonly keyLength: 16 | 24 | 32
  /** Bytes of the card's nonce in the integrated mapping: the fewest whole blocks, 16 at least, that hold a key. */
  readonly mappedNonceLength: 16 | 32
  /** CBC with a zero IV, no padding. */
  encrypt(key: Uint8Array, data: Uint8Array): Uint8Array
  decrypt(key: Uint8Array, data: Uint8Array): Uint8Array
  /** The 8-byte MAC. */
  mac(key: Uint8Array, data: Uint8Array): Uint8Array
}

const aes = {
  blockLength: 16,
  encrypt: (key: Uint8Array, data: Uint8Array) => aesCbcEncrypt(key, new Uint8Array(16), data),
  decrypt: (key: Uint8Array, data: Uint8Array) => aesCbcDecrypt(key, new Uint8Array(16), data),
  mac: (key: Uint8Array, data: Uint8Array) => aesCmac(key, data).slice(0, 8),
} as const

/** The cipher of each key algorithm. */
export const paceCiphers: Readonly<Record<KeyAlgorithm, PaceCipher>> = {
  desede: {
    blockLength: 8,
    keyLength: 16,
    mappedNonceLength: 16,
    encrypt: (key, data) => desEde3CbcEncrypt(key, new Uint8Array(8), data),
    decrypt: (key, data) => desEde3CbcDecrypt(key, new Uint8Array(8), data),
    mac: (key, data) => retailMac(key, data),
  },
  aes128: { ...aes, keyLength: 16, mappedNonceLength: 16 },
  aes192: { ...aes, keyLength: 24, mappedNonceLength: 32 },
  aes256: { ...aes, keyLength: 32, mappedNonceLength: 32 },
}
