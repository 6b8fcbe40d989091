import type { ResponseApdu } from '@kart/apdu/card'
import { pacePasswords } from '@kart/layout/profile'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { isPasswordSecret } from './password-secret.ts'
import { restoreTries } from './password-state.ts'

const newPin = 0x02
const counterOnly = 0x03

/**
 * RESET RETRY COUNTER of the PIN (TR-03110-3 v2.21, B.11.9; ISO/IEC 7816-4:2020, 11.7.10): P1 03 sets its tries back, P1 02 sets a new PIN too.
 * Inside secure messaging of PACE with the PUK both; with the PIN a new one only. Anyone else gets 6982.
 */
export function resetRetryCounter(card: CardContext, command: PlainCommand): ResponseApdu {
  const proved = command.protection === 'messaging' ? card.session.grants.pace?.password : undefined
  if (proved !== 'puk' && proved !== 'pin') refuse(SW.securityStatus)
  if (command.p1 !== newPin && command.p1 !== counterOnly) refuse(SW.wrongParameters)
  if (command.p2 !== pacePasswords.pin) refuse(SW.dataNotFound)
  if (command.p1 === counterOnly) {
    if (proved !== 'puk') refuse(SW.securityStatus)
    if (command.data.length > 0) refuse(SW.wrongLength)
    restoreTries(card, 'pin')
    return answer()
  }
  if (!isPasswordSecret('pin', command.data)) refuse(SW.wrongData)
  restoreTries(card, 'pin', command.data.slice())
  return answer()
}
