import {
  type CardChannel,
  changeReferenceData,
  describeStatusWord,
  getPinState,
  type PinAnswer,
  queryPin,
  replaceReferenceData,
  resetRetryCounter,
  StatusWordError,
  send,
  verifyPin,
} from '@kart/apdu/host'
import { DecodeError, encodeAscii, InputError } from '@kart/codec'
import { wipe } from '@kart/crypto'
import { findPinWeaknesses, holderPinPolicy, type PinHolder, type PinWeakness, toLatinDigits } from '@kart/layout'
import { type HolderApplication, type HolderPin, officerPin } from './holder-application.ts'
import { PinError } from './pin-error.ts'

/** What the card says of a PIN without a try: tries left, none needed any more in this session, blocked, or that it takes no question here. */
export type PinStatus =
  | { readonly state: 'usable'; readonly triesLeft: number }
  | { readonly state: 'verified' }
  | { readonly state: 'blocked' }
  | { readonly state: 'unknown'; readonly sw: number; readonly meaning: string }

/** What VERIFY names the PIN by; a number that none can have is the card's fault (ISO/IEC 7816-4:2020, 11.6.2). Throws DecodeError. */
function referenceOf({ label, reference }: Pick<HolderPin, 'label' | 'reference'>): number {
  if (reference < 1 || reference > 0x1f)
    throw new DecodeError('EF.AODF', `lists ${label} by the reference ${reference}, where commands name a PIN of the card by 1 to 31`)
  return reference
}

/** Asks for the tries that a PIN has left: an empty VERIFY, which takes none (ISO/IEC 7816-4:2020, 11.6). Throws DecodeError, StatusWordError, TransportError. */
export async function readPinStatus(channel: CardChannel, pin: Pick<HolderPin, 'label' | 'reference'>): Promise<PinStatus> {
  const answer = await send(channel, queryPin(referenceOf(pin), { label: pin.label }))
  if (answer.state === 'wrong') return { state: 'usable', triesLeft: answer.triesLeft }
  if (answer.state === 'taken') return { state: 'verified' }
  if (answer.state === 'blocked') return { state: 'blocked' }
  return { state: 'unknown', sw: answer.sw, meaning: describeStatusWord(answer.sw) }
}

/** What a card may tell of a PIN beside its own tries. */
export interface PinDetails {
  /** 0 when the PUK is used up; undefined = the PIN has none. */
  readonly pukTriesLeft: number | undefined
  /** Whether it is still the PIN of the letter, under which the keys sign nothing. */
  readonly transport: boolean
}

/** Asks for them (house rule of the reference card); takes no try. Undefined where the card does not tell. Throws TransportError. */
export async function readPinDetails(channel: CardChannel, pin: Pick<HolderPin, 'label' | 'reference'>): Promise<PinDetails | undefined> {
  try {
    const { pukTriesLeft, transport } = await send(channel, getPinState(pin.reference, { label: pin.label }))
    return { pukTriesLeft, transport }
  } catch (error) {
    // Another card has no such object, something else under its number, or a PIN of another reference.
    if (error instanceof StatusWordError || error instanceof DecodeError || error instanceof InputError) return undefined
    throw error
  }
}

const why: Readonly<Record<PinWeakness, string>> = {
  'not-digits': 'it is not digits alone',
  length: 'it is too short or too long',
  repeat: 'the same digit stands three times or more in a row',
  run: 'it has digits in a row, as 1234',
  'few-digits': 'it has too few different digits',
  'repeated-block': 'it is one group of digits over and over',
  'own-number': 'it is a part of a number of yours',
  'birth-date': 'it is a date of birth, or a part of one',
  listed: 'it is a pattern of the keypad that many people take',
}

/** Refuses a new PIN that the policy of the reference card does not take, before it is sent (house rule). Throws InputError, which does not repeat it. */
export function checkNewPin(value: string, pin: Pick<HolderPin, 'minLength' | 'maxLength'>, field: string, holder: PinHolder = {}): void {
  const policy = { ...holderPinPolicy, minLength: pin.minLength, maxLength: pin.maxLength }
  const weaknesses = findPinWeaknesses(value, policy, holder)
  if (weaknesses.length === 0) return
  const reasons = weaknesses.map((weakness) => (weakness === 'length' ? `it is not ${digitsOf(pin)}` : why[weakness]))
  throw new InputError(field, `this PIN is not taken: ${reasons.join('; ')}. Choose another; nothing was sent to the card`)
}

