import { concatBytes, InputError } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { retriesLeft } from '../status-word.ts'
import { type CommandLabel, makeCommand, noData } from './make-command.ts'

/** What the card says to a password: taken, or refused with the tries that are left (63Cx), blocked (6983), or not usable now (6984, 6985, 6982, 6A80, ...). */
export type PinAnswer =
  | { readonly state: 'taken' }
  | { readonly state: 'wrong'; readonly triesLeft: number }
  | { readonly state: 'blocked' }
  | { readonly state: 'refused'; readonly sw: number }

const blocked = 0x6983
/** Security status, reference data not usable, conditions of use, wrong data, reference not found, wrong length, no other mechanism: answers to what was asked, not failures. */
const refusals: readonly number[] = [0x6982, 0x6984, 0x6985, 0x6a80, 0x6a88, 0x6700, 0x6581]
const answers: readonly number[] = [...Array.from({ length: 16 }, (_, i) => 0x63c0 | i), blocked, ...refusals]

function answerOf({ sw }: { readonly sw: number }): PinAnswer {
  if (sw === 0x9000) return { state: 'taken' }
  const triesLeft = retriesLeft(sw)
  if (triesLeft !== undefined) return triesLeft === 0 ? { state: 'blocked' } : { state: 'wrong', triesLeft }
  return sw === blocked ? { state: 'blocked' } : { state: 'refused', sw }
}

function referenceOf(reference: number): number {
  if (!Number.isInteger(reference) || reference < 1 || reference > 0x1f) throw new InputError('reference', 'not in 1..31')
  return reference
}

function password(field: string, value: Uint8Array): Uint8Array {
  if (value.length < 1 || value.length > 16) throw new InputError(field, 'not 1 to 16 bytes')
  return value
}

/** A command about a password; `p2` is its reference. */
const passwordCommand = (ins: number, p1: number, p2: number, data: Uint8Array, { label }: CommandLabel): CardCommand<PinAnswer> =>
  makeCommand({ ins, p1, p2, data, parse: answerOf, accepts: answers, label })

/** VERIFY of a password as it is stored, padding included (ISO/IEC 7816-4:2020, 11.6); reference 1..31. Throws InputError. */
export function verifyPin(reference: number, value: Uint8Array, options: CommandLabel = {}): CardCommand<PinAnswer> {
  const data = password('value', value).slice()
  return passwordCommand(0x20, 0, referenceOf(reference), data, options)
}

/**
 * VERIFY without data: asks for the tries that are left and takes none (ISO/IEC 7816-4:2020, 11.6): `taken` means that the password is verified already, or
 * that none is needed. Throws InputError.
 */
export function queryPin(reference: number, options: CommandLabel = {}): CardCommand<PinAnswer> {
  return passwordCommand(0x20, 0, referenceOf(reference), noData, options)
}

/** CHANGE REFERENCE DATA: the password in use, then the new one, both as they are stored (ISO/IEC 7816-4:2020, 11.6, P1 00). Throws InputError. */
export function changeReferenceData(
  reference: number,
  present: Uint8Array,
  next: Uint8Array,
  options: CommandLabel = {},
): CardCommand<PinAnswer> {
  const data = concatBytes(password('present', present), password('next', next))
  return passwordCommand(0x24, 0, referenceOf(reference), data, options)
}

/**
 * RESET RETRY COUNTER without data (ISO/IEC 7816-4:2020, 11.6, P1 03): gives tries back where another password was proved that may do so. Reference 1..31, or 81..9F for
 * what is specific to an application. Throws InputError.
 */
export function giveTriesBack(reference: number, options: CommandLabel = {}): CardCommand<PinAnswer> {
  const p2 = reference & 0x80 ? 0x80 | referenceOf(reference & 0x7f) : referenceOf(reference)
  return passwordCommand(0x2c, 0x03, p2, noData, options)
}

/**
 * RESET RETRY COUNTER with the new password alone, as it is stored (ISO/IEC 7816-4:2020, 11.6, P1 02): where another password was proved that may do so. Reference 1..31.
 * Throws InputError.
 */
export function replaceReferenceData(reference: number, next: Uint8Array, options: CommandLabel = {}): CardCommand<PinAnswer> {
  const data = password('next', next).slice()
  return passwordCommand(0x2c, 0x02, referenceOf(reference), data, options)
}

/** RESET RETRY COUNTER: the resetting code (PUK), then the new password, both as they are stored (ISO/IEC 7816-4:2020, 11.6, P1 00). Throws InputError. */
export function resetRetryCounter(
  reference: number,
  resettingCode: Uint8Array,
  next: Uint8Array,
  options: CommandLabel = {},
): CardCommand<PinAnswer> {
  const data = concatBytes(password('resettingCode', resettingCode), password('next', next))
  return passwordCommand(0x2c, 0, referenceOf(reference), data, options)
}
