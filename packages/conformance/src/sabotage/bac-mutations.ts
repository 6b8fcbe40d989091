import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Basic access control (Doc 9303-11, 8th ed., 4.3). */
export const bac: readonly Mutation[] = [
  {
    name: 'BAC: RND.IC before RND.IFD',
    terminal: [
      edit('bac', 'concatBytes(nonces.rndIfd, nonces.rndIc, nonces.kIfd)', 'concatBytes(nonces.rndIc, nonces.rndIfd, nonces.kIfd)'),
    ],
    card: [
      edit('cardBac', 'equalSecrets(plain.subarray(8, 16),', 'equalSecrets(plain.subarray(0, 8),'),
      edit('cardBac', 'const terminalRandom = plain.subarray(0, 8)', 'const terminalRandom = plain.subarray(8, 16)'),
    ],
  },
  {
    name: 'BAC: encryption and MAC key counters swapped',
    terminal: [
      edit('bac', "kdf9303(seed, 1, 'desede')", "kdf9303(seed, 9, 'desede')"),
      edit('bac', "kdf9303(seed, 2, 'desede')", "kdf9303(seed, 1, 'desede')"),
      edit('bac', "kdf9303(seed, 9, 'desede')", "kdf9303(seed, 2, 'desede')"),
    ],
    card: [
      edit('cardBac', 'deriveTripleDesKey(seed, 1)', 'deriveTripleDesKey(seed, 9)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 2)', 'deriveTripleDesKey(seed, 1)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 9)', 'deriveTripleDesKey(seed, 2)'),
    ],
  },
  {
    name: 'BAC: key derivation counter starts at 0',
    terminal: [
      edit('bac', "kdf9303(seed, 1, 'desede')", "kdf9303(seed, 0, 'desede')"),
      edit('bac', "kdf9303(seed, 2, 'desede')", "kdf9303(seed, 1, 'desede')"),
    ],
    card: [
      edit('cardBac', 'deriveTripleDesKey(seed, 1)', 'deriveTripleDesKey(seed, 0)'),
      edit('cardBac', 'deriveTripleDesKey(seed, 2)', 'deriveTripleDesKey(seed, 1)'),
    ],
  },
  {
    name: 'BAC: key seed is K.IFD alone',
    terminal: [edit('bac', 'nonces.kIfd.map((byte, i) => byte ^ kIc[i]!)', 'nonces.kIfd.slice()')],
    card: [edit('cardBac', 'Uint8Array.from(terminalKey, (byte, i) => byte ^ cardKey[i]!)', 'Uint8Array.from(terminalKey)')],
  },
  {
    name: 'BAC: counter from the first halves of the nonces',
    terminal: [
      edit(
        'bac',
        'concatBytes(nonces.rndIc.slice(4), nonces.rndIfd.slice(4))',
        'concatBytes(nonces.rndIc.slice(0, 4), nonces.rndIfd.slice(0, 4))',
      ),
    ],
    card: [
      edit(
        'cardBac',
        'concatBytes(challenge.subarray(4), terminalRandom.subarray(4))',
        'concatBytes(challenge.subarray(0, 4), terminalRandom.subarray(0, 4))',
      ),
    ],
  },
  {
    name: 'BAC: halves of the counter swapped',
    terminal: [
      edit(
        'bac',
        'concatBytes(nonces.rndIc.slice(4), nonces.rndIfd.slice(4))',
        'concatBytes(nonces.rndIfd.slice(4), nonces.rndIc.slice(4))',
      ),
    ],
    card: [
      edit(
        'cardBac',
        'concatBytes(challenge.subarray(4), terminalRandom.subarray(4))',
        'concatBytes(terminalRandom.subarray(4), challenge.subarray(4))',
      ),
    ],
  },
  {
    name: 'BAC: MAC over an unpadded cryptogram',
    terminal: [
      edit('bac', 'retailMac(keys.kMac, eIfd)', "retailMac(keys.kMac, eIfd, 'none')"),
      edit('bac', 'retailMac(keys.kMac, eIc)', "retailMac(keys.kMac, eIc, 'none')"),
    ],
    card: [
      edit(
        'cardBac',
        'import { decryptTripleDes, encryptTripleDes, retailMac }',
        'import { decryptTripleDes, encryptTripleDes, retailMacOfBlocks as retailMac }',
      ),
    ],
  },
  {
    name: 'BAC: the card answers with the nonces in the order it got them',
    terminal: [edit('bac', 'concatBytes(nonces.rndIc, nonces.rndIfd))', 'concatBytes(nonces.rndIfd, nonces.rndIc))')],
    card: [edit('cardBac', 'concatBytes(challenge, terminalRandom, cardKey)', 'concatBytes(terminalRandom, challenge, cardKey)')],
  },
]
