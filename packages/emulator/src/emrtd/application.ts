import type { ResponseApdu } from '@kart/apdu/card'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { authenticateActively } from './active-authentication.ts'
import { authenticateBac, getChallenge } from './bac.ts'

/** The eMRTD application's own commands (Doc 9303-10, 8th ed., 3.6); undefined = not one of them. */
export function handleEmrtd(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  if (command.cla !== 0x00) return undefined
  switch (command.ins) {
    case 0x84:
      return getChallenge(card, command)
    case 0x82:
      return authenticateBac(card, command)
    case 0x88:
      return authenticateActively(card, command)
    default:
      return undefined
  }
}
