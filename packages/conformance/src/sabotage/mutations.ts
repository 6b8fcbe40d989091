import { bac } from './bac-mutations.ts'
import { secureMessaging } from './messaging-mutations.ts'
import type { Mutation } from './mutation.ts'
import { scp03Modes } from './scp03-mode-mutations.ts'
import { scp03 } from './scp03-mutations.ts'
import type { Protocol } from './vector-rows.ts'

/** A mutation, and the protocol that it is in. */
export interface Drilled extends Mutation {
  readonly protocol: Protocol
}

const of = (protocol: Protocol, mutations: readonly Mutation[]): readonly Drilled[] =>
  mutations.map((mutation) => ({ protocol, ...mutation }))

/** The drill's list: every one of these must be found by the outside vectors. */
export const mutations: readonly Drilled[] = [...of('bac', bac), ...of('messaging', secureMessaging), ...of('scp03', scp03), ...of('scp03', scp03Modes)]
