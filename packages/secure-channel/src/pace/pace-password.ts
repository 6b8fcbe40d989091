import { encodeAscii, InputError } from '@kart/codec'
import { digest, type KeyAlgorithm, kdf9303, wipe } from '@kart/crypto'
import { type MrzInformationInput, mrzInformation } from '../bac/mrz-information.ts'

/** What opens the card, with its reference in DO'83' (Doc 9303-11, 8th ed., 4.4.4.1; TR-03110-3, B.14.1). */
export const passwordReferences = { mrz: 1, can: 2, pin: 3, puk: 4 } as const

export type PacePasswordKind = keyof typeof passwordReferences

/** A password of PACE. Held privately: inspection and serialization show its kind only. */
export class PacePassword {
  readonly kind: PacePasswordKind
  readonly #secret: Uint8Array

  /** Keeps a copy of f(password): the characters, or for the MRZ the SHA-1 of the MRZ information (Doc 9303-11, 8th ed., 9.7.3). Throws InputError when empty. */
  constructor(kind: PacePasswordKind, secret: Uint8Array) {
    if (secret.length === 0) throw new InputError(kind, 'is empty')
    this.kind = kind
    this.#secret = secret.slice()
  }

  /** The reference of the password for MSE:Set AT, 1..4. */
  get reference(): number {
    return passwordReferences[this.kind]
  }

  /** K_pi = KDF(f(password), 3) for this cipher (Doc 9303-11, 8th ed., 9.7.3). The caller erases it. */
  deriveKey(cipher: KeyAlgorithm): Uint8Array {
    return kdf9303(this.#secret, 3, cipher)
  }

  /** Erases the secret; deriveKey gives nothing of use afterwards. */
  destroy(): void {
    wipe(this.#secret)
  }
}

/** The password that the machine-readable zone gives (Doc 9303-11, 8th ed., 9.7.3). Throws InputError for a malformed field. */
export function mrzPassword(input: MrzInformationInput): PacePassword {
  return new PacePassword('mrz', digest('sha1', encodeAscii(mrzInformation(input))))
}

/** A card access number: digits, six by Doc 9303-4; house rule: up to 16 are taken. Throws InputError, which does not repeat it. */
export function canPassword(can: string): PacePassword {
  if (!/^[0-9]{6,16}$/.test(can)) throw new InputError('can', 'not 6 to 16 digits')
  return new PacePassword('can', encodeAscii(can))
}

/** A PIN or PUK, characters as they are typed (ISO/IEC 8859-1 by TR-03110-3, D.2.1.4; house rule: its printable ASCII, 4 to 32). Throws InputError. */
export function pinPassword(kind: 'pin' | 'puk', value: string): PacePassword {
  if (!/^[\x20-\x7e]{4,32}$/.test(value)) throw new InputError(kind, 'not 4 to 32 printable characters')
  return new PacePassword(kind, encodeAscii(value))
}
