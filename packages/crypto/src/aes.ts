import { backend } from './backend.ts'
import { CryptoError } from './crypto-error.ts'

function checkKey(key: Uint8Array): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new CryptoError('argument', 'an AES key is 16, 24 or 32 bytes')
}

function checkBlocks(data: Uint8Array): void {
  if (data.length % 16 !== 0) throw new CryptoError('argument', 'data is not whole AES blocks of 16 bytes')
}

function checkCbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): void {
  checkKey(key)
  if (iv.length !== 16) throw new CryptoError('argument', 'an AES initialisation vector is 16 bytes')
  checkBlocks(data)
}

/** AES block by block without chaining (FIPS 197), for the single blocks that protocols make their IVs of; key 16, 24 or 32 bytes. Throws CryptoError. */
export function aesEcbEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  checkKey(key)
  checkBlocks(data)
  return data.length === 0 ? new Uint8Array(0) : backend().aesEcbEncrypt(key, data)
}

/** AES-CBC without padding (NIST SP 800-38A, 6.2): key 16, 24 or 32 bytes, iv 16, whole blocks of 16. Throws CryptoError. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  checkCbc(key, iv, data)
  return data.length === 0 ? new Uint8Array(0) : backend().aesCbcEncrypt(key, iv, data)
}

/** The inverse of {@link aesCbcEncrypt}. */
export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  checkCbc(key, iv, data)
  return data.length === 0 ? new Uint8Array(0) : backend().aesCbcDecrypt(key, iv, data)
}

/** AES-CMAC, all 16 bytes (NIST SP 800-38B, 6.2); key 16, 24 or 32 bytes. Throws CryptoError. */
export function aesCmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  checkKey(key)
  return backend().aesCmac(key, data)
}
