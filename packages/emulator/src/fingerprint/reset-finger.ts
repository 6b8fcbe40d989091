import type { ResponseApdu } from '@kart/apdu/card'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { securityOfficer } from '../pkcs15/pin-value.ts'
import { fingerOf, forgetFinger, giveTriesBack, mostResets } from './finger-tries.ts'

/**
 * RESET RETRY COUNTER of an enrolled finger (ISO/IEC 7816-4:2020, 11.6.10): P1 03, no data, inside PACE with the SO-PIN proved (house rule). Ten times in the card's life and no more, as
 * a PUK has ten tries: each gives whoever climbs towards the finger five answers (C13). Refuses 6982 without either, 6983 when none is left, 6581 when memory did not take it.
 */
export function resetFinger(card: CardContext, command: PlainCommand): ResponseApdu {
  const { p1, p2: reference, data } = command
  if (p1 !== 0x03) refuse(SW.wrongParameters)
  if (data.length > 0) refuse(SW.wrongLength)
  const { resets = 0 } = fingerOf(card, reference)
  const rights = rightsOf(card.session, command.protection)
  if (!rights.channels.has('pace') || !rights.passwords.has(securityOfficer)) refuse(SW.securityStatus)
  if (resets >= mostResets) refuse(SW.blocked)
  forgetFinger(card, reference)
  giveTriesBack(card, reference, resets + 1)
  return answer()
}
