import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** Active authentication with RSA (ISO/IEC 9796-2:2010, scheme 1; Doc 9303-11, 8th ed., 6.1). */
export const activeAuthentication: readonly Mutation[] = [
  {
    name: 'AA: header 4A',
    terminal: [edit('iso9796', 'representative[0] !== 0x6a', 'representative[0] !== 0x4a')],
    card: [edit('cardRsa', 'Uint8Array.of(0x6a)', 'Uint8Array.of(0x4a)')],
  },
  {
    name: 'AA: SHA-1 has the trailer 33CC',
    terminal: [edit('iso9796', `{ trailer: 'bc', hash: 'sha1'`, `{ trailer: 'bb', hash: 'sha1'`)],
    card: [edit('cardRsa', 'sha1: Uint8Array.of(0xbc)', 'sha1: Uint8Array.of(0x33, 0xcc)')],
  },
  {
    name: 'AA: BC stands for SHA-256',
    terminal: [edit('iso9796', `{ trailer: 'bc', hash: 'sha1'`, `{ trailer: 'bc', hash: 'sha256'`)],
    card: [
      edit('cardRsa', 'createHash(hash)', `createHash('sha256')`),
      edit('cardRsa', '{ sha1: 20, sha256: 32 }', '{ sha1: 32, sha256: 32 }'),
    ],
  },
  {
    name: 'AA: challenge before M1 in the hash',
    terminal: [edit('iso9796', 'concatBytes(recovered, challenge)', 'concatBytes(challenge, recovered)')],
    card: [edit('cardRsa', '.update(recoverable).update(challenge)', '.update(challenge).update(recoverable)')],
  },
  {
    name: 'AA: hash over the challenge alone',
    terminal: [edit('iso9796', 'concatBytes(recovered, challenge)', 'challenge')],
    card: [edit('cardRsa', '.update(recoverable).update(challenge)', '.update(challenge)')],
  },
  {
    name: 'AA: hash over M1 alone',
    terminal: [edit('iso9796', 'concatBytes(recovered, challenge)', 'recovered')],
    card: [edit('cardRsa', '.update(recoverable).update(challenge)', '.update(recoverable)')],
  },
  {
    name: 'AA: hash over the header too',
    terminal: [edit('iso9796', 'concatBytes(recovered, challenge)', 'concatBytes(representative.subarray(0, 1), recovered, challenge)')],
    card: [edit('cardRsa', '.update(recoverable).update(challenge)', '.update(Uint8Array.of(0x6a)).update(recoverable).update(challenge)')],
  },
  {
    name: 'AA: hash before M1 in the representative',
    terminal: [
      edit('iso9796', 'representative.slice(1, hashStart)', 'representative.slice(1 + digestLength[row.hash], hashEnd)'),
      edit('iso9796', 'representative.subarray(hashStart, hashEnd)', 'representative.subarray(1, 1 + digestLength[row.hash])'),
    ],
    card: [edit('cardRsa', 'recoverable, digest, trailer)', 'digest, recoverable, trailer)')],
  },
]
