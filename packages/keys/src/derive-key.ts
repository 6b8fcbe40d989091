import { keyCheckValue, wipe } from '@kart/crypto'
import type { Scp03Keys } from '@kart/secure-channel'
import { type Derivation, planDerivation, stepInput } from './diversification.ts'
import type { KeySet } from './key-description.ts'
import type { KeyStore } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'

/**
 * Derives one key of one card: a secret of `derivation.length` bytes that exists outside the store from here on; the caller wipes it.
 * Throws KeyStoreError.
 */
export async function deriveKey(store: KeyStore, keyId: string, derivation: Derivation): Promise<Uint8Array> {
  const key = new Uint8Array(derivation.length)
  try {
    let at = 0
    for (const step of derivation.steps) {
      const input = stepInput(step)
      const block = derivation.mechanism === 'aes-cmac' ? await store.cmac(keyId, input) : await store.encryptTripleDes(keyId, input)
      const wanted = derivation.mechanism === 'aes-cmac' ? 16 : 8
      if (block.length !== wanted) throw new KeyStoreError('failed', `${store.name}: an answer of another length than the operation gives`)
      key.set(block.subarray(0, derivation.length - at), at)
      at += block.length
      wipe(block)
    }
    return key
  } catch (error) {
    wipe(key)
    throw error
  }
}

/** The three keys of a card's key set; the caller wipes them (see {@link wipeKeys}). `diversificationData` is 10 bytes. Throws KeyStoreError, InputError. */
export async function deriveCardKeys(store: KeyStore, set: KeySet, diversificationData: Uint8Array): Promise<Scp03Keys> {
  const derived: Uint8Array[] = []
  try {
    for (const purpose of ['enc', 'mac', 'dek'] as const)
      derived.push(await deriveKey(store, set.keys[purpose], planDerivation(set.scheme, purpose, diversificationData, set.keyLength)))
    const [enc, mac, dek] = derived as [Uint8Array, Uint8Array, Uint8Array]
    return { version: set.keyVersion, enc, mac, dek }
  } catch (error) {
    wipe(...derived)
    throw error
  }
}

/** Overwrites the keys of a set. */
export function wipeKeys({ enc, mac, dek }: Scp03Keys): void {
  wipe(enc, mac, dek)
}

/** Check values of a card's keys, 3 bytes each, as the card itself computes them on PUT KEY (GlobalPlatform Card Specification 2.3.1, B.5). */
export function cardCheckValues(keys: Scp03Keys, cipher: 'aes' | 'desede' = 'aes'): Record<'enc' | 'mac' | 'dek', Uint8Array> {
  return { enc: keyCheckValue(keys.enc, cipher), mac: keyCheckValue(keys.mac, cipher), dek: keyCheckValue(keys.dek, cipher) }
}
