import { aesCbcDecrypt, aesCbcEncrypt, aesCmac, aesEcbEncrypt, desEde3CbcDecrypt, desEde3CbcEncrypt, retailMac } from '@kart/crypto'

/** What differs between secure messaging with triple DES and with AES (Doc 9303-11, 8th ed., 9.8.5 and 9.8.6). */
export interface CipherSuite {
  readonly name: 'desede' | 'aes'
  /** Bytes of a cipher block, and of the send sequence counter. */
  readonly blockLength: 8 | 16
  /** Lengths a key may have, in bytes. */
  readonly keyLengths: readonly number[]
  /** The initialisation vector of a message. */
  iv(ksEnc: Uint8Array, ssc: Uint8Array): Uint8Array
  encrypt(ksEnc: Uint8Array, iv: Uint8Array, padded: Uint8Array): Uint8Array
  decrypt(ksEnc: Uint8Array, iv: Uint8Array, cryptogram: Uint8Array): Uint8Array
  /** The 8-byte MAC over whole blocks. */
  mac(ksMac: Uint8Array, padded: Uint8Array): Uint8Array
}

/** Triple DES in CBC mode with a zero IV, retail MAC (Doc 9303-11, 8th ed., 9.8.5.1, 9.8.6.1). */
export const tripleDesSuite: CipherSuite = {
  name: 'desede',
  blockLength: 8,
  keyLengths: [16],
  iv: () => new Uint8Array(8),
  encrypt: desEde3CbcEncrypt,
  decrypt: desEde3CbcDecrypt,
  mac: (ksMac, padded) => retailMac(ksMac, padded, 'none'),
}

/** AES in CBC mode with IV = E(KSenc, SSC), CMAC cut to 8 bytes (Doc 9303-11, 8th ed., 9.8.5.2, 9.8.6.2). */
export const aesSuite: CipherSuite = {
  name: 'aes',
  blockLength: 16,
  keyLengths: [16, 24, 32],
  iv: aesEcbEncrypt,
  encrypt: aesCbcEncrypt,
  decrypt: aesCbcDecrypt,
  mac: (ksMac, padded) => aesCmac(ksMac, padded).slice(0, 8),
}
