import type { ResponseApdu } from '@kart/apdu/card'
import type { FingerComparisonSpec } from '@kart/layout/profile'
import { type CardContext, fingersUnder, type PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { isSameFinger } from './compare-fingers.ts'
import { fingerOf, forgetFinger, restoreTries, spendTry } from './finger-tries.ts'
import { readProbe } from './read-probe.ts'

/** House rule: the answer to a comparison leaves at a whole multiple of so many milliseconds, right or wrong: several times what a comparison takes, so that time tells nothing of the score. */
export const answerTime = 100

/**
 * VERIFY with biometric data (ISO/IEC 7816-4:2020, 11.6; ISO/IEC 7816-11:2022): INS 21, or INS 20 with the same data object as SP 800-73-4, part 2, 3.2.1 has it; P2 the finger. Yes (9000) or no
 * (63Cx with the tries that are left) and nothing else; 6983 when none is left. INS 20 without data asks how things stand and takes no try; P1 = FF forgets that the finger was verified.
 * A malformed probe (6A80) takes no try: it is told from itself alone, before the enrolled finger is touched. Any new probe ends what an earlier one had proved.
 */
export function verifyFinger(card: CardContext, command: PlainCommand, spec: FingerComparisonSpec): ResponseApdu {
  const { p1, p2: reference, data, ins } = command
  const { session } = card
  if (p1 !== 0x00 && p1 !== 0xff) refuse(SW.wrongParameters)
  const { tries } = fingerOf(card, reference)
  if (p1 === 0xff) {
    if (data.length > 0) refuse(SW.wrongLength)
    forgetFinger(card, reference)
    return answer()
  }
  if (data.length === 0) {
    if (ins !== 0x20) refuse(SW.wrongData)
    if (fingersUnder(session, command.protection).includes(reference)) return answer()
    return answer(undefined, tries.left === 0 ? SW.blocked : SW.triesLeft | tries.left)
  }
  const began = performance.now()
  forgetFinger(card, reference)
  if (tries.left === 0) refuse(SW.blocked)
  const probe = readProbe(data, spec)
  const left = spendTry(card, reference)
  const same = isSameFinger(probe, fingerOf(card, reference).minutiae, spec)
  if (same) {
    restoreTries(card, reference)
    session.verifiedFingers = new Map(session.verifiedFingers).set(reference, command.protection)
  }
  card.delay = answerTime - ((performance.now() - began) % answerTime)
  return same ? answer() : answer(undefined, SW.triesLeft | left)
}
