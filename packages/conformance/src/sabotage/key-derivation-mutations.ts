import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Derivation of keys (Doc 9303-11, 8th ed., 9.7.1): what every protocol stands on. */
export const keyDerivation: readonly Mutation[] = [
  {
    name: 'KDF: counter before the secret',
    terminal: [edit('kbkdf', 'concatBytes(secret, uintToBytes(counter, 4))', 'concatBytes(uintToBytes(counter, 4), secret)')],
    card: [edit('cardKdf', 'concatBytes(secret, uintToBytes(counter, 4))', 'concatBytes(uintToBytes(counter, 4), secret)')],
  },
  {
    name: 'KDF: counter of one byte',
    terminal: [edit('kbkdf', 'uintToBytes(counter, 4)', 'uintToBytes(counter, 1)')],
    card: [edit('cardKdf', 'uintToBytes(counter, 4)', 'uintToBytes(counter, 1)')],
  },
  {
    name: 'KDF: counter little-endian',
    terminal: [edit('kbkdf', 'uintToBytes(counter, 4)', 'uintToBytes(counter, 4).reverse()')],
    card: [edit('cardKdf', 'uintToBytes(counter, 4)', 'uintToBytes(counter, 4).reverse()')],
  },
  {
    name: 'KDF: SHA-256 for AES-128',
    terminal: [edit('kbkdf', `aes128: { hash: 'sha1', length: 16 }`, `aes128: { hash: 'sha256', length: 16 }`)],
    card: [edit('cardKdf', `length === 16 ? 'sha1' : 'sha256'`, `length === 0 ? 'sha1' : 'sha256'`)],
  },
  {
    name: 'KDF: the last bytes of the hash',
    terminal: [edit('kbkdf', 'uintToBytes(counter, 4))).slice(0, length)', 'uintToBytes(counter, 4))).slice(-length)')],
    card: [
      edit('cardKdf', 'subarray(0, 16), oddParity', 'subarray(-16), oddParity'),
      edit('cardKdf', 'subarray(0, length)', 'subarray(-length)'),
    ],
  },
  {
    name: 'KDF: the secret without its first byte',
    terminal: [edit('kbkdf', 'concatBytes(secret, uintToBytes', 'concatBytes(secret.subarray(1), uintToBytes')],
    card: [edit('cardKdf', 'concatBytes(secret, uintToBytes', 'concatBytes(secret.subarray(1), uintToBytes')],
  },
]
