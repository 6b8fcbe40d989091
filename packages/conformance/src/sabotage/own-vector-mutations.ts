import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Where the standards have no worked example and nobody has published one: other ciphers’ keys, version 1 of chip authentication, SHA-256 in ISO/IEC 9796-2. */
export const judgedByOwn: readonly Mutation[] = [
  {
    name: 'KDF: keys longer than 16 bytes blended with their positions',
    terminal: [
      edit(
        'kbkdf',
        'concatBytes(secret, uintToBytes(counter, 4))).slice(0, length)',
        'concatBytes(secret, uintToBytes(counter, 4))).slice(0, length).map((byte, i) => (length > 16 ? byte ^ i : byte))',
      ),
    ],
    card: [edit('cardKdf', 'subarray(0, length))', 'subarray(0, length).map((byte, i) => (length > 16 ? byte ^ i : byte)))')],
  },
  {
    name: 'KDF: even parity of triple-DES keys',
    terminal: [edit('kbkdf', '((ones & 1) ^ 1)', '(ones & 1)')],
    card: [edit('cardKdf', '(ones % 2 === 0 ? 1 : 0)', '(ones % 2 === 0 ? 0 : 1)')],
  },
  {
    name: 'AA: SHA-256 has the trailer 36CC',
    terminal: [
      edit('iso9796', `{ trailer: '34cc', hash: 'sha256'`, `{ trailer: '36cc', hash: 'sha256'`),
      edit('iso9796', `{ trailer: '36cc', hash: 'sha384'`, `{ trailer: '34cc', hash: 'sha384'`),
    ],
    card: [edit('cardRsa', 'Uint8Array.of(0x34, 0xcc)', 'Uint8Array.of(0x36, 0xcc)')],
  },
  {
    name: 'CA version 1: keys from the secret and eight zeros',
    terminal: [edit('caKeys', 'nonce: Uint8Array = none', 'nonce: Uint8Array = new Uint8Array(8)')],
    card: [edit('cardCa', '? card.random(8) : new Uint8Array(0)', '? card.random(8) : new Uint8Array(8)')],
  },
]
