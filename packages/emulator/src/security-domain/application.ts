import type { ResponseApdu } from '@kart/apdu/card'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { getData } from './get-data.ts'
import { getStatus } from './get-status.ts'
import { deleteKey, putKey } from './key-sets.ts'
import { setStatus } from './life-cycle.ts'
import { installForPersonalization, storeData } from './personalization.ts'
import { initializeUpdate } from './secure-channel.ts'

/** The issuer security domain's commands; undefined = not one of them. EXTERNAL AUTHENTICATE is taken before, with its MAC still on. */
export function handleSecurityDomain(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  if (command.ins === 0xca) return getData(card, command)
  if (command.cla !== 0x80) return undefined
  switch (command.ins) {
    case 0x50:
      return initializeUpdate(card, command)
    case 0xd8:
      return putKey(card, command)
    case 0xe4:
      return deleteKey(card, command)
    case 0xe6:
      return installForPersonalization(card, command)
    case 0xe2:
      return storeData(card, command)
    case 0xf0:
      return setStatus(card, command)
    case 0xf2:
      return getStatus(card, command)
    default:
      return undefined
  }
}