const digitsOf = ({ minLength, maxLength }: Pick<HolderPin, 'minLength' | 'maxLength'>): string =>
  minLength === maxLength ? `${minLength} digits` : `${minLength} to ${maxLength} digits`

/** Most bytes of a PIN that a command carries (house rule). */
const longestStored = 16

/** A PIN as the card stores it: ASCII digits, padded. Persian digits count as digits. Throws InputError, which does not repeat it; DecodeError for a length that no PIN is stored in. */
export function encodePin(value: string, pin: Pick<HolderPin, 'storedLength' | 'padding'>, field = 'PIN'): Uint8Array {
  if (pin.storedLength < 1 || pin.storedLength > longestStored)
    throw new DecodeError('EF.AODF', `has a PIN stored in ${pin.storedLength} bytes where 1 to ${longestStored} are taken`)
  const digits = toLatinDigits(value)
  const length = pin.padding === undefined ? digits.length : pin.storedLength
  if (!/^[0-9]+$/.test(digits) || digits.length > pin.storedLength) throw new InputError(field, `is not 1 to ${pin.storedLength} digits`)
  const bytes = new Uint8Array(length).fill(pin.padding ?? 0xff)
  bytes.set(encodeAscii(digits))
  return bytes
}

/** Bytes of PINs lent to `use`, erased behind it. */
async function withPins<T>(pins: readonly Uint8Array[], use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    wipe(...pins)
  }
}

const triesText = (count: number): string => (count === 1 ? 'one try is left' : `${count} tries are left`)

/** What helps where no try of a PIN is left. The SO-PIN has no PUK and unblocks the others (card.md). */
export const blockedRemedy = ({ role }: Pick<HolderPin, 'role'>): string =>
  role === 'security-officer'
    ? 'nothing unblocks it; the other PINs are unblocked with their PUKs alone'
    : 'unblock it with the PUK ("kart pin unblock"), or with the SO-PIN ("--so-pin")'

const pukRemedy =
  'the SO-PIN alone unblocks this PIN now ("kart pin unblock" with --so-pin); while the PIN has tries of its own left it works as before'

/** Throws the PinError that an answer means; nothing for `taken`. `what`: which of the two secrets sent the card speaks of. */
function mustTake(answer: PinAnswer, pin: Pick<HolderPin, 'label' | 'role'>, what: 'PIN' | 'PUK'): void {
  const remedy = what === 'PIN' ? blockedRemedy(pin) : pukRemedy
  if (answer.state === 'taken') return
  if (answer.state === 'wrong')
    throw new PinError(pin.label, 'wrong', `the ${what} is wrong; ${triesText(answer.triesLeft)}. It was not tried again`, {
      triesLeft: answer.triesLeft,
    })
  if (answer.state === 'blocked') throw new PinError(pin.label, 'blocked', `no try of the ${what} is left: ${remedy}`, { triesLeft: 0 })
  const problem = answer.sw === 0x6a80 ? 'weak' : 'refused'
  // RESET RETRY COUNTER is never suspended: the card has no PUK for this PIN.
  throw new PinError(pin.label, problem, what === 'PUK' && answer.sw === 0x6985 ? 'the card has no PUK for it' : refusalText(answer.sw))
}

function refusalText(sw: number): string {
  if (sw === 0x6a80)
    return 'the card does not take the new PIN: it is weak, or made from the holder’s national code or date of birth; the old one still holds'
  if (sw === 0x6982)
    return 'the card takes no PIN here: without contacts a PIN travels only inside PACE, so give the card access number (--can)'
  if (sw === 0x6985)
    return 'the card does not take this PIN now: at its last try over the air it asks for the card access number first (--can)'
  if (sw === 0x6a88) return 'the card has no such PIN'
  return `the card refused with ${sw.toString(16).toUpperCase()} (${describeStatusWord(sw)})`
}

