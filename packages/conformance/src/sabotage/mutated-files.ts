import type { Edit } from './bundle.ts'

/** Sources that the drill changes, by short names. */
const files = {
  bac: 'packages/secure-channel/src/bac/mutual-authentication.ts',
  session: 'packages/secure-channel/src/secure-messaging/emrtd-session.ts',
  scp03: 'packages/secure-channel/src/scp03/scp03-session.ts',
  scp03Keys: 'packages/secure-channel/src/scp03/derivation.ts',
  scp03Open: 'packages/secure-channel/src/scp03/open-scp03.ts',
  initializeUpdate: 'packages/apdu/src/commands/secure-channel-opening.ts',
  putKey: 'packages/apdu/src/commands/key-management.ts',
  kbkdf: 'packages/crypto/src/key-derivation.ts',
  padding: 'packages/crypto/src/padding.ts',
  des: 'packages/crypto/src/des.ts',
  cardBac: 'packages/emulator/src/emrtd/bac.ts',
  cardSession: 'packages/emulator/src/emrtd/secure-messaging.ts',
  cardScp03: 'packages/emulator/src/security-domain/scp03.ts',
  cardScp03Open: 'packages/emulator/src/security-domain/secure-channel.ts',
  cardKeySets: 'packages/emulator/src/security-domain/key-sets.ts',
  cardScp03Keys: 'packages/emulator/src/security-domain/key-derivation.ts',
  cardPadding: 'packages/emulator/src/card-crypto/padding.ts',
  cardDes: 'packages/emulator/src/card-crypto/triple-des.ts',
} as const

/** One change to one of them. */
export const edit = (file: keyof typeof files, find: string, replace: string): Edit => ({ file: files[file], find, replace })
