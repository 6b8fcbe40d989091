import { verifyIso9796 } from '@kart/crypto'
import { rsaPublicNumbers, signRecoverably } from '../../../emulator/src/card-crypto/rsa-key.ts'
import { rsaKey } from './fixed-keys.ts'

/** The card signs a challenge with message recovery, the terminal opens it. */
export async function agreeOnActiveAuthentication(): Promise<void> {
  const key = { privateKey: rsaKey }
  const { modulus } = rsaPublicNumbers(key)
  const challenge = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  for (const hash of ['sha1', 'sha256'] as const) {
    const signature = signRecoverably(key, hash, challenge, (length) => new Uint8Array(length).fill(0x5a))
    if (signature === undefined || !verifyIso9796({ modulus, exponent: 65537n }, challenge, signature).valid)
      throw new Error(`RSA, ${hash}`)
  }
}
