import { concatBytes, uintToBytes } from '@kart/codec'
import { aesCmac, aesEcbEncrypt } from './aes.ts'
import { CryptoError } from './crypto-error.ts'
import { desEde3CbcEncrypt } from './des.ts'
import { digest } from './digest.ts'

/** Ciphers that Doc 9303-11 derives keys for. */
export type KeyAlgorithm = 'desede' | 'aes128' | 'aes192' | 'aes256'

const derivations = {
  desede: { hash: 'sha1', length: 16 },
  aes128: { hash: 'sha1', length: 16 },
  aes192: { hash: 'sha256', length: 24 },
  aes256: { hash: 'sha256', length: 32 },
} as const satisfies Record<KeyAlgorithm, { hash: 'sha1' | 'sha256'; length: number }>

/** Sets the low bit of each byte so that the byte has an odd number of ones (FIPS 46-3). */
function withOddParity(key: Uint8Array): Uint8Array {
  return key.map((byte) => {
    let ones = 0
    for (let bits = byte >> 1; bits > 0; bits >>= 1) ones += bits & 1
    return (byte & 0xfe) | ((ones & 1) ^ 1)
  })
}

/**
 * The key derivation function of Doc 9303-11, 8th ed., 9.7.1: a hash of the secret and a 32-bit counter (1 = encryption, 2 = MAC, 3 = password), cut to the
 * key's length; triple-DES keys are 16 bytes with odd parity. Throws CryptoError for a counter outside 0..2^32-1.
 */
export function kdf9303(secret: Uint8Array, counter: number, algorithm: KeyAlgorithm): Uint8Array {
  if (!Number.isInteger(counter) || counter < 0 || counter > 0xffffffff) throw new CryptoError('argument', 'counter not in 0..4294967295')
  const { hash, length } = derivations[algorithm]
  const key = digest(hash, concatBytes(secret, uintToBytes(counter, 4))).slice(0, length)
  return algorithm === 'desede' ? withOddParity(key) : key
}

/** Input of {@link kbkdfCmacCounter}. */
export interface KbkdfInput {
  /** AES key, 16, 24 or 32 bytes. */
  readonly key: Uint8Array
  /** Fixed input before the counter. */
  readonly before: Uint8Array
  /** Fixed input after the counter. */
  readonly after: Uint8Array
  /** Bits wanted, a positive multiple of 8. */
  readonly bits: number
  /** Bits of the counter field. */
  readonly counterBits?: 8 | 16 | 24 | 32
}

/** Key derivation in counter mode with AES-CMAC (NIST SP 800-108 Rev. 1, 4.1): K(i) = CMAC(key, before || i || after), i = 1, 2, ... Throws CryptoError. */
export function kbkdfCmacCounter(input: KbkdfInput): Uint8Array {
  const { key, before, after, bits, counterBits = 8 } = input
  if (!Number.isInteger(bits) || bits <= 0 || bits % 8 !== 0) throw new CryptoError('argument', 'bits not a positive multiple of 8')
  const length = bits / 8
  const rounds = Math.ceil(length / 16)
  if (rounds >= 2 ** counterBits) throw new CryptoError('argument', 'more output than the counter can number')
  const out = new Uint8Array(rounds * 16)
  for (let i = 1; i <= rounds; i++) out.set(aesCmac(key, concatBytes(before, uintToBytes(i, counterBits / 8), after)), 16 * (i - 1))
  return out.slice(0, length)
}

/**
 * A key check value, 3 bytes that may be shown: AES over a block of 01 (GlobalPlatform Card Specification 2.3.1, B.5, with Amendment D), triple DES over a
 * block of 00. Throws CryptoError for a key of the wrong length.
 */
export function keyCheckValue(key: Uint8Array, cipher: 'aes' | 'desede' = 'aes'): Uint8Array {
  const block =
    cipher === 'aes' ? aesEcbEncrypt(key, new Uint8Array(16).fill(1)) : desEde3CbcEncrypt(key, new Uint8Array(8), new Uint8Array(8))
  return block.slice(0, 3)
}
