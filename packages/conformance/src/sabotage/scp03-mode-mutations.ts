import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** What came with S16, random challenges and PUT KEY (GlobalPlatform Card Specification 2.3 Amendment D 1.2). */
export const scp03Modes: readonly Mutation[] = [
  {
    name: 'SCP03: a random challenge comes with a sequence counter all the same',
    terminal: [edit('initializeUpdate', 'if (i & 0x10) sequenceCounter', 'if (i >= 0) sequenceCounter')],
    card: [
      edit(
        'cardScp03Open',
        'offer.pseudoRandom ? uintToBytes(set.sequence, 3) : new Uint8Array(0)',
        'offer.macLength ? uintToBytes(set.sequence, 3) : new Uint8Array(0)',
      ),
    ],
  },
  {
    name: 'SCP03: response counter one ahead of its command’s',
    terminal: [edit('scp03', 'uintToBytes(this.#counter, 6)', 'uintToBytes(this.#counter + (first >> 7), 6)')],
    card: [edit('cardScp03', 'uintToBytes(this.#counter, 4)', 'uintToBytes(this.#counter + (first >> 7), 4)')],
  },
  {
    name: 'SCP03: response counter marked in the last byte',
    terminal: [edit('scp03', 'block[0] = first', 'block[15]! ^= first')],
    card: [edit('cardScp03', 'block[0] = first', 'block[15]! ^= first')],
  },
  {
    name: 'PUT KEY: check value over a block of zeros',
    terminal: [edit('kbkdf', 'new Uint8Array(16).fill(1)', 'new Uint8Array(16).fill(0)')],
    card: [edit('cardKeySets', 'new Uint8Array(16).fill(1)', 'new Uint8Array(16).fill(0)')],
  },
  {
    name: 'PUT KEY: the last three bytes as check value',
    terminal: [edit('kbkdf', 'return block.slice(0, 3)', 'return block.slice(-3)')],
    card: [edit('cardKeySets', '.slice(0, checkValueLength)', '.slice(-checkValueLength)')],
  },
]

/** S16 and PUT KEY, of which nobody has published a session. */
export const scp03OwnModes: readonly Mutation[] = [
  {
    name: 'SCP03 S16: MACs of eight bytes',
    terminal: [
      edit('scp03Open', 'const macLength = hostChallenge.length === 16 ? 16 : 8', 'const macLength = 8'),
      edit('scp03Keys', '0, 2 * hostCryptogram.length', '0, hostCryptogram.length + 8'),
    ],
    card: [
      edit('cardScp03', 'this.#macLength = macLength', 'this.#macLength = 8'),
      edit('cardScp03Open', 'command.data.length !== 2 * offer.macLength', 'command.data.length !== offer.macLength + 8'),
    ],
  },
  {
    name: 'SCP03 S16: session keys from the first half of each challenge',
    terminal: [
      edit(
        'scp03Keys',
        'const context = concatBytes(hostChallenge, cardChallenge)',
        'const context = concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
      edit(
        'scp03Keys',
        'constant, concatBytes(hostChallenge, cardChallenge)',
        'constant, concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
    ],
    card: [
      edit(
        'cardScp03',
        'concatBytes(hostChallenge, cardChallenge)',
        'concatBytes(hostChallenge.subarray(0, 8), cardChallenge.subarray(0, 8))',
      ),
    ],
  },
  {
    name: 'PUT KEY: keys under S-ENC, not under the Key-DEK',
    terminal: [edit('scp03', 'aesCbcEncrypt(this.#dek,', 'aesCbcEncrypt(this.#sEnc,')],
    card: [edit('cardScp03', 'decryptAesCbc(this.#keys.dek,', 'decryptAesCbc(this.#keys.sEnc,')],
  },
  {
    name: 'PUT KEY: keys under the Key-DEK with a chaining value of ones',
    terminal: [
      edit('scp03', 'aesCbcEncrypt(this.#dek, new Uint8Array(16), data)', 'aesCbcEncrypt(this.#dek, new Uint8Array(16).fill(1), data)'),
    ],
    card: [
      edit(
        'cardScp03',
        'decryptAesCbc(this.#keys.dek, new Uint8Array(16), data)',
        'decryptAesCbc(this.#keys.dek, new Uint8Array(16).fill(1), data)',
      ),
    ],
  },
  {
    name: 'PUT KEY: block length without the key length byte',
    terminal: [edit('putKey', 'aesKeyType, 1 + wrapped.length, length', 'aesKeyType, wrapped.length, length')],
    card: [edit('cardKeySets', 'blockLength !== 1 + wrappedLength', 'blockLength !== wrappedLength')],
  },
]
