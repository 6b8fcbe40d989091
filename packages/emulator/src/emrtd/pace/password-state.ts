import type { PacePasswordName } from '@kart/layout/profile'
import type { CardState, PacePassword } from '../../memory/card-state.ts'
import type { CardContext } from '../../os/card-context.ts'
import { refuse, SW } from '../../os/status.ts'

/** Whether a password can be used now (TR-03110-2 v2.21, 2.2.3). */
export type PasswordUse = 'usable' | 'suspended' | 'blocked'

/** At one try left the PIN is suspended until the CAN was proved since the last reset; at none a password is blocked. */
export function passwordUse(name: PacePasswordName, password: PacePassword, resumed: boolean): PasswordUse {
  const { tries } = password
  if (tries === undefined) return 'usable'
  if (tries.left === 0) return 'blocked'
  return name === 'pin' && tries.left === 1 && !resumed ? 'suspended' : 'usable'
}

/** The answer to MSE:Set AT: 9000, or 63Cx once a try was lost: 63C1 suspended, 63C0 blocked (TR-03110-3 v2.21, B.14.1). */
export function passwordStatus({ tries }: PacePassword): number {
  return tries === undefined || tries.left === tries.most ? SW.ok : SW.triesLeft | Math.min(tries.left, 15)
}

function withPassword(state: CardState, name: PacePasswordName, password: PacePassword): CardState {
  return { ...state, pacePasswords: new Map(state.pacePasswords).set(name, password) }
}

const mostFailures = 0xffff

/** The password of this name; refuses 6A88 when the card has none. */
export function passwordOf(card: CardContext, name: PacePasswordName): PacePassword {
  return card.store.state.pacePasswords.get(name) ?? refuse(SW.dataNotFound)
}

/** Whether wrong attempts use the password up: the PIN's and the PUK's do. */
export function canBlock({ tries }: PacePassword): boolean {
  return tries !== undefined
}

/**
 * Counts one more wrong attempt. Where tries are limited, before it is known whether it is one: power that fails in between gains no guess (C01 to C03). Where they
 * are not, once it is known and before the answer tells it: a right password then costs no write, and whoever cuts the power first has learnt nothing.
 */
export function countAttempt(card: CardContext, name: PacePasswordName): void {
  const { state } = card.store
  const { secret, tries, failures } = passwordOf(card, name)
  card.store.commit(
    withPassword(state, name, {
      secret,
      tries: tries && { left: Math.max(tries.left - 1, 0), most: tries.most },
      failures: Math.min(failures + 1, mostFailures),
    }),
  )
}

/** Takes the count back: the password was right, or the PIN was unblocked. Writes nothing where nothing was counted. */
export function restoreTries(card: CardContext, name: PacePasswordName, secret?: Uint8Array): void {
  const { state } = card.store
  const password = passwordOf(card, name)
  const { tries, failures } = password
  if (secret === undefined && failures === 0 && tries?.left === tries?.most) return
  card.store.commit(
    withPassword(state, name, {
      secret: secret ?? password.secret,
      tries: tries && { left: tries.most, most: tries.most },
      failures: 0,
    }),
  )
}

/** The answer to a failed attempt, whatever it failed by: 63Cx with the tries left, or 6300 where the password never blocks. */
export function failureStatus({ tries }: PacePassword): number {
  return tries === undefined ? SW.authenticationFailed : SW.triesLeft | Math.min(tries.left, 15)
}

/** House rule: milliseconds for the second attempt after a wrong one; doubled by each further wrong one, up to the bound. */
export const throttling = { firstDelay: 100, longestDelay: 3200 } as const

/** How long the nonce of the next attempt is held back, in milliseconds, where a password never blocks (Doc 9303-11, 8th ed., 4.4.1, note on guessing). */
export function attemptDelay({ tries, failures }: PacePassword): number {
  if (tries !== undefined || failures === 0) return 0
  return Math.min(throttling.firstDelay * 2 ** Math.min(failures - 1, 16), throttling.longestDelay)
}
