import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Terminal authentication (BSI TR-03110-3 v2.21, 3.3 and B.3; Doc 9303-11, 8th ed., 7.1): what is signed. */
export const terminalAuthentication: readonly Mutation[] = [
  {
    name: 'TA: challenge before ID_PICC',
    terminal: [edit('taData', 'concatBytes(input.idPicc, input.challenge,', 'concatBytes(input.challenge, input.idPicc,')],
    card: [
      edit(
        'cardTa',
        'concatBytes(identifierOf(card) ?? refuse(SW.conditions), challenge, compressedKey, auxiliaryData)',
        'concatBytes(challenge, identifierOf(card) ?? refuse(SW.conditions), compressedKey, auxiliaryData)',
      ),
    ],
  },
  {
    name: 'TA: compressed key before the challenge',
    terminal: [edit('taData', 'input.challenge, input.compressedKey,', 'input.compressedKey, input.challenge,')],
    card: [edit('cardTa', 'challenge, compressedKey, auxiliaryData)', 'compressedKey, challenge, auxiliaryData)')],
  },
  {
    name: 'TA: compressed key before ID_PICC',
    terminal: [
      edit(
        'taData',
        'concatBytes(input.idPicc, input.challenge, input.compressedKey,',
        'concatBytes(input.compressedKey, input.idPicc, input.challenge,',
      ),
    ],
    card: [
      edit(
        'cardTa',
        'concatBytes(identifierOf(card) ?? refuse(SW.conditions), challenge, compressedKey, auxiliaryData)',
        'concatBytes(compressedKey, identifierOf(card) ?? refuse(SW.conditions), challenge, auxiliaryData)',
      ),
    ],
  },
  {
    name: 'TA: ID_PICC not signed',
    terminal: [edit('taData', 'concatBytes(input.idPicc, input.challenge,', 'concatBytes(input.challenge,')],
    card: [
      edit(
        'cardTa',
        'concatBytes(identifierOf(card) ?? refuse(SW.conditions), challenge, compressedKey, auxiliaryData)',
        'concatBytes(challenge, compressedKey, auxiliaryData)',
      ),
    ],
  },
  {
    name: 'TA: challenge not signed',
    terminal: [edit('taData', 'input.idPicc, input.challenge, input', 'input.idPicc, input')],
    card: [edit('cardTa', 'challenge, compressedKey, auxiliaryData)', 'compressedKey, auxiliaryData)')],
  },
  {
    name: 'TA: compressed key not signed',
    terminal: [edit('taData', 'input.challenge, input.compressedKey,', 'input.challenge,')],
    card: [edit('cardTa', 'challenge, compressedKey, auxiliaryData)', 'challenge, auxiliaryData)')],
  },
  {
    name: 'TA: first half of the challenge signed',
    terminal: [edit('taData', 'input.idPicc, input.challenge,', 'input.idPicc, input.challenge.subarray(0, 4),')],
    card: [edit('cardTa', 'challenge, compressedKey, auxiliaryData)', 'challenge.subarray(0, 4), compressedKey, auxiliaryData)')],
  },
  {
    name: 'TA: Comp(PK) with the leading 04',
    terminal: [edit('compressed', 'publicKey.slice(1, (publicKey.length + 1) / 2)', 'publicKey.slice(0, (publicKey.length + 1) / 2)')],
    card: [
      edit('cardCa', 'publicKey.slice(1, 1 + ((publicKey.length - 1) >> 1))', 'publicKey.slice(0, 1 + ((publicKey.length - 1) >> 1))'),
      edit('cardIdentifier', 'publicKey.slice(1, 1 + (publicKey.length - 1) / 2)', 'publicKey.slice(0, 1 + (publicKey.length - 1) / 2)'),
    ],
  },
  {
    name: 'TA: Comp(PK) is y',
    terminal: [edit('compressed', 'publicKey.slice(1, (publicKey.length + 1) / 2)', 'publicKey.slice((publicKey.length + 1) / 2)')],
    card: [
      edit('cardCa', 'publicKey.slice(1, 1 + ((publicKey.length - 1) >> 1))', 'publicKey.slice(1 + ((publicKey.length - 1) >> 1))'),
      edit('cardIdentifier', 'publicKey.slice(1, 1 + (publicKey.length - 1) / 2)', 'publicKey.slice(1 + (publicKey.length - 1) / 2)'),
    ],
  },
  {
    name: 'TA: Comp(PK) of an integer is the integer',
    terminal: [edit('compressed', `return digest('sha1', publicKey)`, 'return publicKey.slice()')],
    card: [
      edit('cardCa', `return new Uint8Array(createHash('sha1').update(publicKey).digest())`, 'return publicKey.slice()'),
      edit('cardIdentifier', `return new Uint8Array(createHash('sha1').update(publicKey).digest())`, 'return publicKey.slice()'),
    ],
  },
  {
    name: 'TA: Comp(PK) of an integer by SHA-256',
    terminal: [edit('compressed', `digest('sha1', publicKey)`, `digest('sha256', publicKey)`)],
    card: [
      edit('cardCa', `createHash('sha1')`, `createHash('sha256')`),
      edit('cardIdentifier', `createHash('sha1')`, `createHash('sha256')`),
    ],
  },
]
