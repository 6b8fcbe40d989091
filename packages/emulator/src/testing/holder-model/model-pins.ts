// The rules of PINs: ISO/IEC 7816-4:2020, 11.6, and docs/card.md.
import type { Expected, HolderModel, ModelPin } from './model-state.ts'
import { gate, inCreation, ok, reasons, refusedWith } from './model-state.ts'

export const holderNumbers = ['4930741862', '13690217'] as const

/** PINs that are refused, each with what is wrong; any other of six to eight digits in these tests is a good one. */
export const weakPins = {
  '8111592': 'three equal digits',
  '123409': 'four digits upwards',
  '987601': 'four digits downwards',
  '8901573': 'four digits upwards, 0 after 9',
  '588558': 'two different digits',
  '395395': 'a part again and again',
  '147258': 'columns of the keypad',
  '15935728': 'begins with diagonals of the keypad',
} as const
/** Good ones, unless the card knows the holder's numbers. */
export const holdersOwn = { '074186': '4930741862', '681470': '4930741862 backwards', '5136902': '13690217' } as const
export const goodPins = ['830592', '6140397', '27491630', '90517284', '502816'] as const
/** No PINs at all, eight bytes: short, long, letters, padding inside, nothing but padding. */
export const noPins = ['83059', '83a592', 'raw:3833ff3532ffffff', 'raw:ffffffffffffffff', 'raw:383330353932ff00'] as const

/** Eight bytes in hex, padded with FF. */
export const block = (digits: string): string =>
  digits.startsWith('raw:') ? digits.slice(4) : Buffer.from(digits, 'ascii').toString('hex').padEnd(16, 'f')

const isFormed = (digits: string, least: number): boolean => /^[0-9]+$/.test(digits) && digits.length >= least && digits.length <= 8
const isWeak = ({ card }: HolderModel, digits: string): boolean => digits in weakPins || (digits in holdersOwn && card.numbers.length > 0)

const triesLeft = (tries: number): string => (tries === 0 ? '6983' : `63c${tries.toString(16)}`)
const officer = 3

/** Tries a secret; undefined = it was right, and all its tries are back. */
function refusalOf(
  model: HolderModel,
  pin: ModelPin,
  which: 'tries' | 'pukTries',
  reference: number,
  right: boolean,
): Expected | undefined {
  const { session, between, card } = model
  if (pin[which] === 0) return refusedWith('6983')
  if (which === 'tries' && pin.tries === 1 && session.over === 'contactless') {
    if (!session.canProved) return refusedWith('6985')
    session.canProved = false
  }
  pin[which]--
  between.push(structuredClone(card))
  if (right) {
    pin[which] = which === 'tries' ? pin.most : pin.pukMost
    between.push(structuredClone(card))
    return undefined
  }
  if (which === 'tries') delete session.verified[reference]
  return refusedWith(`63c${pin[which].toString(16)}`)
}

/** VERIFY; `digits` undefined asks. */
export function verifyPin(model: HolderModel, reference: number, digits: string | undefined): Expected {
  const closed = gate(model, 'pins')
  if (closed) return closed
  const pin = model.card.pins[reference]
  if (pin === undefined) return refusedWith('6a88')
  const { verified } = model.session
  if (digits === undefined) return refusedWith(verified[reference] === undefined ? triesLeft(pin.tries) : '9000')
  const refusal = refusalOf(model, pin, 'tries', reference, block(digits) === block(pin.digits))
  if (refusal) return refusal
  verified[reference] = pin.uses === 0 ? Number.POSITIVE_INFINITY : pin.uses
  return ok
}

/** VERIFY with P1 FF. */
export function forgetPin(model: HolderModel, reference: number): Expected {
  const closed = gate(model, 'pins')
  if (closed) return closed
  if (model.card.pins[reference] === undefined) return refusedWith('6a88')
  delete model.session.verified[reference]
  return ok
}

/** `00 2E 00 00` of the MyEID command surface. */
export function logOut(model: HolderModel): Expected {
  const closed = gate(model, 'pins')
  if (closed) return closed
  model.session.verified = {}
  return ok
}

/** CHANGE REFERENCE DATA; what the old PIN had proved ends with it. */
export function changePin(model: HolderModel, reference: number, from: string, to: string): Expected {
  const closed = gate(model, 'pins')
  if (closed) return closed
  const pin = model.card.pins[reference]
  if (pin === undefined) return refusedWith('6a88')
  // The form is told without counting; weakness only to whoever knew the PIN.
  if (!isFormed(to, pin.least)) return refusedWith('6a80')
  const refusal = refusalOf(model, pin, 'tries', reference, block(from) === block(pin.digits))
  if (refusal) return refusal
  if (isWeak(model, to) || (pin.transport && to === pin.digits)) return refusedWith('6a80')
  pin.digits = to
  pin.transport = false
  delete model.session.verified[reference]
  return ok
}

export interface Unblocking {
  readonly reference: number
  /** P1: 0 PUK and new PIN, 1 PUK, 2 new PIN, 3 nothing; the last two where the SO-PIN is verified. */
  readonly mode: 0 | 1 | 2 | 3
  readonly puk: string
  readonly to: string
}

/** RESET RETRY COUNTER; what the PIN had proved ends, even where it stays as it is. */
export function resetPin(model: HolderModel, { reference, mode, puk, to }: Unblocking): Expected {
  const { session, card } = model
  // With the PUK wherever a PIN is verified; in the MF P1 02 and 03 are for the PIN of PACE.
  const closed = gate(model, mode <= 1 ? 'pins' : 'pkcs15')
  if (closed) return closed
  const pin = card.pins[reference]
  if (pin === undefined) return refusedWith('6a88')
  const setsNew = mode === 0 || mode === 2
  const why = reasons(
    setsNew && !isFormed(to, pin.least) && '6a80',
    mode <= 1 && pin.puk === undefined && '6985',
    mode >= 2 && (reference === officer || session.verified[officer] === undefined) && '6982',
  )
  if (why.length > 0) return refusedWith(...why)
  if (mode <= 1) {
    const refusal = refusalOf(model, pin, 'pukTries', reference, block(puk) === block(pin.puk ?? ''))
    if (refusal) return refusal
  }
  if (setsNew && isWeak(model, to)) return refusedWith('6a80')
  if (setsNew) pin.digits = to
  pin.tries = pin.most
  delete session.verified[reference]
  return ok
}

export interface PinSetting {
  readonly reference: number
  readonly digits: string
  readonly puk: string
  readonly tries: number
  readonly pukTries: number
}

/** PUT DATA 0101..010E. */
export function putPin(model: HolderModel, { reference, digits, puk, tries, pukTries }: PinSetting): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const { card } = model
  const least = reference === officer ? 8 : 6
  const isCount = (count: number): boolean => count >= 1 && count <= 15
  const why = reasons(
    (!inCreation(card) || card.pins[reference] !== undefined) && '6985',
    (!isFormed(digits, least) || !isFormed(puk, 8) || isWeak(model, digits) || !isCount(tries) || !isCount(pukTries)) && '6a80',
  )
  if (why.length > 0) return refusedWith(...why)
  card.pins[reference] = { digits, tries, most: tries, puk, pukTries, pukMost: pukTries, least, transport: false, uses: 0 }
  return ok
}
