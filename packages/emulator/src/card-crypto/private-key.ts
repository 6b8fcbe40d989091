import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { equalBytes } from '@kart/codec'

/** One key pair in node:crypto's hands. */
export interface LoadedKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

// Reading PKCS #8 costs half a millisecond, and the card's state keeps the same bytes from one commit to the next.
const loaded = new WeakMap<Uint8Array, LoadedKey>()

// A card reads its memory again before it compares a PIN, and gets the same keys in other arrays: a card's worth of keys is known by its bytes.
const latest: { readonly pkcs8: Uint8Array; readonly key: LoadedKey }[] = []
const mostLatest = 16

/** Reads a PKCS #8 private key, DER. Throws what node:crypto throws for bytes that are none. */
export function loadPrivateKey(pkcs8: Uint8Array): LoadedKey {
  const held = loaded.get(pkcs8) ?? latest.find((one) => equalBytes(one.pkcs8, pkcs8))?.key
  if (held) {
    loaded.set(pkcs8, held)
    return held
  }
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const made = { privateKey, publicKey: createPublicKey(privateKey) }
  loaded.set(pkcs8, made)
  latest.unshift({ pkcs8: pkcs8.slice(), key: made })
  latest.length = Math.min(latest.length, mostLatest)
  return made
}
