import { activeAuthentication } from './active-authentication-mutations.ts'
import { aesMessaging } from './aes-messaging-mutations.ts'
import { bac } from './bac-mutations.ts'
import { certificates } from './certificate-mutations.ts'
import { chipAuthentication } from './chip-authentication-mutations.ts'
import { keyDerivation } from './key-derivation-mutations.ts'
import { secureMessaging } from './messaging-mutations.ts'
import type { Mutation } from './mutation.ts'
import { judgedByOwn } from './own-vector-mutations.ts'
import { pace, paceMapping, paceToken } from './pace-mutations.ts'
import { scp03Modes, scp03OwnModes } from './scp03-mode-mutations.ts'
import { scp03 } from './scp03-mutations.ts'
import { terminalAuthentication } from './terminal-authentication-mutations.ts'
import type { Protocol } from './vector-rows.ts'

/** A mutation, and the protocol that it is in. */
export interface Drilled extends Mutation {
  readonly protocol: Protocol
}

const of = (protocol: Protocol, ...lists: readonly (readonly Mutation[])[]): readonly Drilled[] =>
  lists.flat().map((mutation) => ({ protocol, ...mutation }))

/** The drill's list: every one of these must be found by the outside vectors. */
export const mutations: readonly Drilled[] = [
  ...of('shared', keyDerivation),
  ...of('bac', bac),
  ...of('messaging', secureMessaging, aesMessaging),
  ...of('scp03', scp03, scp03Modes),
  ...of('pace', pace, paceMapping, paceToken),
  ...of('chip', chipAuthentication),
  ...of('terminal', terminalAuthentication),
  ...of('certificates', certificates),
  ...of('active', activeAuthentication),
]

/**
 * Not provable by outside vectors, since none were published: vectors of another program of ours find these, which shows that two programs of ours agree and no
 * more. They do not count.
 */
export const withoutOutsideVectors: readonly Drilled[] = [...of('scp03', scp03OwnModes), ...of('shared', judgedByOwn)]

/** What the drill cannot judge at all: no vector of any kind has the case; the tests of the packages named do. */
export const unjudged: readonly { readonly name: string; readonly why: string }[] = [
  {
    name: 'SM: Le before the cryptogram in a command',
    why: 'no example has a command with both data and Le; emulator/emrtd, secure-channel/secure-messaging',
  },
  {
    name: 'CVC: rights of a chain joined by OR',
    why: 'published chains come without their effective rights; emulator/eac, secure-channel/terminal-authentication',
  },
  {
    name: 'TA: auxiliary data before the compressed key',
    why: 'the published runs have none; emulator/eac, secure-channel/terminal-authentication',
  },
  {
    name: 'TA version 1: ID_PICC without its check digit',
    why: 'no run of version 1 was published; emulator/eac, secure-channel/terminal-authentication',
  },
  {
    name: 'CA version 2: nonce and token change objects',
    why: 'the published run tells the values, not the APDUs; emulator/eac, secure-channel/chip-authentication',
  },
  { name: 'AA: ECDSA in DER', why: 'published signatures are of real documents; verification, emulator/emrtd' },
]
