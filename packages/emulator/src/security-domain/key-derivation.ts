import { concatBytes, uintToBytes } from '@kart/codec'
import { aesCmac } from '../card-crypto/aes.ts'

/** Data derivation constants (GlobalPlatform Amendment D v1.2, table 4-1). */
export const derivationConstants = {
  cardCryptogram: 0x00,
  hostCryptogram: 0x01,
  cardChallenge: 0x02,
  sEnc: 0x04,
  sMac: 0x06,
  sRmac: 0x07,
} as const

/**
 * SP 800-108 KDF in counter mode with AES-CMAC (Amendment D v1.2, 4.1.5): label = 11 zero bytes and the constant, then 00, L in bits, the counter, the context.
 * `bits` a multiple of 8, up to 256.
 */
export function deriveScp03(key: Uint8Array, constant: number, context: Uint8Array, bits: number): Uint8Array {
  const label = new Uint8Array(12)
  label[11] = constant
  const blocks: Uint8Array[] = []
  for (let counter = 1; (counter - 1) * 128 < bits; counter++)
    blocks.push(aesCmac(key, concatBytes(label, Uint8Array.of(0), uintToBytes(bits, 2), Uint8Array.of(counter), context)))
  return concatBytes(...blocks).slice(0, bits / 8)
}
