import { encodeAscii, InputError } from '@kart/codec'
import { digest, kdf9303, wipe } from '@kart/crypto'
import { type MrzInformationInput, mrzInformation } from './mrz-information.ts'

/** The document basic access keys (Doc 9303-11, 8th ed., 4.3.2). Held privately: inspection and serialization show nothing. */
export class BacKeys {
  readonly #kEnc: Uint8Array
  readonly #kMac: Uint8Array

  /** Keeps copies; both keys are 16 bytes. Throws InputError. */
  constructor(kEnc: Uint8Array, kMac: Uint8Array) {
    if (kEnc.length !== 16 || kMac.length !== 16) throw new InputError('BAC keys', 'not 16 bytes each')
    this.#kEnc = kEnc.slice()
    this.#kMac = kMac.slice()
  }

  /** K_Enc, 16 bytes. */
  get kEnc(): Uint8Array {
    return this.#kEnc
  }

  /** K_MAC, 16 bytes. */
  get kMac(): Uint8Array {
    return this.#kMac
  }

  /** Erases both keys. */
  destroy(): void {
    wipe(this.#kEnc, this.#kMac)
  }
}

/** K_seed: the first 16 bytes of SHA-1 over the MRZ information (Doc 9303-11, 8th ed., 4.3.2). */
export function bacKeySeed(information: string): Uint8Array {
  return digest('sha1', encodeAscii(information)).slice(0, 16)
}

/** Derives the keys from what is printed on the document (Doc 9303-11, 8th ed., 4.3.2 and 9.7.1). Throws InputError for a malformed field. */
export function deriveBacKeys(input: MrzInformationInput): BacKeys {
  const seed = bacKeySeed(mrzInformation(input))
  const [kEnc, kMac] = [kdf9303(seed, 1, 'desede'), kdf9303(seed, 2, 'desede')]
  const keys = new BacKeys(kEnc, kMac)
  wipe(seed, kEnc, kMac)
  return keys
}
