import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** One key pair in node:crypto's hands. */
export interface LoadedKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

// Reading PKCS #8 costs half a millisecond, and the card's state keeps the same bytes from one commit to the next.
const loaded = new WeakMap<Uint8Array, LoadedKey>()

/** Reads a PKCS #8 private key, DER. Throws what node:crypto throws for bytes that are none. */
export function loadPrivateKey(pkcs8: Uint8Array): LoadedKey {
  const held = loaded.get(pkcs8)
  if (held) return held
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const made = { privateKey, publicKey: createPublicKey(privateKey) }
  loaded.set(pkcs8, made)
  return made
}
