import { equalSecrets } from '../card-crypto/constant-time.ts'
import type { CardState } from '../memory/card-state.ts'
import type { HolderPin, TryCounter } from '../memory/holder-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'

/** Which secret of a PIN is tried. */
export type Tried = 'pin' | 'puk'

/** The PIN of this reference; refuses 6A88 when the card has none. */
export function pinOf(card: CardContext, reference: number): HolderPin {
  return card.store.state.signature.pins.get(reference) ?? refuse(SW.dataNotFound)
}

/** 63Cx, 6983 at none left. */
export function triesStatus({ left }: TryCounter): number {
  return left === 0 ? SW.blocked : SW.triesLeft | Math.min(left, 15)
}

const counterOf = (pin: HolderPin, tried: Tried): TryCounter => (tried === 'pin' ? pin.tries : pin.pukTries)

/** Counters step without the change counter of the application: what its files hold has not changed. */
function withCounter(state: CardState, reference: number, pin: HolderPin, tried: Tried, left: number): CardState {
  const { signature } = state
  const counter = { left, most: counterOf(pin, tried).most }
  const counted = tried === 'pin' ? { ...pin, tries: counter } : { ...pin, pukTries: counter }
  return { ...state, signature: { ...signature, pins: new Map(signature.pins).set(reference, counted) } }
}

/**
 * Tries a secret of 8 bytes. The counter falls, is committed and read back before the comparison, and is set back after it where the secret was right, so that
 * neither torn power nor a memory that loses writes gains a guess (C01 to C04). Refuses 6983 blocked, 6985 suspended (over contactless, at the last try, before the
 * CAN was proved), 6581 when the counter did not fall, 63Cx when the secret is wrong.
 */
export function requireSecret(card: CardContext, reference: number, tried: Tried, guess: Uint8Array): void {
  const { session, store } = card
  const { left } = counterOf(pinOf(card, reference), tried)
  if (left === 0) refuse(SW.blocked)
  if (tried === 'pin' && left === 1 && card.interface === 'contactless') {
    if (!session.pinResumed) refuse(SW.conditions)
    session.pinResumed = false
  }
  store.commit(withCounter(store.state, reference, pinOf(card, reference), tried, left - 1))
  store.reload()
  const pin = pinOf(card, reference)
  if (counterOf(pin, tried).left !== left - 1) refuse(SW.memoryFailure)
  const secret = tried === 'pin' ? pin.value : (pin.puk ?? refuse(SW.conditions))
  if (!equalSecrets(secret, guess)) {
    if (tried === 'pin') session.verified.delete(reference)
    refuse(SW.triesLeft | (left - 1))
  }
  store.commit(withCounter(store.state, reference, pin, tried, counterOf(pin, tried).most))
}
