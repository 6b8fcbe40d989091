import { InputError } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { retriesLeft } from '../status-word.ts'
import { getData } from './get-data.ts'
import { type CommandLabel, makeCommand, noData } from './make-command.ts'

/** What a card says to a finger: yes, no with the tries that are left (63Cx), blocked (6983), or that it could not use what it was sent. It never says how like the finger was. */
export type FingerAnswer =
  | { readonly state: 'match' }
  | { readonly state: 'no-match'; readonly triesLeft: number }
  | { readonly state: 'blocked' }
  | { readonly state: 'refused'; readonly sw: number }

const blocked = 0x6983
/** Wrong data, reference not found, security status, conditions of use, memory failure, instruction or application not there: answers to what was asked, not failures. */
const refusals: readonly number[] = [0x6a80, 0x6a88, 0x6982, 0x6984, 0x6985, 0x6581, 0x6700, 0x6d00, 0x6a81]
const answers: readonly number[] = [...Array.from({ length: 16 }, (_, i) => 0x63c0 | i), blocked, ...refusals]

function answerOf({ sw }: { readonly sw: number }): FingerAnswer {
  if (sw === 0x9000) return { state: 'match' }
  const triesLeft = retriesLeft(sw)
  if (triesLeft !== undefined) return { state: 'no-match', triesLeft }
  return sw === blocked ? { state: 'blocked' } : { state: 'refused', sw }
}

function referenceOf(reference: number): number {
  if (!Number.isInteger(reference) || reference < 0x01 || reference > 0x9f || (reference & 0x60) !== 0)
    throw new InputError('reference', 'not in 01..1F, 81..9F')
  return reference
}

/**
 * VERIFY with a live finger, INS 21 (ISO/IEC 7816-4:2020, 11.6; ISO/IEC 7816-11:2022): `data` is the biometric data template DO'7F2E' whole (encodeVerifyData of `@kart/minutiae`), `reference` what
 * the card's information templates name the finger by. A wrong finger costs the holder a try. Throws InputError.
 */
export function verifyFinger(reference: number, data: Uint8Array, options: CommandLabel = {}): CardCommand<FingerAnswer> {
  if (data.length === 0) throw new InputError('data', 'is empty')
  return makeCommand({ ins: 0x21, p1: 0, p2: referenceOf(reference), data, parse: answerOf, accepts: answers, label: options.label })
}

/** VERIFY without data, INS 20: asks for the tries of a finger and takes none (ISO/IEC 7816-4:2020, 11.6); `match` means that it was verified before. Throws InputError. */
export function queryFinger(reference: number, options: CommandLabel = {}): CardCommand<FingerAnswer> {
  return makeCommand({
    ins: 0x20,
    p1: 0,
    p2: referenceOf(reference),
    data: noData,
    parse: answerOf,
    accepts: answers,
    label: options.label,
  })
}

/** GET DATA of DO'7F61', the biometric information templates of the current application (ISO/IEC 7816-11:2022). */
export function getFingerTemplates(options: CommandLabel = {}): CardCommand<Uint8Array> {
  return getData(0x7f61, options)
}

/** An answer in plain words, with what to do next. */
export function describeFingerAnswer(answer: FingerAnswer): string {
  switch (answer.state) {
    case 'match':
      return 'the card says that it is the finger'
    case 'no-match':
      return answer.triesLeft === 0
        ? 'the card says that it is not the finger, and that was the last try: the finger is blocked; use another finger or the PIN'
        : `the card says that it is not the finger; ${answer.triesLeft} ${answer.triesLeft === 1 ? 'try is' : 'tries are'} left: press the finger flat and clean, a fresh print each time`
    case 'blocked':
      return 'the finger is blocked after too many wrong tries: use another finger or the PIN'
    case 'refused':
      return `the card could not use the print (${answer.sw.toString(16).toUpperCase().padStart(4, '0')}); no try was lost: capture the finger again`
  }
}
