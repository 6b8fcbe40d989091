import { encodeAscii } from '@kart/codec'
import { digest, type EcdsaEncoding, ecdsaPlainToDer, type HashAlgorithm, verifySignature } from '@kart/crypto'
import { KeyStoreError } from '../key-store-error.ts'
import { ck } from './cryptoki.ts'
import { type Pkcs11Options, Pkcs11Token, type TokenKey } from './token.ts'

/** Which private key on the token, and the public key that it must belong to. */
export interface SigningKey {
  /** Label of the private key. */
  readonly label: string
  /** DER SubjectPublicKeyInfo of its certificate. */
  readonly publicKey: Uint8Array
  readonly hash: HashAlgorithm
}

/** Bytes of the longest plain ECDSA signature: two numbers of 521 bits. */
const longest = 132

/**
 * An elliptic-curve private key on a token, for a document signer or a CV authority: with `sign(data, 'der')` it makes personalization's `Signer`, with
 * `sign(data, 'plain')` terminal authentication's `CvSigner`. Every signature is verified before it is given out; one that does not hold closes the session.
 */
export class Pkcs11SigningKey {
  readonly #token: Pkcs11Token
  readonly #key: TokenKey
  readonly #about: SigningKey

  private constructor(token: Pkcs11Token, key: TokenKey, about: SigningKey) {
    this.#token = token
    this.#key = key
    this.#about = about
  }

  /** Finds the key and has it make a signature on trial. Throws KeyStoreError for a key that is missing or not the certificate's. */
  static async open(options: Omit<Pkcs11Options, 'writable'>, about: SigningKey): Promise<Pkcs11SigningKey> {
    const token = Pkcs11Token.open({ ...options, writable: false })
    try {
      const signer = new Pkcs11SigningKey(token, token.findKey(ck.CKO_PRIVATE_KEY, about.label), {
        ...about,
        publicKey: about.publicKey.slice(),
      })
      await signer.sign(encodeAscii('Kart: is this the key of the certificate?'), 'plain')
      return signer
    } catch (error) {
      token.close()
      throw error
    }
  }

  /** Signs `data`, hashing it first (ECDSA, PKCS #11 CKM_ECDSA). Throws KeyStoreError. */
  async sign(data: Uint8Array, encoding: EcdsaEncoding): Promise<Uint8Array> {
    const { hash, label, publicKey } = this.#about
    const plain = this.#token.sign(this.#key, ck.CKM_ECDSA, digest(hash, data), longest)
    if (!verifySignature(publicKey, { kind: 'ecdsa', hash, encoding: 'plain' }, data, plain)) {
      this.#token.close()
      throw new KeyStoreError('check-value', `key ${label} on token ${this.#token.label} is not the private key of its certificate`)
    }
    return encoding === 'plain' ? plain : ecdsaPlainToDer(plain)
  }

  close(): void {
    this.#token.close()
  }
}
