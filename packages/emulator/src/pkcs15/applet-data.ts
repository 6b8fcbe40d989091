import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, encodeAscii, fromHex, uintToBytes } from '@kart/codec'
import { holderPinPolicy } from '@kart/layout/profile'
import { fileContent } from '../memory/card-state.ts'
import { emptySignatureState, type HolderPin } from '../memory/holder-state.ts'
import { isAllowed } from '../os/access.ts'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { withoutDirectoryFile } from './directory-file.ts'
import { requireCreation } from './holder-rights.ts'
import { isPinValue, isWeakPin, pinLength, securityOfficer } from './pin-value.ts'
import { withHolderPin, withSignature } from './signature-state.ts'

/**
 * The version that the stock tool goes by (OpenSC card-myeid.c, myeid_init): of 4.0.10 and later it believes that secret keys of a session live on the card, and would make
 * a file for each secret that two parties agree on; this card gives that secret out. Without 4.5 it sends blocks of RSA-2048 in two halves in place of a chain.
 */
const version = fromHex('040009')

const mostPins = 14

/** GET DATA 01C1..01CE: the state of a PIN by its reference. */
const pinStates = 0xc0

/** Version 1; RSA (bit 1) and EC (bit 4), no DES and no AES; most bits of each: RSA 4096, EC 521 (card.md; OpenSC card-myeid.c, card_caps). */
const capabilities = fromHex('0100091000000000000209')

/**
 * GET DATA 01A0, name, version, serial number and change counter; 01AA, capabilities; 01A1 the identifiers of the application's files, or of what can be selected by one in the MF, ascending,
 * two bytes each (OpenSC card-myeid.c, myeid_list_files); 01C1..01CE the state of a PIN; undefined = another object.
 */
export function appletData(card: CardContext, { p1, p2, data, protection }: PlainCommand): ResponseApdu | undefined {
  if (p1 !== 0x01) return undefined
  if (p2 > pinStates && p2 <= pinStates + mostPins) return pinState(card, p2 - pinStates, data)
  if (p2 !== 0xa0 && p2 !== 0xa1 && p2 !== 0xaa) return undefined
  const { iccSerial, signature } = card.store.state
  if (p2 === 0xa1) {
    if (data.length > 0) refuse(SW.wrongLength)
    const listed = card.session.application.name === 'mf' ? listMasterFile(card, protection) : [...signature.files.keys()]
    return answer(concatBytes(...listed.sort((one, other) => one - other).map((fid) => uintToBytes(fid, 2))))
  }
  if (data.length > 0) refuse(SW.wrongLength)
  return answer(p2 === 0xaa ? capabilities : concatBytes(encodeAscii('OsEID'), version, iccSerial, uintToBytes(signature.changes, 2)))
}

/**
 * House rule: what an empty VERIFY of a PIN cannot tell. Five bytes: tries left and at most, those of its PUK (00 00 where it has none), and flags: bit 1, a transport PIN that signs nothing yet.
 * Refuses 6A88 for a PIN that the card does not have.
 */
function pinState({ store }: CardContext, reference: number, data: Uint8Array): ResponseApdu {
  if (data.length > 0) refuse(SW.wrongLength)
  const { tries, puk, pukTries, transport } = store.state.signature.pins.get(reference) ?? refuse(SW.dataNotFound)
  const ofPuk = puk === undefined ? [0, 0] : [pukTries.left, pukTries.most]
  return answer(Uint8Array.of(tries.left, tries.most, ...ofPuk, transport ? 0x01 : 0x00))
}

/** Files of the MF whose access rule is met, as nobody else learns whether they are there, and the DF under it. */
function listMasterFile({ profile, session, store }: CardContext, protection: PlainCommand['protection']): number[] {
  const { name, files } = session.application
  const rights = rightsOf(session, protection)
  const there = files.filter(({ fid, read }) => fileContent(store.state, name, fid) !== undefined && isAllowed(read, rights))
  return [
    ...there.map(({ fid }) => fid),
    ...profile.applications.flatMap(({ fid, aid }) => (fid === undefined || aid === undefined ? [] : [fid])),
  ]
}

const initializeApplet = 0xe0

/** PUT DATA of the creation phase: 01E0 empties the application, 0101..010E set a PIN; undefined = another object. */
export function putAppletData(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  const { p1, p2 } = command
  if (p1 !== 0x01 || (p2 !== initializeApplet && (p2 === 0 || p2 > mostPins))) return undefined
  requireCreation(card)
  return p2 === initializeApplet ? emptyApplication(card, command) : putPin(card, command)
}

/** The eight bytes set access rules for MF and DF; this card's own hold in their place. Files, keys, PINs and EF.DIR go. */
function emptyApplication(card: CardContext, { data }: PlainCommand): ResponseApdu {
  if (data.length !== 8) refuse(SW.wrongLength)
  const { changes } = card.store.state.signature
  card.store.commit(withSignature(withoutDirectoryFile(card.store.state), { ...emptySignatureState, changes }))
  card.session.file = undefined
  card.session.holderFile = undefined
  card.session.verified.clear()
  return answer()
}

/**
 * PIN (8, padded FF) || PUK (8) || tries || tries of the PUK || 00. Once, under each reference (6985): who finds a card in this phase cannot replace a PIN unseen. The
 * form and strength are the profile's: 6 to 8 digits, 8 for the SO-PIN and a PUK.
 */
function putPin(card: CardContext, { p2: reference, data }: PlainCommand): ResponseApdu {
  const { signature } = card.store.state
  if (data.length !== 2 * pinLength + 3) refuse(SW.wrongLength)
  if (signature.pins.has(reference)) refuse(SW.conditions)
  const value = data.slice(0, pinLength)
  const puk = data.slice(pinLength, 2 * pinLength)
  const [tries = 0, pukTries = 0, flags] = data.subarray(2 * pinLength)
  const minLength = reference === securityOfficer ? pinLength : holderPinPolicy.minLength
  const { maxLength } = holderPinPolicy
  const formed = isPinValue(value, minLength, maxLength) && isPinValue(puk, pinLength, pinLength)
  if (!formed || !isTries(tries) || !isTries(pukTries) || flags !== 0 || isWeakPin(value, signature.forbiddenDigits)) refuse(SW.wrongData)
  const pin: HolderPin = {
    value,
    tries: { left: tries, most: tries },
    puk,
    pukTries: { left: pukTries, most: pukTries },
    minLength,
    maxLength,
    transport: false,
    usesPerVerify: 0,
  }
  card.store.commit(withHolderPin(card.store.state, reference, pin))
  return answer()
}

/** 63Cx tells at most 15. */
export const isTries = (count: number): boolean => count >= 1 && count <= 15
