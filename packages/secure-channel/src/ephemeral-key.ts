import { type AgreementGroup, type RandomSource, wipe } from '@kart/crypto'

/** An ephemeral key pair; the owner erases the private key. */
export interface EphemeralKey {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/**
 * An ephemeral key pair over this generator of the group. House rule: an integer whose first byte is zero is drawn again, since the standards leave open whether
 * that byte is sent, and so what tokens and signatures are computed over. Throws CryptoError.
 */
export function drawEphemeralKey(group: AgreementGroup, generator: Uint8Array, random?: RandomSource): EphemeralKey {
  for (;;) {
    const privateKey = group.generatePrivateKey(random)
    const publicKey = group.power(generator, privateKey)
    if (publicKey[0] !== 0) return { privateKey, publicKey }
    wipe(privateKey)
  }
}
