import type { ResponseApdu } from '@kart/apdu/card'
import { equalBytes } from '@kart/codec'
import type { HolderPin } from '../memory/holder-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { isPinValue, isWeakPin, pinLength, securityOfficer } from './pin-value.ts'
import { withHolderPin } from './signature-state.ts'
import { pinOf, requireSecret, triesStatus } from './try-counter.ts'

/**
 * VERIFY (ISO/IEC 7816-4:2020, 11.6.6): P2 = reference 01..0E, the PIN padded to 8 bytes. An empty body asks: 9000 verified, 63Cx tries left, 6983 blocked. P1 FF
 * with an empty body takes the verification back.
 */
export function verifyPin(card: CardContext, command: PlainCommand): ResponseApdu {
  const { p1, p2: reference, data } = command
  const { verified } = card.session
  const pin = pinOf(card, reference)
  if (p1 === 0xff) {
    if (data.length > 0) refuse(SW.wrongLength)
    verified.delete(reference)
    return answer()
  }
  if (p1 !== 0x00) refuse(SW.wrongParameters)
  if (data.length === 0) return answer(undefined, verified.has(reference) ? SW.ok : triesStatus(pin.tries))
  if (data.length !== pinLength) refuse(SW.wrongLength)
  requireSecret(card, reference, 'pin', data)
  verified.set(reference, pin.usesPerVerify === 0 ? Number.POSITIVE_INFINITY : pin.usesPerVerify)
  return answer()
}

/** Takes back the verification of every PIN (MyEID command surface, 00 2E 00 00: what the stock tool sends to log out). */
export function logOut(card: CardContext, { p1, p2, data }: PlainCommand): ResponseApdu {
  if (p1 !== 0x00 || p2 !== 0x00) refuse(SW.wrongParameters)
  if (data.length > 0) refuse(SW.wrongLength)
  card.session.verified.clear()
  return answer()
}

/**
 * CHANGE REFERENCE DATA (ISO/IEC 7816-4:2020, 11.6.7), P1 00: the PIN that is and the one that is to be, 8 bytes each; a transport PIN ends here. Refuses 6A80
 * for a new one that has not the form of a PIN, without counting; for a weak one only to whoever knew the old one, so that nobody learns the holder's numbers by asking.
 * What the old PIN had proved ends with it: above all a transport PIN's proof, which would sign once more (C09).
 */
export function changePin(card: CardContext, command: PlainCommand): ResponseApdu {
  const { p1, p2: reference, data } = command
  if (p1 !== 0x00) refuse(SW.wrongParameters)
  const pin = pinOf(card, reference)
  if (data.length !== 2 * pinLength) refuse(SW.wrongLength)
  const next = data.slice(pinLength)
  requireForm(pin, next)
  requireSecret(card, reference, 'pin', data.subarray(0, pinLength))
  requireStrength(card, next)
  if (pin.transport && equalBytes(pin.value, next)) refuse(SW.wrongData)
  card.session.verified.delete(reference)
  card.store.commit(withHolderPin(card.store.state, reference, { ...pinOf(card, reference), value: next, transport: false }))
  return answer()
}

/**
 * RESET RETRY COUNTER (ISO/IEC 7816-4:2020, 11.6.10): P1 00 the PUK and a new PIN, 01 the PUK alone; where the SO-PIN is verified also 02 a new PIN, 03 nothing. What
 * was a transport PIN stays one: only CHANGE REFERENCE DATA ends that. What the PIN had proved in this session ends.
 */
export function resetPin(card: CardContext, command: PlainCommand): ResponseApdu {
  const { p1, p2: reference, data } = command
  if (p1 > 0x03) refuse(SW.wrongParameters)
  const pin = pinOf(card, reference)
  const byPuk = p1 <= 0x01
  const setsNew = p1 === 0x00 || p1 === 0x02
  if (data.length !== (byPuk ? pinLength : 0) + (setsNew ? pinLength : 0)) refuse(SW.wrongLength)
  const next = setsNew ? data.slice(byPuk ? pinLength : 0) : undefined
  if (next) requireForm(pin, next)
  if (byPuk) {
    if (pin.puk === undefined) refuse(SW.conditions)
    requireSecret(card, reference, 'puk', data.subarray(0, pinLength))
  } else if (reference === securityOfficer || !card.session.verified.has(securityOfficer)) refuse(SW.securityStatus)
  if (next) requireStrength(card, next)
  const now = pinOf(card, reference)
  card.session.verified.delete(reference)
  card.store.commit(
    withHolderPin(card.store.state, reference, { ...now, value: next ?? now.value, tries: { left: now.tries.most, most: now.tries.most } }),
  )
  return answer()
}

function requireForm({ minLength, maxLength }: HolderPin, value: Uint8Array): void {
  if (!isPinValue(value, minLength, maxLength)) refuse(SW.wrongData)
}

function requireStrength(card: CardContext, value: Uint8Array): void {
  if (isWeakPin(value, card.store.state.signature.forbiddenDigits)) refuse(SW.wrongData)
}
