import type { MessagingCipher } from '@kart/layout/profile'
import { aesCmac, decryptAesCbc, encryptAesBlock, encryptAesCbc } from '../card-crypto/aes.ts'
import { decryptTripleDes, encryptTripleDes, retailMacOfBlocks } from '../card-crypto/triple-des.ts'

/** What secure messaging needs of a cipher (Doc 9303-11, 8th ed., 9.8.6 and 9.8.7). Data are whole blocks. */
export interface BlockCipher {
  /** Also the length of the send sequence counter. */
  readonly blockLength: 8 | 16
  encrypt(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array
  decrypt(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array
  /** Eight bytes. */
  mac(key: Uint8Array, blocks: Uint8Array): Uint8Array
}

const tripleDes: BlockCipher = {
  blockLength: 8,
  encrypt: (key, _counter, data) => encryptTripleDes(key, data),
  decrypt: (key, _counter, data) => decryptTripleDes(key, data),
  mac: (key, blocks) => retailMacOfBlocks(key, blocks),
}

// The IV is the counter, encrypted under the encryption key (9.8.7.1).
const initialVector = (key: Uint8Array, counter: Uint8Array): Uint8Array => encryptAesBlock(key, counter)

const aes: BlockCipher = {
  blockLength: 16,
  encrypt: (key, counter, data) => encryptAesCbc(key, initialVector(key, counter), data),
  decrypt: (key, counter, data) => decryptAesCbc(key, initialVector(key, counter), data),
  mac: (key, blocks) => aesCmac(key, blocks).subarray(0, 8),
}

/** The cipher of secure messaging by its name in the profile. */
export function blockCipherOf(name: MessagingCipher): BlockCipher {
  return name === '3DES' ? tripleDes : aes
}
