import type { ResponseApdu } from '@kart/apdu/card'
import { authenticateTerminal, verifyCertificate } from '../eac/terminal-authentication.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { authenticateActively } from './active-authentication.ts'
import { authenticateBac, getChallenge } from './bac.ts'
import { resetRetryCounter } from './pace/reset-retry-counter.ts'
import { generalAuthenticate, manageSecurityEnvironment } from './security-environment.ts'

/** Commands of the MF and the eMRTD application (Doc 9303-10, 8th ed., 3.6; TR-03110-3 v2.21, B); undefined = not one of them here. */
export function handleEmrtd(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  const { name } = card.session.application
  if (command.cla !== 0x00 || (name !== 'mf' && name !== 'emrtd')) return undefined
  switch (command.ins) {
    case 0x22:
      return manageSecurityEnvironment(card, command)
    case 0x86:
      return generalAuthenticate(card, command)
    case 0x2c:
      return resetRetryCounter(card, command)
    case 0x2a:
      if (command.p1 === 0x00 && command.p2 === 0xbe) return verifyCertificate(card, command)
      return refuse(SW.wrongParameters)
  }
  // Terminal authentication; the same commands in the open are basic access control's.
  if (command.protection === 'messaging') {
    if (command.ins === 0x84) return getChallenge(card, command)
    if (command.ins === 0x82) return authenticateTerminal(card, command)
  }
  if (name !== 'emrtd') return undefined
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
