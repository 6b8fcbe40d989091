import type { ResponseApdu } from '@kart/apdu/card'
import { agreeByTemplate, performChipAuthentication, selectChipAuthentication } from '../eac/chip-authentication.ts'
import { setProgress } from '../eac/data-objects.ts'
import { selectTerminalKey, selectVerifier } from '../eac/terminal-authentication.ts'
import { type CardContext, endPace, type PlainCommand } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { authenticatePace } from './pace/authenticate-pace.ts'
import { setPace } from './pace/set-pace.ts'

/** MANAGE SECURITY ENVIRONMENT: SET, told apart by P1-P2 (ISO/IEC 7816-4:2020, 11.5.11; TR-03110-3 v2.21, B.14.1, B.14.3, B.14.4). */
export function manageSecurityEnvironment(card: CardContext, command: PlainCommand): ResponseApdu {
  switch ((command.p1 << 8) | command.p2) {
    case 0x41a4:
      endPace(card.session, true)
      return selectChipAuthentication(card, command)
    case 0x41a6:
      return agreeByTemplate(card, command)
    case 0x81a4:
      return selectTerminalKey(card, command)
    case 0x81b6:
      return selectVerifier(card, command)
    case 0xc1a4:
      setProgress(card, { chip: undefined })
      return setPace(card, command)
    default:
      return refuse(SW.wrongParameters)
  }
}

/** GENERAL AUTHENTICATE: one step of the protocol that MSE:Set AT chose (TR-03110-3 v2.21, B.14.2). Refuses 6985 when none was chosen. */
export function generalAuthenticate(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  const { pace, grants } = card.session
  if (pace) return authenticatePace(card, command, pace)
  if (grants.eac.chip) return performChipAuthentication(card, command, grants.eac.chip)
  return refuse(SW.conditions)
}
