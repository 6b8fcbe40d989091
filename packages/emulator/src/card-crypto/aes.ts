import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@kart/codec'

const cipherName = (key: Uint8Array, mode: 'cbc' | 'ecb'): string => `aes-${key.length * 8}-${mode}`

/** AES on one 16-byte block. Key 16, 24 or 32 bytes. */
export function encryptAesBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv(cipherName(key, 'ecb'), key, null).setAutoPadding(false)
  return concatBytes(cipher.update(block), cipher.final())
}

/** AES-CBC without padding; data a multiple of 16. */
export function encryptAesCbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createCipheriv(cipherName(key, 'cbc'), key, iv).setAutoPadding(false)
  return concatBytes(cipher.update(data), cipher.final())
}

/** The inverse of {@link encryptAesCbc}. */
export function decryptAesCbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  const cipher = createDecipheriv(cipherName(key, 'cbc'), key, iv).setAutoPadding(false)
  return concatBytes(cipher.update(data), cipher.final())
}

// Multiplication by x in GF(2^128), reduction polynomial x^128 + x^7 + x^2 + x + 1.
function double(block: Uint8Array): Uint8Array {
  const out = new Uint8Array(16)
  let carry = 0
  for (let i = 15; i >= 0; i--) {
    out[i] = (block[i]! << 1) | carry
    carry = block[i]! >> 7
  }
  out[15] = out[15]! ^ (carry * 0x87)
  return out
}

/** AES-CMAC, 16 bytes (NIST SP 800-38B, 6.2; RFC 4493). Key 16, 24 or 32 bytes; any message. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const k1 = double(encryptAesBlock(key, new Uint8Array(16)))
  const whole = message.length > 0 && message.length % 16 === 0
  const blocks = new Uint8Array(whole ? message.length : message.length + 16 - (message.length % 16))
  blocks.set(message)
  if (!whole) blocks[message.length] = 0x80
  const mask = whole ? k1 : double(k1)
  for (let i = 0; i < 16; i++) {
    const at = blocks.length - 16 + i
    blocks[at] = blocks[at]! ^ mask[i]!
  }
  return encryptAesCbc(key, new Uint8Array(16), blocks).slice(-16)
}
