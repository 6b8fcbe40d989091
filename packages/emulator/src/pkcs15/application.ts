import type { ResponseApdu } from '@kart/apdu/card'
import { resetFinger } from '../fingerprint/reset-finger.ts'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { appletData, putAppletData } from './applet-data.ts'
import { createFile } from './create-file.ts'
import { activateApplication, deleteFile, readHolderFile, updateBinary } from './file-commands.ts'
import { handleKeys } from './keys/handle-keys.ts'
import { changePin, logOut, resetPin, verifyPin } from './pin-commands.ts'
import { giveRandomBytes } from './random-bytes.ts'

/** Through its contacts the application answers everyone; from a field only inside PACE (card.md, house rule): refuses 6982. */
export function requirePace(card: CardContext, command: PlainCommand): void {
  if (card.interface === 'contactless' && !rightsOf(card.session, command.protection).channels.has('pace')) refuse(SW.securityStatus)
}

/**
 * Commands of the PKCS#15 application, and those of them that the stock tools send while the MF is current (MyEID command surface); undefined = not one of them
 * here. Its PINs are global (P2 without bit 8), its keys and files are its own.
 */
export function handlePkcs15(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  if (command.cla !== 0x00) return undefined
  const handler = handlerIn(card.session.application.name, command)
  if (handler === undefined) return undefined
  requirePace(card, command)
  // An object that nobody knows: there is none (6A88).
  return handler(card, command) ?? refuse(SW.dataNotFound)
}

function handlerIn(name: string, command: PlainCommand): Handler | undefined {
  if (isRandomAsked(name, command)) return giveRandomBytes
  return name === 'mf' || name === 'pkcs15' ? handlerOf(name, command) : besideHandler(name, command)
}

/**
 * Whether GET CHALLENGE asks for random numbers, wherever a program of the holder may stand, and not for the 8 bytes of an authentication: basic access control in the eMRTD application,
 * terminal authentication inside secure messaging.
 */
function isRandomAsked(name: string, { ins, ne, protection }: PlainCommand): boolean {
  if (ins !== 0x84 || name === 'isd') return false
  return name === 'pkcs15' || (protection === 'none' && (name !== 'emrtd' || (ne !== 8 && ne !== 256)))
}

const lastReference = 14

/**
 * The PINs are global reference data (ISO/IEC 7816-4:2020, 11.6.2: P2 without bit 8), so that VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER with the PUK, and logging out work beside the application too: OpenSC
 * binds every application that EF.DIR lists and verifies a PIN in whichever it bound last. Not in the security domain.
 */
function besideHandler(name: string, { ins, p1, p2 }: PlainCommand): Handler | undefined {
  if (name === 'isd') return undefined
  if (ins === 0x2e) return p2 === 0 ? logOut : undefined
  if (p2 < 1 || p2 > lastReference) return undefined
  // With the PUK (P1 00, 01): a PIN is unblocked through PKCS#11 wherever OpenSC stands.
  if (ins === 0x2c) return p1 <= 0x01 ? resetPin : undefined
  return ins === 0x20 ? verifyPin : ins === 0x24 ? changePin : undefined
}

type Handler = (card: CardContext, command: PlainCommand) => ResponseApdu | undefined

function handlerOf(application: 'mf' | 'pkcs15', { ins, p1, p2 }: PlainCommand): Handler | undefined {
  const keys = application === 'pkcs15' ? handleKeys : undefined
  switch (ins) {
    case 0x20:
      return verifyPin
    case 0x24:
      return changePin
    case 0x2e:
      return logOut
    case 0x2c:
      // Bit 8 of P2: specific reference data (ISO/IEC 7816-4:2020, 11.6.2), which are the enrolled fingers; unblocked here, where the SO-PIN is proved.
      if (application === 'pkcs15' && p2 >= 0x80) return resetFinger
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
