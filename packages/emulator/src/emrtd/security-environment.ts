import type { ResponseApdu } from '@kart/apdu/card'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { authenticatePace } from './pace/authenticate-pace.ts'
import { setPace } from './pace/set-pace.ts'

/** MANAGE SECURITY ENVIRONMENT: SET, told apart by P1-P2 (ISO/IEC 7816-4:2020, 11.5.11; TR-03110-3 v2.21, B.14.1, B.14.3, B.14.4). */
export function manageSecurityEnvironment(card: CardContext, command: PlainCommand): ResponseApdu {
  switch ((command.p1 << 8) | command.p2) {
    case 0xc1a4:
      return setPace(card, command)
    default:
      return refuse(SW.wrongParameters)
  }
}

/** GENERAL AUTHENTICATE: one step of the protocol that MSE:Set AT chose (TR-03110-3 v2.21, B.14.2). Refuses 6985 when none was chosen. */
export function generalAuthenticate(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  const { pace } = card.session
  if (pace) return authenticatePace(card, command, pace)
  return refuse(SW.conditions)
}