/** Refuses what is shorter or longer than EF.AODF says this PIN is, which would cost a try. Throws InputError, which does not repeat it. */
function checkPresentPin(value: string, pin: HolderPin): void {
  const { length } = toLatinDigits(value)
  if (length < pin.minLength || length > pin.maxLength)
    throw new InputError(pin.label, `is ${digitsOf(pin)}, and ${length} were given: nothing was sent to the card, and no try is gone`)
}

/** VERIFY, once: a wrong PIN costs a try and is never sent again by itself. Throws PinError, InputError, DecodeError, StatusWordError, TransportError. */
export async function verifyHolderPin(channel: CardChannel, pin: HolderPin, value: string): Promise<void> {
  checkPresentPin(value, pin)
  const bytes = encodePin(value, pin)
  await withPins([bytes], async () => mustTake(await send(channel, verifyPin(referenceOf(pin), bytes, { label: pin.label })), pin, 'PIN'))
}

/**
 * CHANGE REFERENCE DATA, once; a new PIN that is weak is refused before anything is sent. `holder`: what is known of the holder, for the check alone. A transport
 * PIN is changed the same way. Throws PinError, InputError, StatusWordError, TransportError.
 */
export async function changePin(
  channel: CardChannel,
  pin: HolderPin,
  present: string,
  next: string,
  holder: PinHolder = {},
): Promise<void> {
  checkPresentPin(present, pin)
  checkNewPin(next, pin, 'new PIN', holder)
  if (toLatinDigits(present) === toLatinDigits(next)) throw new InputError('new PIN', 'is the present one')
  const [before, after] = [encodePin(present, pin, 'present PIN'), encodePin(next, pin, 'new PIN')]
  await withPins([before, after], async () =>
    mustTake(await send(channel, changeReferenceData(referenceOf(pin), before, after, { label: pin.label })), pin, 'PIN'),
  )
}

/** Refuses, before a PUK is asked for, a PIN that has none: the SO-PIN (house rule of the card; ISO/IEC 7816-15:2016, 8.9, soPassword). Throws PinError. */
export function checkUnblockable({ label, role }: Pick<HolderPin, 'label' | 'role'>): void {
  if (role === 'security-officer')
    throw new PinError(
      label,
      'refused',
      'has no PUK, and nothing unblocks it: once its tries are gone, the others are unblocked with their PUKs alone',
    )
}

/** RESET RETRY COUNTER with the PUK and a new PIN, once; a new PIN that is weak is refused before anything is sent. Throws as {@link changePin}. */
export async function unblockPin(channel: CardChannel, pin: HolderPin, puk: string, next: string, holder: PinHolder = {}): Promise<void> {
  checkUnblockable(pin)
  checkNewPin(next, pin, 'new PIN', holder)
  const [code, after] = [encodePin(puk, pin, 'PUK'), encodePin(next, pin, 'new PIN')]
  await withPins([code, after], async () =>
    mustTake(await send(channel, resetRetryCounter(referenceOf(pin), code, after, { label: pin.label })), pin, 'PUK'),
  )
}

/**
 * VERIFY of the SO-PIN, once, then RESET RETRY COUNTER with a new PIN (card.md): what helps where the PUK is lost or used up. A new PIN that is weak is refused before
 * anything is sent. The application must be selected. Throws as {@link changePin}.
 */
export async function unblockByOfficer(
  channel: CardChannel,
  application: HolderApplication,
  pin: HolderPin,
  officer: string,
  next: string,
  holder: PinHolder = {},
): Promise<void> {
  checkUnblockable(pin)
  checkNewPin(next, pin, 'new PIN', holder)
  const after = encodePin(next, pin, 'new PIN')
  await withPins([after], async () => {
    await verifyHolderPin(channel, officerPin(application), officer)
    const answer = await send(channel, replaceReferenceData(referenceOf(pin), after, { label: pin.label }))
    mustTake(answer, pin, 'PIN')
  })
}
