import type { ResponseApdu } from '@kart/apdu/card'
import { fromHex, toHex } from '@kart/codec'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

const groupTag = 0x7f61
const currentDf = 0x3fff
/** DO'5C', the tag list, naming DO'7F61' alone. */
const groupTagList = toHex(fromHex('5C027F61'))

export const isFingerTag = ({ p1, p2 }: PlainCommand): boolean => ((p1 << 8) | p2) === groupTag

/** GET DATA of DO'7F61', the biometric information templates, by its tag in P1-P2 (ISO/IEC 7816-4:2020, 11.5); everybody may. Refuses 6A88 for another tag, and before personalization. */
export function getFingerData(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.data.length > 0) refuse(SW.wrongLength)
  if (!isFingerTag(command)) refuse(SW.dataNotFound)
  return group(card)
}

/** The same by a tag list in the data field, from the current DF (P1-P2 = 3FFF). Refuses 6A86 for another file, 6A80 for what is no such list, 6A88 for another tag. */
export function getFingerDataByTagList(card: CardContext, command: PlainCommand): ResponseApdu {
  if (((command.p1 << 8) | command.p2) !== currentDf) refuse(SW.wrongParameters)
  const [tag, length] = command.data
  if (tag !== 0x5c || length !== command.data.length - 2 || length === 0) refuse(SW.wrongData)
  if (toHex(command.data) !== groupTagList) refuse(SW.dataNotFound)
  return group(card)
}

function group({ store: { state } }: CardContext): ResponseApdu {
  return answer(state.fingers.informationTemplates ?? refuse(SW.dataNotFound))
}
