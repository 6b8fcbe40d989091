import type { CardState } from '../memory/card-state.ts'
import type { EnrolledFinger } from '../memory/holder-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'

/** The finger under a reference of VERIFY; refuses 6A88 when none is enrolled there. */
export function fingerOf({ store }: CardContext, reference: number): EnrolledFinger {
  return store.state.fingers.fingers.get(reference) ?? refuse(SW.dataNotFound)
}

function withTries(state: CardState, reference: number, finger: EnrolledFinger, left: number): CardState {
  const changed: EnrolledFinger = { ...finger, tries: { left, most: finger.tries.most } }
  return { ...state, fingers: { ...state.fingers, fingers: new Map(state.fingers.fingers).set(reference, changed) } }
}

/**
 * Takes one try before it is known whether the finger is right, writes that, and reads the memory again: power that fails from here on gains no guess (C01 to C03), and a memory that
 * did not take the write is found out before anything was compared (C04; refuses 6581). Gives the tries that are left. Refuses 6983 where there is none.
 */
export function spendTry(card: CardContext, reference: number): number {
  const finger = fingerOf(card, reference)
  const { left } = finger.tries
  if (left === 0) refuse(SW.blocked)
  card.store.commit(withTries(card.store.state, reference, finger, left - 1))
  card.store.reload()
  if (fingerOf(card, reference).tries.left !== left - 1) refuse(SW.memoryFailure)
  return left - 1
}

/** Gives all tries back: the finger was right. */
export function restoreTries(card: CardContext, reference: number): void {
  const finger = fingerOf(card, reference)
  card.store.commit(withTries(card.store.state, reference, finger, finger.tries.most))
}

/** House rule: how often a finger's tries may be given back without the finger. */
export const mostResets = 10

/**
 * Gives all tries back without the finger, and counts that, in one write: a cut leaves a finger with neither or both. Read back, as no reset may come uncounted (C04; refuses 6581).
 */
export function giveTriesBack(card: CardContext, reference: number, resets: number): void {
  const finger = fingerOf(card, reference)
  const { fingers } = card.store.state
  const changed: EnrolledFinger = { ...finger, tries: { left: finger.tries.most, most: finger.tries.most }, resets }
  card.store.commit({ ...card.store.state, fingers: { ...fingers, fingers: new Map(fingers.fingers).set(reference, changed) } })
  card.store.reload()
  if (fingerOf(card, reference).resets !== resets) refuse(SW.memoryFailure)
}

/** Ends what a finger had proved. */
export function forgetFinger({ session }: CardContext, reference: number): void {
  session.verifiedFingers = new Map([...session.verifiedFingers].filter(([other]) => other !== reference))
}
