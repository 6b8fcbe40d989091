import type { ResponseApdu } from '@kart/apdu/card'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { appletData, putAppletData } from './applet-data.ts'
import { createFile } from './create-file.ts'
import { activateApplication, deleteFile, readHolderFile, updateBinary } from './file-commands.ts'
import { handleKeys } from './keys/handle-keys.ts'
import { changePin, logOut, resetPin, verifyPin } from './pin-commands.ts'

/** Through its contacts the application answers everyone; from a field only inside PACE (card.md, house rule): refuses 6982. */
export function requirePace(card: CardContext, command: PlainCommand): void {
  if (card.interface === 'contactless' && !rightsOf(card.session, command.protection).channels.has('pace')) refuse(SW.securityStatus)
}

/**
 * Commands of the PKCS#15 application, and those of them that the stock tools send while the MF is current (MyEID command surface); undefined = not one of them
 * here. Its PINs are global (P2 without bit 8), its keys and files are its own.
 */
export function handlePkcs15(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  const { name } = card.session.application
  if (command.cla !== 0x00 || (name !== 'mf' && name !== 'pkcs15')) return undefined
  const handler = handlerOf(name, command)
  if (handler === undefined) return undefined
  requirePace(card, command)
  // An object that nobody knows: there is none (6A88).
  return handler(card, command) ?? refuse(SW.dataNotFound)
}

type Handler = (card: CardContext, command: PlainCommand) => ResponseApdu | undefined

function handlerOf(application: 'mf' | 'pkcs15', { ins, p1 }: PlainCommand): Handler | undefined {
  const keys = application === 'pkcs15' ? handleKeys : undefined
  switch (ins) {
    case 0x20:
      return verifyPin
    case 0x24:
      return changePin
    case 0x2e:
      return logOut
    case 0x2c:
      // In the MF P1 02 and 03 are for the PIN of PACE (TR-03110-3 v2.21, B.11.9).
      return application === 'pkcs15' || p1 <= 0x01 ? resetPin : undefined
    case 0x44:
      return activateApplication
    case 0xca:
      return (card, command) => appletData(card, command) ?? keys?.(card, command)
    case 0xd6:
      return updateBinary
    case 0xda:
      return (card, command) => putAppletData(card, command) ?? keys?.(card, command)
    case 0xe0:
      return createFile
    case 0xe4:
      return deleteFile
    case 0xb0:
      return application === 'pkcs15' ? readHolderFile : undefined
    case 0x22:
    case 0x2a:
    case 0x46:
    case 0x86:
    case 0x88:
      return keys
    default:
      return undefined
  }
}
