import type { ResponseApdu } from '@kart/apdu/card'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

/** Most bytes of one answer. */
const most = 256

/**
 * GET CHALLENGE as a source of random numbers (ISO/IEC 7816-4:2020, 11.5.3): as many fresh bytes as Le asks for, 256 at most. EF.TokenInfo offers it (prnGeneration), and stock
 * programs ask for as many as they want. Good for no authentication; a challenge given before is good for none any more.
 */
export function giveRandomBytes(card: CardContext, { p1, p2, data, ne }: PlainCommand): ResponseApdu {
  if (p1 !== 0x00 || p2 !== 0x00) refuse(SW.wrongParameters)
  if (data.length > 0 || ne === 0) refuse(SW.wrongLength)
  card.session.challenge = undefined
  return answer(card.random(Math.min(ne, most)))
}
