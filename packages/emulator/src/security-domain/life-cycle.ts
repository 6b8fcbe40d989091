import type { ResponseApdu } from '@kart/apdu/card'
import { type LifeCycle, lifeCycles } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

/** Where the card may go from each state (GlobalPlatform Card Specification 2.3.1, 5.1.1); TERMINATED is final. */
const transitions = {
  OP_READY: ['INITIALIZED', 'TERMINATED'],
  INITIALIZED: ['SECURED', 'TERMINATED'],
  SECURED: ['CARD_LOCKED', 'TERMINATED'],
  CARD_LOCKED: ['SECURED', 'TERMINATED'],
  TERMINATED: [],
} as const satisfies Record<LifeCycle, readonly LifeCycle[]>

const cardItself = 0x80

/**
 * SET STATUS for the card (GlobalPlatform Card Specification 2.3.1, 11.10): P1 = 80, P2 = the new state. Only inside SCP03.
 * SECURED erases the transport keys: with them no new session can be opened, the present one may still lock or terminate the card (house rule); the
 * issuer's key sets stay, for CARD_LOCKED, back to SECURED, and TERMINATED. TERMINATED erases every key.
 */
export function setStatus(card: CardContext, command: PlainCommand): ResponseApdu {
  const { state } = card.store
  if (command.protection !== 'scp03') refuse(SW.securityStatus)
  if (command.p1 !== cardItself) refuse(SW.wrongParameters)
  const next = (Object.keys(lifeCycles) as LifeCycle[]).find((name) => lifeCycles[name] === command.p2) ?? refuse(SW.wrongData)
  const allowed: readonly LifeCycle[] = transitions[state.lifeCycle]
  if (!allowed.includes(next)) refuse(SW.conditions)
  const keySets = next === 'INITIALIZED' ? state.keySets : next === 'TERMINATED' ? [] : state.keySets.filter(({ transport }) => !transport)
  card.store.commit({ ...state, lifeCycle: next, keySets })
  card.session.personalization = undefined
  return answer()
}
